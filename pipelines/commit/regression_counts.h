/* What every release has brought, and what it met of the regression set (state/tables/regression.h):
 * counted in the writer's transaction, under the last verdict of each run. A revision that counts
 * anew in the cohorts counts anew here: what the verdict before had added is in its summary, and is
 * taken back. A batch that fails leaves nothing behind: memory is read again from the store.
 *
 * Bounded: REGRESSION_RELEASES_MAX releases, of which the oldest leaves when its last run is older
 * than every window, and what comes above is counted as __other__; and 16 counts of releases for each
 * row that the set may hold, above which a row is counted under __other__ as well.
 *
 * Owner: the writer thread. */
#pragma once
#include "pipelines/decide/effects.h"
#include "state/tables/regression.h"

struct regression_counts;

MUST_CHECK enum status regression_counts_open(struct store *store, uint32_t rows_max,
                                              struct regression_counts **ret_counts);
void regression_counts_close(struct regression_counts *counts); /* accepts NULL */
/* The run's release as it is counted ("__other__"), for counters; NULL: nobody counts it. */
const char *regression_counts_add(struct regression_counts *counts, struct store_txn *txn,
                                  const struct closed *closed, int64_t wall_ms);
/* Releases that have changed; before the commit. */
void regression_counts_write(struct regression_counts *counts, struct store_txn *txn);
