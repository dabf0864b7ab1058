/* A batch of effects to store operations. The writer owns the store: source positions, journal,
 * decided rows, cohort counts, outbox and counters move in one transaction, so that a count is
 * exactly as durable as what it counts. Pure but for the store: threads, clocks and queues are
 * the runtime's.
 *
 *   writer_begin -> add requests, effects, acknowledgements -> writer_commit
 *     OK     durable: records may leave
 *     BUSY   nothing happened: the same effects are given again after writer_relieve
 */
#pragma once
#include "pipelines/commit/budget.h"
#include "pipelines/commit/writer_counters.h"
#include "pipelines/decide/effects.h"
#include "processor/receive/request.h"
#include "state/store/store.h"
#include "state/tables/outbox.h"
#include "state/tables/source.h"

struct writer;
struct review;

/* Opens every table. `source_names` are the sources of this process, in the order of their
 * numbers. */
struct writer *writer_create(struct store *store, const struct pipeline_config *config,
                             uint32_t shards, const char *const *source_names,
                             uint32_t source_count, struct error *ret_error);
void writer_destroy(struct writer *writer);
/* What is not judged by shards goes by this one from now on. */
void writer_use_config(struct writer *writer, const struct pipeline_config *config);
/* No effects of this configuration will come any more; it may be freed. */
void writer_forget_config(struct writer *writer, const struct pipeline_config *config);

/* The first sequence that no spilled trajectory has. */
uint64_t writer_spill_sequence(struct writer *writer);

/* NULL: there is no results pipeline. */
struct review *writer_review(struct writer *writer);
/* The one that is under way, for what is asked of the review within it. */
struct store_txn *writer_transaction(struct writer *writer);

/* For budget_take(). */
struct review_budget *writer_budget(struct writer *writer);

void writer_begin(struct writer *writer);
/* An accepted request: counted, its position taken, its bytes journaled when `is_journaled`. */
void writer_add_request(struct writer *writer, const struct request *request, bool is_journaled);
/* Says in each closed trajectory which record of it goes out. */
void writer_add_effects(struct writer *writer, struct effects *effects, int64_t wall_ms);
/* An exporter has delivered this record; its row leaves. */
void writer_add_acknowledged(struct writer *writer, uint8_t exporter, uint64_t sequence);
/* An exporter sends this record as `frame` from now on. */
void writer_add_replacement(struct writer *writer, uint8_t exporter, uint64_t sequence,
                            struct bytes frame);
/* The file of an exporter holds all records up to `through` and is `length` bytes long. */
void writer_add_file(struct writer *writer, uint8_t exporter, uint64_t through,
                     const struct outbox_file *file);
/* All shards have caught up: spans that were accepted and are nowhere any more (ack: memory, and
 * the process died) are counted as dropped{crash}. Returns how many. */
uint64_t writer_settle_lost(struct writer *writer);
/* Bytes put into the transaction so far, about. */
size_t writer_batch_bytes(const struct writer *writer);

/* Watermarks, trims, expiry, at most once a second the cohort buckets; then the commit. */
MUST_CHECK enum status writer_commit(struct writer *writer, int64_t now_ms, int64_t wall_ms);
/* After BUSY: a commit of deletions alone, so that a full map gets room. writer_begin first; only
 * acknowledgements may have been added. */
MUST_CHECK enum status writer_relieve(struct writer *writer);
/* Why the last transaction failed. */
const char *writer_reason(const struct writer *writer);
/* The last effects of all are in: folds the cohorts now, whatever the second says. */
void writer_flush_cohorts(struct writer *writer);

/* The sequence of the first record of the last committed batch and the one behind its last. */
void writer_committed_records(const struct writer *writer, uint64_t *ret_first, uint64_t *ret_end);
/* Alerts that it put into the outbox behind them; their exporters read the store for them. */
uint32_t writer_committed_alerts(const struct writer *writer);

/* Everything decided before this time (wall clock) has left the late window, and no journal holds a
 * span of it any more; committed, read by any thread. A restart remembers the rest. */
int64_t writer_horizon_ms(const struct writer *writer);
/* The sequence of the last committed decided rows; any thread. */
uint64_t writer_decided_sequence(const struct writer *writer);
/* The last committed part of a conversation; any thread. */
uint64_t writer_part_sequence(const struct writer *writer);

struct writer_gauges { /* durable; any thread */
    uint64_t journal_bytes, outbox_records, outbox_bytes;
    int64_t outbox_oldest_ms; /* wall clock; 0: empty */
    double used_ratio;
};
struct writer_gauges writer_gauges(const struct writer *writer);
/* Every persistent counter as a metric family, with spans in flight computed from the same
 * numbers. */
void writer_collect_metrics(void *writer, struct buffer *to);
/* Accepted, decided, dropped and in flight, read together; any thread. */
struct span_account writer_account(const struct writer *writer);
