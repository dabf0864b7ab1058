/* Members of the JSON to fields, a row each; then what only makes sense together. */
#include "processor/review/result_json.h"

#include <stdio.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/json/canonical.h"
#include "processor/review/result_fields.h"

enum {
    UUID_CHARS = 36,
    TRACE_CHARS = 32,
    SHA256_CHARS = 64,
    DATE_CHARS = 10,
    POINTER_BYTES_MAX = 512
};

static bool read_offset(struct reading *reading, const char *place, const struct json_value *value,
                        uint32_t *ret_offset)
{
    bool is_whole = value->type == JSON_NUMBER && value->number >= 0 &&
                    value->number <= INT32_MAX && value->number == (double)(uint32_t)value->number;
    if (!is_whole)
        return result_field_refuse(reading, RESULT_MALFORMED, place,
                                   "start and end are code points");
    *ret_offset = (uint32_t)value->number;
    return true;
}

static bool read_piece(struct reading *reading, const struct json_reader *from,
                       const struct json_value *object, const char *place,
                       struct result_evidence *piece)
{
    struct json_reader members;
    struct json_value member;
    if (object->type != JSON_OBJECT)
        return result_field_refuse(reading, RESULT_MALFORMED, place, "an object is wanted");
    json_children(from, object, &members);
    bool is_read = true;
    while (is_read && json_next(&members, &member) != JSON_END) {
        if (bytes_equal_text(member.key, "pointer"))
            is_read =
                result_field_text(reading, place, &member, POINTER_BYTES_MAX, &piece->pointer);
        else if (bytes_equal_text(member.key, "label"))
            is_read = result_field_text(reading, place, &member, LABEL_ID_MAX, &piece->label);
        else if (bytes_equal_text(member.key, "start"))
            is_read = read_offset(reading, place, &member, &piece->start);
        else if (bytes_equal_text(member.key, "end"))
            is_read = read_offset(reading, place, &member, &piece->end);
    }
    if (is_read && (piece->pointer.size == 0 || piece->pointer.data[0] != '/'))
        return result_field_refuse(reading, RESULT_MALFORMED, place, "pointer is a JSON pointer");
    if (is_read && piece->end < piece->start)
        return result_field_refuse(reading, RESULT_MALFORMED, place, "it ends before it starts");
    if (is_read && piece->label.data && label_set_find(reading->labels, piece->label) < 0)
        return result_field_refuse(reading, RESULT_UNKNOWN_LABEL, place, "no such label");
    return is_read;
}

/* --- members --- */

typedef bool member_fn(struct reading *reading, const struct json_value *value);

static bool read_schema(struct reading *reading, const struct json_value *value)
{
    if (value->type == JSON_STRING && bytes_equal_text(value->text, "flywheel.result/v1"))
        return true;
    return result_field_refuse(reading, RESULT_MALFORMED, "schema",
                               "flywheel.result/v1 is what is read here");
}

static bool read_result_id(struct reading *reading, const struct json_value *value)
{
    struct bytes *id = &reading->result->result_id;
    if (!result_field_text(reading, "result_id", value, RESULT_ID_MAX, id))
        return false;
    return result_field_is_id(*id, "._:-") ||
           result_field_refuse(reading, RESULT_MALFORMED, "result_id",
                               "1 to %d of A-Z a-z 0-9 . _ : -", RESULT_ID_MAX);
}

static bool read_supersedes(struct reading *reading, const struct json_value *value)
{
    struct bytes *id = &reading->result->supersedes;
    if (!result_field_text(reading, "supersedes", value, RESULT_ID_MAX, id))
        return false;
    return result_field_is_id(*id, "._:-") ||
           result_field_refuse(reading, RESULT_MALFORMED, "supersedes",
                               "the id of a result is wanted");
}

static bool read_record_id(struct reading *reading, const struct json_value *value)
{
    struct bytes *id = &reading->result->record_id;
    if (!result_field_text(reading, "record_id", value, UUID_CHARS, id))
        return false;
    return result_field_is_uuid(*id) || result_field_refuse(reading, RESULT_MALFORMED, "record_id",
                                                            "the id of a record is wanted");
}

static bool read_trajectory_id(struct reading *reading, const struct json_value *value)
{
    struct bytes *id = &reading->result->trajectory_id;
    if (!result_field_text(reading, "trajectory_id", value, TRACE_CHARS, id))
        return false;
    return result_field_is_hex(*id, TRACE_CHARS) ||
           result_field_refuse(reading, RESULT_MALFORMED, "trajectory_id",
                               "%d hex digits are wanted", TRACE_CHARS);
}

static bool read_reviewer(struct reading *reading, const struct json_value *value)
{
    struct bytes *name = &reading->result->reviewer;
    if (!result_field_text(reading, "reviewer", value, REVIEWER_NAME_MAX, name))
        return false;
    return result_field_is_printable(*name) ||
           result_field_refuse(reading, RESULT_MALFORMED, "reviewer",
                               "a name without control characters is wanted");
}

static bool read_role(struct reading *reading, const struct json_value *value)
{
    uint32_t choice = 0;
    bool is_read =
        result_field_choice(reading, "role", value, result_role_names, RESULT_ROLES, &choice);
    reading->result->role = (enum result_role)choice;
    return is_read;
}

static bool read_status(struct reading *reading, const struct json_value *value)
{
    uint32_t choice = 0;
    bool is_read = result_field_choice(reading, "status", value, result_status_names,
                                       RESULT_STATUSES, &choice);
    reading->result->status = (enum result_status)choice;
    return is_read;
}

static bool read_verdict(struct reading *reading, const struct json_value *value)
{
    uint32_t choice = 0;
    struct result *result = reading->result;
    result->has_verdict = result_field_choice(reading, "verdict", value, reviewer_verdict_names,
                                              REVIEWER_VERDICTS, &choice);
    result->verdict = (enum reviewer_verdict)choice;
    return result->has_verdict;
}

static bool read_first_verdict(struct reading *reading, const struct json_value *value)
{
    uint32_t choice = 0;
    struct result *result = reading->result;
    result->has_first_verdict = result_field_choice(
        reading, "first_verdict", value, reviewer_verdict_names, REVIEWER_VERDICTS, &choice);
    result->first_verdict = (enum reviewer_verdict)choice;
    return result->has_first_verdict;
}

static bool read_final_labels(struct reading *reading, const struct json_value *value)
{
    return result_field_labels(reading, "labels", value, reading->result->labels,
                               &reading->result->label_count);
}

static bool read_first_labels(struct reading *reading, const struct json_value *value)
{
    return result_field_labels(reading, "first_labels", value, reading->result->first_labels,
                               &reading->result->first_label_count);
}

/* It is looked up among the labels, which may come later. */
static bool read_failure_mode(struct reading *reading, const struct json_value *value)
{
    reading->has_failure_mode = true;
    return result_field_text(reading, "failure_mode", value, LABEL_ID_MAX, &reading->failure_mode);
}

static bool read_expected_response(struct reading *reading, const struct json_value *value)
{
    return result_field_text(reading, "expected_response", value, EXPECTED_RESPONSE_BYTES_MAX,
                             &reading->result->expected_response);
}

static bool read_comment(struct reading *reading, const struct json_value *value)
{
    return result_field_text(reading, "comment", value, COMMENT_BYTES_MAX,
                             &reading->result->comment);
}

static bool read_must_include(struct reading *reading, const struct json_value *value)
{
    return result_field_checks(reading, "must_include", value, &reading->result->must_include);
}

static bool read_must_not_include(struct reading *reading, const struct json_value *value)
{
    return result_field_checks(reading, "must_not_include", value,
                               &reading->result->must_not_include);
}

static bool read_expected_until(struct reading *reading, const struct json_value *value)
{
    struct bytes *date = &reading->result->expected_until;
    if (!result_field_text(reading, "expected_until", value, DATE_CHARS, date))
        return false;
    return result_field_is_date(*date) ||
           result_field_refuse(reading, RESULT_MALFORMED, "expected_until",
                               "a date as 2027-01-31 is wanted");
}

static bool read_required_tools(struct reading *reading, const struct json_value *value)
{
    struct result_tools *tools = &reading->result->required_tools;
    return result_field_texts(reading, "required_tools", &reading->members, value, RESULT_TOOLS_MAX,
                              RESULT_ALTERNATIVE_BYTES_MAX, tools->names, &tools->count);
}

static bool read_forbidden_tools(struct reading *reading, const struct json_value *value)
{
    struct result_tools *tools = &reading->result->forbidden_tools;
    return result_field_texts(reading, "forbidden_tools", &reading->members, value,
                              RESULT_TOOLS_MAX, RESULT_ALTERNATIVE_BYTES_MAX, tools->names,
                              &tools->count);
}

static bool read_evidence(struct reading *reading, const struct json_value *value)
{
    struct json_reader elements;
    struct json_value element;
    struct result *result = reading->result;
    if (value->type != JSON_ARRAY)
        return result_field_refuse(reading, RESULT_MALFORMED, "evidence", "a list is wanted");
    json_children(&reading->members, value, &elements);
    while (json_next(&elements, &element) != JSON_END) {
        char place[80];
        snprintf(place, sizeof place, "evidence[%u]", result->evidence_count);
        if (result->evidence_count == RESULT_EVIDENCE_MAX)
            return result_field_refuse(reading, RESULT_TOO_LARGE, "evidence", "at most %d of them",
                                       RESULT_EVIDENCE_MAX);
        if (!read_piece(reading, &elements, &element, place,
                        &result->evidence[result->evidence_count++]))
            return false;
    }
    return true;
}

static bool read_approve(struct reading *reading, const struct json_value *value)
{
    reading->result->has_approve = value->type == JSON_BOOL;
    reading->result->approve = value->boolean;
    return reading->result->has_approve ||
           result_field_refuse(reading, RESULT_MALFORMED, "approve", "true or false is wanted");
}

static bool read_skip_cause(struct reading *reading, const struct json_value *value)
{
    uint32_t choice = 0;
    bool is_read = result_field_choice(reading, "skip_reason", value, skip_cause_names,
                                       SKIPPED_CAUSES, &choice);
    reading->result->skip_cause = (enum skip_cause)choice;
    return is_read;
}

static bool read_skip_to(struct reading *reading, const struct json_value *value)
{
    return result_field_text(reading, "to", value, REVIEWER_NAME_MAX, &reading->result->skip_to);
}

static bool read_time(struct reading *reading, const char *field, const struct json_value *value,
                      int64_t *ret_ms)
{
    bool is_text = value->type == JSON_STRING && memchr(value->text.data, 'T', value->text.size);
    if (is_text && clock_parse_rfc3339(value->text, ret_ms) == STATUS_OK)
        return true;
    return result_field_refuse(reading, RESULT_MALFORMED, field,
                               "a time as 2026-11-30T12:00:00Z is wanted");
}

static bool read_started_at(struct reading *reading, const struct json_value *value)
{
    return read_time(reading, "started_at", value, &reading->result->started_ms);
}

static bool read_completed_at(struct reading *reading, const struct json_value *value)
{
    return read_time(reading, "completed_at", value, &reading->result->completed_ms);
}

static bool read_label_set(struct reading *reading, const struct json_value *value)
{
    struct bytes *sha256 = &reading->result->label_set;
    if (!result_field_text(reading, "label_set", value, SHA256_CHARS, sha256))
        return false;
    return result_field_is_hex(*sha256, SHA256_CHARS) ||
           result_field_refuse(reading, RESULT_MALFORMED, "label_set", "64 hex digits are wanted");
}

static bool read_origin(struct reading *reading, const struct json_value *value)
{
    return result_field_text(reading, "origin", value, SHA256_CHARS, &reading->result->origin);
}

static const struct {
    const char *name;
    member_fn *read;
    bool is_needed;
} members[] = {
    {"schema", read_schema, true},
    {"result_id", read_result_id, false},
    {"record_id", read_record_id, false},
    {"trajectory_id", read_trajectory_id, false},
    {"reviewer", read_reviewer, false},
    {"role", read_role, false},
    {"status", read_status, true},
    {"verdict", read_verdict, false},
    {"first_verdict", read_first_verdict, false},
    {"labels", read_final_labels, false},
    {"first_labels", read_first_labels, false},
    {"failure_mode", read_failure_mode, false},
    {"expected_response", read_expected_response, false},
    {"must_include", read_must_include, false},
    {"must_not_include", read_must_not_include, false},
    {"expected_until", read_expected_until, false},
    {"required_tools", read_required_tools, false},
    {"forbidden_tools", read_forbidden_tools, false},
    {"evidence", read_evidence, false},
    {"comment", read_comment, false},
    {"approve", read_approve, false},
    {"skip_reason", read_skip_cause, false},
    {"to", read_skip_to, false},
    {"started_at", read_started_at, false},
    {"completed_at", read_completed_at, false},
    {"supersedes", read_supersedes, false},
    {"label_set", read_label_set, false},
    {"origin", read_origin, false},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

/* Null stands for absent. */
static bool read_members(struct reading *reading)
{
    struct json_value value;
    bool is_there[MEMBERS] = {false};
    while (json_next(&reading->members, &value) != JSON_END) {
        for (size_t i = 0; i < MEMBERS && value.type != JSON_NULL; i++) {
            if (!bytes_equal_text(value.key, members[i].name))
                continue;
            if (!members[i].read(reading, &value))
                return false;
            is_there[i] = true;
        }
    }
    for (size_t i = 0; i < MEMBERS; i++)
        if (members[i].is_needed && !is_there[i])
            return result_field_refuse(reading, RESULT_MALFORMED, members[i].name,
                                       "it must be there");
    return true;
}

/* --- what only makes sense together --- */

static bool check_labels(struct reading *reading, const char *field, enum reviewer_verdict verdict,
                         const uint16_t *labels, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        enum label_implies implies = reading->labels->items[labels[i]].implies;
        bool is_against = (implies == LABEL_IMPLIES_PASS && verdict == REVIEW_FAIL) ||
                          (implies == LABEL_IMPLIES_FAIL && verdict == REVIEW_PASS);
        if (is_against)
            return result_field_refuse(reading, RESULT_INCONSISTENT, field,
                                       "a label implies the other verdict");
    }
    return true;
}

static bool settle_failure_mode(struct reading *reading)
{
    struct result *result = reading->result;
    int32_t wanted =
        reading->has_failure_mode ? label_set_find(reading->labels, reading->failure_mode) : -1;
    if (reading->has_failure_mode && wanted < 0)
        return result_field_refuse(reading, RESULT_UNKNOWN_LABEL, "failure_mode", "no such label");
    result->failure_mode = -1;
    for (uint32_t i = 0; i < result->label_count; i++) {
        uint16_t label = result->labels[i];
        bool is_chosen = reading->has_failure_mode
                             ? label == wanted
                             : reading->labels->items[label].implies == LABEL_IMPLIES_FAIL;
        if (is_chosen && result->failure_mode < 0)
            result->failure_mode = label;
    }
    if (reading->has_failure_mode && result->failure_mode < 0)
        return result_field_refuse(reading, RESULT_INCONSISTENT, "failure_mode",
                                   "it is one of labels");
    return true;
}

static bool check_whole(struct reading *reading, struct bytes owner)
{
    struct result *result = reading->result;
    if (!result->record_id.data && !result->trajectory_id.data)
        return result_field_refuse(reading, RESULT_MALFORMED, "record_id",
                                   "record_id or trajectory_id must be there");
    if (!result->reviewer.data && owner.size == 0)
        return result_field_refuse(reading, RESULT_MALFORMED, "reviewer", "it must be there");
    if (result->status == RESULT_COMPLETED && !result->has_verdict)
        return result_field_refuse(reading, RESULT_MALFORMED, "verdict",
                                   "a completed result has one");
    if (result->status != RESULT_COMPLETED)
        return true;
    if (!result->has_approve || result->verdict == REVIEW_UNSURE)
        result->approve = result->verdict != REVIEW_UNSURE;
    return check_labels(reading, "labels", result->verdict, result->labels, result->label_count) &&
           (!result->has_first_verdict ||
            check_labels(reading, "first_labels", result->first_verdict, result->first_labels,
                         result->first_label_count)) &&
           settle_failure_mode(reading);
}

/* The digest, and the id that a producer's retry makes again: of the content and of whose it is. */
static bool identify(struct reading *reading, struct bytes json, struct bytes owner)
{
    struct result *result = reading->result;
    struct arena *arena = reading->members.arena;
    struct buffer canonical = {.limit = 2 * RESULT_BYTES_MAX};
    bool is_whole = json_canonical(json, arena, &canonical);
    if (is_whole) {
        digest_sha256(result->sha256, buffer_bytes(&canonical));
        if (!result->result_id.data) {
            char id[UUID_TEXT_SIZE];
            buffer_append_text(&canonical, result->reviewer.data ? "" : "\n");
            buffer_append_bytes(&canonical, result->reviewer.data ? (struct bytes){0} : owner);
            digest_uuid_v5_url(id, buffer_bytes(&canonical));
            result->result_id = arena_copy(arena, bytes_of_text(id));
        }
        if (!result->reviewer.data)
            result->reviewer = arena_copy(arena, owner);
    }
    buffer_finish(&canonical);
    return (is_whole && !arena->failed) ||
           result_field_refuse(reading, RESULT_MALFORMED, "",
                               "a member stands twice, or it is nested too deep");
}

bool result_json_read(struct bytes json, const struct label_set *labels, struct bytes owner,
                      struct arena *arena, struct result *ret_result,
                      struct result_refusal *ret_refusal)
{
    struct json_reader reader;
    struct json_value root;
    struct reading reading = {.labels = labels, .result = ret_result, .refusal = ret_refusal};
    *ret_result = (struct result){.failure_mode = -1};
    *ret_refusal = (struct result_refusal){.fault = RESULT_OK};
    if (json.size > RESULT_BYTES_MAX)
        return result_field_refuse(&reading, RESULT_TOO_LARGE, "", "at most %d bytes",
                                   RESULT_BYTES_MAX);
    if (!json_parse(json, arena, &reader, &root) || reader.truncated || root.type != JSON_OBJECT)
        return result_field_refuse(&reading, RESULT_MALFORMED, "", "one JSON object is wanted");
    json_children(&reader, &root, &reading.members);
    return read_members(&reading) && check_whole(&reading, owner) &&
           identify(&reading, json, owner);
}

void result_json_put_checks(struct json_writer *writer, const char *key,
                            const struct result_checks *checks)
{
    json_key(writer, key);
    json_array_begin(writer);
    for (uint32_t i = 0; checks && i < checks->count; i++) {
        json_array_begin(writer);
        for (uint32_t j = 0; j < checks->items[i].count; j++)
            json_string(writer, checks->items[i].alternatives[j]);
        json_array_end(writer);
    }
    json_array_end(writer);
}
