/* Langfuse: scores, as its API lists them (`GET /api/public/v2/scores`, v3 likewise) or a batch export
 * has them. One score a name; those of people have the source ANNOTATION. The item is that of the trace
 * or session, which are the run's own.
 *
 *   { data: [ { id, source, name, dataType, value, stringValue, comment, traceId, sessionId,
 *               authorUserId, updatedAt, metadata } ] } */
#include "processor/review/reviews_tool_state.h"

/* A trace, an observation of one, or a session; the third version has it in an object of its own. */
static void read_item(const struct json_reader *reader, const struct json_value *score,
                      struct review_head *head)
{
    struct json_value about = *score;
    struct bytes kind = {0};
    if (json_member(reader, score, "subject", &about))
        kind = reviews_text(reader, &about, REVIEWS_NAMES("kind"));
    else
        about = *score;
    struct bytes trace = reviews_text(reader, &about, REVIEWS_NAMES("traceId", "trace_id"));
    struct bytes session = reviews_text(reader, &about, REVIEWS_NAMES("sessionId", "session_id"));
    if (bytes_equal_text(kind, "trace"))
        trace = reviews_text(reader, &about, REVIEWS_NAMES("id"));
    if (bytes_equal_text(kind, "session"))
        session = reviews_text(reader, &about, REVIEWS_NAMES("id"));
    head->record_id = reviews_record_id(reader, score, REVIEWS_NAMES("metadata"));
    if (head->record_id.size == 0)
        head->trajectory_id = trace.size > 0 ? reviews_trace_id(trace, reader->arena)
                                             : reviews_conversation(session, reader->arena);
}

void reviews_langfuse(struct reviews *reviews, const struct json_reader *reader,
                      const struct json_value *score)
{
    struct review_head head = {
        .id = reviews_text(reader, score, REVIEWS_NAMES("id")),
        .person = reviews_text(
            reader, score, REVIEWS_NAMES("authorUserEmail", "authorUserName", "author_user_name")),
        .person_id = reviews_text(reader, score, REVIEWS_NAMES("authorUserId", "author_user_id")),
        .at_ms = reviews_time(
            reader, score,
            REVIEWS_NAMES("updatedAt", "updated_at", "timestamp", "createdAt", "created_at"))};
    struct bytes name = reviews_text(reader, score, REVIEWS_NAMES("name"));
    struct bytes type = reviews_text(reader, score, REVIEWS_NAMES("dataType", "data_type"));
    struct json_value value = {.type = JSON_NULL}, text;
    if (!bytes_equal_text(reviews_text(reader, score, REVIEWS_NAMES("source")), "ANNOTATION")) {
        reviews_of_machine(reviews);
        return;
    }
    read_item(reader, score, &head);
    (void)json_member(reader, score, "value", &value);
    bool has_text = json_member(reader, score, "stringValue", &text) ||
                    json_member(reader, score, "string_value", &text);
    if (has_text && text.type == JSON_STRING && text.text.size > 0 &&
        !bytes_equal_text(type, "NUMERIC"))
        value = text;
    if (bytes_equal_text(type, "CORRECTION"))
        name = BYTES_LITERAL("expected_response");
    reviews_score(reviews, &head, name, reader, &value,
                  reviews_text(reader, score, REVIEWS_NAMES("comment")), score->raw.data);
}
