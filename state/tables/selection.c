/* value of 'h' = u8 version | varint basis, seen, emitted of each stratum |
 * varint halvings, records at
 *                the last one, of each stratum
 * value of 's' = u8 version | varint basis, seen, emitted | varint halvings, records at the last
 * one Version 1 had no halvings. value of 'd' = u8 version | varint basis, seen value of 'c' = u8
 * version | varint seen */
#include "state/tables/selection.h"

#include "state/store/value.h"

enum {
    SELECTION_VERSION = 2,
    COHORT_VERSION = 1,
    DAY_VERSION = 1,
    KIND_HOUR = 'h',
    KIND_SIGNATURE = 's',
    KIND_DAY = 'd',
    KIND_COHORT = 'c'
};

/* `number` of the hour, or of the day. */
static void time_key(struct state_key *key, char kind, int64_t number)
{
    key->size = 0;
    key_u8(key, (uint8_t)kind);
    key_be64(key, (uint64_t)number);
}

static void cohort_key(struct state_key *key, uint16_t grouping,
                       const uint8_t hash[COHORT_HASH_SIZE])
{
    key->size = 0;
    key_u8(key, KIND_COHORT);
    key_be16(key, grouping);
    key_raw(key, bytes_of(hash, COHORT_HASH_SIZE));
}

static void put(struct store_txn *txn, const struct state_key *key, struct buffer *value)
{
    if (value->failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_SELECTION, key_bytes(key), buffer_bytes(value));
    buffer_finish(value);
}

void selection_put_hour(struct store_txn *txn, const struct selection_hour *hour)
{
    struct state_key key;
    struct buffer value = {0};
    time_key(&key, KIND_HOUR, hour->hour);
    buffer_append_byte(&value, SELECTION_VERSION);
    for (int i = 0; i < SELECTION_STRATA; i++) {
        value_put_varint(&value, hour->basis[i]);
        value_put_varint(&value, hour->seen[i]);
        value_put_varint(&value, hour->emitted[i]);
    }
    for (int i = 0; i < SELECTION_STRATA; i++) {
        value_put_varint(&value, hour->halvings[i]);
        value_put_varint(&value, hour->halved_at[i]);
    }
    put(txn, &key, &value);
}

void selection_put_signature(struct store_txn *txn, int64_t hour,
                             const struct selection_signature *signature)
{
    struct state_key key;
    struct buffer value = {0};
    time_key(&key, KIND_SIGNATURE, hour);
    key_be64(&key, signature->id);
    buffer_append_byte(&value, SELECTION_VERSION);
    value_put_varint(&value, signature->basis);
    value_put_varint(&value, signature->seen);
    value_put_varint(&value, signature->emitted);
    value_put_varint(&value, signature->halvings);
    value_put_varint(&value, signature->halved_at);
    put(txn, &key, &value);
}

void selection_delete_hour(struct store_txn *txn, int64_t hour)
{
    struct state_key key;
    struct store_cursor cursor;
    time_key(&key, KIND_HOUR, hour);
    (void)store_delete(txn, TABLE_SELECTION, key_bytes(&key));
    time_key(&key, KIND_SIGNATURE, hour);
    store_cursor_begin(txn, TABLE_SELECTION, key_bytes(&key), key.size, &cursor);
    while (store_cursor_next(&cursor))
        store_cursor_delete(&cursor);
    store_cursor_finish(&cursor);
}

void selection_put_day(struct store_txn *txn, const struct selection_day *day)
{
    struct state_key key;
    struct buffer value = {0};
    time_key(&key, KIND_DAY, day->day);
    buffer_append_byte(&value, DAY_VERSION);
    value_put_varint(&value, day->basis);
    value_put_varint(&value, day->seen);
    put(txn, &key, &value);
}

void selection_delete_day(struct store_txn *txn, int64_t day)
{
    struct state_key key;
    time_key(&key, KIND_DAY, day);
    (void)store_delete(txn, TABLE_SELECTION, key_bytes(&key));
}

static void scan_signatures(struct store_txn *txn, int64_t hour, const struct selection_scan *scan)
{
    struct state_key key;
    struct store_cursor cursor;
    struct selection_row row;
    time_key(&key, KIND_SIGNATURE, hour);
    store_cursor_begin(txn, TABLE_SELECTION, key_bytes(&key), key.size, &cursor);
    while (store_cursor_next(&cursor)) {
        if (selection_row_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &row) ==
            STATUS_OK)
            scan->on_signature(scan->context, hour, &row.signature);
        else
            store_fail(txn, STATUS_FATAL, "a row of table selection is not understood");
    }
    store_cursor_finish(&cursor);
}

static void scan_days(struct store_txn *txn, const struct selection_scan *scan)
{
    struct store_cursor cursor;
    struct selection_row row;
    uint8_t kind = KIND_DAY;
    store_cursor_begin(txn, TABLE_SELECTION, bytes_of(&kind, 1), 1, &cursor);
    while (store_cursor_next(&cursor)) {
        if (selection_row_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &row) ==
            STATUS_OK)
            scan->on_day(scan->context, &row.day);
        else
            store_fail(txn, STATUS_FATAL, "a row of table selection is not understood");
    }
    store_cursor_finish(&cursor);
}

void selection_scan(struct store_txn *txn, const struct selection_scan *scan)
{
    struct store_cursor cursor;
    struct selection_row row;
    uint8_t kind = KIND_HOUR;
    scan_days(txn, scan);
    store_cursor_begin(txn, TABLE_SELECTION, bytes_of(&kind, 1), 1, &cursor);
    while (store_cursor_next(&cursor)) {
        if (selection_row_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &row) !=
            STATUS_OK) {
            store_fail(txn, STATUS_FATAL, "a row of table selection is not understood");
            break;
        }
        scan->on_hour(scan->context, &row.hour);
        scan_signatures(txn, row.hour.hour, scan);
    }
    store_cursor_finish(&cursor);
}

uint32_t selection_cohort(struct store_txn *txn, uint16_t grouping,
                          const uint8_t hash[COHORT_HASH_SIZE])
{
    struct state_key key;
    struct bytes value;
    struct selection_row row;
    cohort_key(&key, grouping, hash);
    if (!store_get(txn, TABLE_SELECTION, key_bytes(&key), &value))
        return 0;
    if (selection_row_decode(key_bytes(&key), value, &row) != STATUS_OK) {
        store_fail(txn, STATUS_FATAL, "a row of table selection is not understood");
        return 0;
    }
    return row.cohort_seen;
}

void selection_put_cohort(struct store_txn *txn, uint16_t grouping,
                          const uint8_t hash[COHORT_HASH_SIZE], uint32_t seen)
{
    struct state_key key;
    struct buffer value = {0};
    cohort_key(&key, grouping, hash);
    if (seen == 0) {
        (void)store_delete(txn, TABLE_SELECTION, key_bytes(&key));
        return;
    }
    buffer_append_byte(&value, COHORT_VERSION);
    value_put_varint(&value, seen);
    put(txn, &key, &value);
}

static void read_pace(struct value_reader *reader, uint32_t *halvings, uint64_t *halved_at)
{
    *halvings = (uint32_t)value_get_count(reader, UINT32_MAX);
    *halved_at = value_get_varint(reader);
}

static void read_counts(struct value_reader *reader, uint64_t *basis, uint64_t *seen,
                        uint64_t *emitted)
{
    *basis = value_get_varint(reader);
    *seen = value_get_varint(reader);
    *emitted = value_get_varint(reader);
}

enum status selection_row_decode(struct bytes key, struct bytes value,
                                 struct selection_row *ret_row)
{
    struct selection_row row = {0};
    struct value_reader name, fields;
    value_reader_init(&name, key);
    value_reader_init(&fields, value);
    row.kind = (char)value_get_u8(&name);
    uint8_t version = value_get_u8(&fields);
    bool is_known = version > 0 && version <= SELECTION_VERSION, has_pace = version > 1;
    if (row.kind == KIND_COHORT) {
        row.grouping = value_get_be16(&name);
        value_get_copy(&name, row.hash, COHORT_HASH_SIZE);
        row.cohort_seen = (uint32_t)value_get_count(&fields, UINT32_MAX);
    } else if (row.kind == KIND_DAY) {
        row.day.day = (int64_t)value_get_be64(&name);
        row.day.basis = value_get_varint(&fields);
        row.day.seen = value_get_varint(&fields);
    } else if (row.kind == KIND_HOUR || row.kind == KIND_SIGNATURE) {
        row.hour.hour = (int64_t)value_get_be64(&name);
        struct selection_hour *hour = &row.hour;
        struct selection_signature *signature = &row.signature;
        for (int i = 0; i < SELECTION_STRATA && row.kind == KIND_HOUR; i++)
            read_counts(&fields, &hour->basis[i], &hour->seen[i], &hour->emitted[i]);
        for (int i = 0; i < SELECTION_STRATA && row.kind == KIND_HOUR && has_pace; i++)
            read_pace(&fields, &hour->halvings[i], &hour->halved_at[i]);
        if (row.kind == KIND_SIGNATURE) {
            signature->id = value_get_be64(&name);
            read_counts(&fields, &signature->basis, &signature->seen, &signature->emitted);
            if (has_pace)
                read_pace(&fields, &signature->halvings, &signature->halved_at);
        }
    } else {
        is_known = false;
    }
    if (!is_known || value_reader_finish(&name) != STATUS_OK ||
        value_reader_finish(&fields) != STATUS_OK)
        return STATUS_MALFORMED;
    *ret_row = row;
    return STATUS_OK;
}
