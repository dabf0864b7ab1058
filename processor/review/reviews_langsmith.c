/* LangSmith: feedback, as its API and SDK list it. One feedback a key; that of people comes from the
 * application. A run that our export made bears the record's id, which no run of LangSmith's own does
 * (they are UUIDs of other versions); any other run is found by its trace.
 *
 *   [ { id, run_id, trace_id, key, score, value, comment, correction, modified_at,
 *       feedback_source { type: app, user_id, user_name }, extra } ] */
#include "processor/review/reviews_tool_state.h"

enum { UUID_CHARS = 36, UUID_VERSION_AT = 14 };

static void read_item(const struct json_reader *reader, const struct json_value *feedback,
                      struct review_head *head)
{
    struct bytes run = reviews_text(reader, feedback, REVIEWS_NAMES("run_id"));
    struct bytes trace = reviews_text(reader, feedback, REVIEWS_NAMES("trace_id", "run_id"));
    head->record_id = reviews_record_id(reader, feedback, REVIEWS_NAMES("extra", "metadata"));
    if (head->record_id.size == 0 && run.size == UUID_CHARS && run.data[UUID_VERSION_AT] == '5')
        head->record_id = run;
    if (head->record_id.size == 0)
        head->trajectory_id = reviews_trace_id(trace, reader->arena);
}

static bool says_something(const struct json_value *value)
{
    return value->type != JSON_NULL && !(value->type == JSON_STRING && value->text.size == 0);
}

void reviews_langsmith(struct reviews *reviews, const struct json_reader *reader,
                       const struct json_value *feedback)
{
    struct json_value from = {.type = JSON_NULL}, value = {.type = JSON_NULL}, other;
    struct review_head head = {
        .id = reviews_text(reader, feedback, REVIEWS_NAMES("id")),
        .at_ms = reviews_time(reader, feedback, REVIEWS_NAMES("modified_at", "created_at"))};
    if (!json_member(reader, feedback, "feedback_source", &from) ||
        !bytes_equal_text(reviews_text(reader, &from, REVIEWS_NAMES("type")), "app")) {
        reviews_of_machine(reviews);
        return;
    }
    head.person = reviews_text(reader, &from, REVIEWS_NAMES("user_email", "user_name"));
    head.person_id = reviews_text(reader, &from, REVIEWS_NAMES("user_id", "ls_user_id"));
    read_item(reader, feedback, &head);
    (void)json_member(reader, feedback, "value", &value);
    if (!says_something(&value))
        (void)json_member(reader, feedback, "score", &value);
    reviews_score(reviews, &head, reviews_text(reader, feedback, REVIEWS_NAMES("key")), reader,
                  &value, reviews_text(reader, feedback, REVIEWS_NAMES("comment")),
                  feedback->raw.data);
    if (json_member(reader, feedback, "correction", &other) && says_something(&other))
        reviews_score(reviews, &head, BYTES_LITERAL("expected_response"), reader, &other,
                      (struct bytes){0}, feedback->raw.data);
}
