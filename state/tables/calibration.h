/* What reviewed runs say of all runs: sums of weights 1/pi, pi being the probability with which a run
 * was chosen for review. A class is what decides how likely a chosen run is to be reviewed in the end.
 *
 *   calibration  'd' | be32 day | part     part = 'c' | class
 *                't' | part                       's' | scope 16 | class | ruleset 8 | u8 is bad
 *                                                 'r' | be32 rule | class | u8 outcome | u8 bits
 *   class = be64 queue | u8 verdict | u8 priority
 *   bits  = 1 is bad | 2 its own label was given | 4 it has a label that can be given
 *
 * `c` counts items, eligible and reviewed, and sums their weights; `s` sums reviewed ones of a cohort
 * (zeroes: all runs), `r` those for which a rule had an outcome. A day is that of the run, since 1970. Sums are additive and can
 * be taken back; one of no items is exactly 0: its row is deleted. A queue in a key is item_row_hash()
 * of its name. Owner: the writer's transaction; reads from any thread. */
#pragma once
#include "state/store/store.h"
#include "state/tables/day_key.h"

enum { CALIBRATION_TOTAL = DAY_KEY_TOTAL }; /* as a day: all of them */
enum {
    CALIBRATION_SCOPE_SIZE = 16,
    CALIBRATION_RULESET_SIZE = 8,
    CALIBRATION_VERDICTS = 4, /* of the caller */
    CALIBRATION_OUTCOMES = 5,
};
enum { CALIBRATION_IS_BAD = 1, CALIBRATION_HAS_OWN = 2, CALIBRATION_KNOWS_OWN = 4 };

struct calibration_class {
    uint64_t queue;
    uint8_t verdict, priority;
};

enum calibration_kind {
    CALIBRATION_CLASS = 'c',
    CALIBRATION_SCOPE = 's',
    CALIBRATION_RULE = 'r',
};

struct calibration_row {
    int64_t day; /* since 1970; or CALIBRATION_TOTAL */
    enum calibration_kind kind;
    struct calibration_class class;
    uint8_t scope[CALIBRATION_SCOPE_SIZE], ruleset[CALIBRATION_RULESET_SIZE]; /* of SCOPE */
    uint32_t rule;                                                            /* of RULE */
    uint8_t outcome;                                                          /* of RULE */
    uint8_t bits; /* of SCOPE: CALIBRATION_IS_BAD alone */
    int64_t n;    /* of CLASS: eligible */
    int64_t reviewed;
    double weight;          /* sum of 1/pi; of CLASS: of the eligible ones */
    double weight_squared;  /* of SCOPE and RULE: sum of 1/pi^2 */
    double reviewed_weight; /* of CLASS */
};

void calibration_row_key(const struct calibration_row *row, struct state_key *key);
/* Adds what may be negative. */
void calibration_add(struct store_txn *txn, const struct calibration_row *row);

typedef void calibration_row_fn(void *context, const struct calibration_row *row);
/* Of the days from `from` to `to`, both included; from = CALIBRATION_TOTAL: the totals. */
void calibration_scan(struct store_txn *txn, int64_t from, int64_t to, calibration_row_fn *fn,
                      void *context);
MUST_CHECK enum status calibration_decode(struct bytes key, struct bytes value,
                                          struct calibration_row *ret_row);
