/* What selection remembers: how much each event-time hour brought and let through, so that a budget
 * holds over restarts, and which cohorts are still among their first runs.
 *   'h' | be64 hour              the strata of an hour (hour: since 1970)
 *   's' | be64 hour | be64 id    one failure signature of that hour
 *   'd' | be64 day               runs of the control stratum of an event-time day (since 1970)
 *   'c' | be16 grouping | hash   runs seen of a young cohort; the row leaves when there are enough
 * `basis` is what the hour (the day) before had brought when this one began: its probabilities
 * follow from it, how often they were halved, and the configuration, so they stay what they were
 * over a restart. Owner: the writer thread. */
#pragma once
#include "state/store/store.h"

enum { SELECTION_STRATA = 4 }; /* the caller's numbers */

struct selection_hour {
    int64_t hour;
    uint64_t basis[SELECTION_STRATA];
    uint64_t seen[SELECTION_STRATA];    /* runs decided */
    uint64_t emitted[SELECTION_STRATA]; /* of these, records */
    uint32_t halvings[SELECTION_STRATA];
    uint64_t halved_at[SELECTION_STRATA]; /* records out when it was last halved */
};

struct selection_signature {
    uint64_t id;
    uint64_t basis, seen, emitted;
    uint32_t halvings;
    uint64_t halved_at;
};

struct selection_day {
    int64_t day;
    uint64_t basis, seen;
};

void selection_put_hour(struct store_txn *txn, const struct selection_hour *hour);
void selection_put_signature(struct store_txn *txn, int64_t hour,
                             const struct selection_signature *signature);
/* The hour and its signatures. */
void selection_delete_hour(struct store_txn *txn, int64_t hour);

void selection_put_day(struct store_txn *txn, const struct selection_day *day);
void selection_delete_day(struct store_txn *txn, int64_t day);

/* First the days; then of each hour the strata, and its signatures. */
struct selection_scan {
    void (*on_day)(void *context, const struct selection_day *day);
    void (*on_hour)(void *context, const struct selection_hour *hour);
    void (*on_signature)(void *context, int64_t hour, const struct selection_signature *signature);
    void *context;
};
void selection_scan(struct store_txn *txn, const struct selection_scan *scan);

/* Runs seen of a young cohort; 0: it is not young. */
uint32_t selection_cohort(struct store_txn *txn, uint16_t grouping,
                          const uint8_t hash[COHORT_HASH_SIZE]);
/* 0: not young any more. */
void selection_put_cohort(struct store_txn *txn, uint16_t grouping,
                          const uint8_t hash[COHORT_HASH_SIZE], uint32_t seen);

/* Any row, for inspection; what the key's kind does not have stays 0. */
struct selection_row {
    char kind;
    struct selection_hour hour;
    struct selection_signature signature;
    struct selection_day day;
    uint16_t grouping;
    uint8_t hash[COHORT_HASH_SIZE];
    uint32_t cohort_seen;
};
MUST_CHECK enum status selection_row_decode(struct bytes key, struct bytes value,
                                            struct selection_row *ret_row);
