/* The record is read member by member as it is written out again; what is stated alike in both is
 * copied as it stands there. */
#include "processor/review/row.h"

#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "processor/review/result_json.h"
#include "processor/review/row_numbers.h"

static const char *const agreement_names[AGREEMENTS] = {"unanimous", "majority", "adjudicated",
                                                        "single"};

static const uint8_t uuid_groups[] = {4, 2, 2, 2, 6};

struct writing {
    const struct row *row;
    struct json_writer json;
    struct json_reader reader;
    struct json_value record;
    struct arena *arena;
};

void row_id_of(char ret_row_id[UUID_TEXT_SIZE], struct bytes dataset,
               const uint8_t trajectory_id[16], const uint8_t content_digest[32])
{
    char trajectory[32], digest[64];
    struct buffer name = {0};
    hex_encode(trajectory, trajectory_id, 16);
    hex_encode(digest, content_digest, 32);
    buffer_append_text(&name, "flywheel:row/");
    buffer_append_bytes(&name, dataset);
    buffer_printf(&name, "/%.32s/%.64s", trajectory, digest);
    digest_uuid_v5_url(ret_row_id, buffer_bytes(&name));
    buffer_finish(&name);
}

void row_id_text(char to[UUID_TEXT_SIZE], const uint8_t row_id[16])
{
    size_t at = 0, from = 0;
    for (size_t i = 0; i < sizeof uuid_groups; i++) {
        if (i > 0)
            to[at++] = '-';
        hex_encode(to + at, row_id + from, uuid_groups[i]);
        at += 2 * (size_t)uuid_groups[i];
        from += uuid_groups[i];
    }
    to[at] = 0;
}

bool row_id_parse(struct bytes text, uint8_t ret_row_id[16])
{
    size_t at = 0, to = 0;
    if (text.size != UUID_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < sizeof uuid_groups; i++) {
        if (i > 0 && text.data[at++] != '-')
            return false;
        if (!hex_decode(ret_row_id + to, (const char *)text.data + at, uuid_groups[i]))
            return false;
        at += 2 * (size_t)uuid_groups[i];
        to += uuid_groups[i];
    }
    return true;
}

bool row_has_checks(const struct row *row)
{
    const struct result *texts = row->texts;
    return texts && (texts->must_include.count > 0 || texts->must_not_include.count > 0 ||
                     texts->required_tools.count > 0 || texts->forbidden_tools.count > 0);
}

/* --- reading the record --- */

/* A member of a member; false when either is not there. */
static bool find(const struct json_reader *reader, const struct json_value *object,
                 const char *first, const char *second, struct json_value *ret)
{
    struct json_value inner;
    if (!second)
        return json_member(reader, object, first, ret);
    return json_member(reader, object, first, &inner) && json_member(reader, &inner, second, ret);
}

static struct bytes text_of(struct bytes record, const char *first, const char *second,
                            struct arena *arena)
{
    struct json_reader reader;
    struct json_value object, found;
    if (!record.data || !json_parse(record, arena, &reader, &object) ||
        !find(&reader, &object, first, second, &found) || found.type != JSON_STRING)
        return (struct bytes){0};
    return found.text;
}

struct bytes row_question(struct bytes json, struct arena *arena)
{
    return text_of(json, "input", NULL, arena);
}

struct bytes row_conversation(struct bytes json, struct arena *arena)
{
    return text_of(json, "source", "conversation_id", arena);
}

/* --- writing --- */

/* Copies a value of the record under another key, if it is there. */
static bool copy(struct writing *it, const char *key, const char *first, const char *second)
{
    struct json_value found;
    if (!find(&it->reader, &it->record, first, second, &found) || found.type == JSON_NULL)
        return false;
    json_key(&it->json, key);
    json_raw(&it->json, found.raw);
    return true;
}

static void copy_or_empty(struct writing *it, const char *key, const char *first,
                          const char *second, const char *empty)
{
    if (copy(it, key, first, second))
        return;
    json_key(&it->json, key);
    json_raw(&it->json, bytes_of_text(empty));
}

static void put_time(struct writing *it, const char *key, int64_t ms)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(text, (uint64_t)(ms > 0 ? ms : 0) * 1000000);
    json_put_text(&it->json, key, text);
}

static void put_identity(struct writing *it)
{
    json_put_text(&it->json, "schema", ROW_SCHEMA_NAME);
    json_put_text(&it->json, "row_id", it->row->row_id);
    json_put_bytes(&it->json, "dataset", it->row->dataset);
}

static void put_source(struct writing *it)
{
    struct json_writer *json = &it->json;
    json_key(json, "source");
    json_object_begin(json);
    (void)copy(it, "trajectory_id", "trajectory_id", NULL);
    (void)copy(it, "trace_id", "source", "trace_id");
    (void)copy(it, "root_span_id", "source", "root_span_id");
    (void)copy(it, "conversation_id", "source", "conversation_id");
    (void)copy(it, "record_id", "record_id", NULL);
    (void)copy(it, "record_revision", "revision", NULL);
    (void)copy(it, "service", "source", "service");
    json_object_end(json);
    json_key(json, "time");
    json_object_begin(json);
    (void)copy(it, "run", "time", "start");
    if (it->row->decided_ms > 0)
        put_time(it, "decided", it->row->decided_ms);
    json_object_end(json);
}

/* Of each object of a list, the members named. */
static void put_list(struct writing *it, const char *key, const char *const *members, size_t count)
{
    struct json_value list, item, member;
    struct json_reader items;
    json_key(&it->json, key);
    json_array_begin(&it->json);
    if (json_member(&it->reader, &it->record, key, &list) && list.type == JSON_ARRAY) {
        json_children(&it->reader, &list, &items);
        while (json_next(&items, &item) == JSON_OBJECT) {
            json_object_begin(&it->json);
            for (size_t i = 0; i < count; i++)
                if (json_member(&items, &item, members[i], &member)) {
                    json_key(&it->json, members[i]);
                    json_raw(&it->json, member.raw);
                }
            json_object_end(&it->json);
        }
    }
    json_array_end(&it->json);
}

static bool is_refusal(const struct writing *it)
{
    struct json_value refusal;
    return find(&it->reader, &it->record, "signals", "refusal", &refusal) && refusal.boolean;
}

/* What the answer should have been: the reviewer's words, else what was approved; absent: nobody
 * said. */
static struct bytes expected_of(const struct writing *it)
{
    const struct row *row = it->row;
    if (row->texts && row->texts->expected_response.data)
        return row->texts->expected_response;
    return row->verdict == REVIEW_PASS ? text_of(row->record, "output", NULL, it->arena)
                                       : (struct bytes){0};
}

static const char *expected_kind(const struct writing *it, struct bytes expected)
{
    const struct row *row = it->row;
    bool is_own = row->texts && row->texts->expected_response.data;
    if (row->texts && row->texts->must_include.count > 0)
        return "facts";
    if (row->verdict == REVIEW_PASS && !is_own && is_refusal(it))
        return "refusal";
    return expected.data ? "answer" : "none";
}

static void put_content(struct writing *it)
{
    static const char *const context_members[] = {"id", "text"}, *const turns[] = {"role", "text"};
    struct json_value history;
    struct bytes expected = expected_of(it);
    (void)copy(it, "input", "input", NULL);
    put_list(it, "contexts", context_members, 2);
    if (json_member(&it->reader, &it->record, "history", &history))
        put_list(it, "history", turns, 2);
    (void)copy(it, "output", "output", NULL);
    if (expected.data)
        json_put_bytes(&it->json, "expected_response", expected);
    json_put_text(&it->json, "expected_kind", expected_kind(it, expected));
}

enum { OWN_NUMBERS_MAX = 64 };

struct own_numbers { /* a customer's, each once */
    struct bytes items[OWN_NUMBERS_MAX];
    uint32_t count;
};

static bool keep_number(void *context, struct bytes number)
{
    struct own_numbers *own = context;
    for (uint32_t i = 0; i < own->count; i++)
        if (bytes_equal(own->items[i], number))
            return true;
    own->items[own->count++] = number;
    return own->count < OWN_NUMBERS_MAX;
}

/* Of what an answer is held against: the expected response, and what it must say. */
static void put_own_numbers(struct writing *it, const struct result_checks *must_include)
{
    struct own_numbers own = {.count = 0};
    row_numbers_each_volatile(expected_of(it), &it->reader, &it->record, keep_number, &own);
    for (uint32_t i = 0; must_include && i < must_include->count; i++)
        for (uint32_t j = 0; j < must_include->items[i].count && own.count < OWN_NUMBERS_MAX; j++)
            row_numbers_each_volatile(must_include->items[i].alternatives[j], &it->reader,
                                      &it->record, keep_number, &own);
    json_put_bool(&it->json, "volatile_numbers", own.count > 0);
    if (own.count > 0)
        json_put_texts(&it->json, "volatile", own.items, own.count);
}

static void put_checks(struct writing *it)
{
    const struct result *texts = it->row->texts;
    json_key(&it->json, "checks");
    json_object_begin(&it->json);
    result_json_put_checks(&it->json, "must_include", texts ? &texts->must_include : NULL);
    result_json_put_checks(&it->json, "must_not_include", texts ? &texts->must_not_include : NULL);
    json_put_texts(&it->json, "required_tools", texts ? texts->required_tools.names : NULL,
                   texts ? texts->required_tools.count : 0);
    json_put_texts(&it->json, "forbidden_tools", texts ? texts->forbidden_tools.names : NULL,
                   texts ? texts->forbidden_tools.count : 0);
    put_own_numbers(it, texts ? &texts->must_include : NULL);
    json_object_end(&it->json);
    if (texts && texts->expected_until.data)
        json_put_bytes(&it->json, "expected_until", texts->expected_until);
}

static void put_decision(struct writing *it)
{
    const struct row *row = it->row;
    struct json_writer *json = &it->json;
    if (row->failure_mode >= 0)
        json_put_bytes(&it->json, "failure_mode", row->label_set->items[row->failure_mode].id);
    json_key(json, "labels");
    json_array_begin(json);
    for (uint32_t i = 0; i < row->label_count; i++)
        json_string(json, row->label_set->items[row->labels[i]].id);
    json_array_end(json);
    json_put_text(json, "verdict", reviewer_verdict_names[row->verdict]);
    (void)copy(it, "machine_verdict", "verdict", NULL);
    json_put_text(json, "reviewer_status", row->is_adjudicated ? "adjudicated" : "approved");
    json_put_uint(json, "reviewers", row->reviewers);
    json_put_text(json, "agreement", agreement_names[row->agreement]);
    if (row->reviewed_by_count > 0)
        json_put_texts(json, "reviewed_by", row->reviewed_by, row->reviewed_by_count);
    if (row->has_comment && row->texts && row->texts->comment.size > 0)
        json_put_bytes(&it->json, "comment", row->texts->comment);
}

static bool first_model(const struct writing *it, struct json_value *ret)
{
    struct json_value models;
    struct json_reader items;
    if (!find(&it->reader, &it->record, "agent", "models", &models) || models.type != JSON_ARRAY)
        return false;
    json_children(&it->reader, &models, &items);
    return json_next(&items, ret) == JSON_STRING;
}

static void put_route(struct writing *it)
{
    struct json_value model;
    json_key(&it->json, "route");
    json_object_begin(&it->json);
    if (!copy(it, "model_route", "cohort", "model_route") && first_model(it, &model)) {
        json_key(&it->json, "model_route");
        json_raw(&it->json, model.raw);
    }
    (void)copy(it, "routing_policy", "signals", "routing_policy");
    copy_or_empty(it, "fallback", "signals", "fallback", "false");
    copy_or_empty(it, "cache_hit", "signals", "cache_hit", "false");
    json_object_end(&it->json);
    json_key(&it->json, "agent");
    json_object_begin(&it->json);
    (void)copy(it, "name", "agent", "name");
    (void)copy(it, "version", "agent", "version");
    copy_or_empty(it, "models", "agent", "models", "[]");
    copy_or_empty(it, "tools", "agent", "tools", "[]");
    json_object_end(&it->json);
}

static void put_selection(struct writing *it)
{
    struct json_value probability;
    struct json_writer *json = &it->json;
    json_key(json, "selection");
    json_object_begin(json);
    (void)copy(it, "stratum", "selection", "stratum");
    (void)copy(it, "inclusion_probability", "selection", "inclusion_probability");
    if (find(&it->reader, &it->record, "selection", "inclusion_probability", &probability) &&
        probability.number > 0)
        json_put_double(json, "weight", 1 / probability.number);
    json_object_end(json);
    copy_or_empty(it, "ruleset", "ruleset", NULL, "{}");
    json_key(json, "label_set");
    json_object_begin(json);
    json_put_hex(&it->json, "sha256", it->row->label_set->sha256, SHA256_SIZE);
    json_object_end(json);
    copy_or_empty(it, "redaction", "redaction", NULL, "{}");
}

static void put_origin(struct writing *it)
{
    static const char *const evaluation_members[] = {"rule", "outcome", "value"};
    copy_or_empty(it, "cohort", "cohort", NULL, "{}");
    put_route(it);
    put_list(it, "evaluations", evaluation_members, 3);
    (void)copy(it, "signature", "selection", "signature");
    put_selection(it);
}

enum status row_draft(const struct row *row, struct arena *arena, struct buffer *to)
{
    struct writing it = {.row = row, .arena = arena};
    if (!row->record.data || !json_parse(row->record, arena, &it.reader, &it.record) ||
        it.record.type != JSON_OBJECT)
        return STATUS_MALFORMED;
    json_writer_init(&it.json, to);
    json_object_begin(&it.json);
    put_identity(&it);
    put_source(&it);
    put_content(&it);
    put_checks(&it);
    put_decision(&it);
    put_origin(&it);
    json_object_end(&it.json);
    return to->failed || arena->failed ? STATUS_FATAL : STATUS_OK;
}

static bool has_item(const struct json_reader *reader, const struct json_value *checks,
                     const char *name)
{
    struct json_value list, item;
    struct json_reader items;
    if (!json_member(reader, checks, name, &list) || list.type != JSON_ARRAY)
        return false;
    json_children(reader, &list, &items);
    return json_next(&items, &item) == JSON_ARRAY || item.type == JSON_STRING;
}

bool row_may_test(struct bytes json, struct arena *arena, bool *ret_is_adjudicated)
{
    struct json_reader reader;
    struct json_value row, verdict, checks, status;
    if (!json_parse(json, arena, &reader, &row) ||
        !json_member(&reader, &row, "verdict", &verdict) ||
        !bytes_equal_text(verdict.text, "fail") || !json_member(&reader, &row, "checks", &checks))
        return false;
    *ret_is_adjudicated = json_member(&reader, &row, "reviewer_status", &status) &&
                          bytes_equal_text(status.text, "adjudicated");
    return has_item(&reader, &checks, "must_include") ||
           has_item(&reader, &checks, "must_not_include") ||
           has_item(&reader, &checks, "required_tools") ||
           has_item(&reader, &checks, "forbidden_tools");
}
