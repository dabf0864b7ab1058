/* Rows are varint-coded behind each other; a chunk ends before a row that would not fit, so every
 * chunk can be read without its neighbors.
 *   row = varint size | trace id 16 | count (be16 source, varint position)... | signed decided_ms
 *         | signed event_ms | u8 verdict | u8 trigger | varint flags | varint spans
 *         | varint record sequence | contribution | extension | (fields of later versions)
 * The size in front lets this reader pass over fields that a later minor version appended. */
#include "state/tables/decided.h"

#include <assert.h>
#include <stdlib.h>

#include "state/store/value.h"
#include "state/tables/source.h"

enum { DECIDED_VERSION = 1, DECIDED_KEY_BYTES = 10, LOAD_CHUNKS = 64 };

struct decided {
    uint64_t next_sequence, count; /* durable */
    uint64_t open_sequence;        /* next_sequence of the transaction under way */
    int64_t open_count;
    struct buffer rows, row; /* being packed */
};

/* --- rows --- */

void decided_row_encode(const struct decided_row *row, struct buffer *to)
{
    assert(row->position_count <= DECIDED_POSITIONS_MAX);
    buffer_append(to, row->trace_id, sizeof row->trace_id);
    buffer_append_byte(to, row->position_count);
    for (size_t i = 0; i < row->position_count; i++) {
        value_put_be16(to, row->positions[i].source);
        value_put_varint(to, row->positions[i].position);
    }
    value_put_signed(to, row->decided_ms);
    value_put_signed(to, row->event_ms);
    buffer_append_byte(to, row->verdict);
    buffer_append_byte(to, row->trigger);
    value_put_varint(to, row->flags);
    value_put_varint(to, row->spans);
    value_put_varint(to, row->record_sequence);
    value_put_bytes(to, row->contribution);
    value_put_bytes(to, row->extension);
}

void decided_row_decode(struct value_reader *reader, struct decided_row *ret_row)
{
    struct value_reader row;
    value_reader_init(&row, value_get_bytes(reader));
    *ret_row = (struct decided_row){0};
    value_get_copy(&row, ret_row->trace_id, sizeof ret_row->trace_id);
    ret_row->position_count = value_get_u8(&row);
    if (ret_row->position_count > DECIDED_POSITIONS_MAX) {
        ret_row->position_count = 0;
        row.failed = true;
    }
    for (size_t i = 0; i < ret_row->position_count; i++) {
        ret_row->positions[i].source = value_get_be16(&row);
        ret_row->positions[i].position = value_get_varint(&row);
    }
    ret_row->decided_ms = value_get_signed(&row);
    ret_row->event_ms = value_get_signed(&row);
    ret_row->verdict = value_get_u8(&row);
    ret_row->trigger = value_get_u8(&row);
    ret_row->flags = (uint32_t)value_get_count(&row, UINT32_MAX);
    ret_row->spans = (uint32_t)value_get_count(&row, UINT32_MAX);
    ret_row->record_sequence = value_get_varint(&row);
    ret_row->contribution = value_get_bytes(&row);
    ret_row->extension = value_get_bytes(&row);
    if (row.failed)
        reader->failed = true;
}

/* --- the table --- */

static void make_key(struct state_key *key, uint64_t sequence, uint16_t chunk)
{
    key->size = 0;
    key_be64(key, sequence);
    key_be16(key, chunk);
}

enum status decided_open(struct store *store, struct decided **ret_decided)
{
    struct store_txn txn;
    struct decided *decided = calloc(1, sizeof *decided);
    if (!decided)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    decided->next_sequence = store_get_number(&txn, "decided_sequence") + 1;
    decided->count = store_get_number(&txn, "decided_rows");
    enum status status = store_commit(&txn);
    decided->open_sequence = decided->next_sequence;
    if (status == STATUS_OK)
        *ret_decided = decided;
    else
        decided_close(decided);
    return status;
}

void decided_close(struct decided *decided)
{
    if (!decided)
        return;
    buffer_finish(&decided->rows);
    buffer_finish(&decided->row);
    free(decided);
}

uint64_t decided_next_sequence(const struct decided *decided)
{
    return decided->next_sequence;
}

uint64_t decided_count(const struct decided *decided)
{
    return decided->count;
}

static void decided_end(void *context, bool is_committed)
{
    struct decided *decided = context;
    if (is_committed) {
        decided->next_sequence = decided->open_sequence;
        decided->count += (uint64_t)decided->open_count;
    }
    decided->open_sequence = decided->next_sequence;
    decided->open_count = 0;
}

static void count_rows(struct decided *decided, struct store_txn *txn, int64_t rows)
{
    store_on_end(txn, decided_end, decided);
    decided->open_count += rows;
    store_put_number(txn, "decided_rows", decided->count + (uint64_t)decided->open_count);
}

static void put_chunk(struct decided *decided, struct store_txn *txn, uint64_t sequence,
                      uint32_t chunk)
{
    struct state_key key;
    if (chunk > UINT16_MAX || decided->rows.failed)
        store_fail(txn, STATUS_FATAL, "decided rows of one commit need too much room");
    make_key(&key, sequence, (uint16_t)chunk);
    store_append(txn, TABLE_DECIDED, key_bytes(&key), buffer_bytes(&decided->rows),
                 bytes_of("", 0));
    buffer_clear(&decided->rows);
    buffer_append_byte(&decided->rows, DECIDED_VERSION);
}

uint64_t decided_append(struct decided *decided, struct store_txn *txn,
                        const struct decided_row *rows, size_t count)
{
    uint64_t sequence = decided->open_sequence;
    uint32_t chunk = 0;
    assert(sequence == decided->next_sequence);
    if (count == 0)
        return 0;
    buffer_clear(&decided->rows);
    buffer_append_byte(&decided->rows, DECIDED_VERSION);
    for (size_t i = 0; i < count; i++) {
        buffer_clear(&decided->row);
        decided_row_encode(&rows[i], &decided->row);
        assert(decided->row.size <= DECIDED_ROW_BYTES_MAX);
        if (decided->row.failed)
            store_fail(txn, STATUS_FATAL, "no memory for a decided row");
        if (decided->rows.size + decided->row.size + 10 > STORE_VALUE_BYTES_MAX)
            put_chunk(decided, txn, sequence, chunk++);
        value_put_bytes(&decided->rows, buffer_bytes(&decided->row));
    }
    put_chunk(decided, txn, sequence, chunk);
    decided->open_sequence = sequence + 1;
    store_put_number(txn, "decided_sequence", sequence);
    count_rows(decided, txn, (int64_t)count);
    return sequence;
}

/* Calls `fn` for the rows of one chunk; false when it said stop or the transaction has failed. */
static bool chunk_rows(struct store_txn *txn, uint64_t sequence, struct bytes value, decided_fn *fn,
                       void *context)
{
    struct value_reader reader;
    struct decided_row row;
    if (!value.data)
        return false;
    value_reader_init(&reader, value);
    bool is_known = value_get_u8(&reader) == DECIDED_VERSION;
    while (is_known && !reader.failed && reader.at < reader.end) {
        decided_row_decode(&reader, &row);
        if (!reader.failed && !fn(context, sequence, &row))
            return false;
    }
    if (is_known && !reader.failed)
        return true;
    store_fail(txn, STATUS_FATAL, "a value of table decided is not understood");
    return false;
}

static bool chunk_sequence(struct store_cursor *cursor, uint64_t *ret_sequence)
{
    if (cursor->key.size == DECIDED_KEY_BYTES) {
        *ret_sequence = get_be64(cursor->key.data);
        return true;
    }
    store_fail(cursor->txn, STATUS_FATAL, "a key of table decided is not understood");
    return false;
}

/* At most about `chunks_max` chunks, whole sequences. 0 in `ret_next`: the end, or told to stop. */
static void scan(struct store_txn *txn, uint64_t from, uint64_t chunks_max, decided_fn *fn,
                 void *context, uint64_t *ret_next)
{
    struct store_cursor cursor;
    struct state_key key;
    uint64_t sequence = from, last = 0, chunks = 0;
    *ret_next = 0;
    make_key(&key, from, 0);
    store_cursor_begin(txn, TABLE_DECIDED, key_bytes(&key), 0, &cursor);
    while (store_cursor_next(&cursor) && chunk_sequence(&cursor, &sequence)) {
        if (chunks >= chunks_max && sequence != last) {
            *ret_next = sequence;
            break;
        }
        last = sequence;
        chunks++;
        if (!chunk_rows(txn, sequence, store_cursor_value(&cursor), fn, context))
            break;
    }
    store_cursor_finish(&cursor);
}

void decided_scan(struct store_txn *txn, uint64_t from_sequence, decided_fn *fn, void *context)
{
    uint64_t next;
    scan(txn, from_sequence, UINT64_MAX, fn, context, &next);
}

enum status decided_load(struct store *store, uint64_t from_sequence, decided_fn *fn, void *context)
{
    enum status status;
    uint64_t next = from_sequence;
    do {
        struct store_txn txn;
        store_begin(store, false, &txn);
        scan(&txn, next, LOAD_CHUNKS, fn, context, &next);
        status = store_commit(&txn);
    } while (status == STATUS_OK && next != 0);
    return status;
}

struct finding {
    uint64_t sequence;
    const uint8_t *trace_id;
    struct decided_row *row;
    bool is_found;
};

static bool find_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct finding *finding = context;
    if (sequence != finding->sequence)
        return false;
    if (memcmp(row->trace_id, finding->trace_id, sizeof row->trace_id) == 0) {
        *finding->row = *row;
        finding->is_found = true;
    }
    return true;
}

bool decided_find(struct store_txn *txn, uint64_t sequence, const uint8_t trace_id[16],
                  struct decided_row *ret_row)
{
    struct finding finding = {sequence, trace_id, ret_row, false};
    decided_scan(txn, sequence, find_row, &finding);
    return finding.is_found && txn->status == STATUS_OK;
}

/* Passes over rows by their size. */
static bool search_chunk(struct store_txn *txn, struct bytes value, const uint8_t trace_id[16],
                         struct decided_row *ret_row)
{
    struct value_reader reader;
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != DECIDED_VERSION)
        reader.failed = true;
    while (!reader.failed && reader.at < reader.end) {
        struct value_reader row = reader;
        struct bytes encoded = value_get_bytes(&reader);
        if (encoded.size < 16 || memcmp(encoded.data, trace_id, 16) != 0)
            continue;
        decided_row_decode(&row, ret_row);
        if (!row.failed)
            return true;
        reader.failed = true;
    }
    if (reader.failed)
        store_fail(txn, STATUS_FATAL, "a row of table decided is not understood");
    return false;
}

bool decided_search(struct store_txn *txn, uint64_t from_sequence, const uint8_t trace_id[16],
                    uint64_t *ret_sequence, struct decided_row *ret_row)
{
    struct store_cursor cursor;
    struct state_key key;
    bool is_found = false;
    make_key(&key, from_sequence, 0);
    store_cursor_begin(txn, TABLE_DECIDED, key_bytes(&key), 0, &cursor);
    while (!is_found && store_cursor_next(&cursor) && chunk_sequence(&cursor, ret_sequence)) {
        struct bytes value = store_cursor_value(&cursor);
        is_found = value.data && search_chunk(txn, value, trace_id, ret_row);
    }
    store_cursor_finish(&cursor);
    return is_found && txn->status == STATUS_OK;
}

/* --- expiry --- */

struct expiry {
    struct store_txn *txn;
    int64_t before_ms;
    uint64_t sequence, rows;
    struct source_row source; /* the one looked at last; id 0: none */
    bool has_source;
    bool stays;
};

static bool is_trimmed(struct expiry *expiry, const struct decided_position *at)
{
    if (expiry->source.id != at->source || !expiry->has_source) {
        expiry->has_source = source_read(expiry->txn, at->source, &expiry->source);
        if (!expiry->has_source) /* A source without a row can't be replayed. */
            return expiry->txn->status == STATUS_OK;
    }
    /* What another instance reads does not come again, nor does what is above all that was given
     * since the source began anew. */
    return expiry->source.is_handed_over || at->position >= expiry->source.next_position ||
           at->position < expiry->source.low_watermark;
}

static bool may_leave(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct expiry *expiry = context;
    if (sequence != expiry->sequence)
        return false;
    expiry->stays = row->decided_ms >= expiry->before_ms;
    for (size_t i = 0; !expiry->stays && i < row->position_count; i++)
        expiry->stays = !is_trimmed(expiry, &row->positions[i]);
    expiry->rows++;
    return !expiry->stays;
}

static bool ignore_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    (void)context, (void)sequence, (void)row;
    return true;
}

uint64_t decided_expire(struct decided *decided, struct store_txn *txn, int64_t before_ms,
                        uint32_t rows_max, decided_fn *fn, void *context)
{
    struct store_cursor cursor;
    struct expiry expiry = {.txn = txn, .before_ms = before_ms};
    uint64_t folded = store_get_number(txn, "folded_sequence"), sequence = 0, leaving = 0, left = 0;
    store_cursor_begin(txn, TABLE_DECIDED, bytes_of("", 0), 0, &cursor);
    for (uint32_t rows = 0; store_cursor_next(&cursor) && chunk_sequence(&cursor, &sequence);
         rows++) {
        if (sequence != leaving) { /* The first chunk of the next sequence: may it leave? */
            if (rows >= rows_max || sequence > folded)
                break;
            expiry.sequence = sequence;
            expiry.rows = 0;
            expiry.stays = false;
            decided_scan(txn, sequence, may_leave, &expiry);
            if (expiry.stays)
                break;
            leaving = sequence;
            left += expiry.rows;
        }
        struct bytes value = store_cursor_value(&cursor);
        if (!chunk_rows(txn, sequence, value, fn ? fn : ignore_row, context) &&
            txn->status != STATUS_OK)
            break;
        store_cursor_delete(&cursor);
    }
    store_cursor_finish(&cursor);
    if (left > 0)
        count_rows(decided, txn, -(int64_t)left);
    return txn->status == STATUS_OK ? left : 0;
}
