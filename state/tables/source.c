/* value = u8 version | name | be64 next | be64 low watermark | varint shards | be64 through, ... |
 * u8 handed over (from version 2 on) | be64 known position, known 16 (from version 3 on) */
#include "state/tables/source.h"

#include <assert.h>
#include <string.h>

#include "state/store/value.h"

enum { SOURCE_VERSION = 3 };

void source_row_encode(const struct source_row *row, struct buffer *to)
{
    assert(row->marks.shards <= SOURCE_SHARDS_MAX);
    buffer_append_byte(to, SOURCE_VERSION);
    value_put_bytes(to, bytes_of_text(row->name));
    value_put_be64(to, row->next_position);
    value_put_be64(to, row->low_watermark);
    value_put_varint(to, row->marks.shards);
    for (uint32_t i = 0; i < row->marks.shards; i++)
        value_put_be64(to, row->marks.through[i]);
    buffer_append_byte(to, row->is_handed_over);
    value_put_be64(to, row->known_position);
    buffer_append_bytes(to, bytes_of(row->known, sizeof row->known));
}

enum status source_row_decode(struct bytes value, struct source_row *ret_row)
{
    struct value_reader reader;
    value_reader_init(&reader, value);
    *ret_row = (struct source_row){0};
    uint8_t version = value_get_u8(&reader);
    struct bytes name = value_get_bytes(&reader);
    if (version < 1 || version > SOURCE_VERSION || name.size > SOURCE_NAME_BYTES_MAX)
        return STATUS_MALFORMED;
    memcpy(ret_row->name, name.data, name.size);
    ret_row->next_position = value_get_be64(&reader);
    ret_row->low_watermark = value_get_be64(&reader);
    ret_row->marks.shards = (uint32_t)value_get_count(&reader, SOURCE_SHARDS_MAX);
    for (uint32_t i = 0; i < ret_row->marks.shards; i++)
        ret_row->marks.through[i] = value_get_be64(&reader);
    ret_row->is_handed_over = version >= 2 && value_get_u8(&reader) != 0;
    if (version >= 3) {
        ret_row->known_position = value_get_be64(&reader);
        value_get_copy(&reader, ret_row->known, sizeof ret_row->known);
    }
    return value_reader_finish(&reader);
}

static void make_key(struct state_key *key, uint16_t id)
{
    key->size = 0;
    key_be16(key, id);
}

static bool decode(struct store_txn *txn, struct bytes key, struct bytes value,
                   struct source_row *ret_row)
{
    if (!value.data)
        return false;
    if (key.size != 2 || source_row_decode(value, ret_row) != STATUS_OK) {
        store_fail(txn, STATUS_FATAL, "a row of table source is not understood");
        return false;
    }
    ret_row->id = get_be16(key.data);
    return true;
}

bool source_read(struct store_txn *txn, uint16_t id, struct source_row *ret_row)
{
    struct state_key key;
    struct bytes value;
    make_key(&key, id);
    return store_get(txn, TABLE_SOURCE, key_bytes(&key), &value) &&
           decode(txn, key_bytes(&key), value, ret_row);
}

void source_write(struct store_txn *txn, const struct source_row *row)
{
    struct state_key key;
    struct buffer value = {0};
    make_key(&key, row->id);
    source_row_encode(row, &value);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "no memory for a source row");
    store_put(txn, TABLE_SOURCE, key_bytes(&key), buffer_bytes(&value));
    buffer_finish(&value);
}

void source_open(struct store_txn *txn, const char *name, struct source_row *ret_row)
{
    struct store_cursor cursor;
    uint32_t last_id = 0;
    bool is_found = false;
    assert(strlen(name) <= SOURCE_NAME_BYTES_MAX);
    store_cursor_begin(txn, TABLE_SOURCE, bytes_of("", 0), 0, &cursor);
    while (!is_found && store_cursor_next(&cursor) &&
           decode(txn, key_bytes(&cursor.key), store_cursor_value(&cursor), ret_row)) {
        last_id = ret_row->id;
        is_found = strcmp(ret_row->name, name) == 0;
    }
    store_cursor_finish(&cursor);
    if (is_found)
        return;
    *ret_row = (struct source_row){.id = (uint16_t)(last_id + 1)};
    memcpy(ret_row->name, name, strlen(name));
    if (last_id >= UINT16_MAX)
        store_fail(txn, STATUS_BUSY, "more than 65,535 sources");
    source_write(txn, ret_row);
}

void source_scan(struct store_txn *txn, void (*fn)(void *context, const struct source_row *row),
                 void *context)
{
    struct store_cursor cursor;
    struct source_row row;
    store_cursor_begin(txn, TABLE_SOURCE, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor) &&
           decode(txn, key_bytes(&cursor.key), store_cursor_value(&cursor), &row))
        fn(context, &row);
    store_cursor_finish(&cursor);
}

bool source_mark(const struct source_row *row, uint32_t shard, uint32_t shards,
                 uint64_t *ret_through)
{
    const struct source_marks *marks = &row->marks;
    if (marks->shards == 0)
        return false;
    if (marks->shards == shards && shard < shards) {
        *ret_through = marks->through[shard];
        return true;
    }
    uint64_t lowest = marks->through[0];
    for (uint32_t i = 1; i < marks->shards; i++)
        lowest = marks->through[i] < lowest ? marks->through[i] : lowest;
    *ret_through = lowest;
    return true;
}
