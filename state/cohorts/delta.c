/* What the decided rows of the last second add to the stored buckets, and the fold:
 *   add: contribution -> 4 rings x its groups, summed in memory by bucket key
 *   flush: row = row + delta for each, folded_sequence = n, in one transaction
 * An aborted flush keeps the delta; the next one is the same again. */
#include "state/cohorts/delta.h"

#include <assert.h>
#include <stdlib.h>

#include "state/store/key_index.h"
#include "state/tables/decided.h"

enum { COHORT_KEY_BYTES = 2 + COHORT_HASH_SIZE + 1 + 8, EXPIRY_STEPS = 256 };

struct cohort_delta {
    struct key_index index;        /* encoded keys */
    struct cohort_bucket *buckets; /* by number */
    uint32_t capacity;
    bool is_flushed;            /* by the transaction under way */
    struct state_key expire_at; /* where the search for expired buckets goes on */
};

struct cohort_delta *cohort_delta_create(void)
{
    struct cohort_delta *delta = calloc(1, sizeof *delta);
    if (delta)
        delta->index.key_size = COHORT_KEY_BYTES;
    return delta;
}

static void clear(struct cohort_delta *delta)
{
    for (uint32_t i = 0; i < delta->index.count; i++)
        cohort_bucket_finish(&delta->buckets[i]);
    key_index_finish(&delta->index);
}

void cohort_delta_destroy(struct cohort_delta *delta)
{
    if (!delta)
        return;
    clear(delta);
    free(delta->buckets);
    free(delta);
}

size_t cohort_delta_buckets(const struct cohort_delta *delta)
{
    return delta->index.count;
}

static struct cohort_bucket *bucket_of(struct cohort_delta *delta, const struct cohort_key *key)
{
    struct state_key encoded;
    cohort_key_encode(key, &encoded);
    assert(encoded.size == COHORT_KEY_BYTES);
    uint32_t number = key_index_find(&delta->index, encoded.data);
    if (number != KEY_INDEX_NONE)
        return &delta->buckets[number];
    if (delta->index.count == delta->capacity) {
        uint32_t capacity = delta->capacity ? delta->capacity * 2 : 64;
        struct cohort_bucket *buckets = realloc(delta->buckets, capacity * sizeof *buckets);
        if (!buckets)
            return NULL;
        delta->buckets = buckets;
        delta->capacity = capacity;
    }
    number = key_index_add(&delta->index, encoded.data);
    if (number == KEY_INDEX_NONE)
        return NULL;
    delta->buckets[number] = (struct cohort_bucket){0};
    return &delta->buckets[number];
}

bool cohort_delta_add(struct cohort_delta *delta, const struct cohort_contribution *contribution)
{
    assert(!delta->is_flushed);
    for (uint32_t i = 0; i < contribution->group_count; i++) {
        struct cohort_key key = {.grouping = contribution->groups[i].grouping};
        memcpy(key.hash, contribution->groups[i].hash, COHORT_HASH_SIZE);
        for (key.ring = RING_MINUTE; key.ring < COHORT_RINGS; key.ring++) {
            key.start_ms = cohort_bucket_start(key.ring, contribution->event_ms);
            struct cohort_bucket *bucket = bucket_of(delta, &key);
            if (!bucket || !cohort_bucket_add(bucket, contribution))
                return false;
        }
    }
    return true;
}

enum status cohort_delta_add_encoded(struct cohort_delta *delta, struct bytes contributions)
{
    struct value_reader reader;
    struct cohort_contribution contribution;
    value_reader_init(&reader, contributions);
    while (!reader.failed && reader.at < reader.end)
        cohort_contribution_decode(&reader, &contribution);
    if (reader.failed)
        return STATUS_MALFORMED;
    value_reader_init(&reader, contributions);
    while (reader.at < reader.end) {
        cohort_contribution_decode(&reader, &contribution);
        if (!cohort_delta_add(delta, &contribution))
            return STATUS_FATAL;
    }
    return STATUS_OK;
}

/* --- flush --- */

static void delta_end(void *context, bool is_committed)
{
    struct cohort_delta *delta = context;
    if (is_committed)
        clear(delta);
    delta->is_flushed = false;
}

/* Row = row + delta; no row when nothing is left. */
static void flush_bucket(struct store_txn *txn, struct bytes key,
                         const struct cohort_bucket *bucket, struct buffer *scratch)
{
    struct cohort_bucket sum = {0};
    struct bytes value;
    bool is_stored = store_get(txn, TABLE_COHORT, key, &value);
    if (is_stored && cohort_bucket_decode(value, &sum) != STATUS_OK)
        store_fail(txn, STATUS_FATAL, "a row of table cohort is not understood");
    if (!cohort_bucket_merge(&sum, bucket))
        store_fail(txn, STATUS_FATAL, "no memory for a cohort bucket");
    cohort_bucket_settle(&sum);
    buffer_clear(scratch);
    cohort_bucket_encode(&sum, scratch);
    if (scratch->failed)
        store_fail(txn, STATUS_FATAL, "no memory for a cohort bucket");
    if (!cohort_bucket_is_empty(&sum))
        store_put(txn, TABLE_COHORT, key, buffer_bytes(scratch));
    else if (is_stored)
        store_delete(txn, TABLE_COHORT, key);
    cohort_bucket_finish(&sum);
}

static int compare_numbers(const void *a, const void *b, void *context)
{
    const struct key_index *index = context;
    uint32_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return memcmp(key_index_at(index, left), key_index_at(index, right), COHORT_KEY_BYTES);
}

/* Deletes some of the buckets that have left their ring. Old ones are the first of their ring, so
 * one step looks at one row and passes over the rest of a ring that has no old one. */
static void expire(struct cohort_delta *delta, struct store_txn *txn, int64_t now_ms)
{
    struct store_cursor cursor;
    struct cohort_key key;
    store_cursor_begin(txn, TABLE_COHORT, key_bytes(&delta->expire_at), 0, &cursor);
    bool is_end = false;
    for (int step = 0; step < EXPIRY_STEPS && !is_end; step++) {
        is_end = !store_cursor_next(&cursor);
        if (is_end)
            break;
        if (cohort_key_decode(key_bytes(&cursor.key), &key) != STATUS_OK) {
            store_fail(txn, STATUS_FATAL, "a key of table cohort is not understood");
            break;
        }
        if (key.ring != RING_TOTAL && key.start_ms < cohort_ring_horizon(key.ring, now_ms)) {
            store_cursor_delete(&cursor);
            continue;
        }
        struct state_key next = {.size = 0};
        key.start_ms = 0;
        cohort_key_encode(&key, &next);
        next.data[2 + COHORT_HASH_SIZE]++; /* the next ring, or behind the total: the next cohort */
        store_cursor_seek(&cursor, key_bytes(&next));
    }
    delta->expire_at = cursor.key;
    if (is_end)
        delta->expire_at.size = 0;
    store_cursor_finish(&cursor);
}

void cohort_delta_flush(struct cohort_delta *delta, struct store_txn *txn, uint64_t folded_sequence,
                        int64_t now_ms)
{
    struct buffer scratch = {0};
    struct cohort_key key;
    uint32_t count = delta->index.count;
    assert(!delta->is_flushed);
    delta->is_flushed = true;
    store_on_end(txn, delta_end, delta);
    uint32_t *order = malloc((count + 1) * sizeof *order);
    if (!order)
        store_fail(txn, STATUS_FATAL, "no memory for a flush of cohorts");
    /* In key order: neighbors share pages. */
    for (uint32_t i = 0; order && i < count; i++)
        order[i] = i;
    if (order)
        qsort_r(order, count, sizeof *order, compare_numbers, &delta->index);
    for (uint32_t i = 0; i < count && txn->status == STATUS_OK; i++) {
        struct bytes encoded = bytes_of(key_index_at(&delta->index, order[i]), COHORT_KEY_BYTES);
        enum status status = cohort_key_decode(encoded, &key);
        assert(status == STATUS_OK);
        if (key.ring == RING_TOTAL || key.start_ms >= cohort_ring_horizon(key.ring, now_ms))
            flush_bucket(txn, encoded, &delta->buckets[order[i]], &scratch);
    }
    if (folded_sequence > 0)
        store_put_number(txn, "folded_sequence", folded_sequence);
    expire(delta, txn, now_ms);
    free(order);
    buffer_finish(&scratch);
}

uint64_t cohort_folded_sequence(struct store_txn *txn)
{
    return store_get_number(txn, "folded_sequence");
}

/* --- restart --- */

struct restoring {
    struct cohort_delta *delta;
    uint64_t last;
    enum status status;
};

static bool restore_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct restoring *restoring = context;
    restoring->status = cohort_delta_add_encoded(restoring->delta, row->contribution);
    restoring->last = sequence;
    return restoring->status == STATUS_OK;
}

enum status cohort_delta_restore(struct cohort_delta *delta, struct store *store,
                                 uint64_t *ret_last)
{
    struct store_txn txn;
    store_begin(store, false, &txn);
    uint64_t folded = cohort_folded_sequence(&txn);
    enum status status = store_commit(&txn);
    struct restoring restoring = {delta, folded, STATUS_OK};
    if (status == STATUS_OK)
        status = decided_load(store, folded + 1, restore_row, &restoring);
    if (status == STATUS_OK && restoring.status != STATUS_OK)
        status = STATUS_FATAL;
    if (status == STATUS_OK)
        *ret_last = restoring.last;
    return status;
}
