/* Do the tables of agreement, and calibration for all runs, say what the items and results say? For `flywheel state check`, which only
 * reads. */
#pragma once
#include "state/store/store.h"

struct tally_check {
    bool is_comparable; /* all is counted, and no item has left by age */
    uint64_t rows;      /* of these tables, that were compared */
    uint64_t different; /* of these, and of those that are missing */
};

/* FATAL: could not be read, or no memory. */
MUST_CHECK enum status tally_check(struct store_txn *txn, struct tally_check *ret_check);
