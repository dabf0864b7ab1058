/* Label Studio: tasks with their annotations, as "Export > JSON" has them. An annotation is all that one
 * person says of a task; the newest of them counts. The controls are those of the labelling
 * configuration that leaves beside the tasks.
 *
 *   task.data.record_id
 *   task.annotations[] { id, completed_by, was_cancelled, lead_time, updated_at,
 *                        result[] { from_name, value { choices | text | rating } } } */
#include "processor/review/reviews_tool_state.h"

/* An e-mail address, a user with one, or the number of a user. */
static void read_person(const struct json_reader *reader, const struct json_value *annotation,
                        struct review_head *head)
{
    struct json_value by, id = {.type = JSON_NULL};
    if (!json_member(reader, annotation, "completed_by", &by))
        return;
    if (by.type == JSON_STRING)
        head->person = by.text;
    else if (by.type == JSON_NUMBER)
        head->person_id = by.raw;
    else if (by.type == JSON_OBJECT) {
        head->person = reviews_text(reader, &by, REVIEWS_NAMES("email", "username"));
        if (json_member(reader, &by, "id", &id) && id.type == JSON_NUMBER)
            head->person_id = id.raw;
        else if (id.type == JSON_STRING)
            head->person_id = id.text;
    }
}

static bool is_true(const struct json_reader *reader, const struct json_value *object,
                    const char *name)
{
    struct json_value member;
    return json_member(reader, object, name, &member) && member.type == JSON_BOOL && member.boolean;
}

/* Our own tasks say so, and whether the machine's verdict came with them. */
static bool is_blind(const struct json_reader *reader, const struct json_value *task)
{
    struct json_value meta;
    return json_member(reader, task, "meta", &meta) &&
           bytes_equal_text(reviews_text(reader, &meta, REVIEWS_NAMES("from")), "flywheel") &&
           !is_true(reader, &meta, "is_machine_shown");
}

static void read_annotation(struct reviews *reviews, const struct json_reader *reader,
                            const struct json_value *annotation, struct review_head head)
{
    struct json_value id, lead, list, piece, value;
    struct json_reader pieces;
    read_person(reader, annotation, &head);
    if (json_member(reader, annotation, "id", &id))
        head.id = id.type == JSON_STRING ? id.text : id.raw;
    head.at_ms = reviews_time(reader, annotation, REVIEWS_NAMES("updated_at", "created_at"));
    if (json_member(reader, annotation, "lead_time", &lead) && lead.type == JSON_NUMBER &&
        lead.number > 0 && lead.number < 1e7)
        head.started_ms = head.at_ms - (int64_t)(lead.number * 1000);
    head.is_whole = true;
    head.is_skipped = is_true(reader, annotation, "was_cancelled");
    struct review *review = reviews_review(reviews, &head, annotation->raw.data);
    if (!review || !json_member(reader, annotation, "result", &list) || list.type != JSON_ARRAY)
        return;
    json_children(reader, &list, &pieces);
    while (json_next(&pieces, &piece) > JSON_END && piece.type != JSON_BROKEN)
        if (json_member(reader, &piece, "value", &value))
            reviews_say(reviews, review, reviews_text(reader, &piece, REVIEWS_NAMES("from_name")),
                        reader, &value, head.at_ms);
}

void reviews_label_studio(struct reviews *reviews, const struct json_reader *reader,
                          const struct json_value *task)
{
    struct json_value list, annotation;
    struct json_reader annotations;
    struct review_head head = {.record_id =
                                   reviews_record_id(reader, task, REVIEWS_NAMES("data", "meta")),
                               .is_blind = is_blind(reader, task)};
    if (!json_member(reader, task, "annotations", &list) || list.type != JSON_ARRAY) {
        reviews_of_other(reviews); /* another of its exports, such as JSON_MIN */
        return;
    }
    json_children(reader, &list, &annotations);
    while (json_next(&annotations, &annotation) > JSON_END && annotation.type != JSON_BROKEN) {
        if (annotation.type != JSON_OBJECT)
            continue;
        if (head.record_id.size == 0)
            reviews_of_other(reviews);
        else
            read_annotation(reviews, reader, &annotation, head);
    }
}
