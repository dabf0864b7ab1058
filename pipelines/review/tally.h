/* What an item and its results add to the tables of agreement and calibration. A pure function of the
 * rows of both, so that what was added is taken back exactly:
 *
 *   before anything of an item changes   tally_take_back()   its rows as they still are
 *   after it has changed                 tally_count()       its rows as they are now
 *
 * What leaves by age or for room is not taken back: it has been counted, and stays in the totals. Nor
 * is what an erasure takes, which is texts and names: verdicts and labels go on counting.
 *
 * Tables that are empty, or were made by an older program, are counted anew from all items that are
 * there, a bounded piece of work a turn; those of calibration for other groupings, rules or labels, too.
 * Meta rows, in the same transaction as the counts; of each part:
 *
 *   agreement_version, calibration_version   of the counts that are there: TALLY_VERSION, and a
 *                   fingerprint of the settings where they matter; 0: they are none
 *   agreement_next, calibration_next         items below it are counted; UINT64_MAX: all, new ones from
 *                   their first row on
 *   tally_day       counts of days before it have left (days since 1970, UTC)
 *
 * Owner: the writer's transaction. */
#pragma once
#include "processor/review/settings.h"
#include "state/tables/result.h"

enum {
    TALLY_VERSION = 2, /* raised when what is counted changes */
    TALLY_DAYS = 35,   /* that a day's counts stay beside the total */
};

enum tally_part { TALLY_AGREEMENT, TALLY_CALIBRATION, TALLY_PARTS };

/* Does nothing of an item that is not counted yet. */
void tally_take_back(const struct review_settings *settings, struct store_txn *txn,
                     const struct item_row *item);
void tally_count(const struct review_settings *settings, struct store_txn *txn,
                 const struct item_row *item);
/* Of an item that was appended in this transaction: it has no results. */
void tally_count_new(const struct review_settings *settings, struct store_txn *txn,
                     const struct item_row *item);
/* Counts what is not counted yet, days that have passed leave. Each second. */
void tally_turn(const struct review_settings *settings, struct store_txn *txn, int64_t wall_ms);
bool tally_is_whole(struct store_txn *txn, enum tally_part part);
/* Days since 1970 of a wall clock. */
int64_t tally_day(int64_t ms);
