/* What alerts remember over a restart: whether they fire, how often they have begun, and how far
 * the CUSUM of a cohort has come.
 *   key = be16 grouping | 16-byte hash of the values | u8 kind | be64 window (ms; 0: no window)
 * A CUSUM row stands for all decided rows up to folded_sequence, like the buckets of cohorts: it is
 * written in the transaction that moves it, and a restart observes the rows above it again. What is
 * told of an alert goes into the outbox in the transaction that changes its row, so nothing is told
 * twice. Owner: the writer thread. */
#pragma once
#include "state/store/store.h"

enum alert_kind {
    ALERT_FLOOR,     /* the pass rate of a window is below its target */
    ALERT_BURN_RATE, /* the error budget is spent too fast */
    ALERT_WORSE,     /* CUSUM: the fail rate has gone up */
    ALERT_BETTER,    /* CUSUM: it has gone down; informs */
    ALERT_KINDS,
};
extern const char *const alert_kind_names[ALERT_KINDS];

struct alert_key {
    uint16_t grouping;
    uint8_t hash[COHORT_HASH_SIZE];
    enum alert_kind kind;
    int64_t window_ms;
};

struct alert_row {
    bool is_firing;
    uint64_t episode;   /* how often it has begun to fire */
    int64_t changed_ms; /* when it last began or ended; event time for a CUSUM */
    /* Of a CUSUM only: */
    double statistic;
    double p0;             /* the usual fail rate; 0: not known yet */
    uint64_t seen, failed; /* the runs it is learned from; 0 when it is configured */
};

/* False: there is none. */
bool alert_read(struct store_txn *txn, const struct alert_key *key, struct alert_row *ret_row);
void alert_write(struct store_txn *txn, const struct alert_key *key, const struct alert_row *row);
/* Rows of alerts that are configured no more; true from `keep` keeps one. */
void alert_sweep(struct store_txn *txn,
                 bool (*keep)(const void *context, const struct alert_key *key),
                 const void *context);
MUST_CHECK enum status alert_row_decode(struct bytes key, struct bytes value,
                                        struct alert_key *ret_key, struct alert_row *ret_row);
