/* FutureAGI: scores of people, alone as its API lists them, or below the items of a queue as
 * "export" has them. One score a label of theirs; its source is the trace, by the UUID that has the
 * digits of its id.
 *
 *   [ { source_type, source_id, label_name, value, notes, score_source, annotator_email, updated_at } ]
 *   [ { source_type, source_id, metadata, annotations: [ { label_name, value, ... } ] } ] */
#include "processor/review/reviews_tool_state.h"

static void read_item(const struct json_reader *reader, const struct json_value *of,
                      struct review_head *head)
{
    struct bytes type = reviews_text(reader, of, REVIEWS_NAMES("source_type", "sourceType"));
    struct bytes id = reviews_text(reader, of, REVIEWS_NAMES("source_id", "sourceId"));
    struct bytes record = reviews_record_id(reader, of, REVIEWS_NAMES("metadata", "source"));
    if (record.size > 0)
        head->record_id = record;
    else if (bytes_equal_text(type, "trace"))
        head->trajectory_id = reviews_trace_id(id, reader->arena);
}

static void read_score(struct reviews *reviews, const struct json_reader *reader,
                       const struct json_value *score, struct review_head head)
{
    struct json_value value = {.type = JSON_NULL};
    struct bytes from = reviews_text(reader, score, REVIEWS_NAMES("score_source", "scoreSource"));
    if (from.size > 0 && !bytes_equal_text(from, "human")) {
        reviews_of_machine(reviews);
        return;
    }
    head.id = reviews_text(reader, score, REVIEWS_NAMES("id"));
    head.person = reviews_text(
        reader, score,
        REVIEWS_NAMES("annotator_email", "annotatorEmail", "annotator_name", "annotatorName"));
    head.person_id =
        reviews_text(reader, score, REVIEWS_NAMES("annotator_id", "annotatorId", "annotator"));
    head.at_ms = reviews_time(reader, score,
                              REVIEWS_NAMES("updated_at", "updatedAt", "created_at", "createdAt"));
    if (head.record_id.size == 0 && head.trajectory_id.size == 0)
        read_item(reader, score, &head);
    (void)json_member(reader, score, "value", &value);
    reviews_score(reviews, &head,
                  reviews_text(reader, score, REVIEWS_NAMES("label_name", "labelName")), reader,
                  &value, reviews_text(reader, score, REVIEWS_NAMES("notes")), score->raw.data);
}

void reviews_futureagi(struct reviews *reviews, const struct json_reader *reader,
                       const struct json_value *element)
{
    struct json_value list, score;
    struct json_reader scores;
    struct review_head head = {.at_ms = 0};
    if (!json_member(reader, element, "annotations", &list) || list.type != JSON_ARRAY) {
        read_score(reviews, reader, element, head);
        return;
    }
    read_item(reader, element, &head);
    json_children(reader, &list, &scores);
    while (json_next(&scores, &score) > JSON_END && score.type != JSON_BROKEN)
        if (score.type == JSON_OBJECT)
            read_score(reviews, reader, &score, head);
}
