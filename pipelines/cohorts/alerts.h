/* Alerts on the fail rates of pinned cohorts:
 *   floor       the pass rate of a window is below min_pass_rate, by `flywheel gate` at 99.9 %
 *   burn_rate   a long and a short window spend the error budget too fast
 *   worse       the CUSUM of the cohort says that its fail rate has gone up
 *   better      it has gone down; informs
 * None of them fires on less than min_n scored runs, so a cohort without data is silent.
 *
 *   commit -> alerts_observe(contributions)              in memory, like the delta of cohorts
 *   flush of cohorts -> alerts_flush(transaction)       rows, and a record for each change of state
 * What alerts know follows the decided rows up to folded_sequence, so a restart observes the rows
 * above it again and tells nothing twice. Owner: the writer thread. */
#pragma once
#include "pipelines/config/config.h"
#include "state/store/store.h"

struct alerts;

/* Reads rows and windows, drops the rows of what is configured no more, and observes the decided
 * rows that are not folded yet. */
MUST_CHECK enum status alerts_open(struct store *store, const struct pipeline_config *config,
                                   struct alerts **ret_alerts);
void alerts_close(struct alerts *alerts);

/* What a commit has decided: encoded contributions, as cohort_delta_add_encoded() has taken them.
 * MALFORMED: the state is damaged, and these alerts are of no use any more. */
MUST_CHECK enum status alerts_observe(struct alerts *alerts, struct bytes contributions);

/* Gets the framed record of an alert that began or ended; the caller puts it into the outbox. */
typedef void alerts_tell_fn(void *context, struct bytes frame);
/* Must go with every flush of the cohorts, in its transaction, and may come without one. Nothing is
 * observed between here and the end of the transaction. `tell` may be NULL. */
void alerts_flush(struct alerts *alerts, struct store_txn *txn, int64_t wall_ms,
                  alerts_tell_fn *tell, void *context);
