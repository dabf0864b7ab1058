/* value of 'r' = u8 version | bytes name | signed runs of each verdict | signed hits of each | signed
 *                near of each | signed first_ms, last_ms
 * value of 'w' = u8 version | signed passed, failed, borderline, last_ms
 * value of hit = u8 version | varint hits, emitted, halvings, halved_at */
#include "state/tables/regression.h"

#include <assert.h>

#include "processor/base/digest.h"
#include "state/store/value.h"

enum { VERSION = 1, KIND_RELEASE = 'r', KIND_COUNT = 'w' };

static const uint8_t all_releases[REGRESSION_ID_SIZE];

static void put(struct store_txn *txn, enum state_table table, const struct state_key *key,
                struct buffer *value)
{
    if (value->failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, table, key_bytes(key), buffer_bytes(value));
    buffer_finish(value);
}

static void release_key(struct state_key *key, char kind, const uint8_t release[REGRESSION_ID_SIZE])
{
    key->size = 0;
    key_u8(key, (uint8_t)kind);
    key_raw(key, bytes_of(release, REGRESSION_ID_SIZE));
}

static void count_key(struct state_key *key, const uint8_t release[REGRESSION_ID_SIZE],
                      const uint8_t row_id[REGRESSION_ID_SIZE])
{
    release_key(key, KIND_COUNT, release ? release : all_releases);
    key_raw(key, bytes_of(row_id, REGRESSION_ID_SIZE));
}

static void misread(struct store_txn *txn, enum state_table table)
{
    store_fail(txn, STATUS_FATAL, "a row of table %s is not understood", table_layouts[table].name);
}

/* --- decoding --- */

static void get_counts(struct value_reader *reader, int64_t counts[REGRESSION_VERDICTS])
{
    for (int i = 0; i < REGRESSION_VERDICTS; i++)
        counts[i] = value_get_signed(reader);
}

static void decode_release(struct value_reader *name, struct value_reader *fields,
                           struct regression_release *to)
{
    value_get_copy(name, to->id, sizeof to->id);
    struct bytes text = value_get_bytes(fields);
    bool is_text = text.size <= REGRESSION_NAME_BYTES_MAX &&
                   (text.size == 0 || !memchr(text.data, 0, text.size));
    fields->failed |= !is_text;
    if (is_text && text.size > 0)
        memcpy(to->name, text.data, text.size);
    get_counts(fields, to->runs);
    get_counts(fields, to->hits);
    get_counts(fields, to->near);
    to->first_ms = value_get_signed(fields);
    to->last_ms = value_get_signed(fields);
}

static void decode_count(struct value_reader *name, struct value_reader *fields,
                         struct regression_count *to)
{
    value_get_copy(name, to->release, sizeof to->release);
    value_get_copy(name, to->row_id, sizeof to->row_id);
    to->passed = value_get_signed(fields);
    to->failed = value_get_signed(fields);
    to->borderline = value_get_signed(fields);
    to->last_ms = value_get_signed(fields);
    to->matched = value_sum(value_sum(to->passed, to->failed), to->borderline);
}

enum status regression_decode(struct bytes key, struct bytes value, struct regression_any *ret_row)
{
    struct value_reader name, fields;
    struct regression_any row = {0};
    value_reader_init(&name, key);
    value_reader_init(&fields, value);
    row.kind = (char)value_get_u8(&name);
    bool is_known = value_get_u8(&fields) == VERSION;
    if (row.kind == KIND_RELEASE)
        decode_release(&name, &fields, &row.release);
    else if (row.kind == KIND_COUNT)
        decode_count(&name, &fields, &row.count);
    else
        is_known = false;
    if (!is_known || value_reader_finish(&name) != STATUS_OK ||
        value_reader_finish(&fields) != STATUS_OK)
        return STATUS_MALFORMED;
    *ret_row = row;
    return STATUS_OK;
}

/* --- releases --- */

void regression_release_id(struct bytes name, uint8_t ret_id[REGRESSION_ID_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256(digest, name);
    memcpy(ret_id, digest, REGRESSION_ID_SIZE);
}

static void put_counts(struct buffer *to, const int64_t counts[REGRESSION_VERDICTS])
{
    for (int i = 0; i < REGRESSION_VERDICTS; i++)
        value_put_signed(to, counts[i]);
}

void regression_put_release(struct store_txn *txn, const struct regression_release *release)
{
    struct state_key key;
    struct buffer value = {0};
    release_key(&key, KIND_RELEASE, release->id);
    buffer_append_byte(&value, VERSION);
    value_put_bytes(&value, bytes_of_text(release->name));
    put_counts(&value, release->runs);
    put_counts(&value, release->hits);
    put_counts(&value, release->near);
    value_put_signed(&value, release->first_ms);
    value_put_signed(&value, release->last_ms);
    put(txn, TABLE_REGRESSION, &key, &value);
}

static bool get(struct store_txn *txn, const struct state_key *key, struct regression_any *ret_row)
{
    struct bytes value;
    if (!store_get(txn, TABLE_REGRESSION, key_bytes(key), &value))
        return false;
    if (regression_decode(key_bytes(key), value, ret_row) == STATUS_OK)
        return true;
    misread(txn, TABLE_REGRESSION);
    return false;
}

bool regression_get_release(struct store_txn *txn, struct bytes name,
                            struct regression_release *ret_release)
{
    struct state_key key;
    struct regression_any row;
    uint8_t id[REGRESSION_ID_SIZE];
    regression_release_id(name, id);
    release_key(&key, KIND_RELEASE, id);
    if (!get(txn, &key, &row))
        return false;
    *ret_release = row.release;
    return true;
}

uint64_t regression_delete_release(struct store_txn *txn, const uint8_t id[REGRESSION_ID_SIZE])
{
    struct state_key key;
    struct store_cursor cursor;
    uint64_t count = 0;
    release_key(&key, KIND_RELEASE, id);
    (void)store_delete(txn, TABLE_REGRESSION, key_bytes(&key));
    release_key(&key, KIND_COUNT, id);
    store_cursor_begin(txn, TABLE_REGRESSION, key_bytes(&key), key.size, &cursor);
    for (; store_cursor_next(&cursor); count++)
        store_cursor_delete(&cursor);
    store_cursor_finish(&cursor);
    return count;
}

/* --- rows --- */

void regression_put_count(struct store_txn *txn, const struct regression_count *count)
{
    struct state_key key;
    struct buffer value = {0};
    count_key(&key, count->release, count->row_id);
    buffer_append_byte(&value, VERSION);
    value_put_signed(&value, count->passed);
    value_put_signed(&value, count->failed);
    value_put_signed(&value, count->borderline);
    value_put_signed(&value, count->last_ms);
    put(txn, TABLE_REGRESSION, &key, &value);
}

bool regression_get_count(struct store_txn *txn, const uint8_t release[REGRESSION_ID_SIZE],
                          const uint8_t row_id[REGRESSION_ID_SIZE],
                          struct regression_count *ret_count)
{
    struct state_key key;
    struct regression_any row;
    *ret_count = (struct regression_count){0};
    memcpy(ret_count->release, release ? release : all_releases, REGRESSION_ID_SIZE);
    memcpy(ret_count->row_id, row_id, REGRESSION_ID_SIZE);
    count_key(&key, release, row_id);
    if (!get(txn, &key, &row))
        return false;
    *ret_count = row.count;
    return true;
}

/* --- scans --- */

/* `key` is the prefix. */
static void scan(struct store_txn *txn, const struct state_key *key,
                 regression_release_fn *of_release, regression_count_fn *of_count, void *context)
{
    struct store_cursor cursor;
    struct regression_any row;
    bool goes_on = true;
    store_cursor_begin(txn, TABLE_REGRESSION, key_bytes(key), key->size, &cursor);
    while (goes_on && store_cursor_next(&cursor)) {
        if (regression_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &row) !=
            STATUS_OK) {
            misread(txn, TABLE_REGRESSION);
            break;
        }
        goes_on = of_release ? of_release(context, &row.release) : of_count(context, &row.count);
    }
    store_cursor_finish(&cursor);
}

void regression_scan_releases(struct store_txn *txn, regression_release_fn *fn, void *context)
{
    struct state_key key = {.size = 0};
    key_u8(&key, KIND_RELEASE);
    scan(txn, &key, fn, NULL, context);
}

void regression_scan_counts(struct store_txn *txn, const uint8_t release[REGRESSION_ID_SIZE],
                            regression_count_fn *fn, void *context)
{
    struct state_key key;
    release_key(&key, KIND_COUNT, release ? release : all_releases);
    scan(txn, &key, NULL, fn, context);
}

/* --- hours --- */

void regression_put_hit_hour(struct store_txn *txn, const struct regression_hit_hour *row)
{
    struct state_key key = {.size = 0};
    struct buffer value = {0};
    key_be64(&key, (uint64_t)row->hour);
    key_raw(&key, bytes_of(row->row_id, sizeof row->row_id));
    buffer_append_byte(&value, VERSION);
    value_put_varint(&value, row->hits);
    value_put_varint(&value, row->emitted);
    value_put_varint(&value, row->halvings);
    value_put_varint(&value, row->halved_at);
    put(txn, TABLE_HIT, &key, &value);
}

void regression_delete_hit_hour(struct store_txn *txn, int64_t hour)
{
    struct state_key key = {.size = 0};
    struct store_cursor cursor;
    key_be64(&key, (uint64_t)hour);
    store_cursor_begin(txn, TABLE_HIT, key_bytes(&key), key.size, &cursor);
    while (store_cursor_next(&cursor))
        store_cursor_delete(&cursor);
    store_cursor_finish(&cursor);
}

enum status regression_hit_hour_decode(struct bytes key, struct bytes value,
                                       struct regression_hit_hour *ret_row)
{
    struct value_reader name, fields;
    struct regression_hit_hour row = {0};
    value_reader_init(&name, key);
    value_reader_init(&fields, value);
    row.hour = (int64_t)value_get_be64(&name);
    value_get_copy(&name, row.row_id, sizeof row.row_id);
    bool is_known = value_get_u8(&fields) == VERSION;
    row.hits = value_get_varint(&fields);
    row.emitted = value_get_varint(&fields);
    row.halvings = (uint32_t)value_get_count(&fields, UINT32_MAX);
    row.halved_at = value_get_varint(&fields);
    if (!is_known || value_reader_finish(&name) != STATUS_OK ||
        value_reader_finish(&fields) != STATUS_OK)
        return STATUS_MALFORMED;
    *ret_row = row;
    return STATUS_OK;
}

void regression_scan_hit_hours(struct store_txn *txn, regression_hit_hour_fn *fn, void *context)
{
    struct store_cursor cursor;
    struct regression_hit_hour row;
    store_cursor_begin(txn, TABLE_HIT, (struct bytes){0}, 0, &cursor);
    while (store_cursor_next(&cursor)) {
        if (regression_hit_hour_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &row) !=
            STATUS_OK) {
            misread(txn, TABLE_HIT);
            break;
        }
        fn(context, &row);
    }
    store_cursor_finish(&cursor);
}
