/* value of 'h' = u8 version | conversation 16 | trace id 16 | signed received_ms | varint spans
 *              | varint bytes */
#include "state/tables/part.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "state/store/value.h"

enum { PART_VERSION = 1, KIND_ROW = 'h', KIND_CONTENT = 'b' };

static const uint8_t content_prefix[] = {KIND_CONTENT};
static const struct chunked_place contents = {TABLE_PART, {content_prefix, 1}};

struct parts {
    struct tally tally;
    uint64_t last, spans; /* of the transaction under way */
    uint64_t durable_spans;
    _Atomic uint64_t committed;
};

static void row_key(struct state_key *key, uint64_t sequence)
{
    key->size = 0;
    key_u8(key, KIND_ROW);
    key_be64(key, sequence);
}

enum status part_row_decode(struct bytes key, struct bytes value, struct part_row *ret_row)
{
    struct part_row row = {0};
    struct value_reader name, fields;
    value_reader_init(&name, key);
    value_reader_init(&fields, value);
    bool is_known = value_get_u8(&name) == KIND_ROW && value_get_u8(&fields) == PART_VERSION;
    row.sequence = value_get_be64(&name);
    value_get_copy(&fields, row.conversation, sizeof row.conversation);
    value_get_copy(&fields, row.trace_id, sizeof row.trace_id);
    row.received_ms = value_get_signed(&fields);
    row.spans = (uint32_t)value_get_count(&fields, UINT32_MAX);
    row.bytes = value_get_varint(&fields);
    if (!is_known || value_reader_finish(&name) != STATUS_OK ||
        value_reader_finish(&fields) != STATUS_OK)
        return STATUS_MALFORMED;
    *ret_row = row;
    return STATUS_OK;
}

static void scan(struct store_txn *txn, uint64_t from, uint64_t through, part_fn *fn, void *context)
{
    struct state_key key;
    struct store_cursor cursor;
    struct part_row row;
    row_key(&key, from);
    store_cursor_begin(txn, TABLE_PART, key_bytes(&key), 1, &cursor);
    while (store_cursor_next(&cursor)) {
        if (part_row_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &row) !=
            STATUS_OK) {
            store_fail(txn, STATUS_FATAL, "a row of table part is not understood");
            break;
        }
        if (row.sequence > through || !fn(context, &row))
            break;
    }
    store_cursor_finish(&cursor);
}

static bool take_stored(void *context, const struct part_row *row)
{
    struct parts *parts = context;
    parts->last = row->sequence;
    parts->spans += row->spans;
    return true;
}

enum status parts_open(struct store *store, struct parts **ret_parts)
{
    struct store_txn txn;
    struct parts *parts = calloc(1, sizeof *parts);
    if (!parts)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    chunked_count(&txn, contents, &parts->tally);
    scan(&txn, 0, UINT64_MAX, take_stored, parts);
    parts->durable_spans = parts->spans;
    atomic_store(&parts->committed, parts->last);
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_parts = parts;
    else
        parts_close(parts);
    return status;
}

void parts_close(struct parts *parts)
{
    free(parts);
}

static void at_end(void *context, bool is_committed)
{
    struct parts *parts = context;
    if (is_committed) {
        parts->durable_spans = parts->spans;
        atomic_store_explicit(&parts->committed, parts->last, memory_order_release);
    } else {
        parts->spans = parts->durable_spans;
        parts->last = atomic_load_explicit(&parts->committed, memory_order_relaxed);
    }
}

void parts_append(struct parts *parts, struct store_txn *txn, const struct part_row *row,
                  struct bytes content)
{
    struct state_key key;
    struct buffer value = {0};
    store_on_end(txn, at_end, parts);
    row_key(&key, ++parts->last);
    buffer_append_byte(&value, PART_VERSION);
    buffer_append(&value, row->conversation, sizeof row->conversation);
    buffer_append(&value, row->trace_id, sizeof row->trace_id);
    value_put_signed(&value, row->received_ms);
    value_put_varint(&value, row->spans);
    value_put_varint(&value, row->bytes);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    store_put(txn, TABLE_PART, key_bytes(&key), buffer_bytes(&value));
    buffer_finish(&value);
    chunked_append(txn, contents, parts->last, bytes_of("", 0), content, &parts->tally);
    parts->spans += row->spans;
}

void parts_delete(struct parts *parts, struct store_txn *txn, uint64_t sequence)
{
    struct state_key key;
    struct bytes value;
    struct part_row row;
    row_key(&key, sequence);
    store_on_end(txn, at_end, parts);
    if (!store_get(txn, TABLE_PART, key_bytes(&key), &value))
        return;
    if (part_row_decode(key_bytes(&key), value, &row) != STATUS_OK) {
        store_fail(txn, STATUS_FATAL, "a row of table part is not understood");
        return;
    }
    parts->spans -= row.spans;
    (void)store_delete(txn, TABLE_PART, key_bytes(&key));
    (void)chunked_delete(txn, contents, sequence, &parts->tally);
}

uint64_t parts_spans(const struct parts *parts)
{
    return parts->spans;
}

uint64_t parts_committed(const struct parts *parts)
{
    return atomic_load_explicit(&parts->committed, memory_order_acquire);
}

enum status parts_read(struct store *store, uint64_t from, uint64_t through, part_fn *fn,
                       void *context)
{
    struct store_txn txn;
    store_begin(store, false, &txn);
    scan(&txn, from, through, fn, context);
    return store_commit(&txn);
}

enum status parts_content(struct store *store, uint64_t sequence, struct buffer *to)
{
    struct store_txn txn;
    store_begin(store, false, &txn);
    enum status status = chunked_get(&txn, contents, sequence, to);
    enum status ended = store_commit(&txn);
    return ended == STATUS_OK ? status : ended;
}
