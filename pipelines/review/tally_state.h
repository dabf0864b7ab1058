/* What agreement_tally.c and calibration_tally.c are made of: one item with its results, whose rows say
 * what to add and, with the other sign, what to take back. */
#pragma once
#include "pipelines/review/tally.h"

struct agreement_row;
struct agreement_pair;
struct calibration_row;

/* Where counts go instead of into the store, with the sign turned: for who only compares. */
struct tally_sink {
    void (*of_row)(void *context, const struct agreement_row *row);
    void (*of_pair)(void *context, const struct agreement_pair *pair);
    void (*of_calibration)(void *context, const struct calibration_row *row);
    void *context;
};
/* What is counted of the item goes there, of those parts that are whole; of calibration the classes, and
 * the sums of all runs. */
void tally_tell(struct store_txn *txn, const struct item_row *item, const struct tally_sink *sink);

struct item_tally {
    const struct review_settings *settings;
    const struct item_row *item;
    const struct result_row *results; /* by time of receipt */
    uint32_t result_count;
    int sign;                      /* +1, -1 */
    const struct tally_sink *sink; /* NULL: the store */
    int64_t first_day;             /* of tally_day: earlier ones have a total alone */
};
void agreement_tally(struct store_txn *txn, const struct item_tally *tally);
void calibration_tally(struct store_txn *txn, const struct item_tally *tally);

/* Of an item, by time of receipt, in the arena; NULL: no memory. */
struct result_row *tally_results(struct store_txn *txn, uint64_t item, struct arena *arena,
                                 uint32_t *ret_count);

/* The results whose first verdicts count for agreement and estimates, by time: those of reviewers in
 * places that the item wanted from the beginning. Adjudicators, whoever came beyond those places, and
 * who opened the item by its id don't. */
enum { TALLY_PLANNED_MAX = 8 };
uint32_t tally_planned(const struct item_tally *tally,
                       const struct result_row *ret_rows[TALLY_PLANNED_MAX]);
/* Was the run bad? The first verdicts in planned places say so where they are one; else the decision
 * does. False: not known. */
bool tally_find_bad(const struct item_tally *tally, bool *ret_is_bad);
/* Was one of these labels given? By more than half of the first ones in planned places where their
 * verdicts are one; else the decision says so. */
bool tally_has_label(const struct item_tally *tally, const struct bytes *labels, uint32_t count);
