/* value of item = u8 version | u8 state | u8 cause | u8 verdict | u8 priority | u8 reason | u8 flags
 *               | item id 16 | trajectory 16 | digest 32 | ruleset 32 | varint count (record id 16)
 *               | bytes queue | varint revisions, wanted, results, skips
 *               | signed emitted, event, changed, expires, drop | double u, probability
 *               | be64 signature, conversation | bytes skip_to, cohort, summary
 *               | varint number, reviewers, agreeing | u8 verdict | signed decided | be64 fingerprint
 *               | bytes row id | varint labels (bytes) | signed failure mode
 * value of 'n' of item_open = u8 version | bytes name | varint states (varint count)
 * value of 'i' and 'r' of item_id = u8 version | be64 sequence; of the others: u8 version */
#include "state/tables/item_row.h"

#include "processor/base/digest.h"
#include "state/store/value.h"

enum { ITEM_VERSION = 1, QUEUE_VERSION = 1, INDEX_VERSION = 1 };
enum { HAS_CONTENT = 1, IS_ROW = 2, IS_DECIDED = 4, IS_ADJUDICATED = 8, IS_APPROVED = 16 };

static const uint8_t index_value[] = {INDEX_VERSION};
const struct bytes item_row_nothing = {index_value, sizeof index_value};

const char *const item_state_names[ITEM_STATES] = {
    "open",    "waiting", "disputed",   "agreed",    "adjudicated",
    "skipped", "expired", "superseded", "withdrawn",
};

uint64_t item_row_hash(struct bytes name)
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256(digest, name);
    return get_be64(digest);
}

static uint8_t flags_of(const struct item_row *row)
{
    return (uint8_t)((row->has_content ? HAS_CONTENT : 0) | (row->is_row ? IS_ROW : 0) |
                     (row->decision.is_decided ? IS_DECIDED : 0) |
                     (row->decision.is_adjudicated ? IS_ADJUDICATED : 0) |
                     (row->decision.is_approved ? IS_APPROVED : 0));
}

static void encode_decision(const struct item_decision *decision, struct buffer *to)
{
    value_put_varint(to, decision->number);
    value_put_varint(to, decision->reviewers);
    value_put_varint(to, decision->agreeing);
    buffer_append_byte(to, decision->verdict);
    value_put_signed(to, decision->decided_ms);
    value_put_be64(to, decision->fingerprint);
    value_put_bytes(to, decision->row_id);
    value_put_varint(to, decision->label_count);
    for (uint32_t i = 0; i < decision->label_count; i++)
        value_put_bytes(to, decision->labels[i]);
    value_put_signed(to, decision->failure_mode);
}

void item_row_encode(const struct item_row *row, struct buffer *to)
{
    const uint8_t head[] = {ITEM_VERSION,  (uint8_t)row->state, (uint8_t)row->cause, row->verdict,
                            row->priority, row->reason,         flags_of(row)};
    buffer_append(to, head, sizeof head);
    buffer_append(to, row->item_id, sizeof row->item_id);
    buffer_append(to, row->trajectory_id, sizeof row->trajectory_id);
    buffer_append(to, row->content_digest, sizeof row->content_digest);
    buffer_append(to, row->ruleset, sizeof row->ruleset);
    value_put_varint(to, row->record_count);
    buffer_append(to, row->record_ids, (size_t)row->record_count * 16);
    value_put_bytes(to, row->queue);
    value_put_varint(to, row->revisions);
    value_put_varint(to, row->wanted);
    value_put_varint(to, row->results);
    value_put_varint(to, row->skips);
    value_put_signed(to, row->emitted_ms);
    value_put_signed(to, row->event_ms);
    value_put_signed(to, row->changed_ms);
    value_put_signed(to, row->expires_ms);
    value_put_signed(to, row->drop_ms);
    value_put_double(to, row->u);
    value_put_double(to, row->probability);
    value_put_be64(to, row->signature);
    value_put_be64(to, row->conversation);
    value_put_bytes(to, row->skip_to);
    value_put_bytes(to, row->cohort);
    value_put_bytes(to, row->summary);
    encode_decision(&row->decision, to);
}

static void decode_decision(struct value_reader *from, uint8_t flags, struct item_decision *to)
{
    to->is_decided = flags & IS_DECIDED;
    to->is_adjudicated = flags & IS_ADJUDICATED;
    to->is_approved = flags & IS_APPROVED;
    to->number = (uint32_t)value_get_count(from, UINT32_MAX);
    to->reviewers = (uint32_t)value_get_count(from, UINT32_MAX);
    to->agreeing = (uint32_t)value_get_count(from, UINT32_MAX);
    to->verdict = value_get_u8(from);
    to->decided_ms = value_get_signed(from);
    to->fingerprint = value_get_be64(from);
    to->row_id = value_get_bytes(from);
    to->label_count = (uint32_t)value_get_count(from, ITEM_LABELS_MAX);
    for (uint32_t i = 0; i < to->label_count; i++)
        to->labels[i] = value_get_bytes(from);
    int64_t mode = value_get_signed(from);
    to->failure_mode = mode >= 0 && mode < to->label_count ? (int32_t)mode : -1;
}

enum status item_row_decode(struct bytes value, struct item_row *ret_row)
{
    struct value_reader from;
    *ret_row = (struct item_row){.sequence = 0};
    value_reader_init(&from, value);
    bool is_known = value_get_u8(&from) == ITEM_VERSION;
    uint8_t state = value_get_u8(&from);
    ret_row->state = (enum item_state)state;
    ret_row->cause = (enum item_cause)value_get_u8(&from);
    ret_row->verdict = value_get_u8(&from);
    ret_row->priority = value_get_u8(&from);
    ret_row->reason = value_get_u8(&from);
    uint8_t flags = value_get_u8(&from);
    ret_row->has_content = flags & HAS_CONTENT;
    ret_row->is_row = flags & IS_ROW;
    value_get_copy(&from, ret_row->item_id, sizeof ret_row->item_id);
    value_get_copy(&from, ret_row->trajectory_id, sizeof ret_row->trajectory_id);
    value_get_copy(&from, ret_row->content_digest, sizeof ret_row->content_digest);
    value_get_copy(&from, ret_row->ruleset, sizeof ret_row->ruleset);
    ret_row->record_count = (uint32_t)value_get_count(&from, ITEM_RECORDS_MAX);
    value_get_copy(&from, ret_row->record_ids[0], (size_t)ret_row->record_count * 16);
    ret_row->queue = value_get_bytes(&from);
    ret_row->revisions = (uint32_t)value_get_count(&from, UINT32_MAX);
    ret_row->wanted = (uint32_t)value_get_count(&from, UINT32_MAX);
    ret_row->results = (uint32_t)value_get_count(&from, UINT32_MAX);
    ret_row->skips = (uint32_t)value_get_count(&from, UINT32_MAX);
    ret_row->emitted_ms = value_get_signed(&from);
    ret_row->event_ms = value_get_signed(&from);
    ret_row->changed_ms = value_get_signed(&from);
    ret_row->expires_ms = value_get_signed(&from);
    ret_row->drop_ms = value_get_signed(&from);
    ret_row->u = value_get_double(&from);
    ret_row->probability = value_get_double(&from);
    ret_row->signature = value_get_be64(&from);
    ret_row->conversation = value_get_be64(&from);
    ret_row->skip_to = value_get_bytes(&from);
    ret_row->cohort = value_get_bytes(&from);
    ret_row->summary = value_get_bytes(&from);
    decode_decision(&from, flags, &ret_row->decision);
    return is_known && state < ITEM_STATES ? value_reader_finish(&from) : STATUS_MALFORMED;
}

void item_row_queue_encode(const struct item_queue *queue, struct buffer *to)
{
    buffer_append_byte(to, QUEUE_VERSION);
    value_put_bytes(to, queue->name);
    value_put_varint(to, ITEM_STATES);
    for (int i = 0; i < ITEM_STATES; i++)
        value_put_varint(to, queue->counts[i]);
}

enum status item_row_queue_decode(struct bytes value, struct item_queue *ret_queue)
{
    struct value_reader from;
    *ret_queue = (struct item_queue){.name = {NULL, 0}};
    value_reader_init(&from, value);
    bool is_known = value_get_u8(&from) == QUEUE_VERSION;
    ret_queue->name = value_get_bytes(&from);
    uint64_t states = value_get_count(&from, ITEM_STATES);
    for (uint64_t i = 0; i < states; i++)
        ret_queue->counts[i] = value_get_varint(&from);
    return is_known ? value_reader_finish(&from) : STATUS_MALFORMED;
}

void item_row_sequence_encode(uint64_t sequence, struct buffer *to)
{
    buffer_append_byte(to, INDEX_VERSION);
    value_put_be64(to, sequence);
}

uint64_t item_row_sequence_decode(struct bytes value)
{
    struct value_reader from;
    value_reader_init(&from, value);
    bool is_known = value_get_u8(&from) == INDEX_VERSION;
    uint64_t sequence = value_get_be64(&from);
    return is_known && value_reader_finish(&from) == STATUS_OK ? sequence : 0;
}
