/* The audit trail leaves through the outbox, entry by entry, to the exporters of
 * service.pipelines.results.audit; every 1,000 entries or 24 h a checkpoint follows, which proves
 * elsewhere that nothing before it was rewritten. What they have acknowledged up to a checkpoint may
 * leave the store when that runs full. Without such an exporter nothing is cut.
 *
 *   audit_append .. audit_append -> audit_export_turn -> lines in the outbox | checkpoint | cut
 *
 * Owner: the writer thread. */
#pragma once
#include "processor/review/settings.h"
#include "state/tables/audit.h"
#include "state/tables/outbox.h"

struct audit_export;

MUST_CHECK enum status audit_export_open(struct store *store, struct audit *audit,
                                         struct outbox *outbox, struct audit_export **ret_export);
void audit_export_close(struct audit_export *exported);
/* Before each commit; a bounded piece of work. Costs a comparison when nothing was appended. */
void audit_export_turn(struct audit_export *exported, struct store_txn *txn,
                       const struct review_settings *settings, int64_t wall_ms);
/* A checkpoint now. False: there is nobody to tell, or nothing to tell of. */
bool audit_export_checkpoint(struct audit_export *exported, struct store_txn *txn,
                             const struct review_settings *settings, int64_t wall_ms);
/* Have lines been put into the outbox, durably, since this was asked last? */
bool audit_export_take_news(struct audit_export *exported);
/* flywheel_audit_*, from any thread; `exported` is a struct audit_export. */
void audit_export_collect_metrics(void *exported, struct buffer *to);
