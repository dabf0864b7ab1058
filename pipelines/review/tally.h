/* What an item and its results add to the tables of agreement and calibration. A pure function of the
 * rows of both, so that what was added is taken back exactly:
 *
 *   before anything of an item changes   tally_take_back()   its rows as they still are
 *   after it has changed                 tally_count()       its rows as they are now
 *
 * Tables that are empty, or were made by an older program, are counted anew from all items
 * (tally_open), a bounded piece of work a transaction. Owner: the writer's transaction. */
#pragma once
#include "pipelines/review/state.h"

/* Does nothing of an item that is not counted yet, or counts no more. */
void tally_take_back(struct review *review, struct store_txn *txn, const struct item_row *item);
void tally_count(struct review *review, struct store_txn *txn, const struct item_row *item);

/* One item, with all its results: what agreement_tally.c and calibration_tally.c are made of. */
struct tally {
    const struct review_settings *settings;
    const struct item_row *item;
    const struct result_row *results; /* by time of receipt */
    uint32_t result_count;
    int sign; /* +1, -1 */
};
void agreement_tally(struct store_txn *txn, const struct tally *tally);
void calibration_tally(struct store_txn *txn, const struct tally *tally);
