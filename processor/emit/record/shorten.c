/* One pass copies the record member by member under a plan; texts go through the writer of records,
 * which cuts and measures them. What no row of the tables below names is copied as it is. */
#include "processor/emit/record/shorten.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/base/json/json.h"
#include "processor/emit/record/writer.h"

enum { ROUNDS_MAX = 64 };

/* A text of the record, or of an element of one of its lists. */
struct text_row {
    const char *list; /* NULL: of the record itself */
    const char *member;
    enum text_class class;
};
static const struct text_row text_rows[] = {
    {NULL, "summary", TEXT_REASON},
    {NULL, "input", TEXT_MESSAGE},
    {NULL, "output", TEXT_MESSAGE},
    {"history", "text", TEXT_MESSAGE},
    {NULL, "expected", TEXT_MESSAGE},
    {"contexts", "id", TEXT_NAME},
    {"contexts", "text", TEXT_CONTEXT},
    {"steps", "name", TEXT_NAME},
    {"steps", "input", TEXT_STEP},
    {"steps", "output", TEXT_STEP},
    {"steps", "tool", TEXT_NAME},
    {"steps", "arguments", TEXT_STEP},
    {"steps", "model", TEXT_NAME},
    {"steps", "error", TEXT_REASON},
    {"evaluations", "explanation", TEXT_REASON},
    {"regressions", "value", TEXT_REASON},
    {"signals.feedback", "text", TEXT_REASON},
};
enum { TEXT_ROWS = sizeof text_rows / sizeof *text_rows };

/* A cut of before, by its path. */
struct prior_cut {
    uint64_t hash;
    struct bytes path;
    uint64_t original_bytes;
    bool is_cut_again;
};

/* A list that was copied, for pointers into it. */
struct copied {
    uint32_t count, most, last;
};

struct shortening {
    struct record_writer record;
    struct copied contexts, steps;
    struct prior_cut *prior; /* sorted */
    uint32_t prior_count;
};

static bool is_name(const char *name, const char *text)
{
    return name == text || (name && text && strcmp(name, text) == 0);
}

static const struct text_row *row_of(const char *list, struct bytes member)
{
    for (size_t i = 0; i < TEXT_ROWS; i++)
        if (is_name(text_rows[i].list, list) && bytes_equal_text(member, text_rows[i].member))
            return &text_rows[i];
    return NULL;
}

static uint32_t count_of(const struct json_reader *reader, const struct json_value *list)
{
    struct json_reader items;
    struct json_value item;
    uint32_t count = 0;
    for (json_children(reader, list, &items); json_next(&items, &item) != JSON_END;)
        count++;
    return count;
}

static void copy(struct shortening *work, const struct json_value *value)
{
    json_key_bytes(&work->record.json, value->key);
    json_raw(&work->record.json, value->raw);
}

/* ---- Lists ---- */

/* A pointer to where its text stands now; nothing when that was left out.
 * "/steps/7/output" -> "/steps/5/output" */
static void copy_pointer(struct shortening *work, const struct json_value *pointer)
{
    static const char contexts[] = "/contexts/", steps[] = "/steps/";
    bool is_context = bytes_starts_with(pointer->text, BYTES_LITERAL(contexts));
    bool is_step = bytes_starts_with(pointer->text, BYTES_LITERAL(steps));
    if (!is_context && !is_step) {
        copy(work, pointer);
        return;
    }
    const struct copied *list = is_context ? &work->contexts : &work->steps;
    size_t at = strlen(is_context ? contexts : steps);
    uint64_t index = 0;
    for (; at < pointer->text.size && pointer->text.data[at] >= '0' &&
           pointer->text.data[at] <= '9' && index < UINT32_MAX;
         at++)
        index = index * 10 + (uint64_t)(pointer->text.data[at] - '0');
    uint32_t left_out = list->count > list->most ? list->count - list->most : 0;
    uint32_t front = list->most - list->last;
    if (left_out && index >= front && index < front + left_out)
        return;
    char text[64];
    int size = snprintf(text, sizeof text, "%s%" PRIu64 "%.*s", is_context ? contexts : steps,
                        left_out && index >= front ? index - left_out : index,
                        (int)(pointer->text.size - at), (const char *)pointer->text.data + at);
    if (size <= 0 || size >= (int)sizeof text)
        return;
    json_put_text(&work->record.json, "pointer", text);
}

static void copy_place(struct shortening *work, const struct json_reader *reader,
                       const struct json_value *place)
{
    struct json_reader members;
    struct json_value member;
    json_object_begin(&work->record.json);
    for (json_children(reader, place, &members); json_next(&members, &member) != JSON_END;)
        if (bytes_equal_text(member.key, "pointer"))
            copy_pointer(work, &member);
        else if (!bytes_equal_text(member.key, "quote") || work->record.plan.has_quotes)
            copy(work, &member);
    json_object_end(&work->record.json);
}

/* Evidence of one evaluation: as many as the plan allows. */
static void copy_evidence(struct shortening *work, const struct json_reader *reader,
                          const struct json_value *list, uint32_t index)
{
    struct json_reader items;
    struct json_value item;
    uint32_t at = 0;
    uint64_t bytes = 0;
    json_key(&work->record.json, "evidence");
    json_array_begin(&work->record.json);
    for (json_children(reader, list, &items); json_next(&items, &item) != JSON_END; at++) {
        bytes += item.raw.size;
        if (at < work->record.plan.evidence_max)
            copy_place(work, &items, &item);
    }
    json_array_end(&work->record.json);
    if (at > work->record.plan.evidence_max)
        record_truncation(&work->record, (struct text_field){"evaluations", index, "evidence"},
                          bytes);
}

static void copy_element(struct shortening *work, const struct json_reader *reader,
                         const struct json_value *element, const char *list, uint32_t index)
{
    struct json_reader members;
    struct json_value member;
    if (element->type != JSON_OBJECT) {
        json_raw(&work->record.json, element->raw);
        return;
    }
    json_object_begin(&work->record.json);
    for (json_children(reader, element, &members); json_next(&members, &member) != JSON_END;) {
        const struct text_row *row = row_of(list, member.key);
        if (row && member.type == JSON_STRING) {
            json_key_bytes(&work->record.json, member.key);
            record_string(&work->record, row->class, member.text,
                          (struct text_field){list, index, row->member});
        } else if (bytes_equal_text(member.key, "evidence") && member.type == JSON_ARRAY) {
            copy_evidence(work, &members, &member, index);
        } else {
            copy(work, &member);
        }
    }
    json_object_end(&work->record.json);
}

/* The first and the last of a list of objects, at most `most`, `last` of them from its end.
 * `whole_bytes`: of the list as it was, when that is known. */
static void copy_list(struct shortening *work, const struct json_reader *reader,
                      const struct json_value *list, const char *name, uint32_t most, uint32_t last,
                      size_t whole_bytes)
{
    struct json_reader items;
    struct json_value item;
    uint32_t count = count_of(reader, list), at = 0;
    uint64_t bytes = 0;
    json_key_bytes(&work->record.json, list->key);
    json_array_begin(&work->record.json);
    for (json_children(reader, list, &items); json_next(&items, &item) != JSON_END; at++) {
        bytes += item.raw.size;
        if (count <= most || at < most - last || at >= count - last)
            copy_element(work, &items, &item, name, at);
    }
    json_array_end(&work->record.json);
    if (count > most)
        record_truncation(&work->record, (struct text_field){name, NO_INDEX, NULL},
                          whole_bytes ? whole_bytes : bytes);
}

static void copy_steps(struct shortening *work, const struct json_reader *reader,
                       const struct json_value *list)
{
    struct record_writer *record = &work->record;
    size_t before = record->json.to->size + record->unwritten;
    uint32_t most = record->plan.steps_max;
    copy_list(work, reader, list, "steps", most, most / 2, record->plan.steps_whole);
    record->measured.step_count = count_of(reader, list);
    work->steps = (struct copied){record->measured.step_count, most, most / 2};
    record->measured.steps_bytes = record->json.to->size + record->unwritten - before;
}

/* Errors are texts, not objects. */
static void copy_errors(struct shortening *work, const struct json_reader *reader,
                        const struct json_value *list)
{
    struct json_reader items;
    struct json_value item;
    uint32_t at = 0;
    uint64_t bytes = 0;
    json_key_bytes(&work->record.json, list->key);
    json_array_begin(&work->record.json);
    for (json_children(reader, list, &items); json_next(&items, &item) != JSON_END; at++) {
        bytes += item.raw.size;
        if (at < work->record.plan.list_max)
            record_string(&work->record, TEXT_REASON, item.text,
                          (struct text_field){"signals.errors", at, NULL});
    }
    json_array_end(&work->record.json);
    if (at > work->record.plan.list_max)
        record_truncation(&work->record, (struct text_field){"signals.errors", NO_INDEX, NULL},
                          bytes);
}

static void copy_signals(struct shortening *work, const struct json_reader *reader,
                         const struct json_value *signals)
{
    struct json_reader members;
    struct json_value member;
    json_key_bytes(&work->record.json, signals->key);
    json_object_begin(&work->record.json);
    for (json_children(reader, signals, &members); json_next(&members, &member) != JSON_END;)
        if (bytes_equal_text(member.key, "errors") && member.type == JSON_ARRAY)
            copy_errors(work, &members, &member);
        else if (bytes_equal_text(member.key, "feedback") && member.type == JSON_ARRAY)
            copy_list(work, &members, &member, "signals.feedback", work->record.plan.list_max, 0,
                      0);
        else
            copy(work, &member);
    json_object_end(&work->record.json);
}

/* ---- Cuts of before ---- */

static int by_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct prior_cut *)a)->hash, y = ((const struct prior_cut *)b)->hash;
    return x < y ? -1 : x > y;
}

static bool read_prior(struct shortening *work, const struct json_reader *reader,
                       const struct json_value *list)
{
    struct json_reader items;
    struct json_value item, field, bytes;
    struct arena *arena = work->record.input->arena;
    work->prior = arena_zalloc(arena, count_of(reader, list) + 1, sizeof *work->prior);
    if (!work->prior)
        return false;
    for (json_children(reader, list, &items); json_next(&items, &item) != JSON_END;)
        if (json_member(&items, &item, "field", &field) &&
            json_member(&items, &item, "original_bytes", &bytes) && bytes.type == JSON_NUMBER)
            work->prior[work->prior_count++] = (struct prior_cut){
                digest_fnv1a64(field.text), field.text, (uint64_t)bytes.number, false};
    qsort(work->prior, work->prior_count, sizeof *work->prior, by_hash);
    return true;
}

static struct prior_cut *find_prior(struct shortening *work, const char *path)
{
    struct prior_cut key = {.hash = digest_fnv1a64(bytes_of_text(path))};
    return work->prior_count ? bsearch(&key, work->prior, work->prior_count, sizeof key, by_hash)
                             : NULL;
}

/* What was cut twice was once as long as it was before the first cut. */
static void carry_on(struct shortening *work)
{
    struct record_writer *record = &work->record;
    for (uint32_t i = 0; i < record->cut_count; i++) {
        char path[RECORD_PATH_SIZE];
        record_cut_path(&record->cuts[i].field, path);
        struct prior_cut *prior = find_prior(work, path);
        if (!prior)
            continue;
        if (prior->original_bytes > record->cuts[i].original_bytes)
            record->cuts[i].original_bytes = prior->original_bytes;
        prior->is_cut_again = true;
    }
    for (uint32_t i = 0; i < work->prior_count; i++) {
        const struct prior_cut *prior = &work->prior[i];
        char *name = prior->is_cut_again || prior->path.size >= RECORD_PATH_SIZE
                         ? NULL
                         : arena_alloc(record->input->arena, prior->path.size + 1);
        if (!name)
            continue;
        memcpy(name, prior->path.data, prior->path.size);
        name[prior->path.size] = 0;
        record_truncation(record, (struct text_field){name, NO_INDEX, NULL}, prior->original_bytes);
    }
}

/* ---- The record ---- */

static void copy_member(struct shortening *work, const struct json_reader *reader,
                        const struct json_value *member)
{
    const struct text_row *row = row_of(NULL, member->key);
    bool is_list = member->type == JSON_ARRAY;
    if (row && member->type == JSON_STRING) {
        json_key_bytes(&work->record.json, member->key);
        record_string(&work->record, row->class, member->text,
                      (struct text_field){row->member, NO_INDEX, NULL});
    } else if (is_list && bytes_equal_text(member->key, "contexts")) {
        copy_list(work, reader, member, "contexts", work->record.plan.contexts_max, 0, 0);
        work->contexts =
            (struct copied){count_of(reader, member), work->record.plan.contexts_max, 0};
    } else if (is_list && bytes_equal_text(member->key, "history")) {
        copy_list(work, reader, member, "history", UINT32_MAX, 0, 0);
    } else if (is_list && bytes_equal_text(member->key, "steps")) {
        copy_steps(work, reader, member);
    } else if (is_list && bytes_equal_text(member->key, "evaluations")) {
        copy_list(work, reader, member, "evaluations", UINT32_MAX, 0, 0);
    } else if (is_list && bytes_equal_text(member->key, "regressions")) {
        copy_list(work, reader, member, "regressions", UINT32_MAX, 0, 0);
    } else if (member->type == JSON_OBJECT && bytes_equal_text(member->key, "signals")) {
        copy_signals(work, reader, member);
    } else if (is_list && bytes_equal_text(member->key, "truncation")) {
        if (!read_prior(work, reader, member))
            work->record.failed = true;
    } else {
        copy(work, member);
    }
}

static bool write_shortened(struct shortening *work, struct bytes json)
{
    struct json_reader reader, members;
    struct json_value record, schema, member;
    if (!json_parse(json, work->record.input->arena, &reader, &record) ||
        !json_member(&reader, &record, "schema", &schema) ||
        !bytes_equal_text(schema.text, "flywheel.review/v1"))
        return false;
    json_object_begin(&work->record.json);
    for (json_children(&reader, &record, &members); json_next(&members, &member) != JSON_END;)
        copy_member(work, &members, &member);
    carry_on(work);
    record_cuts(&work->record);
    json_object_end(&work->record.json);
    return !members.broken;
}

enum status review_record_shorten(struct bytes json, size_t bytes_max, struct arena *arena,
                                  struct buffer *to)
{
    const struct review_input input = {.arena = arena, .bytes_max = bytes_max};
    struct cut_plan plan = cut_plan_widest();
    size_t start = to->size;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        arena_reset(arena);
        to->size = start;
        struct shortening work = {.record = {.input = &input, .start = start, .plan = plan}};
        json_writer_init(&work.record.json, to);
        if (!write_shortened(&work, json))
            break;
        if (to->failed || work.record.failed || arena->failed) {
            to->size = start;
            return STATUS_FATAL;
        }
        size_t size = to->size - start + work.record.unwritten;
        if (size <= bytes_max)
            return STATUS_OK;
        if (!cut_plan_narrow(&plan, &work.record.measured, size - bytes_max, round))
            break;
    }
    to->size = start;
    return STATUS_MALFORMED;
}
