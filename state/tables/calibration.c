/* value of a class = u8 version | signed eligible | signed reviewed | double sum 1/pi of either
 * value of a sum   = u8 version | signed n | double sum 1/pi | double sum 1/pi^2 */
#include "state/tables/calibration.h"

#include "state/store/value.h"

enum { VERSION = 1, BITS_MAX = 7 };

/* --- keys --- */

static void put_class(struct state_key *key, const struct calibration_class *class)
{
    key_be64(key, class->queue);
    key_u8(key, class->verdict);
    key_u8(key, class->priority);
}

void calibration_row_key(const struct calibration_row *row, struct state_key *key)
{
    uint8_t rule[4];
    day_key_begin(key, row->day);
    key_u8(key, (uint8_t)row->kind);
    if (row->kind == CALIBRATION_SCOPE)
        key_raw(key, bytes_of(row->scope, sizeof row->scope));
    put_be32(rule, row->rule);
    if (row->kind == CALIBRATION_RULE)
        key_raw(key, bytes_of(rule, sizeof rule));
    put_class(key, &row->class);
    if (row->kind == CALIBRATION_SCOPE)
        key_raw(key, bytes_of(row->ruleset, sizeof row->ruleset));
    if (row->kind == CALIBRATION_RULE)
        key_u8(key, row->outcome);
    if (row->kind != CALIBRATION_CLASS)
        key_u8(key, row->bits);
}

static bool decode_key(struct bytes key, struct calibration_row *row)
{
    struct value_reader name;
    value_reader_init(&name, key);
    bool is_known = day_key_read(&name, &row->day);
    row->kind = (enum calibration_kind)value_get_u8(&name);
    is_known = is_known && (row->kind == CALIBRATION_CLASS || row->kind == CALIBRATION_SCOPE ||
                            row->kind == CALIBRATION_RULE);
    if (row->kind == CALIBRATION_SCOPE)
        value_get_copy(&name, row->scope, sizeof row->scope);
    if (row->kind == CALIBRATION_RULE)
        row->rule = value_get_be32(&name);
    row->class.queue = value_get_be64(&name);
    row->class.verdict = value_get_u8(&name);
    row->class.priority = value_get_u8(&name);
    if (row->kind == CALIBRATION_SCOPE)
        value_get_copy(&name, row->ruleset, sizeof row->ruleset);
    if (row->kind == CALIBRATION_RULE)
        row->outcome = value_get_u8(&name);
    if (row->kind != CALIBRATION_CLASS)
        row->bits = value_get_u8(&name);
    return is_known && value_reader_finish(&name) == STATUS_OK &&
           row->class.verdict < CALIBRATION_VERDICTS && row->outcome < CALIBRATION_OUTCOMES &&
           row->bits <= (row->kind == CALIBRATION_SCOPE ? CALIBRATION_IS_BAD : BITS_MAX);
}

/* --- values --- */

static bool decode_value(struct bytes value, struct calibration_row *row)
{
    struct value_reader fields;
    value_reader_init(&fields, value);
    bool is_known = value_get_u8(&fields) == VERSION;
    row->n = value_get_signed(&fields);
    if (row->kind == CALIBRATION_CLASS) {
        row->reviewed = value_get_signed(&fields);
        row->weight = value_get_double(&fields);
        row->reviewed_weight = value_get_double(&fields);
    } else {
        row->weight = value_get_double(&fields);
        row->weight_squared = value_get_double(&fields);
    }
    return is_known && value_reader_finish(&fields) == STATUS_OK;
}

static void encode_value(const struct calibration_row *row, struct buffer *to)
{
    buffer_append_byte(to, VERSION);
    value_put_signed(to, row->n);
    if (row->kind == CALIBRATION_CLASS) {
        value_put_signed(to, row->reviewed);
        value_put_double(to, row->weight);
        value_put_double(to, row->reviewed == 0 ? 0 : row->reviewed_weight);
        return;
    }
    value_put_double(to, row->weight);
    value_put_double(to, row->weight_squared);
}

enum status calibration_decode(struct bytes key, struct bytes value,
                               struct calibration_row *ret_row)
{
    struct calibration_row row = {0};
    if (!decode_key(key, &row) || !decode_value(value, &row))
        return STATUS_MALFORMED;
    *ret_row = row;
    return STATUS_OK;
}

static void fail(struct store_txn *txn)
{
    store_fail(txn, STATUS_FATAL, "a row of table %s is not understood",
               table_layouts[TABLE_CALIBRATION].name);
}

void calibration_add(struct store_txn *txn, const struct calibration_row *row)
{
    struct state_key key;
    struct bytes stored;
    struct buffer value = {0};
    struct calibration_row sum = *row;
    calibration_row_key(row, &key);
    if (store_get(txn, TABLE_CALIBRATION, key_bytes(&key), &stored)) {
        struct calibration_row before = {.kind = row->kind};
        if (!decode_value(stored, &before)) {
            fail(txn);
            return;
        }
        sum.n = value_sum(before.n, row->n);
        sum.reviewed = value_sum(before.reviewed, row->reviewed);
        sum.weight += before.weight;
        sum.weight_squared += before.weight_squared;
        sum.reviewed_weight += before.reviewed_weight;
    }
    if (sum.n == 0 && sum.reviewed == 0) {
        (void)store_delete(txn, TABLE_CALIBRATION, key_bytes(&key));
        return;
    }
    encode_value(&sum, &value);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_CALIBRATION, key_bytes(&key), buffer_bytes(&value));
    buffer_finish(&value);
}

void calibration_scan(struct store_txn *txn, int64_t from, int64_t to, calibration_row_fn *fn,
                      void *context)
{
    struct store_cursor cursor;
    struct state_key key;
    struct calibration_row row;
    day_key_begin(&key, from);
    store_cursor_begin(txn, TABLE_CALIBRATION, key_bytes(&key), 1, &cursor);
    while (store_cursor_next(&cursor)) {
        if (calibration_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &row) !=
            STATUS_OK) {
            fail(txn);
            break;
        }
        if (from != CALIBRATION_TOTAL && row.day > to)
            break;
        fn(context, &row);
    }
    store_cursor_finish(&cursor);
}
