/* Do the cohorts say what the decided rows say? For `flywheel state check`. */
#pragma once
#include "state/store/store.h"

struct cohort_audit {
    bool is_whole; /* every decided row since the start is still there; else nothing is compared */
    uint64_t cohorts;   /* totals compared */
    uint64_t different; /* of these, not equal to the sum of their contributions */
};

/* Compares the totals since start with the sums over the folded decided rows, cohort by cohort, by
 * verdict. FATAL: could not be read. */
MUST_CHECK enum status cohort_audit(struct store_txn *txn, struct cohort_audit *ret_audit);
