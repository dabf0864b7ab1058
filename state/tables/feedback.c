/* value = u8 version | fields:
 *   'c' varint number               'n' be16 grouping, hash 16
 *   'r' u8 is ignored, varint day, varint count (varint number)
 *   'f' u8 waits [be64 id]          'w' u8 kind, varint day
 *   'k', 'a' varint count */
#include "state/tables/feedback.h"

#include "state/store/value.h"

enum {
    FEEDBACK_VERSION = 1,
    HOUR_MS = 3600000,
    DAY_MS = 24 * HOUR_MS,
    EARLY_ROWS = 8, /* that leave when one comes above the limit */
};

/* --- rows --- */

struct run {
    bool is_ignored;
    uint64_t day;
    uint32_t numbers[FEEDBACK_COHORTS_MAX], count;
};

static void begin(struct state_key *key, char kind)
{
    key->size = 0;
    key_u8(key, (uint8_t)kind);
}

static void put_be32_key(struct state_key *key, uint64_t v)
{
    key_be16(key, (uint16_t)(v >> 16));
    key_be16(key, (uint16_t)v);
}

static uint32_t hour_of(int64_t ms)
{
    return ms > 0 ? (uint32_t)(ms / HOUR_MS) : 0;
}

static uint32_t day_of(int64_t ms)
{
    return ms > 0 ? (uint32_t)(ms / DAY_MS) : 0;
}

static struct state_key run_key(uint32_t hour, uint64_t id)
{
    struct state_key key;
    begin(&key, 'r');
    put_be32_key(&key, hour);
    key_be64(&key, id);
    return key;
}

static struct state_key said_key(uint32_t hour, const uint8_t identity[FEEDBACK_IDENTITY_SIZE])
{
    struct state_key key;
    begin(&key, 'f');
    put_be32_key(&key, hour);
    key_raw(&key, bytes_of(identity, FEEDBACK_IDENTITY_SIZE));
    return key;
}

static struct state_key waiting_key(uint64_t id, uint32_t hour,
                                    const uint8_t identity[FEEDBACK_IDENTITY_SIZE])
{
    struct state_key key;
    begin(&key, 'w');
    key_be64(&key, id);
    put_be32_key(&key, hour);
    key_raw(&key, bytes_of(identity, FEEDBACK_IDENTITY_SIZE));
    return key;
}

static void put(struct store_txn *txn, const struct state_key *key, struct buffer *value)
{
    if (value->failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_FEEDBACK, key_bytes(key), buffer_bytes(value));
    buffer_finish(value);
}

/* The reader behind the version. False: there is no such row. */
static bool get(struct store_txn *txn, const struct state_key *key, struct value_reader *ret_reader)
{
    struct bytes value;
    if (!store_get(txn, TABLE_FEEDBACK, key_bytes(key), &value))
        return false;
    value_reader_init(ret_reader, value);
    if (value_get_u8(ret_reader) != FEEDBACK_VERSION)
        store_fail(txn, STATUS_FATAL, "a row of table feedback is not understood");
    return txn->status == STATUS_OK;
}

static bool is_read(struct store_txn *txn, const struct value_reader *reader)
{
    if (value_reader_finish(reader) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table feedback is not understood");
    return false;
}

static void read_run(struct value_reader *reader, struct run *ret_run)
{
    *ret_run = (struct run){.is_ignored = value_get_u8(reader) != 0};
    ret_run->day = value_get_varint(reader);
    ret_run->count = (uint32_t)value_get_count(reader, FEEDBACK_COHORTS_MAX);
    for (uint32_t i = 0; i < ret_run->count; i++)
        ret_run->numbers[i] = (uint32_t)value_get_varint(reader);
}

/* --- numbers of cohorts --- */

static uint32_t number_of(struct store_txn *txn, const struct feedback_cohort *cohort)
{
    struct state_key key, back, last;
    struct value_reader reader;
    struct buffer value = {0};
    begin(&key, 'c');
    key_be16(&key, cohort->grouping);
    key_raw(&key, bytes_of(cohort->hash, COHORT_HASH_SIZE));
    if (get(txn, &key, &reader)) {
        uint32_t number = (uint32_t)value_get_varint(&reader);
        return is_read(txn, &reader) ? number : 0;
    }
    uint32_t number =
        store_last_key(txn, TABLE_FEEDBACK, BYTES_LITERAL("n"), &last) && last.size == 5
            ? get_be32(last.data + 1) + 1
            : 0;
    buffer_append_byte(&value, FEEDBACK_VERSION);
    value_put_varint(&value, number);
    put(txn, &key, &value);
    begin(&back, 'n');
    put_be32_key(&back, number);
    value = (struct buffer){0};
    buffer_append_byte(&value, FEEDBACK_VERSION);
    value_put_be16(&value, cohort->grouping);
    buffer_append(&value, cohort->hash, COHORT_HASH_SIZE);
    put(txn, &back, &value);
    return number;
}

/* --- counts --- */

static void add(struct store_txn *txn, const struct state_key *key, int64_t by)
{
    struct value_reader reader;
    struct buffer value = {0};
    uint64_t count = 0;
    if (get(txn, key, &reader)) {
        count = value_get_varint(&reader);
        if (!is_read(txn, &reader))
            return;
    }
    count = by < 0 && count == 0 ? 0 : count + (uint64_t)by;
    buffer_append_byte(&value, FEEDBACK_VERSION);
    value_put_varint(&value, count);
    put(txn, key, &value);
}

static void add_all(struct store_txn *txn, uint64_t day, bool is_attributed, uint8_t kind,
                    int64_t by)
{
    struct state_key key;
    begin(&key, 'a');
    put_be32_key(&key, day);
    key_u8(&key, is_attributed);
    key_u8(&key, kind);
    add(txn, &key, by);
}

static void count_with(struct store_txn *txn, const struct run *run, uint8_t kind)
{
    for (uint32_t i = 0; i < run->count; i++) {
        struct state_key key;
        begin(&key, 'k');
        put_be32_key(&key, run->day);
        put_be32_key(&key, run->numbers[i]);
        key_u8(&key, kind);
        add(txn, &key, 1);
    }
    add_all(txn, run->day, true, kind, 1);
}

/* --- what leaves --- */

/* The row under the cursor; what waits goes with the feedback that it is. */
static void forget(struct store_cursor *cursor, struct store_txn *txn)
{
    struct state_key key = cursor->key;
    struct value_reader reader;
    if (key.data[0] == 'f' && key.size == 1 + 4 + FEEDBACK_IDENTITY_SIZE &&
        get(txn, &key, &reader) && value_get_u8(&reader) != 0) {
        struct state_key waiting =
            waiting_key(value_get_be64(&reader), get_be32(key.data + 1), key.data + 5);
        (void)store_delete(txn, TABLE_FEEDBACK, key_bytes(&waiting));
    }
    (void)store_delete(txn, TABLE_FEEDBACK, key_bytes(&key));
}

/* Rows of a kind, from the front, whose be32 is below `before`. */
static uint32_t sweep(struct store_txn *txn, char kind, uint32_t before, uint32_t rows_max)
{
    struct store_cursor cursor;
    struct state_key from;
    uint32_t rows = 0;
    begin(&from, kind);
    store_cursor_begin(txn, TABLE_FEEDBACK, key_bytes(&from), from.size, &cursor);
    while (rows < rows_max && store_cursor_next(&cursor) && cursor.key.size > 5 &&
           get_be32(cursor.key.data + 1) < before) {
        forget(&cursor, txn);
        rows++;
    }
    store_cursor_finish(&cursor);
    return rows;
}

uint32_t feedback_sweep(struct store_txn *txn, int64_t window_ms, int64_t counts_before_ms,
                        uint32_t rows_max, int64_t now_ms)
{
    uint32_t before = hour_of(now_ms - window_ms), day = day_of(counts_before_ms);
    uint32_t rows = sweep(txn, 'r', before, rows_max);
    rows += sweep(txn, 'f', before, rows_max - rows);
    rows += sweep(txn, 'k', day, rows_max - rows);
    rows += sweep(txn, 'a', day, rows_max - rows);
    return rows;
}

static uint64_t make_room(struct store_txn *txn, const struct feedback_limits *limits)
{
    if (limits->rows_max == 0 || store_count(txn, TABLE_FEEDBACK) < limits->rows_max)
        return 0;
    return sweep(txn, 'r', UINT32_MAX, EARLY_ROWS) + sweep(txn, 'f', UINT32_MAX, EARLY_ROWS);
}

/* --- runs --- */

/* What came before the run: it was counted as nobody's. */
static void settle_waiting(struct store_txn *txn, uint64_t id, const struct run *run)
{
    struct store_cursor cursor;
    struct state_key from;
    begin(&from, 'w');
    key_be64(&from, id);
    store_cursor_begin(txn, TABLE_FEEDBACK, key_bytes(&from), from.size, &cursor);
    while (store_cursor_next(&cursor)) {
        struct state_key key = cursor.key;
        struct value_reader reader;
        struct buffer value = {0};
        if (key.size != 1 + 8 + 4 + FEEDBACK_IDENTITY_SIZE || !get(txn, &key, &reader))
            break;
        uint8_t kind = value_get_u8(&reader);
        uint64_t day = value_get_varint(&reader);
        if (!is_read(txn, &reader))
            break;
        add_all(txn, day, false, kind, -1);
        if (!run->is_ignored)
            count_with(txn, run, kind);
        struct state_key said = said_key(get_be32(key.data + 9), key.data + 13);
        buffer_append_byte(&value, FEEDBACK_VERSION);
        buffer_append_byte(&value, 0);
        put(txn, &said, &value);
        (void)store_delete(txn, TABLE_FEEDBACK, key_bytes(&key));
    }
    store_cursor_finish(&cursor);
}

uint64_t feedback_put_run(struct store_txn *txn, const struct feedback_limits *limits,
                          const uint64_t *ids, uint32_t id_count, int64_t event_ms,
                          const struct feedback_cohort *cohorts, uint32_t cohort_count,
                          bool is_ignored, int64_t now_ms)
{
    struct run run = {.is_ignored = is_ignored, .day = day_of(event_ms)};
    uint64_t left = make_room(txn, limits);
    run.count = cohort_count < FEEDBACK_COHORTS_MAX ? cohort_count : FEEDBACK_COHORTS_MAX;
    for (uint32_t i = 0; i < run.count; i++)
        run.numbers[i] = number_of(txn, &cohorts[i]);
    for (uint32_t i = 0; i < id_count; i++) {
        struct state_key key = run_key(hour_of(now_ms), ids[i]);
        struct buffer value = {0};
        buffer_append_byte(&value, FEEDBACK_VERSION);
        buffer_append_byte(&value, is_ignored);
        value_put_varint(&value, run.day);
        value_put_varint(&value, run.count);
        for (uint32_t k = 0; k < run.count; k++)
            value_put_varint(&value, run.numbers[k]);
        put(txn, &key, &value);
        settle_waiting(txn, ids[i], &run);
    }
    return left;
}

/* The newest of that id within the window. */
static bool find_run(struct store_txn *txn, uint64_t id, const struct feedback_limits *limits,
                     int64_t now_ms, struct run *ret_run)
{
    struct value_reader reader;
    uint32_t last = hour_of(now_ms - limits->window_ms);
    for (uint32_t hour = hour_of(now_ms) + 1; hour-- > last;) {
        struct state_key key = run_key(hour, id);
        if (!get(txn, &key, &reader))
            continue;
        read_run(&reader, ret_run);
        return is_read(txn, &reader);
    }
    return false;
}

static bool was_taken(struct store_txn *txn, const struct feedback_said *said,
                      const struct feedback_limits *limits, int64_t now_ms)
{
    struct bytes value;
    uint32_t last = hour_of(now_ms - limits->window_ms);
    for (uint32_t hour = hour_of(now_ms) + 1; hour-- > last;) {
        struct state_key key = said_key(hour, said->identity);
        if (store_get(txn, TABLE_FEEDBACK, key_bytes(&key), &value))
            return true;
    }
    return false;
}

static void put_waiting(struct store_txn *txn, const struct feedback_said *said, int64_t now_ms)
{
    struct state_key key = waiting_key(said->id, hour_of(now_ms), said->identity);
    struct buffer value = {0};
    buffer_append_byte(&value, FEEDBACK_VERSION);
    buffer_append_byte(&value, said->kind);
    value_put_varint(&value, day_of(now_ms));
    put(txn, &key, &value);
    add_all(txn, day_of(now_ms), false, said->kind, 1);
}

enum feedback_fate feedback_take(struct store_txn *txn, const struct feedback_limits *limits,
                                 const struct feedback_said *said, int64_t now_ms,
                                 uint64_t *ret_left)
{
    struct run run;
    struct buffer value = {0};
    *ret_left = 0;
    if (was_taken(txn, said, limits, now_ms))
        return FEEDBACK_DUPLICATE;
    *ret_left = make_room(txn, limits);
    bool is_there = find_run(txn, said->id, limits, now_ms, &run);
    struct state_key key = said_key(hour_of(now_ms), said->identity);
    buffer_append_byte(&value, FEEDBACK_VERSION);
    buffer_append_byte(&value, !is_there);
    if (!is_there)
        value_put_be64(&value, said->id);
    put(txn, &key, &value);
    if (!is_there) {
        put_waiting(txn, said, now_ms);
        return FEEDBACK_WAITS;
    }
    if (run.is_ignored)
        return FEEDBACK_IGNORED;
    count_with(txn, &run, said->kind);
    return FEEDBACK_COUNTED;
}

/* --- reading --- */

enum status feedback_row_decode(struct bytes key, struct bytes value, struct feedback_row *ret_row)
{
    struct feedback_row row = {.kind = key.size > 0 ? (char)key.data[0] : 0};
    struct value_reader reader, keyed;
    struct run run;
    value_reader_init(&reader, value);
    value_reader_init(&keyed, bytes_of(key.data + (key.size > 0), key.size - (key.size > 0)));
    if (value_get_u8(&reader) != FEEDBACK_VERSION)
        return STATUS_MALFORMED;
    switch (row.kind) {
    case 'c':
    case 'n': {
        struct value_reader *named = row.kind == 'c' ? &keyed : &reader;
        row.cohort.grouping = value_get_be16(named);
        value_get_copy(named, row.cohort.hash, COHORT_HASH_SIZE);
        row.number = row.kind == 'c' ? value_get_varint(&reader) : value_get_be32(&keyed);
        break;
    }
    case 'r':
        row.hour = value_get_be32(&keyed);
        row.id = value_get_be64(&keyed);
        read_run(&reader, &run);
        row.is_ignored = run.is_ignored;
        row.day = (int64_t)run.day;
        row.cohort_count = run.count;
        break;
    case 'f':
        row.hour = value_get_be32(&keyed);
        (void)value_get_raw(&keyed, FEEDBACK_IDENTITY_SIZE);
        row.waits = value_get_u8(&reader) != 0;
        row.id = row.waits ? value_get_be64(&reader) : 0;
        break;
    case 'w':
        row.id = value_get_be64(&keyed);
        row.hour = value_get_be32(&keyed);
        (void)value_get_raw(&keyed, FEEDBACK_IDENTITY_SIZE);
        row.said_kind = value_get_u8(&reader);
        row.day = (int64_t)value_get_varint(&reader);
        break;
    case 'k':
    case 'a':
        row.day = value_get_be32(&keyed);
        row.number = row.kind == 'k' ? value_get_be32(&keyed) : 0;
        row.is_attributed = row.kind == 'k' || value_get_u8(&keyed) != 0;
        row.said_kind = value_get_u8(&keyed);
        row.count = value_get_varint(&reader);
        break;
    default:
        return STATUS_MALFORMED;
    }
    if (value_reader_finish(&reader) != STATUS_OK || value_reader_finish(&keyed) != STATUS_OK ||
        row.said_kind >= FEEDBACK_ROW_KINDS)
        return STATUS_MALFORMED;
    *ret_row = row;
    return STATUS_OK;
}

static bool name_cohort(struct store_txn *txn, uint64_t number, struct feedback_cohort *ret_cohort)
{
    struct state_key key;
    struct value_reader reader;
    begin(&key, 'n');
    put_be32_key(&key, number);
    if (!get(txn, &key, &reader))
        return false;
    ret_cohort->grouping = value_get_be16(&reader);
    value_get_copy(&reader, ret_cohort->hash, COHORT_HASH_SIZE);
    return is_read(txn, &reader);
}

void feedback_counts(struct store_txn *txn, int64_t from_ms, feedback_count_fn *fn, void *context)
{
    static const char kinds[] = {'a', 'k'};
    for (size_t i = 0; i < sizeof kinds; i++) {
        struct store_cursor cursor;
        struct state_key from;
        begin(&from, kinds[i]);
        put_be32_key(&from, day_of(from_ms));
        store_cursor_begin(txn, TABLE_FEEDBACK, key_bytes(&from), 1, &cursor);
        while (store_cursor_next(&cursor)) {
            struct feedback_row row;
            struct bytes value = store_cursor_value(&cursor);
            if (!value.data ||
                feedback_row_decode(key_bytes(&cursor.key), value, &row) != STATUS_OK) {
                store_fail(txn, STATUS_FATAL, "a row of table feedback is not understood");
                break;
            }
            struct feedback_count count = {.is_of_cohort = row.kind == 'k',
                                           .is_attributed = row.is_attributed,
                                           .kind = row.said_kind,
                                           .day_ms = row.day * DAY_MS,
                                           .count = row.count};
            if (count.is_of_cohort && !name_cohort(txn, row.number, &count.cohort))
                break;
            fn(context, &count);
        }
        store_cursor_finish(&cursor);
    }
}
