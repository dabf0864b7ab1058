/* A test in the making, tried before it is saved: does it catch the answer that was judged, and would it
 * have caught answers that people approved? Nothing is stored.
 *
 *   {must_not_include, must_include, expected_response?}
 *       -> {caught, must_not_include: [bool], must_include: [bool], would_have_caught: {n, of}}
 *
 * A list says of each check whether it tells the answer from a right one, as separation.h asks of a
 * saved one. Approved answers are those of decided items that still have their texts. */
#include <stdlib.h>

#include "pipelines/daemon/review_api_state.h"
#include "pipelines/daemon/review_item.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "processor/score/language/facts.h"

enum {
    ARENA_BYTES = 32 << 20, /* the item's texts, read */
    APPROVED_MAX = 200,     /* answers that are tried */
    APPROVED_BYTES_MAX = 8 << 20,
    PAGES_MAX = 16,
    PAGE_ROWS = 64
};

struct draft {
    struct result_checks must_not, must;
    struct bytes expected; /* absent: none */
};

/* --- the body --- */

static bool read_check(const struct json_reader *reader, const struct json_value *list,
                       struct result_check *check)
{
    struct json_reader elements;
    struct json_value phrase;
    json_children(reader, list, &elements);
    while (json_next(&elements, &phrase) != JSON_END) {
        if (phrase.type != JSON_STRING || phrase.text.size > RESULT_ALTERNATIVE_BYTES_MAX ||
            check->count == RESULT_ALTERNATIVES_MAX)
            return false;
        check->alternatives[check->count++] = phrase.text;
    }
    return check->count > 0;
}

static bool read_checks(const struct json_reader *reader, const struct json_value *body,
                        const char *name, struct result_checks *checks)
{
    struct json_reader elements;
    struct json_value list, check;
    if (!json_member(reader, body, name, &list))
        return true;
    if (list.type != JSON_ARRAY)
        return false;
    json_children(reader, &list, &elements);
    while (json_next(&elements, &check) != JSON_END)
        if (check.type != JSON_ARRAY || checks->count == RESULT_CHECKS_MAX ||
            !read_check(&elements, &check, &checks->items[checks->count++]))
            return false;
    return true;
}

/* NULL: read. Else the member that is wrong. */
static const char *read_draft(struct bytes json, struct arena *arena, struct draft *draft)
{
    struct json_reader reader;
    struct json_value body, expected;
    if (!json_parse(json, arena, &reader, &body) || body.type != JSON_OBJECT)
        return "";
    if (!read_checks(&reader, &body, "must_not_include", &draft->must_not))
        return "must_not_include";
    if (!read_checks(&reader, &body, "must_include", &draft->must))
        return "must_include";
    if (json_member(&reader, &body, "expected_response", &expected)) {
        if (expected.type != JSON_STRING || expected.text.size > EXPECTED_RESPONSE_BYTES_MAX)
            return "expected_response";
        draft->expected = expected.text;
    }
    return reader.broken || reader.truncated ? "" : NULL;
}

/* --- the trial --- */

static bool says(const struct facts_text *text, const struct result_check *check,
                 struct arena *scratch)
{
    return text && facts_say_any(text, check->alternatives, check->count, scratch);
}

/* The output of a record, read; NULL: it has none. */
static const struct facts_text *read_output(struct bytes record, struct arena *arena)
{
    struct json_reader reader;
    struct json_value root, output;
    if (record.size == 0 || !json_parse(record, arena, &reader, &root) ||
        !json_member(&reader, &root, "output", &output) || output.type != JSON_STRING)
        return NULL;
    return facts_text_read(output.text, arena);
}

/* Would this answer fail the test? */
static bool catches(const struct draft *draft, const struct facts_text *answer,
                    struct arena *scratch)
{
    for (uint32_t i = 0; i < draft->must_not.count; i++)
        if (says(answer, &draft->must_not.items[i], scratch))
            return true;
    for (uint32_t i = 0; i < draft->must.count; i++)
        if (!says(answer, &draft->must.items[i], scratch))
            return true;
    return false;
}

static void write_each(const struct draft *draft, const struct facts_text *answer,
                       struct arena *arena, struct json_writer *to)
{
    const struct facts_text *expected =
        draft->expected.size > 0 ? facts_text_read(draft->expected, arena) : NULL;
    json_key(to, "must_not_include");
    json_array_begin(to);
    for (uint32_t i = 0; i < draft->must_not.count; i++)
        json_bool(to, says(answer, &draft->must_not.items[i], arena) &&
                          !says(expected, &draft->must_not.items[i], arena));
    json_array_end(to);
    json_key(to, "must_include");
    json_array_begin(to);
    for (uint32_t i = 0; i < draft->must.count; i++)
        json_bool(to, !says(answer, &draft->must.items[i], arena) &&
                          (!expected || says(expected, &draft->must.items[i], arena)));
    json_array_end(to);
}

/* --- what people approved --- */

struct approved {
    uint8_t ids[APPROVED_MAX][ITEM_ID_BYTES];
    uint32_t count;
};

static void note(void *context, const struct item_row *row)
{
    struct approved *approved = context;
    if (row->has_content && row->decision.number > 0 && row->decision.verdict == REVIEW_PASS &&
        approved->count < APPROVED_MAX)
        memcpy(approved->ids[approved->count++], row->item_id, ITEM_ID_BYTES);
}

static void list_approved(struct review_api *review, struct approved *approved)
{
    static const enum item_state decided[] = {ITEM_AGREED, ITEM_ADJUDICATED};
    for (size_t s = 0; s < sizeof decided / sizeof decided[0]; s++) {
        struct review_query query = {.state = decided[s], .limit = PAGE_ROWS};
        struct review_page page = {0};
        for (int i = 0; i < PAGES_MAX && approved->count < APPROVED_MAX; i++)
            if (!review_items_list(review->store, &query, &page, note, approved))
                break;
    }
}

static void write_approved(struct review_api *review, const struct draft *draft,
                           struct json_writer *to)
{
    struct approved approved = {.count = 0};
    struct buffer record = {.limit = REVIEW_ITEM_RECORD_BYTES};
    struct arena arena;
    struct item_row row;
    uint32_t caught = 0, tried = 0;
    size_t bytes = 0;
    list_approved(review, &approved);
    arena_init(&arena, ARENA_BYTES);
    for (uint32_t i = 0; i < approved.count && bytes < APPROVED_BYTES_MAX; i++) {
        arena_reset(&arena);
        if (review_item_read(review->store, approved.ids[i], &arena, &row, &record) != STATUS_OK)
            continue;
        const struct facts_text *answer = read_output(buffer_bytes(&record), &arena);
        bytes += buffer_bytes(&record).size;
        tried += answer != NULL;
        caught += answer && catches(draft, answer, &arena);
    }
    arena_finish(&arena);
    buffer_finish(&record);
    json_key(to, "would_have_caught");
    json_object_begin(to);
    json_put_uint(to, "n", caught);
    json_put_uint(to, "of", tried);
    json_object_end(to);
}

/* Only what the person may read is tried on, and it is their own test: nothing of the machine's. */
static unsigned try_on(struct review_api *review, struct http_api_call *call,
                       const struct draft *draft)
{
    uint8_t id[ITEM_ID_BYTES];
    struct review_item item;
    struct json_writer to;
    struct arena arena;
    if (!review_item_id(http_api_id(call), id) ||
        !review_item_open(review, id, http_api_caller(call), &item))
        return http_api_refuse(call, 404, "there is no such item", NULL);
    arena_init(&arena, ARENA_BYTES);
    const struct facts_text *answer = read_output(buffer_bytes(&item.record), &arena);
    json_writer_init(&to, http_api_body_to(call));
    json_object_begin(&to);
    json_put_bool(&to, "caught", catches(draft, answer, &arena));
    write_each(draft, answer, &arena, &to);
    write_approved(review, draft, &to);
    json_object_end(&to);
    arena_finish(&arena);
    review_item_finish(&item);
    return 200;
}

unsigned review_api_check(void *context, struct http_api_call *call)
{
    struct arena arena;
    struct draft *draft = calloc(1, sizeof *draft);
    if (!draft)
        return review_api_refuse_memory(call);
    arena_init(&arena, ARENA_BYTES);
    const char *fault = read_draft(http_api_body(call), &arena, draft);
    unsigned status = fault ? review_api_malformed(call, "lists of lists of phrases", fault)
                            : try_on(context, call, draft);
    arena_finish(&arena);
    free(draft);
    return status;
}
