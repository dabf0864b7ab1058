/* row: u8 version | u8 state | u8 flags (1 regression, 2 critical, 4 erased) | u8 split |
 *      varint revision, version, first version, occurrences | trajectory 16 | content digest 32 |
 *      item 16 | cluster 16 | folded into 16 | conversation 16 | sha256 32 | salt 16 |
 *      signed created_ms, changed_ms | varint audit sequence | bytes failure mode, reason, record id
 * row_version, chunk 0: u8 version | u8 action | u8 split | u8 is regression | varint revision |
 *      sha256 32 | varint body size | body; further chunks: the rest of the body */
#include "state/tables/row.h"

#include "state/store/value.h"

enum { ROW_VERSION = 1, CHUNK_BYTES = STORE_VALUE_BYTES_MAX, KEY_BYTES = 8 + ROW_ID_SIZE + 2 };
enum { FLAG_REGRESSION = 1, FLAG_CRITICAL = 2, FLAG_ERASED = 4 };

const char *const row_state_names[ROW_STATES] = {"live", "held", "proposed", "folded", "retired"};

enum status row_entry_decode(struct bytes key, struct bytes value, struct row_entry *ret_entry)
{
    struct value_reader reader;
    struct row_entry entry = {0};
    value_reader_init(&reader, value);
    if (key.size != ROW_ID_SIZE || value_get_u8(&reader) != ROW_VERSION)
        return STATUS_MALFORMED;
    memcpy(entry.row_id, key.data, ROW_ID_SIZE);
    uint8_t state = value_get_u8(&reader), flags = value_get_u8(&reader);
    entry.state = state;
    entry.is_regression = flags & FLAG_REGRESSION;
    entry.is_critical = flags & FLAG_CRITICAL;
    entry.is_erased = flags & FLAG_ERASED;
    entry.split = value_get_u8(&reader);
    entry.revision = (uint32_t)value_get_count(&reader, UINT32_MAX);
    entry.version = value_get_varint(&reader);
    entry.first_version = value_get_varint(&reader);
    entry.occurrences = (uint32_t)value_get_count(&reader, UINT32_MAX);
    value_get_copy(&reader, entry.trajectory_id, sizeof entry.trajectory_id);
    value_get_copy(&reader, entry.content_digest, sizeof entry.content_digest);
    value_get_copy(&reader, entry.item_id, sizeof entry.item_id);
    value_get_copy(&reader, entry.cluster, sizeof entry.cluster);
    value_get_copy(&reader, entry.folded_into, sizeof entry.folded_into);
    value_get_copy(&reader, entry.conversation, sizeof entry.conversation);
    value_get_copy(&reader, entry.sha256, sizeof entry.sha256);
    value_get_copy(&reader, entry.salt, sizeof entry.salt);
    entry.created_ms = value_get_signed(&reader);
    entry.changed_ms = value_get_signed(&reader);
    entry.audit_sequence = value_get_varint(&reader);
    entry.failure_mode = value_get_bytes(&reader);
    entry.reason = value_get_bytes(&reader);
    entry.revision_id = value_get_bytes(&reader);
    if (value_reader_finish(&reader) != STATUS_OK || state >= ROW_STATES)
        return STATUS_MALFORMED;
    *ret_entry = entry;
    return STATUS_OK;
}

bool row_entry_read(struct store_txn *txn, const uint8_t row_id[ROW_ID_SIZE],
                    struct row_entry *ret_entry)
{
    struct bytes key = bytes_of(row_id, ROW_ID_SIZE), value;
    if (!store_get(txn, TABLE_ROW, key, &value))
        return false;
    if (row_entry_decode(key, value, ret_entry) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table row is not understood");
    return false;
}

uint32_t row_entry_find(struct store_txn *txn, struct bytes text, uint8_t ret_row_id[ROW_ID_SIZE])
{
    struct store_cursor cursor;
    char digits[2 * ROW_ID_SIZE + 1], found[2 * ROW_ID_SIZE];
    uint8_t from[ROW_ID_SIZE];
    size_t size = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < text.size && size < sizeof digits; i++)
        if (text.data[i] != '-')
            digits[size++] = (char)text.data[i];
    if (size == 0 || size > 2 * ROW_ID_SIZE || !hex_decode(from, digits, size / 2))
        return 0;
    store_cursor_begin(txn, TABLE_ROW, bytes_of(from, size / 2), size / 2, &cursor);
    while (count < 2 && store_cursor_next(&cursor)) {
        hex_encode(found, cursor.key.data, ROW_ID_SIZE);
        if (memcmp(found, digits, size) == 0 && count++ == 0)
            memcpy(ret_row_id, cursor.key.data, ROW_ID_SIZE);
    }
    store_cursor_finish(&cursor);
    return count;
}

void row_entry_write(struct store_txn *txn, const struct row_entry *entry)
{
    struct buffer value = {0};
    buffer_append_byte(&value, ROW_VERSION);
    buffer_append_byte(&value, (uint8_t)entry->state);
    buffer_append_byte(&value, (uint8_t)((entry->is_regression ? FLAG_REGRESSION : 0) |
                                         (entry->is_critical ? FLAG_CRITICAL : 0) |
                                         (entry->is_erased ? FLAG_ERASED : 0)));
    buffer_append_byte(&value, entry->split);
    value_put_varint(&value, entry->revision);
    value_put_varint(&value, entry->version);
    value_put_varint(&value, entry->first_version);
    value_put_varint(&value, entry->occurrences);
    buffer_append(&value, entry->trajectory_id, sizeof entry->trajectory_id);
    buffer_append(&value, entry->content_digest, sizeof entry->content_digest);
    buffer_append(&value, entry->item_id, sizeof entry->item_id);
    buffer_append(&value, entry->cluster, sizeof entry->cluster);
    buffer_append(&value, entry->folded_into, sizeof entry->folded_into);
    buffer_append(&value, entry->conversation, sizeof entry->conversation);
    buffer_append(&value, entry->sha256, sizeof entry->sha256);
    buffer_append(&value, entry->salt, sizeof entry->salt);
    value_put_signed(&value, entry->created_ms);
    value_put_signed(&value, entry->changed_ms);
    value_put_varint(&value, entry->audit_sequence);
    value_put_bytes(&value, entry->failure_mode);
    value_put_bytes(&value, entry->reason);
    value_put_bytes(&value, entry->revision_id);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_ROW, bytes_of(entry->row_id, ROW_ID_SIZE), buffer_bytes(&value));
    buffer_finish(&value);
}

/* --- versions --- */

static void encode_key(uint64_t version, const uint8_t row_id[ROW_ID_SIZE], uint16_t chunk,
                       struct state_key *to)
{
    to->size = 0;
    key_be64(to, version);
    key_raw(to, bytes_of(row_id, ROW_ID_SIZE));
    key_be16(to, chunk);
}

enum status row_version_decode(struct bytes key, struct bytes value,
                               struct row_version_head *ret_head)
{
    struct value_reader reader;
    struct row_version_head head = {0};
    if (key.size != KEY_BYTES)
        return STATUS_MALFORMED;
    head.version = get_be64(key.data);
    memcpy(head.row_id, key.data + 8, ROW_ID_SIZE);
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != ROW_VERSION)
        return STATUS_MALFORMED;
    if (get_be16(key.data + 8 + ROW_ID_SIZE) == 0) {
        head.action = value_get_u8(&reader);
        head.split = value_get_u8(&reader);
        head.is_regression = value_get_u8(&reader) != 0;
        head.revision = (uint32_t)value_get_count(&reader, UINT32_MAX);
        value_get_copy(&reader, head.sha256, sizeof head.sha256);
        head.body_size = value_get_varint(&reader);
    }
    if (reader.failed)
        return STATUS_MALFORMED;
    head.part_size = (size_t)(reader.end - reader.at);
    *ret_head = head;
    return STATUS_OK;
}

int64_t row_version_write(struct store_txn *txn, const struct row_version_head *head,
                          struct bytes body)
{
    struct state_key key;
    struct buffer value = {0};
    int64_t bytes = -row_version_delete(txn, head->version, head->row_id);
    size_t at = 0;
    for (uint16_t chunk = 0; chunk == 0 || at < body.size; chunk++) {
        buffer_clear(&value);
        buffer_append_byte(&value, ROW_VERSION);
        if (chunk == 0) {
            buffer_append_byte(&value, head->action);
            buffer_append_byte(&value, head->split);
            buffer_append_byte(&value, head->is_regression);
            value_put_varint(&value, head->revision);
            buffer_append(&value, head->sha256, sizeof head->sha256);
            value_put_varint(&value, body.size);
        }
        size_t room = CHUNK_BYTES - value.size, left = body.size - at;
        size_t part = left < room ? left : room;
        buffer_append(&value, body.data + at, part);
        at += part;
        encode_key(head->version, head->row_id, chunk, &key);
        if (value.failed) {
            store_fail(txn, STATUS_FATAL, "out of memory");
            break;
        }
        store_put(txn, TABLE_ROW_VERSION, key_bytes(&key), buffer_bytes(&value));
        bytes += (int64_t)(key.size + value.size);
    }
    buffer_finish(&value);
    return bytes;
}

bool row_version_read(struct store_txn *txn, uint64_t version, const uint8_t row_id[ROW_ID_SIZE],
                      struct row_version_head *ret_head, struct buffer *to)
{
    struct store_cursor cursor;
    struct state_key key;
    struct row_version_head head;
    size_t begin = to ? to->size : 0;
    bool is_there = false, is_whole = true;
    encode_key(version, row_id, 0, &key);
    store_cursor_begin(txn, TABLE_ROW_VERSION, key_bytes(&key), 8 + ROW_ID_SIZE, &cursor);
    while (store_cursor_next(&cursor)) {
        struct bytes value = store_cursor_value(&cursor);
        is_whole = row_version_decode(key_bytes(&cursor.key), value, &head) == STATUS_OK;
        if (!is_whole)
            break;
        if (!is_there)
            *ret_head = head;
        is_there = true;
        if (!to)
            break;
        buffer_append(to, value.data + value.size - head.part_size, head.part_size);
    }
    store_cursor_finish(&cursor);
    if (!is_whole || (is_there && to && to->size - begin != ret_head->body_size))
        store_fail(txn, STATUS_FATAL, "a row of table row_version is not understood");
    return is_there && txn->status == STATUS_OK;
}

int64_t row_version_delete(struct store_txn *txn, uint64_t version,
                           const uint8_t row_id[ROW_ID_SIZE])
{
    struct store_cursor cursor;
    struct state_key key;
    int64_t bytes = 0;
    encode_key(version, row_id, 0, &key);
    store_cursor_begin(txn, TABLE_ROW_VERSION, key_bytes(&key), 8 + ROW_ID_SIZE, &cursor);
    while (store_cursor_next(&cursor)) {
        bytes += (int64_t)(cursor.key.size + store_cursor_value_size(&cursor));
        store_cursor_delete(&cursor);
    }
    store_cursor_finish(&cursor);
    return bytes;
}
