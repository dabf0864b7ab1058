/* A name that is a number would hide a version. */
#include "pipelines/review/dataset_tags.h"

static const char prefix[] = "dataset_tag:";

bool dataset_tag_is_valid(struct bytes name)
{
    bool is_number = true;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.data[i];
        bool is_digit = byte >= '0' && byte <= '9';
        is_number = is_number && is_digit;
        if (!is_digit && !(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z') &&
            byte != '.' && byte != '_' && byte != '-')
            return false;
    }
    return name.size > 0 && name.size <= DATASET_TAG_BYTES_MAX && !is_number;
}

static struct state_key key_of(struct bytes name)
{
    struct state_key key = {.size = 0};
    key_raw(&key, bytes_of(prefix, sizeof prefix - 1));
    key_raw(&key, name);
    return key;
}

bool dataset_tag_read(struct store_txn *txn, struct bytes name, uint64_t *ret_version)
{
    struct bytes value;
    if (!dataset_tag_is_valid(name))
        return false;
    struct state_key key = key_of(name);
    return store_get(txn, TABLE_META, key_bytes(&key), &value) &&
           schema_number_decode(value, ret_version) == STATUS_OK;
}

void dataset_tag_write(struct store_txn *txn, struct bytes name, uint64_t version)
{
    struct state_key key = key_of(name);
    struct buffer value = {0};
    schema_number_encode(version, &value);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_META, key_bytes(&key), buffer_bytes(&value));
    buffer_finish(&value);
}

void dataset_tags_of(struct store_txn *txn, uint64_t version, struct buffer *to)
{
    struct store_cursor cursor;
    uint64_t number;
    size_t begin = to->size;
    store_cursor_begin(txn, TABLE_META, bytes_of(prefix, sizeof prefix - 1), sizeof prefix - 1,
                       &cursor);
    while (store_cursor_next(&cursor)) {
        if (schema_number_decode(store_cursor_value(&cursor), &number) != STATUS_OK ||
            number != version)
            continue;
        if (to->size > begin)
            buffer_append_text(to, ", ");
        buffer_append(to, cursor.key.data + sizeof prefix - 1, cursor.key.size - sizeof prefix + 1);
    }
    store_cursor_finish(&cursor);
}
