/* Each row's count is added under its key, and what the items say is taken off it: nothing is left. Keys
 * are 64 bits of a hash, in a table with open places. */
#include "pipelines/review/tally_check.h"

#include <stdlib.h>
#include <string.h>

#include "pipelines/review/tally_state.h"
#include "processor/base/digest.h"
#include "state/tables/agreement.h"
#include "state/tables/calibration.h"

enum { ITEM_BYTES_MAX = 64 << 20, PLACES_MIN = 1024 };

struct sum {
    uint64_t key; /* 0: free */
    int64_t count;
};

struct sums {
    struct sum *places;
    size_t capacity, used; /* capacity: a power of two */
    int64_t first_day;
    bool failed;
};

static void add(struct sums *sums, uint64_t key, int64_t count);

static void grow(struct sums *sums)
{
    struct sums larger = {.capacity = sums->capacity ? 2 * sums->capacity : PLACES_MIN,
                          .first_day = sums->first_day};
    larger.places = calloc(larger.capacity, sizeof *larger.places);
    if (!larger.places) {
        sums->failed = true;
        return;
    }
    for (size_t i = 0; i < sums->capacity; i++)
        if (sums->places[i].key != 0)
            add(&larger, sums->places[i].key, sums->places[i].count);
    free(sums->places);
    *sums = larger;
}

static void add(struct sums *sums, uint64_t key, int64_t count)
{
    if (2 * sums->used >= sums->capacity)
        grow(sums);
    if (sums->failed)
        return;
    size_t at = key & (sums->capacity - 1);
    while (sums->places[at].key != 0 && sums->places[at].key != key)
        at = (at + 1) & (sums->capacity - 1);
    sums->used += sums->places[at].key == 0;
    sums->places[at].key = key;
    sums->places[at].count += count;
}

static uint64_t key_of(enum state_table table, const struct state_key *key)
{
    struct state_key whole = {.size = 0};
    key_u8(&whole, (uint8_t)table);
    key_raw(&whole, key_bytes(key));
    return digest_table_hash(key_bytes(&whole)) | 1;
}

/* --- both sides --- */

static void take_row(void *context, const struct agreement_row *row)
{
    struct state_key key;
    agreement_row_key(row, &key);
    add(context, key_of(TABLE_AGREEMENT, &key), row->count);
}

static void take_pair(void *context, const struct agreement_pair *pair)
{
    struct state_key key;
    agreement_pair_key(pair, &key);
    add(context, key_of(TABLE_PAIR, &key), pair->count);
}

/* Eligible and reviewed items are two counts. Which cohorts and rules there are the configuration says,
 * so their sums are not compared. */
static void take_calibration(void *context, const struct calibration_row *row)
{
    static const uint8_t all[CALIBRATION_SCOPE_SIZE] = {0};
    struct state_key key;
    bool is_of_all = row->kind == CALIBRATION_SCOPE && memcmp(row->scope, all, sizeof all) == 0;
    if (!is_of_all && row->kind != CALIBRATION_CLASS)
        return;
    calibration_row_key(row, &key);
    add(context, key_of(TABLE_CALIBRATION, &key), row->n);
    key_u8(&key, 'r');
    if (!is_of_all)
        add(context, key_of(TABLE_CALIBRATION, &key), row->reviewed);
}

static void read_tables(struct store_txn *txn, struct sums *sums)
{
    int64_t days[][2] = {{sums->first_day, UINT32_MAX}, {AGREEMENT_TOTAL, 0}};
    for (int i = 0; i < 2; i++) {
        agreement_scan(txn, days[i][0], days[i][1], take_row, sums);
        agreement_scan_pairs(txn, days[i][0], days[i][1], take_pair, sums);
        if (tally_is_whole(txn, TALLY_CALIBRATION))
            calibration_scan(txn, days[i][0], days[i][1], take_calibration, sums);
    }
}

static void read_items(struct store_txn *txn, struct sums *sums)
{
    struct store_cursor cursor;
    struct tally_sink sink = {take_row, take_pair, take_calibration, sums};
    struct arena arena;
    arena_init(&arena, ITEM_BYTES_MAX);
    store_cursor_begin(txn, TABLE_ITEM, bytes_of("", 0), 0, &cursor);
    while (!sums->failed && store_cursor_next(&cursor)) {
        struct item_row item;
        arena_reset(&arena);
        if (cursor.key.size == 8 && item_read(txn, get_be64(cursor.key.data), &arena, &item))
            tally_tell(txn, &item, &sink);
    }
    store_cursor_finish(&cursor);
    arena_finish(&arena);
}

/* Is all counted, and has no item been deleted? They are numbered from 1. */
static bool is_comparable(struct store_txn *txn)
{
    struct state_key last;
    if (!store_last_key(txn, TABLE_ITEM, bytes_of("", 0), &last))
        return store_count(txn, TABLE_AGREEMENT) == 0;
    return tally_is_whole(txn, TALLY_AGREEMENT) && last.size == 8 &&
           get_be64(last.data) == store_count(txn, TABLE_ITEM);
}

enum status tally_check(struct store_txn *txn, struct tally_check *ret_check)
{
    struct sums sums = {.first_day = (int64_t)store_get_number(txn, "tally_day")};
    *ret_check = (struct tally_check){.is_comparable = is_comparable(txn)};
    if (!ret_check->is_comparable)
        return txn->status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
    read_tables(txn, &sums);
    ret_check->rows = sums.used;
    read_items(txn, &sums);
    for (size_t i = 0; i < sums.capacity; i++)
        ret_check->different += sums.places[i].key != 0 && sums.places[i].count != 0;
    free(sums.places);
    return txn->status == STATUS_OK && !sums.failed ? STATUS_OK : STATUS_FATAL;
}
