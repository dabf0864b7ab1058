/* Rows of one item are written and deleted in one transaction, so an item is never found in part;
 * the body size in chunk 0 proves it. */
#include "state/store/chunked.h"

#include <assert.h>
#include <stdlib.h>

#include "state/store/value.h"

enum { CHUNKED_VERSION = 1, PREFIX_BYTES_MAX = 8, TAIL_BYTES = 10 };

static void make_key(struct state_key *key, struct chunked_place place, uint64_t number,
                     uint16_t chunk)
{
    assert(place.prefix.size <= PREFIX_BYTES_MAX);
    key->size = 0;
    key_raw(key, place.prefix);
    key_be64(key, number);
    key_be16(key, chunk);
}

/* False when the key is not one of ours; the transaction has failed then. */
static bool read_key(struct store_txn *txn, struct chunked_place place, struct bytes key,
                     uint64_t *ret_number, uint16_t *ret_chunk)
{
    if (key.size != place.prefix.size + TAIL_BYTES) {
        store_fail(txn, STATUS_FATAL, "a key of table %s is not understood",
                   table_layouts[place.table].name);
        return false;
    }
    *ret_number = get_be64(key.data + place.prefix.size);
    *ret_chunk = get_be16(key.data + place.prefix.size + 8);
    return true;
}

static void tally_end(void *context, bool is_committed)
{
    struct tally *tally = context;
    if (is_committed) {
        tally->items += (uint64_t)tally->open_items;
        tally->rows += (uint64_t)tally->open_rows;
        tally->bytes += (uint64_t)tally->open_bytes;
    }
    tally->open_items = tally->open_rows = tally->open_bytes = 0;
}

static void tally_row(struct store_txn *txn, struct tally *tally, int sign, bool is_first,
                      size_t bytes)
{
    if (txn->status != STATUS_OK)
        return;
    store_on_end(txn, tally_end, tally);
    tally->open_items += is_first ? sign : 0;
    tally->open_rows += sign;
    tally->open_bytes += sign * (int64_t)bytes;
}

void chunked_count(struct store_txn *txn, struct chunked_place place, struct tally *ret_tally)
{
    struct store_cursor cursor;
    uint64_t number;
    uint16_t chunk;
    *ret_tally = (struct tally){0};
    store_cursor_begin(txn, place.table, place.prefix, place.prefix.size, &cursor);
    while (store_cursor_next(&cursor) &&
           read_key(txn, place, key_bytes(&cursor.key), &number, &chunk)) {
        ret_tally->items += chunk == 0;
        ret_tally->rows++;
        ret_tally->bytes += store_cursor_value_size(&cursor);
    }
    store_cursor_finish(&cursor);
}

void chunked_append(struct store_txn *txn, struct chunked_place place, uint64_t number,
                    struct bytes head, struct bytes body, struct tally *tally)
{
    struct state_key key;
    uint8_t memory[CHUNKED_HEAD_BYTES_MAX + 32];
    struct buffer first = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    assert(head.size <= CHUNKED_HEAD_BYTES_MAX && body.size <= CHUNKED_BODY_BYTES_MAX);
    buffer_append_byte(&first, CHUNKED_VERSION);
    value_put_bytes(&first, head);
    value_put_varint(&first, body.size);
    size_t done = 0;
    for (uint16_t chunk = 0; chunk == 0 || done < body.size; chunk++) {
        size_t room = STORE_VALUE_BYTES_MAX - first.size;
        size_t size = body.size - done < room ? body.size - done : room;
        make_key(&key, place, number, chunk);
        store_append(txn, place.table, key_bytes(&key), buffer_bytes(&first),
                     bytes_of(body.data + done, size));
        tally_row(txn, tally, 1, chunk == 0, first.size + size);
        done += size;
        first.size = 0;
    }
}

/* Deletes the rows of numbers from `from` to `to`, both included, until `rows_max` are gone; never
 * half of a number. */
static uint32_t delete_range(struct store_txn *txn, struct chunked_place place, uint64_t from,
                             uint64_t to, uint32_t rows_max, struct tally *tally)
{
    struct store_cursor cursor;
    struct state_key key;
    uint64_t number;
    uint16_t chunk;
    uint32_t rows = 0;
    make_key(&key, place, from, 0);
    store_cursor_begin(txn, place.table, key_bytes(&key), place.prefix.size, &cursor);
    while (store_cursor_next(&cursor) &&
           read_key(txn, place, key_bytes(&cursor.key), &number, &chunk)) {
        if (number > to || (chunk == 0 && rows >= rows_max))
            break;
        size_t bytes = store_cursor_value_size(&cursor);
        store_cursor_delete(&cursor);
        tally_row(txn, tally, -1, chunk == 0, bytes);
        rows++;
    }
    store_cursor_finish(&cursor);
    return txn->status == STATUS_OK ? rows : 0;
}

uint32_t chunked_delete(struct store_txn *txn, struct chunked_place place, uint64_t number,
                        struct tally *tally)
{
    return delete_range(txn, place, number, number, UINT32_MAX, tally);
}

uint32_t chunked_trim(struct store_txn *txn, struct chunked_place place, uint64_t below,
                      uint32_t rows_max, struct tally *tally)
{
    return below == 0 ? 0 : delete_range(txn, place, 0, below - 1, rows_max, tally);
}

bool chunked_first(struct store_txn *txn, struct chunked_place place, uint64_t *ret_number)
{
    struct store_cursor cursor;
    uint16_t chunk;
    store_cursor_begin(txn, place.table, place.prefix, place.prefix.size, &cursor);
    bool is_found = store_cursor_next(&cursor) &&
                    read_key(txn, place, key_bytes(&cursor.key), ret_number, &chunk);
    store_cursor_finish(&cursor);
    return is_found;
}

bool chunked_last(struct store_txn *txn, struct chunked_place place, uint64_t *ret_number)
{
    struct state_key key;
    uint16_t chunk;
    return store_last_key(txn, place.table, place.prefix, &key) &&
           read_key(txn, place, key_bytes(&key), ret_number, &chunk);
}

enum status chunked_first_decode(struct bytes value, struct bytes *ret_head,
                                 uint64_t *ret_body_size, struct bytes *ret_part)
{
    struct value_reader reader;
    value_reader_init(&reader, value);
    uint8_t version = value_get_u8(&reader);
    *ret_head = value_get_bytes(&reader);
    *ret_body_size = value_get_count(&reader, CHUNKED_BODY_BYTES_MAX);
    size_t left = (size_t)(reader.end - reader.at);
    *ret_part = value_get_raw(&reader, left);
    bool is_sane = version == CHUNKED_VERSION && !reader.failed && left <= *ret_body_size &&
                   ret_head->size <= CHUNKED_HEAD_BYTES_MAX;
    return is_sane ? STATUS_OK : STATUS_MALFORMED;
}

static bool read_first(struct store_txn *txn, struct chunked_place place, struct bytes value,
                       struct bytes *ret_head, uint64_t *ret_body_size, struct bytes *ret_part)
{
    if (!value.data)
        return false;
    if (chunked_first_decode(value, ret_head, ret_body_size, ret_part) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "an item of table %s is not understood",
               table_layouts[place.table].name);
    return false;
}

bool chunked_head(struct store_txn *txn, struct chunked_place place, uint64_t number,
                  struct bytes *ret_head)
{
    struct state_key key;
    struct bytes value, body;
    uint64_t body_size;
    make_key(&key, place, number, 0);
    return store_get(txn, place.table, key_bytes(&key), &value) &&
           read_first(txn, place, value, ret_head, &body_size, &body);
}

/* --- reading in batches of copies --- */

struct item {
    uint64_t number;
    size_t head_at, head_size, body_at, body_size;
};

struct batch {
    struct buffer bytes; /* heads and bodies */
    struct item *items;
    size_t count, capacity;
};

static bool batch_add(struct batch *batch, struct item item)
{
    if (batch->count == batch->capacity) {
        size_t capacity = batch->capacity ? batch->capacity * 2 : 64;
        struct item *items = realloc(batch->items, capacity * sizeof *items);
        if (!items)
            return false;
        batch->items = items;
        batch->capacity = capacity;
    }
    batch->items[batch->count++] = item;
    return true;
}

/* Copies the item whose chunk 0 is under the cursor, and the chunks behind it. */
static void copy_item(struct store_cursor *cursor, struct chunked_place place, uint64_t number,
                      struct batch *batch)
{
    struct store_txn *txn = cursor->txn;
    struct bytes head, part;
    uint64_t body_size;
    if (!read_first(txn, place, store_cursor_value(cursor), &head, &body_size, &part))
        return;
    struct item item = {.number = number, .head_at = batch->bytes.size, .head_size = head.size};
    buffer_append_bytes(&batch->bytes, head);
    item.body_at = batch->bytes.size;
    item.body_size = (size_t)body_size;
    buffer_append_bytes(&batch->bytes, part);
    uint64_t left = body_size - part.size;
    for (uint16_t expected = 1; left > 0; expected++) {
        uint64_t same = 0;
        uint16_t chunk = 0;
        bool is_next = store_cursor_next(cursor) &&
                       read_key(txn, place, key_bytes(&cursor->key), &same, &chunk) &&
                       same == number && chunk == expected;
        part = is_next ? store_cursor_value(cursor) : (struct bytes){0};
        if (!part.data || part.size == 0 || part.size > left) {
            store_fail(txn, STATUS_FATAL, "an item of table %s lacks a chunk",
                       table_layouts[place.table].name);
            return;
        }
        buffer_append_bytes(&batch->bytes, part);
        left -= part.size;
    }
    if (batch->bytes.failed || !batch_add(batch, item))
        store_fail(txn, STATUS_FATAL, "no memory for an item of table %s",
                   table_layouts[place.table].name);
}

enum status chunked_get(struct store_txn *txn, struct chunked_place place, uint64_t number,
                        struct buffer *to)
{
    struct batch batch = {0};
    struct store_cursor cursor;
    struct state_key key;
    uint64_t first = 0;
    uint16_t chunk = 0;
    make_key(&key, place, number, 0);
    store_cursor_begin(txn, place.table, key_bytes(&key), place.prefix.size, &cursor);
    bool is_found = store_cursor_next(&cursor) &&
                    read_key(txn, place, key_bytes(&cursor.key), &first, &chunk) &&
                    first == number && chunk == 0;
    if (is_found)
        copy_item(&cursor, place, number, &batch);
    store_cursor_finish(&cursor);
    if (batch.count == 1)
        buffer_append(to, batch.bytes.data + batch.items[0].body_at, batch.items[0].body_size);
    buffer_finish(&batch.bytes);
    free(batch.items);
    if (txn->status != STATUS_OK || to->failed)
        return STATUS_FATAL;
    return is_found ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status read_batch(struct store *store, struct chunked_place place, uint64_t from,
                              struct batch *batch)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct state_key key;
    uint64_t number;
    uint16_t chunk;
    buffer_clear(&batch->bytes);
    batch->count = 0;
    make_key(&key, place, from, 0);
    store_begin(store, false, &txn);
    store_cursor_begin(&txn, place.table, key_bytes(&key), place.prefix.size, &cursor);
    while (batch->bytes.size < CHUNKED_BATCH_BYTES && store_cursor_next(&cursor) &&
           read_key(&txn, place, key_bytes(&cursor.key), &number, &chunk)) {
        if (chunk == 0)
            copy_item(&cursor, place, number, batch);
        else
            store_fail(&txn, STATUS_FATAL, "an item of table %s lacks its first chunk",
                       table_layouts[place.table].name);
    }
    store_cursor_finish(&cursor);
    return store_commit(&txn);
}

enum status chunked_read(struct store *store, struct chunked_place place, uint64_t from,
                         chunked_fn *fn, void *context)
{
    struct batch batch = {0};
    enum status status;
    bool goes_on = true;
    do {
        status = read_batch(store, place, from, &batch);
        struct bytes bytes = buffer_bytes(&batch.bytes);
        for (size_t i = 0; status == STATUS_OK && goes_on && i < batch.count; i++) {
            const struct item *item = &batch.items[i];
            goes_on =
                fn(context, item->number, bytes_of(bytes.data + item->head_at, item->head_size),
                   bytes_of(bytes.data + item->body_at, item->body_size));
            from = item->number + 1;
        }
    } while (status == STATUS_OK && goes_on && batch.count > 0 && from != 0);
    buffer_finish(&batch.bytes);
    free(batch.items);
    return status;
}
