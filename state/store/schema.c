/* Names of the tables, keys, and the rows of the meta table. What a module alone reads and writes
 * is encoded in that module. */
#include "state/store/schema.h"

#include <assert.h>

#include "state/store/value.h"

enum { META_VALUE_VERSION = 1 };

const struct table_layout table_layouts[STATE_TABLES] = {
    [TABLE_META] = {"meta", "name", true},
    [TABLE_SOURCE] = {"source", "be16 source", true},
    [TABLE_JOURNAL] = {"journal", "be16 source, be64 position, be16 chunk", false},
    [TABLE_SPILL] = {"spill", "be64 sequence, be16 chunk", false},
    [TABLE_DECIDED] = {"decided", "be64 sequence, be16 chunk", false},
    [TABLE_DICTIONARY] = {"dictionary", "u8 kind, be16 id", false},
    [TABLE_COHORT] = {"cohort", "be16 grouping, hash 16, u8 ring, be64 bucket start", false},
    [TABLE_COHORT_NAME] = {"cohort_name", "be16 grouping, hash 16", false},
    [TABLE_OUTBOX] = {"outbox", "u8 exporter, be64 sequence, be16 chunk", false},
    [TABLE_OUTBOX_FILE] = {"outbox_file", "u8 exporter", true},
    [TABLE_COUNTER] = {"counter", "name", true},
    [TABLE_AUDIT] = {"audit", "be64 sequence", false},
    [TABLE_RETAINED] = {"retained", "be64 sequence, be16 chunk", false},
    [TABLE_ALERT] = {"alert", "be16 grouping, hash 16, u8 kind, be64 window ms", false},
    [TABLE_SELECTION] = {"selection", "u8 kind, then be64 hour[, be64 signature] or cohort", false},
    [TABLE_PART] = {"part", "u8 kind, be64 sequence[, be16 chunk]", false},
    [TABLE_ITEM] = {"item", "be64 item sequence", false},
    [TABLE_ITEM_ID] = {"item_id", "u8 kind, id", false},
    [TABLE_ITEM_OPEN] = {"item_open", "u8 kind, ...", false},
    [TABLE_ITEM_CONTENT] = {"item_content", "be64 item sequence, be16 chunk", false},
    [TABLE_RESULT] = {"result", "be64 item sequence, be64 principal hash, be16 chunk", false},
    [TABLE_RESULT_ID] = {"result_id", "hash 16", false},
    [TABLE_RESULT_PENDING] = {"result_pending", "be64 sequence, be16 chunk", false},
    [TABLE_REVIEWER] = {"reviewer", "hash 16", false},
    [TABLE_ROW] = {"row", "row id 16", false},
    [TABLE_ROW_VERSION] = {"row_version", "be64 version, row id 16, be16 chunk", false},
    [TABLE_CLUSTER] = {"cluster", "u8 kind, ...", false},
    [TABLE_ERASED] = {"erased", "fingerprint 16", false},
    [TABLE_AGREEMENT] = {"agreement", "u8 kind, ...", false},
    [TABLE_PAIR] = {"pair", "u8 kind, ...", false},
    [TABLE_CALIBRATION] = {"calibration", "u8 kind, ...", false},
    [TABLE_REGRESSION] = {"regression", "u8 kind, ...", false},
    [TABLE_HIT] = {"hit", "be64 hour, row id 16", false},
    [TABLE_FEEDBACK] = {"feedback", "u8 kind, ...", false},
};

void key_raw(struct state_key *key, struct bytes bytes)
{
    assert(bytes.size <= sizeof key->data - key->size);
    if (bytes.size > 0)
        memcpy(key->data + key->size, bytes.data, bytes.size);
    key->size += bytes.size;
}

void key_u8(struct state_key *key, uint8_t v)
{
    key_raw(key, bytes_of(&v, 1));
}

void key_be16(struct state_key *key, uint16_t v)
{
    uint8_t bytes[2];
    put_be16(bytes, v);
    key_raw(key, bytes_of(bytes, sizeof bytes));
}

void key_be64(struct state_key *key, uint64_t v)
{
    uint8_t bytes[8];
    put_be64(bytes, v);
    key_raw(key, bytes_of(bytes, sizeof bytes));
}

/* 8-4-4-4-12 */
void schema_instance_text(const struct schema_instance *instance, char to[INSTANCE_UUID_TEXT_SIZE])
{
    char hex[2 * INSTANCE_UUID_SIZE];
    size_t at = 0;
    hex_encode(hex, instance->uuid, INSTANCE_UUID_SIZE);
    for (size_t i = 0; i < sizeof hex; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            to[at++] = '-';
        to[at++] = hex[i];
    }
    to[at] = 0;
}

void schema_instance_encode(const struct schema_instance *instance, struct buffer *to)
{
    buffer_append_byte(to, META_VALUE_VERSION);
    buffer_append(to, instance->uuid, sizeof instance->uuid);
    value_put_signed(to, instance->created_ms);
}

enum status schema_instance_decode(struct bytes value, struct schema_instance *ret)
{
    struct value_reader reader;
    struct schema_instance instance = {0};
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != META_VALUE_VERSION)
        return STATUS_MALFORMED;
    value_get_copy(&reader, instance.uuid, sizeof instance.uuid);
    instance.created_ms = value_get_signed(&reader);
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret = instance;
    return status;
}

void schema_version_encode(uint32_t version, struct buffer *to)
{
    schema_number_encode(version, to);
}

enum status schema_version_decode(struct bytes value, uint32_t *ret_version)
{
    uint64_t version = 0;
    enum status status = schema_number_decode(value, &version);
    if (status != STATUS_OK || version == 0 || version > UINT32_MAX)
        return STATUS_MALFORMED;
    *ret_version = (uint32_t)version;
    return STATUS_OK;
}

void schema_number_encode(uint64_t number, struct buffer *to)
{
    buffer_append_byte(to, META_VALUE_VERSION);
    value_put_be64(to, number);
}

enum status schema_number_decode(struct bytes value, uint64_t *ret_number)
{
    struct value_reader reader;
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != META_VALUE_VERSION)
        return STATUS_MALFORMED;
    uint64_t number = value_get_be64(&reader);
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_number = number;
    return status;
}
