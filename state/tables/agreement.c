/* value of a pattern or cell = u8 version | signed count
 * value of an actor          = u8 version | u8 1 */
#include "state/tables/agreement.h"

#include <assert.h>

#include "state/store/value.h"

enum { VERSION = 1, KIND_ACTOR = 'a' };

const uint8_t agreement_machine[AGREEMENT_ACTOR_SIZE] = {0};
const uint8_t agreement_other[AGREEMENT_ACTOR_SIZE] = {0xff, 0xff, 0xff, 0xff,
                                                       0xff, 0xff, 0xff, 0xff};

/* --- keys --- */

static void put_subject(struct state_key *key, enum agreement_subject subject, struct bytes id)
{
    assert(id.size <= AGREEMENT_ID_MAX);
    key_u8(key, (uint8_t)subject);
    key_u8(key, (uint8_t)id.size);
    key_raw(key, id);
}

static bool get_subject(struct value_reader *name, enum agreement_subject *ret_subject,
                        struct bytes *ret_id)
{
    uint8_t subject = value_get_u8(name);
    *ret_subject = (enum agreement_subject)subject;
    *ret_id = value_get_raw(name, value_get_u8(name));
    return ret_id->size <= AGREEMENT_ID_MAX &&
           (subject == AGREEMENT_VERDICT || subject == AGREEMENT_LABEL ||
            subject == AGREEMENT_RULE);
}

static bool get_count(struct bytes value, int64_t *ret_count)
{
    struct value_reader fields;
    value_reader_init(&fields, value);
    bool is_known = value_get_u8(&fields) == VERSION;
    *ret_count = value_get_signed(&fields);
    return is_known && value_reader_finish(&fields) == STATUS_OK;
}

/* --- adding --- */

static void add(struct store_txn *txn, enum state_table table, const struct state_key *key,
                int64_t change)
{
    struct bytes stored;
    struct buffer value = {0};
    int64_t count = 0;
    if (store_get(txn, table, key_bytes(key), &stored) && !get_count(stored, &count)) {
        store_fail(txn, STATUS_FATAL, "a row of table %s is not understood",
                   table_layouts[table].name);
        return;
    }
    count = value_sum(count, change);
    if (count == 0) {
        (void)store_delete(txn, table, key_bytes(key));
        return;
    }
    buffer_append_byte(&value, VERSION);
    value_put_signed(&value, count);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, table, key_bytes(key), buffer_bytes(&value));
    buffer_finish(&value);
}

void agreement_row_key(const struct agreement_row *row, struct state_key *ret_key)
{
    day_key_begin(ret_key, row->day);
    key_be64(ret_key, row->queue);
    put_subject(ret_key, row->subject, row->id);
    key_raw(ret_key, bytes_of(row->counts, sizeof row->counts));
}

void agreement_add(struct store_txn *txn, const struct agreement_row *row)
{
    struct state_key key;
    agreement_row_key(row, &key);
    add(txn, TABLE_AGREEMENT, &key, row->count);
}

void agreement_pair_key(const struct agreement_pair *pair, struct state_key *ret_key)
{
    int order = memcmp(pair->actors[0], pair->actors[1], AGREEMENT_ACTOR_SIZE);
    bool is_swapped = order > 0 || (order == 0 && pair->categories[0] > pair->categories[1]);
    day_key_begin(ret_key, pair->day);
    key_raw(ret_key, bytes_of(pair->actors[is_swapped], AGREEMENT_ACTOR_SIZE));
    key_raw(ret_key, bytes_of(pair->actors[!is_swapped], AGREEMENT_ACTOR_SIZE));
    put_subject(ret_key, pair->subject, pair->id);
    key_u8(ret_key, pair->categories[is_swapped]);
    key_u8(ret_key, pair->categories[!is_swapped]);
}

void agreement_add_pair(struct store_txn *txn, const struct agreement_pair *pair)
{
    struct state_key key;
    agreement_pair_key(pair, &key);
    add(txn, TABLE_PAIR, &key, pair->count);
}

/* --- actors --- */

/* How many stand for themselves. */
static uint32_t count_actors(struct store_txn *txn)
{
    struct store_cursor cursor;
    struct agreement_pair actor;
    uint32_t count = 0;
    store_cursor_begin(txn, TABLE_PAIR, bytes_of("a", 1), 1, &cursor);
    while (store_cursor_next(&cursor))
        count += agreement_decode_pair(key_bytes(&cursor.key), store_cursor_value(&cursor),
                                       &actor) == STATUS_OK &&
                 actor.count != 0;
    store_cursor_finish(&cursor);
    return count;
}

void agreement_actor(struct store_txn *txn, const uint8_t actor[AGREEMENT_ACTOR_SIZE],
                     uint32_t most, bool may_add, uint8_t ret_actor[AGREEMENT_ACTOR_SIZE])
{
    struct state_key key = {.size = 0};
    struct bytes stored;
    bool is_own = false;
    key_u8(&key, KIND_ACTOR);
    key_raw(&key, bytes_of(actor, AGREEMENT_ACTOR_SIZE));
    if (store_get(txn, TABLE_PAIR, key_bytes(&key), &stored)) {
        is_own = stored.size == 2 && stored.data[1] != 0;
    } else if (may_add && count_actors(txn) < most) {
        const uint8_t value[] = {VERSION, true};
        is_own = true;
        store_put(txn, TABLE_PAIR, key_bytes(&key), bytes_of(value, sizeof value));
    }
    memcpy(ret_actor, is_own ? actor : agreement_other, AGREEMENT_ACTOR_SIZE);
}

/* --- reading --- */

enum status agreement_decode(struct bytes key, struct bytes value, struct agreement_row *ret_row)
{
    struct value_reader name;
    struct agreement_row row = {0};
    value_reader_init(&name, key);
    bool is_known = day_key_read(&name, &row.day);
    row.queue = value_get_be64(&name);
    is_known = get_subject(&name, &row.subject, &row.id) && is_known;
    value_get_copy(&name, row.counts, sizeof row.counts);
    if (!is_known || value_reader_finish(&name) != STATUS_OK || !get_count(value, &row.count))
        return STATUS_MALFORMED;
    *ret_row = row;
    return STATUS_OK;
}

enum status agreement_decode_pair(struct bytes key, struct bytes value,
                                  struct agreement_pair *ret_pair)
{
    struct value_reader name;
    struct agreement_pair pair = {0};
    value_reader_init(&name, key);
    if (key.size == 1 + AGREEMENT_ACTOR_SIZE && key.data[0] == KIND_ACTOR) {
        if (value.size != 2 || value.data[0] != VERSION || value.data[1] > 1)
            return STATUS_MALFORMED;
        memcpy(pair.actors[0], key.data + 1, AGREEMENT_ACTOR_SIZE);
        pair.count = value.data[1];
        pair.is_actor = true;
        *ret_pair = pair;
        return STATUS_OK;
    }
    bool is_known = day_key_read(&name, &pair.day);
    for (int i = 0; i < 2; i++)
        value_get_copy(&name, pair.actors[i], AGREEMENT_ACTOR_SIZE);
    is_known = get_subject(&name, &pair.subject, &pair.id) && is_known;
    value_get_copy(&name, pair.categories, sizeof pair.categories);
    if (!is_known || value_reader_finish(&name) != STATUS_OK || !get_count(value, &pair.count) ||
        pair.categories[0] >= AGREEMENT_CATEGORIES || pair.categories[1] >= AGREEMENT_CATEGORIES)
        return STATUS_MALFORMED;
    *ret_pair = pair;
    return STATUS_OK;
}

struct scan {
    enum state_table table;
    agreement_row_fn *of_row;
    agreement_pair_fn *of_pair;
    void *context;
};

static bool hand_out(const struct scan *scan, struct bytes key, struct bytes value)
{
    struct agreement_row row;
    struct agreement_pair pair;
    if (scan->of_row ? agreement_decode(key, value, &row) != STATUS_OK
                     : agreement_decode_pair(key, value, &pair) != STATUS_OK)
        return false;
    if (scan->of_row)
        scan->of_row(scan->context, &row);
    else
        scan->of_pair(scan->context, &pair);
    return true;
}

static void walk(struct store_txn *txn, int64_t from, int64_t to, const struct scan *scan)
{
    struct store_cursor cursor;
    struct state_key key;
    day_key_begin(&key, from);
    store_cursor_begin(txn, scan->table, key_bytes(&key), 1, &cursor);
    while (store_cursor_next(&cursor)) {
        if (from != AGREEMENT_TOTAL && cursor.key.size > 5 && get_be32(cursor.key.data + 1) > to)
            break;
        if (!hand_out(scan, key_bytes(&cursor.key), store_cursor_value(&cursor))) {
            store_fail(txn, STATUS_FATAL, "a row of table %s is not understood",
                       table_layouts[scan->table].name);
            break;
        }
    }
    store_cursor_finish(&cursor);
}

void agreement_scan(struct store_txn *txn, int64_t from, int64_t to, agreement_row_fn *fn,
                    void *context)
{
    walk(txn, from, to, &(struct scan){TABLE_AGREEMENT, fn, NULL, context});
}

void agreement_scan_pairs(struct store_txn *txn, int64_t from, int64_t to, agreement_pair_fn *fn,
                          void *context)
{
    walk(txn, from, to, &(struct scan){TABLE_PAIR, NULL, fn, context});
}
