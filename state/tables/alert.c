/* value = u8 version | u8 is_firing | varint episode | signed changed_ms | double statistic |
 *         double p0 | varint seen | varint failed */
#include "state/tables/alert.h"

#include "state/store/value.h"

enum { ALERT_VERSION = 1 };

const char *const alert_kind_names[ALERT_KINDS] = {"floor", "burn_rate", "worse", "better"};

static void encode_key(const struct alert_key *key, struct state_key *to)
{
    to->size = 0;
    key_be16(to, key->grouping);
    key_raw(to, bytes_of(key->hash, COHORT_HASH_SIZE));
    key_u8(to, (uint8_t)key->kind);
    key_be64(to, (uint64_t)key->window_ms);
}

enum status alert_row_decode(struct bytes key, struct bytes value, struct alert_key *ret_key,
                             struct alert_row *ret_row)
{
    struct value_reader reader;
    struct alert_key found = {0};
    struct alert_row row = {0};
    if (key.size != 2 + COHORT_HASH_SIZE + 1 + 8 || key.data[2 + COHORT_HASH_SIZE] >= ALERT_KINDS)
        return STATUS_MALFORMED;
    found.grouping = get_be16(key.data);
    memcpy(found.hash, key.data + 2, COHORT_HASH_SIZE);
    found.kind = key.data[2 + COHORT_HASH_SIZE];
    found.window_ms = (int64_t)get_be64(key.data + 2 + COHORT_HASH_SIZE + 1);
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != ALERT_VERSION)
        return STATUS_MALFORMED;
    row.is_firing = value_get_u8(&reader) != 0;
    row.episode = value_get_varint(&reader);
    row.changed_ms = value_get_signed(&reader);
    row.statistic = value_get_double(&reader);
    row.p0 = value_get_double(&reader);
    row.seen = value_get_varint(&reader);
    row.failed = value_get_varint(&reader);
    bool is_sane = row.statistic >= 0 && row.p0 >= 0 && row.p0 < 1 && row.failed <= row.seen;
    if (value_reader_finish(&reader) != STATUS_OK || !is_sane)
        return STATUS_MALFORMED;
    *ret_key = found;
    *ret_row = row;
    return STATUS_OK;
}

bool alert_read(struct store_txn *txn, const struct alert_key *key, struct alert_row *ret_row)
{
    struct state_key encoded;
    struct bytes value;
    struct alert_key found;
    encode_key(key, &encoded);
    if (!store_get(txn, TABLE_ALERT, key_bytes(&encoded), &value))
        return false;
    if (alert_row_decode(key_bytes(&encoded), value, &found, ret_row) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table alert is not understood");
    return false;
}

void alert_write(struct store_txn *txn, const struct alert_key *key, const struct alert_row *row)
{
    struct state_key encoded;
    struct buffer value = {0};
    encode_key(key, &encoded);
    buffer_append_byte(&value, ALERT_VERSION);
    buffer_append_byte(&value, row->is_firing);
    value_put_varint(&value, row->episode);
    value_put_signed(&value, row->changed_ms);
    value_put_double(&value, row->statistic);
    value_put_double(&value, row->p0);
    value_put_varint(&value, row->seen);
    value_put_varint(&value, row->failed);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_ALERT, key_bytes(&encoded), buffer_bytes(&value));
    buffer_finish(&value);
}

void alert_sweep(struct store_txn *txn,
                 bool (*keep)(const void *context, const struct alert_key *key),
                 const void *context)
{
    struct store_cursor cursor;
    struct alert_key key;
    struct alert_row row;
    store_cursor_begin(txn, TABLE_ALERT, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        if (alert_row_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &key, &row) !=
            STATUS_OK) {
            store_fail(txn, STATUS_FATAL, "a row of table alert is not understood");
            break;
        }
        if (!keep(context, &key))
            store_cursor_delete(&cursor);
    }
    store_cursor_finish(&cursor);
}
