/* Sums by cohort in memory: what rows stored as totals say, minus what contributions say, must be
 * 0. */
#include "state/cohorts/audit.h"

#include <stdlib.h>

#include "state/cohorts/cohort.h"
#include "state/cohorts/delta.h"
#include "state/store/key_index.h"
#include "state/tables/decided.h"

enum { COHORT_BYTES = 2 + COHORT_HASH_SIZE };

struct auditing {
    struct store_txn *txn;
    struct key_index index;
    int64_t (*differences)[COHORT_VERDICTS]; /* by number */
    uint32_t capacity;
    uint64_t folded, first_sequence;
};

static int64_t *differences_of(struct auditing *auditing, const uint8_t key[COHORT_BYTES])
{
    uint32_t number = key_index_find(&auditing->index, key);
    if (number != KEY_INDEX_NONE)
        return auditing->differences[number];
    if (auditing->index.count == auditing->capacity) {
        uint32_t capacity = auditing->capacity ? auditing->capacity * 2 : 64;
        void *grown = realloc(auditing->differences, capacity * sizeof *auditing->differences);
        if (!grown)
            return NULL;
        auditing->differences = grown;
        auditing->capacity = capacity;
    }
    number = key_index_add(&auditing->index, key);
    if (number == KEY_INDEX_NONE)
        return NULL;
    memset(auditing->differences[number], 0, sizeof *auditing->differences);
    return auditing->differences[number];
}

static void take_contribution(struct auditing *auditing,
                              const struct cohort_contribution *contribution)
{
    int sign = contribution->change == COHORT_CHANGE_REMOVE ? -1 : 1;
    for (uint32_t i = 0; i < contribution->group_count; i++) {
        uint8_t key[COHORT_BYTES];
        put_be16(key, contribution->groups[i].grouping);
        memcpy(key + 2, contribution->groups[i].hash, COHORT_HASH_SIZE);
        int64_t *differences = differences_of(auditing, key);
        if (differences)
            differences[contribution->verdict] -= sign;
        else
            store_fail(auditing->txn, STATUS_FATAL, "no memory to compare cohorts");
    }
}

static bool take_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct auditing *auditing = context;
    struct value_reader reader;
    struct cohort_contribution contribution;
    if (auditing->first_sequence == 0)
        auditing->first_sequence = sequence;
    if (sequence > auditing->folded || auditing->first_sequence != 1)
        return false;
    value_reader_init(&reader, row->contribution);
    while (reader.at < reader.end && !reader.failed) {
        cohort_contribution_decode(&reader, &contribution);
        if (!reader.failed)
            take_contribution(auditing, &contribution);
    }
    if (reader.failed)
        store_fail(auditing->txn, STATUS_FATAL, "a contribution is not understood");
    return auditing->txn->status == STATUS_OK;
}

static void take_totals(struct auditing *auditing)
{
    struct store_cursor cursor;
    struct cohort_key key;
    store_cursor_begin(auditing->txn, TABLE_COHORT, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        struct cohort_bucket bucket = {0};
        bool is_total =
            cohort_key_decode(key_bytes(&cursor.key), &key) == STATUS_OK && key.ring == RING_TOTAL;
        if (is_total && cohort_bucket_decode(store_cursor_value(&cursor), &bucket) == STATUS_OK) {
            int64_t *differences = differences_of(auditing, cursor.key.data);
            for (size_t i = 0; differences && i < COHORT_VERDICTS; i++)
                differences[i] += bucket.verdicts[i];
            if (!differences)
                store_fail(auditing->txn, STATUS_FATAL, "no memory to compare cohorts");
        }
        cohort_bucket_finish(&bucket);
    }
    store_cursor_finish(&cursor);
}

enum status cohort_audit(struct store_txn *txn, struct cohort_audit *ret_audit)
{
    struct auditing auditing = {.txn = txn, .index = {.key_size = COHORT_BYTES}};
    struct cohort_audit audit = {0};
    auditing.folded = cohort_folded_sequence(txn);
    decided_scan(txn, 0, take_row, &auditing);
    /* Sequences start at 1 and leave from the front. */
    audit.is_whole =
        auditing.first_sequence == 1 ||
        (auditing.first_sequence == 0 && store_get_number(txn, "decided_sequence") == 0);
    if (audit.is_whole)
        take_totals(&auditing);
    for (uint32_t i = 0; audit.is_whole && i < auditing.index.count; i++) {
        bool is_same = true;
        for (size_t k = 0; k < COHORT_VERDICTS; k++)
            is_same = is_same && auditing.differences[i][k] == 0;
        audit.cohorts++;
        audit.different += !is_same;
    }
    key_index_finish(&auditing.index);
    free(auditing.differences);
    if (txn->status == STATUS_OK)
        *ret_audit = audit;
    return txn->status;
}
