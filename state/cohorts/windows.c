/* Sums of a ring of slots; a window is a comparison of starts. */
#include "state/cohorts/windows.h"

#include <stdlib.h>

#include "state/store/value.h"

enum { MINUTE_SLOTS = 72, HOUR_SLOTS = 52, DAY_SLOTS = 38, SLOTS = 162 };

static const struct {
    uint32_t first, count;
} places[RING_TOTAL] = {[RING_MINUTE] = {0, MINUTE_SLOTS},
                        [RING_HOUR] = {MINUTE_SLOTS, HOUR_SLOTS},
                        [RING_DAY] = {MINUTE_SLOTS + HOUR_SLOTS, DAY_SLOTS}};

struct slot {
    int64_t start_ms;
    int64_t verdicts[COHORT_VERDICTS];
    struct cohort_classes classes;
};

struct cohort_windows {
    struct slot slots[SLOTS];
    double largest_weight;
};

struct cohort_windows *cohort_windows_create(void)
{
    return calloc(1, sizeof(struct cohort_windows));
}

void cohort_windows_destroy(struct cohort_windows *windows)
{
    free(windows);
}

/* NULL: the bucket has left its ring. */
static struct slot *slot_of(struct cohort_windows *windows, enum cohort_ring ring, int64_t start_ms)
{
    uint64_t number = (uint64_t)(start_ms / cohort_ring_ms[ring]);
    struct slot *slot = &windows->slots[places[ring].first + number % places[ring].count];
    if (slot->start_ms > start_ms)
        return NULL;
    if (slot->start_ms < start_ms)
        *slot = (struct slot){.start_ms = start_ms};
    return slot;
}

void cohort_windows_add(struct cohort_windows *windows,
                        const struct cohort_contribution *contribution)
{
    cohort_windows_raise(windows, contribution->weight);
    int sign = contribution->change == COHORT_CHANGE_REMOVE ? -1 : 1;
    uint8_t verdict = contribution->verdict;
    for (enum cohort_ring ring = RING_MINUTE; ring < RING_TOTAL; ring++) {
        struct slot *slot =
            slot_of(windows, ring, cohort_bucket_start(ring, contribution->event_ms));
        if (!slot)
            continue;
        slot->verdicts[verdict] = value_sum(slot->verdicts[verdict], sign);
        cohort_classes_add(&slot->classes, &contribution->class, contribution->weight, sign);
    }
}

void cohort_windows_raise(struct cohort_windows *windows, double largest_weight)
{
    if (largest_weight > windows->largest_weight)
        windows->largest_weight = largest_weight;
}

void cohort_windows_add_bucket(struct cohort_windows *windows, enum cohort_ring ring,
                               int64_t start_ms, const struct cohort_bucket *bucket)
{
    struct slot *slot = ring < RING_TOTAL ? slot_of(windows, ring, start_ms) : NULL;
    if (!slot)
        return;
    for (size_t i = 0; i < COHORT_VERDICTS; i++)
        slot->verdicts[i] = value_sum(slot->verdicts[i], bucket->verdicts[i]);
    cohort_classes_merge(&slot->classes, &bucket->classes);
}

struct cohort_bucket cohort_windows_sum(const struct cohort_windows *windows, int64_t as_of_ms,
                                        int64_t window_ms)
{
    struct cohort_bucket sum = {.largest_weight = windows->largest_weight};
    struct cohort_window window;
    if (cohort_window_resolve(as_of_ms, window_ms, &window) != STATUS_OK ||
        window.ring == RING_TOTAL)
        return sum;
    for (uint32_t i = 0; i < places[window.ring].count; i++) {
        const struct slot *slot = &windows->slots[places[window.ring].first + i];
        if (slot->start_ms < window.from_ms || slot->start_ms > window.to_ms)
            continue;
        for (size_t k = 0; k < COHORT_VERDICTS; k++)
            sum.verdicts[k] = value_sum(sum.verdicts[k], slot->verdicts[k]);
        cohort_classes_merge(&sum.classes, &slot->classes);
    }
    cohort_bucket_settle(&sum);
    return sum;
}

void cohort_windows_load(struct cohort_windows *windows, struct store_txn *txn, uint16_t grouping,
                         const uint8_t hash[COHORT_HASH_SIZE])
{
    struct store_cursor cursor;
    struct state_key prefix = {.size = 0};
    struct cohort_key key;
    key_be16(&prefix, grouping);
    key_raw(&prefix, bytes_of(hash, COHORT_HASH_SIZE));
    store_cursor_begin(txn, TABLE_COHORT, key_bytes(&prefix), prefix.size, &cursor);
    while (store_cursor_next(&cursor)) {
        struct cohort_bucket bucket = {.tokens = 0};
        if (cohort_key_decode(key_bytes(&cursor.key), &key) == STATUS_OK &&
            cohort_bucket_decode(store_cursor_value(&cursor), &bucket) == STATUS_OK)
            cohort_windows_add_bucket(windows, key.ring, key.start_ms, &bucket);
        else
            store_fail(txn, STATUS_FATAL, "a row of table cohort is not understood");
        cohort_bucket_finish(&bucket);
    }
    store_cursor_finish(&cursor);
}
