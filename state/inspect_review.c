/* Rows of the return path: ids, digests and numbers, never a text, never a person's name. */
#include "state/inspect_state.h"
#include "state/tables/agreement.h"
#include "state/tables/audit.h"
#include "state/tables/calibration.h"
#include "state/tables/feedback.h"
#include "state/tables/item_row.h"
#include "state/tables/result.h"
#include "state/tables/reviewer.h"

enum status inspect_audit(struct inspection *inspection, struct bytes key, struct bytes value,
                          struct json_writer *to)
{
    struct audit_texts texts;
    struct audit_entry entry;
    (void)inspection;
    if (key.size != 8 || audit_decode(get_be64(key.data), value, &texts, &entry) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_uint(to, "sequence", entry.sequence);
    json_put_int(to, "time_ms", entry.time_ms);
    json_put_text(to, "action", audit_action_names[entry.action]);
    json_put_bytes(to, "actor", entry.actor);
    for (uint32_t i = 0; i < entry.subject_count; i++)
        json_put_bytes(to, entry.subjects[i].kind, entry.subjects[i].id);
    json_put_hex(to, "hash", entry.hash, 31);
    return STATUS_OK;
}

/* The name is a person's: it is not said. */
enum status inspect_reviewer(struct inspection *inspection, struct bytes key, struct bytes value,
                             struct json_writer *to)
{
    struct reviewer_row row;
    (void)inspection;
    if (key.size != 16 || reviewer_row_decode(value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_text(to, "actor", row.actor);
    json_put_int(to, "created_ms", row.created_ms);
    return STATUS_OK;
}

/* --- items --- */

enum status inspect_item(struct inspection *inspection, struct bytes key, struct bytes value,
                         struct json_writer *to)
{
    struct item_row row;
    (void)inspection;
    if (key.size != 8 || item_row_decode(value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_uint(to, "sequence", get_be64(key.data));
    json_put_hex(to, "item", row.item_id, sizeof row.item_id);
    json_put_hex(to, "trajectory", row.trajectory_id, sizeof row.trajectory_id);
    json_put_text(to, "state", item_state_names[row.state]);
    json_put_bytes(to, "queue", row.queue);
    json_put_uint(to, "priority", row.priority);
    json_put_uint(to, "revisions", row.revisions);
    json_put_uint(to, "wanted", row.wanted);
    json_put_uint(to, "results", row.results);
    json_put_uint(to, "skips", row.skips);
    json_put_uint(to, "decision", row.decision.number);
    json_put_int(to, "emitted_ms", row.emitted_ms);
    return STATUS_OK;
}

enum status inspect_item_id(struct inspection *inspection, struct bytes key, struct bytes value,
                            struct json_writer *to)
{
    (void)inspection;
    if (key.size < 2 || value.size == 0)
        return STATUS_MALFORMED;
    char kind = (char)key.data[0];
    bool has_value = kind == 'i' || kind == 'r';
    size_t id_size = kind == 'm' ? 8 : 16;
    if (!has_value && kind != 't' && kind != 'm' && kind != 'w')
        return STATUS_MALFORMED;
    if (key.size != 1 + id_size + (has_value ? 0 : 8) ||
        (has_value && item_row_sequence_decode(value) == 0))
        return STATUS_MALFORMED;
    json_put_bytes(to, "kind", bytes_of(key.data, 1));
    json_put_hex(to, "id", key.data + 1, id_size);
    json_put_uint(to, "sequence",
                  has_value ? item_row_sequence_decode(value) : get_be64(key.data + 1 + id_size));
    return STATUS_OK;
}

enum status inspect_item_open(struct inspection *inspection, struct bytes key, struct bytes value,
                              struct json_writer *to)
{
    static const struct {
        char kind;
        size_t size;
    } kinds[] = {{'p', 26}, {'s', 33}, {'q', 17}, {'e', 17}, {'d', 9}, {'c', 17}, {'n', 9}};
    struct item_queue queue;
    (void)inspection;
    size_t at = 0;
    while (at < sizeof kinds / sizeof *kinds && (key.size == 0 || kinds[at].kind != key.data[0]))
        at++;
    if (at == sizeof kinds / sizeof *kinds || key.size != kinds[at].size || value.size == 0)
        return STATUS_MALFORMED;
    json_put_bytes(to, "kind", bytes_of(key.data, 1));
    if (kinds[at].kind != 'n') {
        json_put_uint(to, "sequence", get_be64(key.data + key.size - 8));
        return STATUS_OK;
    }
    if (item_row_queue_decode(value, &queue) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_bytes(to, "queue", queue.name);
    for (int i = 0; i < ITEM_STATES; i++)
        json_put_uint(to, item_state_names[i], queue.counts[i]);
    return STATUS_OK;
}

static enum status inspect_numbered(struct inspection *inspection, struct bytes key,
                                    struct bytes value, struct json_writer *to)
{
    struct bytes head;
    enum status status = inspect_chunk(inspection, 0, key, value, to, &head);
    if (status == STATUS_OK)
        json_put_uint(to, "sequence", get_be64(key.data));
    return status;
}

enum status inspect_item_content(struct inspection *inspection, struct bytes key,
                                 struct bytes value, struct json_writer *to)
{
    return inspect_numbered(inspection, key, value, to);
}

/* --- results --- */

enum status inspect_result(struct inspection *inspection, struct bytes key, struct bytes value,
                           struct json_writer *to)
{
    struct bytes head;
    enum status status = inspect_chunk(inspection, 8, key, value, to, &head);
    if (status != STATUS_OK)
        return status;
    json_put_uint(to, "sequence", get_be64(key.data));
    json_put_hex(to, "principal", key.data + 8, 8);
    return STATUS_OK;
}

enum status inspect_result_id(struct inspection *inspection, struct bytes key, struct bytes value,
                              struct json_writer *to)
{
    struct result_note note;
    (void)inspection;
    if (key.size != RESULT_ID_HASH_BYTES || result_note_decode(value, &note) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_hex(to, "id", key.data, key.size);
    json_put_uint(to, "sequence", note.item);
    json_put_int(to, "received_ms", note.received_ms);
    return STATUS_OK;
}

enum status inspect_result_pending(struct inspection *inspection, struct bytes key,
                                   struct bytes value, struct json_writer *to)
{
    return inspect_numbered(inspection, key, value, to);
}

/* --- agreement --- */

static void put_subject(struct json_writer *to, int64_t day, enum agreement_subject subject,
                        struct bytes id)
{
    if (day != AGREEMENT_TOTAL)
        json_put_int(to, "day", day);
    if (subject == AGREEMENT_RULE) {
        json_put_text(to, "subject", "human_machine");
        json_put_hex(to, "rule", id.data, id.size);
        return;
    }
    json_put_text(to, "subject", subject == AGREEMENT_LABEL ? "label" : "verdict");
    if (subject == AGREEMENT_LABEL)
        json_put_bytes(to, "label", id);
}

enum status inspect_agreement(struct inspection *inspection, struct bytes key, struct bytes value,
                              struct json_writer *to)
{
    struct agreement_row row;
    (void)inspection;
    if (agreement_decode(key, value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    put_subject(to, row.day, row.subject, row.id);
    json_put_uint(to, "queue", row.queue);
    json_put_hex(to, "pattern", row.counts, sizeof row.counts);
    json_put_int(to, "items", row.count);
    return STATUS_OK;
}

enum status inspect_pair(struct inspection *inspection, struct bytes key, struct bytes value,
                         struct json_writer *to)
{
    struct agreement_pair pair;
    (void)inspection;
    if (agreement_decode_pair(key, value, &pair) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_hex(to, "actor", pair.actors[0], AGREEMENT_ACTOR_SIZE);
    if (pair.is_actor) {
        json_put_bool(to, "is_own", pair.count != 0);
        return STATUS_OK;
    }
    json_put_hex(to, "other", pair.actors[1], AGREEMENT_ACTOR_SIZE);
    put_subject(to, pair.day, pair.subject, pair.id);
    json_put_hex(to, "categories", pair.categories, sizeof pair.categories);
    json_put_int(to, "items", pair.count);
    return STATUS_OK;
}

/* --- what users say --- */

enum status inspect_feedback(struct inspection *inspection, struct bytes key, struct bytes value,
                             struct json_writer *to)
{
    struct feedback_row row;
    (void)inspection;
    if (feedback_row_decode(key, value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    json_put_bytes(to, "kind", bytes_of(key.data, 1));
    if (row.kind == 'c' || row.kind == 'n') {
        json_put_uint(to, "grouping", row.cohort.grouping);
        json_put_hex(to, "cohort", row.cohort.hash, sizeof row.cohort.hash);
        json_put_uint(to, "number", row.number);
        return STATUS_OK;
    }
    if (row.kind == 'k' || row.kind == 'a') {
        json_put_int(to, "day", row.day);
        json_put_uint(to, "number", row.number);
        json_put_bool(to, "is_attributed", row.is_attributed);
        json_put_uint(to, "said", row.said_kind);
        json_put_uint(to, "count", row.count);
        return STATUS_OK;
    }
    json_put_int(to, "hour", row.hour);
    json_put_uint(to, "id", row.id);
    if (row.kind == 'r') {
        json_put_int(to, "day", row.day);
        json_put_uint(to, "cohorts", row.cohort_count);
        json_put_bool(to, "is_ignored", row.is_ignored);
    }
    if (row.kind == 'w')
        json_put_uint(to, "said", row.said_kind);
    return STATUS_OK;
}

/* --- calibration --- */

enum status inspect_calibration(struct inspection *inspection, struct bytes key, struct bytes value,
                                struct json_writer *to)
{
    struct calibration_row row;
    (void)inspection;
    if (calibration_decode(key, value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    if (row.day != CALIBRATION_TOTAL)
        json_put_int(to, "day", row.day);
    json_put_uint(to, "queue", row.class.queue);
    json_put_uint(to, "verdict", row.class.verdict);
    json_put_uint(to, "priority", row.class.priority);
    if (row.kind == CALIBRATION_CLASS) {
        json_put_int(to, "eligible", row.n);
        json_put_int(to, "reviewed", row.reviewed);
        json_put_double(to, "weight", row.weight);
        json_put_double(to, "reviewed_weight", row.reviewed_weight);
        return STATUS_OK;
    }
    if (row.kind == CALIBRATION_SCOPE) {
        json_put_hex(to, "scope", row.scope, sizeof row.scope);
        json_put_hex(to, "ruleset", row.ruleset, sizeof row.ruleset);
    } else {
        json_put_uint(to, "rule", row.rule);
        json_put_uint(to, "outcome", row.outcome);
        if (row.bits & CALIBRATION_KNOWS_OWN)
            json_put_bool(to, "has_own_label", (row.bits & CALIBRATION_HAS_OWN) != 0);
    }
    json_put_bool(to, "is_bad", (row.bits & CALIBRATION_IS_BAD) != 0);
    json_put_int(to, "reviewed", row.n);
    json_put_double(to, "weight", row.weight);
    json_put_double(to, "weight_squared", row.weight_squared);
    return STATUS_OK;
}
