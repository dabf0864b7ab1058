/* body of a result = u8 version | be16 flags | u8 trust, role, status, verdict, first verdict, skip cause
 *                  | bytes principal, reviewer, result id | varint count (bytes label), twice
 *                  | signed failure mode | signed served, revealed, received, started, completed
 *                  | digest 32 | label set 32 | salt 16 | bytes texts
 * value of a result_id = u8 version | u8 is_pending | be64 item | digest 32 | signed received_ms */
#include "state/tables/result.h"

#include <stdlib.h>

#include "processor/base/digest.h"
#include "state/store/value.h"

enum { RESULT_VERSION = 1, NOTE_VERSION = 1 };
enum {
    IS_GIVEN = 1,
    HAS_FIRST = 2,
    IS_BLIND = 4,
    IS_CHOSEN = 8,
    IS_SERVED = 16,
    IS_LATE = 32,
    IS_OUTDATED = 64,
    IS_EXTRA = 128,
    IS_APPROVED = 256,
};

struct results {
    struct tally tally, pending;
    uint64_t next_pending, durable_pending;
    struct state_key swept; /* where the notes were looked at last */
};

static const uint8_t version_alone[] = {RESULT_VERSION};
static const struct bytes head = {version_alone, 1};
static const struct chunked_place pendings = {TABLE_RESULT_PENDING, {(const uint8_t *)"", 0}};

/* The rows of an item; `item_key` holds its number meanwhile. */
static struct chunked_place place_of(uint64_t item, uint8_t item_key[8])
{
    put_be64(item_key, item);
    return (struct chunked_place){TABLE_RESULT, bytes_of(item_key, 8)};
}

enum status results_open(struct store *store, struct results **ret_results)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct results *results = calloc(1, sizeof *results);
    if (!results)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    store_cursor_begin(&txn, TABLE_RESULT, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        results->tally.rows++;
        results->tally.bytes += store_cursor_value_size(&cursor);
    }
    store_cursor_finish(&cursor);
    chunked_count(&txn, pendings, &results->pending);
    results->next_pending = store_get_number(&txn, "result_pending_sequence") + 1;
    results->durable_pending = results->next_pending;
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_results = results;
    else
        results_close(results);
    return status;
}

void results_close(struct results *results)
{
    free(results);
}

static uint64_t with_open(uint64_t durable, int64_t open)
{
    int64_t sum = (int64_t)durable + open;
    return sum > 0 ? (uint64_t)sum : 0;
}

uint64_t results_bytes(const struct results *results)
{
    return with_open(results->tally.bytes, results->tally.open_bytes) +
           result_pending_bytes(results);
}

/* --- rows --- */

static uint16_t flags_of(const struct result_row *row)
{
    return (uint16_t)((row->is_given ? IS_GIVEN : 0) | (row->has_first ? HAS_FIRST : 0) |
                      (row->is_blind ? IS_BLIND : 0) | (row->is_chosen ? IS_CHOSEN : 0) |
                      (row->is_served ? IS_SERVED : 0) | (row->is_late ? IS_LATE : 0) |
                      (row->is_outdated ? IS_OUTDATED : 0) | (row->is_extra ? IS_EXTRA : 0) |
                      (row->is_approved ? IS_APPROVED : 0));
}

static void set_flags(struct result_row *row, uint16_t flags)
{
    row->is_given = flags & IS_GIVEN;
    row->has_first = flags & HAS_FIRST;
    row->is_blind = flags & IS_BLIND;
    row->is_chosen = flags & IS_CHOSEN;
    row->is_served = flags & IS_SERVED;
    row->is_late = flags & IS_LATE;
    row->is_outdated = flags & IS_OUTDATED;
    row->is_extra = flags & IS_EXTRA;
    row->is_approved = flags & IS_APPROVED;
}

static void put_labels(const struct bytes *labels, uint32_t count, struct buffer *to)
{
    value_put_varint(to, count);
    for (uint32_t i = 0; i < count; i++)
        value_put_bytes(to, labels[i]);
}

static uint32_t get_labels(struct value_reader *from, struct bytes *labels)
{
    uint32_t count = (uint32_t)value_get_count(from, ITEM_LABELS_MAX);
    for (uint32_t i = 0; i < count; i++)
        labels[i] = value_get_bytes(from);
    return count;
}

static void encode(const struct result_row *row, struct buffer *to)
{
    const uint8_t numbers[] = {row->trust,   row->role,          row->status,
                               row->verdict, row->first_verdict, row->skip_cause};
    buffer_append_byte(to, RESULT_VERSION);
    value_put_be16(to, flags_of(row));
    buffer_append(to, numbers, sizeof numbers);
    value_put_bytes(to, row->principal);
    value_put_bytes(to, row->reviewer);
    value_put_bytes(to, row->result_id);
    put_labels(row->labels, row->label_count, to);
    put_labels(row->first_labels, row->first_label_count, to);
    value_put_signed(to, row->failure_mode);
    value_put_signed(to, row->served_ms);
    value_put_signed(to, row->revealed_ms);
    value_put_signed(to, row->received_ms);
    value_put_signed(to, row->started_ms);
    value_put_signed(to, row->completed_ms);
    buffer_append(to, row->digest, sizeof row->digest);
    buffer_append(to, row->label_set, sizeof row->label_set);
    buffer_append(to, row->salt, sizeof row->salt);
    value_put_bytes(to, row->texts);
}

enum status result_row_decode(struct bytes body, struct result_row *ret_row)
{
    struct value_reader from;
    *ret_row = (struct result_row){.item = 0};
    value_reader_init(&from, body);
    bool is_known = value_get_u8(&from) == RESULT_VERSION;
    set_flags(ret_row, value_get_be16(&from));
    ret_row->trust = value_get_u8(&from);
    ret_row->role = value_get_u8(&from);
    ret_row->status = value_get_u8(&from);
    ret_row->verdict = value_get_u8(&from);
    ret_row->first_verdict = value_get_u8(&from);
    ret_row->skip_cause = value_get_u8(&from);
    ret_row->principal = value_get_bytes(&from);
    ret_row->reviewer = value_get_bytes(&from);
    ret_row->result_id = value_get_bytes(&from);
    ret_row->label_count = get_labels(&from, ret_row->labels);
    ret_row->first_label_count = get_labels(&from, ret_row->first_labels);
    int64_t mode = value_get_signed(&from);
    ret_row->failure_mode = mode >= 0 && mode < ret_row->label_count ? (int32_t)mode : -1;
    ret_row->served_ms = value_get_signed(&from);
    ret_row->revealed_ms = value_get_signed(&from);
    ret_row->received_ms = value_get_signed(&from);
    ret_row->started_ms = value_get_signed(&from);
    ret_row->completed_ms = value_get_signed(&from);
    value_get_copy(&from, ret_row->digest, sizeof ret_row->digest);
    value_get_copy(&from, ret_row->label_set, sizeof ret_row->label_set);
    value_get_copy(&from, ret_row->salt, sizeof ret_row->salt);
    ret_row->texts = value_get_bytes(&from);
    return is_known ? value_reader_finish(&from) : STATUS_MALFORMED;
}

void results_put(struct results *results, struct store_txn *txn, const struct result_row *row)
{
    uint8_t key[8];
    struct buffer body = {0};
    struct chunked_place place = place_of(row->item, key);
    encode(row, &body);
    if (body.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    (void)chunked_delete(txn, place, row->principal_hash, &results->tally);
    chunked_append(txn, place, row->principal_hash, head, buffer_bytes(&body), &results->tally);
    buffer_finish(&body);
}

void results_delete(struct results *results, struct store_txn *txn, uint64_t item,
                    uint64_t principal_hash)
{
    uint8_t key[8];
    (void)chunked_delete(txn, place_of(item, key), principal_hash, &results->tally);
}

bool result_row_read(struct store_txn *txn, uint64_t item, uint64_t principal_hash,
                     struct arena *arena, struct result_row *ret_row)
{
    uint8_t key[8];
    struct buffer body = {0};
    enum status status = chunked_get(txn, place_of(item, key), principal_hash, &body);
    struct bytes kept =
        status == STATUS_OK ? arena_copy(arena, buffer_bytes(&body)) : bytes_of(NULL, 0);
    buffer_finish(&body);
    if (status == STATUS_NOT_FOUND)
        return false;
    if (status != STATUS_OK || !kept.data || result_row_decode(kept, ret_row) != STATUS_OK) {
        store_fail(txn, STATUS_FATAL, "a row of table result is not understood");
        return false;
    }
    ret_row->item = item;
    ret_row->principal_hash = principal_hash;
    return true;
}

uint32_t result_principals(struct store_txn *txn, uint64_t item,
                           uint64_t ret_principals[RESULT_KEYS_MAX])
{
    struct store_cursor cursor;
    struct state_key key = {.size = 0};
    uint32_t count = 0;
    key_be64(&key, item);
    store_cursor_begin(txn, TABLE_RESULT, key_bytes(&key), 8, &cursor);
    while (count < RESULT_KEYS_MAX && store_cursor_next(&cursor))
        if (cursor.key.size == 18 && get_be16(cursor.key.data + 16) == 0)
            ret_principals[count++] = get_be64(cursor.key.data + 8);
    store_cursor_finish(&cursor);
    return count;
}

/* --- ids --- */

void result_id_hash(struct bytes principal, struct bytes result_id,
                    uint8_t to[RESULT_ID_HASH_BYTES])
{
    uint8_t whole[SHA256_SIZE], first[SHA256_SIZE];
    digest_sha256(first, principal); /* of one length, so no two pairs meet */
    digest_sha256_two(whole, bytes_of(first, sizeof first), result_id);
    memcpy(to, whole, RESULT_ID_HASH_BYTES);
}

enum status result_note_decode(struct bytes value, struct result_note *ret_note)
{
    struct value_reader from;
    *ret_note = (struct result_note){.item = 0};
    value_reader_init(&from, value);
    bool is_known = value_get_u8(&from) == NOTE_VERSION;
    ret_note->is_pending = value_get_u8(&from) != 0;
    ret_note->item = value_get_be64(&from);
    value_get_copy(&from, ret_note->digest, sizeof ret_note->digest);
    ret_note->received_ms = value_get_signed(&from);
    return is_known ? value_reader_finish(&from) : STATUS_MALFORMED;
}

bool result_note_read(struct store_txn *txn, const uint8_t hash[RESULT_ID_HASH_BYTES],
                      struct result_note *ret_note)
{
    struct bytes value;
    if (!store_get(txn, TABLE_RESULT_ID, bytes_of(hash, RESULT_ID_HASH_BYTES), &value))
        return false;
    if (result_note_decode(value, ret_note) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table result_id is not understood");
    return false;
}

void result_note_put(struct store_txn *txn, const uint8_t hash[RESULT_ID_HASH_BYTES],
                     const struct result_note *note)
{
    struct buffer value = {0};
    buffer_append_byte(&value, NOTE_VERSION);
    buffer_append_byte(&value, note->is_pending);
    value_put_be64(&value, note->item);
    buffer_append(&value, note->digest, sizeof note->digest);
    value_put_signed(&value, note->received_ms);
    store_put(txn, TABLE_RESULT_ID, bytes_of(hash, RESULT_ID_HASH_BYTES), buffer_bytes(&value));
    buffer_finish(&value);
}

void result_notes_sweep(struct results *results, struct store_txn *txn, int64_t before_ms,
                        uint32_t rows)
{
    struct store_cursor cursor;
    struct result_note note;
    store_cursor_begin(txn, TABLE_RESULT_ID, key_bytes(&results->swept), 0, &cursor);
    results->swept.size = 0; /* at the end: from the start again */
    while (store_cursor_next(&cursor)) {
        if (rows-- == 0) {
            results->swept = cursor.key;
            break;
        }
        if (result_note_decode(store_cursor_value(&cursor), &note) == STATUS_OK &&
            note.received_ms < before_ms)
            store_cursor_delete(&cursor);
    }
    store_cursor_finish(&cursor);
}

/* --- before their record --- */

static void pending_end(void *context, bool is_committed)
{
    struct results *results = context;
    if (is_committed)
        results->durable_pending = results->next_pending;
    else
        results->next_pending = results->durable_pending;
}

uint64_t result_pending_append(struct results *results, struct store_txn *txn, struct bytes body)
{
    uint64_t sequence = results->next_pending++;
    store_on_end(txn, pending_end, results);
    store_put_number(txn, "result_pending_sequence", sequence);
    chunked_append(txn, pendings, sequence, head, body, &results->pending);
    return sequence;
}

void result_pending_delete(struct results *results, struct store_txn *txn, uint64_t sequence)
{
    (void)chunked_delete(txn, pendings, sequence, &results->pending);
}

uint64_t result_pending_count(const struct results *results)
{
    return with_open(results->pending.items, results->pending.open_items);
}

uint64_t result_pending_bytes(const struct results *results)
{
    return with_open(results->pending.bytes, results->pending.open_bytes);
}

uint64_t result_pending_next(struct store_txn *txn, uint64_t from)
{
    struct store_cursor cursor;
    struct state_key key = {.size = 0};
    uint64_t sequence = 0;
    key_be64(&key, from);
    store_cursor_begin(txn, TABLE_RESULT_PENDING, key_bytes(&key), 0, &cursor);
    if (store_cursor_next(&cursor) && cursor.key.size == 10)
        sequence = get_be64(cursor.key.data);
    store_cursor_finish(&cursor);
    return sequence;
}

enum status result_pending_read(struct store_txn *txn, uint64_t sequence, struct buffer *to)
{
    return chunked_get(txn, pendings, sequence, to);
}
