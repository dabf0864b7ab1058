/* values, each after u8 version: 'c' u8 split, varint number, signed founded_ms; 'v' cluster 16;
 * 'q' cluster 16, bytes question; 'b' and 'm' nothing. */
#include "state/tables/cluster.h"

#include "processor/base/digest.h"
#include "state/store/value.h"

enum { CLUSTER_VERSION = 1 };
enum {
    KIND_CLUSTER = 'c',
    KIND_CONVERSATION = 'v',
    KIND_QUESTION = 'q',
    KIND_BAND = 'b',
    KIND_MEMBER = 'm'
};

static const char count_name[] = "cluster_count";

static struct state_key key_of(uint8_t kind, const uint8_t id[16])
{
    struct state_key key = {.size = 0};
    key_u8(&key, kind);
    if (id)
        key_raw(&key, bytes_of(id, 16));
    return key;
}

static struct state_key band_key(uint32_t band, uint64_t hash, const uint8_t *row_id)
{
    struct state_key key = key_of(KIND_BAND, NULL);
    key_be16(&key, (uint16_t)band);
    key_be64(&key, hash);
    if (row_id)
        key_raw(&key, bytes_of(row_id, 16));
    return key;
}

static struct state_key member_prefix(const uint8_t id[CLUSTER_ID_SIZE], struct bytes failure_mode)
{
    struct state_key key = key_of(KIND_MEMBER, id);
    key_be64(&key, digest_fnv1a64(failure_mode));
    return key;
}

static void put(struct store_txn *txn, const struct state_key *key, struct buffer *value)
{
    if (value->failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_CLUSTER, key_bytes(key), buffer_bytes(value));
    buffer_finish(value);
}

static void put_nothing(struct store_txn *txn, const struct state_key *key)
{
    static const uint8_t version = CLUSTER_VERSION;
    store_put(txn, TABLE_CLUSTER, key_bytes(key), bytes_of(&version, 1));
}

/* A reader behind the version; false: there is no such row. */
static bool open_row(struct store_txn *txn, const struct state_key *key,
                     struct value_reader *reader)
{
    struct bytes value;
    if (!store_get(txn, TABLE_CLUSTER, key_bytes(key), &value))
        return false;
    value_reader_init(reader, value);
    reader->failed |= value_get_u8(reader) != CLUSTER_VERSION;
    return true;
}

static bool end_row(struct store_txn *txn, const struct value_reader *reader)
{
    if (value_reader_finish(reader) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table cluster is not understood");
    return false;
}

bool cluster_read(struct store_txn *txn, const uint8_t id[CLUSTER_ID_SIZE],
                  struct cluster *ret_cluster)
{
    struct state_key key = key_of(KIND_CLUSTER, id);
    struct value_reader reader;
    if (!open_row(txn, &key, &reader))
        return false;
    memcpy(ret_cluster->id, id, CLUSTER_ID_SIZE);
    ret_cluster->split = value_get_u8(&reader);
    ret_cluster->number = value_get_varint(&reader);
    ret_cluster->founded_ms = value_get_signed(&reader);
    return end_row(txn, &reader);
}

void cluster_found(struct store_txn *txn, struct cluster *cluster)
{
    struct state_key key = key_of(KIND_CLUSTER, cluster->id);
    struct buffer value = {0};
    cluster->number = store_get_number(txn, count_name) + 1;
    store_put_number(txn, count_name, cluster->number);
    buffer_append_byte(&value, CLUSTER_VERSION);
    buffer_append_byte(&value, cluster->split);
    value_put_varint(&value, cluster->number);
    value_put_signed(&value, cluster->founded_ms);
    put(txn, &key, &value);
}

bool cluster_of_conversation(struct store_txn *txn, const uint8_t conversation[16],
                             uint8_t ret_id[CLUSTER_ID_SIZE])
{
    struct state_key key = key_of(KIND_CONVERSATION, conversation);
    struct value_reader reader;
    if (!open_row(txn, &key, &reader))
        return false;
    value_get_copy(&reader, ret_id, CLUSTER_ID_SIZE);
    return end_row(txn, &reader);
}

void cluster_put_conversation(struct store_txn *txn, const uint8_t conversation[16],
                              const uint8_t id[CLUSTER_ID_SIZE])
{
    struct state_key key = key_of(KIND_CONVERSATION, conversation);
    struct buffer value = {0};
    buffer_append_byte(&value, CLUSTER_VERSION);
    buffer_append(&value, id, CLUSTER_ID_SIZE);
    put(txn, &key, &value);
}

/* --- questions --- */

void cluster_put_question(struct store_txn *txn, const uint8_t row_id[16],
                          const uint8_t id[CLUSTER_ID_SIZE], struct bytes question,
                          const uint64_t *bands, uint32_t band_count)
{
    struct state_key key = key_of(KIND_QUESTION, row_id);
    struct buffer value = {0};
    buffer_append_byte(&value, CLUSTER_VERSION);
    buffer_append(&value, id, CLUSTER_ID_SIZE);
    value_put_bytes(&value, question);
    put(txn, &key, &value);
    for (uint32_t band = 0; band < band_count; band++) {
        key = band_key(band, bands[band], row_id);
        put_nothing(txn, &key);
    }
}

void cluster_delete_question(struct store_txn *txn, const uint8_t row_id[16], const uint64_t *bands,
                             uint32_t band_count)
{
    struct state_key key = key_of(KIND_QUESTION, row_id);
    (void)store_delete(txn, TABLE_CLUSTER, key_bytes(&key));
    for (uint32_t band = 0; band < band_count; band++) {
        key = band_key(band, bands[band], row_id);
        (void)store_delete(txn, TABLE_CLUSTER, key_bytes(&key));
    }
}

bool cluster_question(struct store_txn *txn, const uint8_t row_id[16],
                      uint8_t ret_id[CLUSTER_ID_SIZE], struct bytes *ret_question)
{
    struct state_key key = key_of(KIND_QUESTION, row_id);
    struct value_reader reader;
    if (!open_row(txn, &key, &reader))
        return false;
    value_get_copy(&reader, ret_id, CLUSTER_ID_SIZE);
    *ret_question = value_get_bytes(&reader);
    return end_row(txn, &reader);
}

void cluster_each_in_band(struct store_txn *txn, uint32_t band, uint64_t hash, cluster_row_fn *fn,
                          void *context)
{
    struct store_cursor cursor;
    struct state_key key = band_key(band, hash, NULL);
    store_cursor_begin(txn, TABLE_CLUSTER, key_bytes(&key), key.size, &cursor);
    while (store_cursor_next(&cursor))
        if (cursor.key.size != key.size + 16 || !fn(context, cursor.key.data + key.size))
            break;
    store_cursor_finish(&cursor);
}

/* --- members --- */

uint32_t cluster_members(struct store_txn *txn, const uint8_t id[CLUSTER_ID_SIZE],
                         struct bytes failure_mode, uint8_t ret_oldest[16])
{
    struct store_cursor cursor;
    struct state_key key = member_prefix(id, failure_mode);
    uint32_t count = 0;
    store_cursor_begin(txn, TABLE_CLUSTER, key_bytes(&key), key.size, &cursor);
    while (store_cursor_next(&cursor) && cursor.key.size == key.size + 8 + 16)
        if (count++ == 0)
            memcpy(ret_oldest, cursor.key.data + key.size + 8, 16);
    store_cursor_finish(&cursor);
    return count;
}

static struct state_key member_key(const uint8_t id[CLUSTER_ID_SIZE], struct bytes failure_mode,
                                   uint64_t first_version, const uint8_t row_id[16])
{
    struct state_key key = member_prefix(id, failure_mode);
    key_be64(&key, first_version);
    key_raw(&key, bytes_of(row_id, 16));
    return key;
}

void cluster_put_member(struct store_txn *txn, const uint8_t id[CLUSTER_ID_SIZE],
                        struct bytes failure_mode, uint64_t first_version, const uint8_t row_id[16])
{
    struct state_key key = member_key(id, failure_mode, first_version, row_id);
    put_nothing(txn, &key);
}

void cluster_delete_member(struct store_txn *txn, const uint8_t id[CLUSTER_ID_SIZE],
                           struct bytes failure_mode, uint64_t first_version,
                           const uint8_t row_id[16])
{
    struct state_key key = member_key(id, failure_mode, first_version, row_id);
    (void)store_delete(txn, TABLE_CLUSTER, key_bytes(&key));
}

enum status cluster_row_check(struct bytes key, struct bytes value)
{
    struct value_reader reader;
    value_reader_init(&reader, value);
    if (key.size == 0 || value_get_u8(&reader) != CLUSTER_VERSION)
        return STATUS_MALFORMED;
    uint8_t kind = key.data[0];
    size_t size = kind == KIND_BAND     ? 1 + 2 + 8 + 16
                  : kind == KIND_MEMBER ? 1 + 16 + 8 + 8 + 16
                                        : 17;
    if (kind == KIND_CLUSTER) {
        (void)value_get_u8(&reader);
        (void)value_get_varint(&reader);
        (void)value_get_signed(&reader);
    } else if (kind == KIND_CONVERSATION || kind == KIND_QUESTION) {
        (void)value_get_raw(&reader, CLUSTER_ID_SIZE);
        if (kind == KIND_QUESTION)
            (void)value_get_bytes(&reader);
    } else if (kind != KIND_BAND && kind != KIND_MEMBER) {
        return STATUS_MALFORMED;
    }
    return key.size == size ? value_reader_finish(&reader) : STATUS_MALFORMED;
}
