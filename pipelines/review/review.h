/* The return path inside the writer's transaction: records become items, results become decisions,
 * decisions become dataset rows, and each step an entry of the audit trail.
 *
 *   record goes out -> review_add_record  -> item (open)
 *   result          -> review_apply       -> result row, item state, decision -> dataset_decide
 *   each second     -> review_turn        -> expiry, pending results, limits
 *
 * Owner of `struct review`: the writer thread. What other threads read is durable: rows through
 * read transactions, the leases of leases.h under their own lock. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/decide/effects.h"
#include "pipelines/review/outcome.h"
#include "pipelines/review/principal.h"
#include "state/tables/audit.h"
#include "state/tables/counters.h"
#include "state/tables/outbox.h"

struct review;
struct dataset;
struct retained;
struct spill;

struct leases;

/* `outbox` and `counters` are the writer's. */
MUST_CHECK enum status review_open(struct store *store, struct outbox *outbox,
                                   struct counters *counters, const struct pipeline_config *config,
                                   struct review **ret_review);
void review_close(struct review *review);
/* Labels, queues and consensus of another configuration, from the next transaction on. */
void review_use_config(struct review *review, const struct pipeline_config *config);
/* How many enabled reviewers there are: no item waits for more. Without a reviewers file there is
 * one; with one, all that an item wants, until this says otherwise. */
void review_set_people(struct review *review, uint32_t people);
struct leases *review_leases(struct review *review); /* any thread */
struct dataset *review_dataset(struct review *review);
struct counters *review_counters(struct review *review); /* the writer's */
/* The other tables that hold texts of runs, for an erasure. */
void review_use_content(struct review *review, struct retained *retained, struct spill *spill);
/* Before anything else: what was exported since this state, if it is a backup. */
MUST_CHECK enum status review_look_back(struct review *review);
/* Was the run erased? Then it stays away. */
bool review_has_erased(struct review *review, struct store_txn *txn,
                       const uint8_t trajectory_id[16]);
/* Before each commit: entries of the audit trail go to its exporters. */
void review_export_audit(struct review *review, struct store_txn *txn, int64_t wall_ms);
/* A checkpoint of it now. False: there is nobody to tell. */
bool review_checkpoint_audit(struct review *review, struct store_txn *txn, int64_t wall_ms);
/* A result from a topic whose record never came: told in the writer's thread, once that is durable.
 * Set before the first transaction. */
typedef void review_dead_fn(void *context, struct bytes json);
void review_on_dead(struct review *review, review_dead_fn *tell, void *context);
void review_tell_dead(struct review *review); /* of the transaction that was committed last */
/* Does the outbox hold rows of the last transaction that no lane was told of? Once. */
bool review_take_news(struct review *review);
struct audit *review_audit_trail(struct review *review);
/* Whole metric families; `review` is a struct review. From any thread. */
void review_collect_metrics(void *review, struct buffer *to);

/* A record goes out: its item opens, or the item of an earlier revision takes it over (same
 * content), or is superseded. */
void review_add_record(struct review *review, struct store_txn *txn, const struct closed *closed,
                       int64_t wall_ms);

/* At the start of each transaction, and at its end: results that waited for the records of it. */
void review_begin(struct review *review);
void review_apply_arrived(struct review *review, struct store_txn *txn, int64_t wall_ms);

/* Reads, checks and applies one result as it came (JSON), in the transaction. Never fails it but by
 * the store: bad input is an outcome. */
void review_apply(struct review *review, struct store_txn *txn, struct bytes json,
                  const struct principal *principal, int64_t wall_ms,
                  struct result_answer *ret_answer);
/* Takes back every result of a reviewer since `since_ms`; returns how many. */
uint64_t review_withdraw_all(struct review *review, struct store_txn *txn, struct bytes reviewer,
                             int64_t since_ms, const struct principal *by, int64_t wall_ms);
/* The reviewer decided before the reveal: kept once. False: there is no such open item. */
MUST_CHECK bool review_reveal(struct review *review, struct store_txn *txn,
                              const uint8_t item_id[16], const struct principal *principal,
                              enum reviewer_verdict verdict, const uint16_t *labels,
                              uint32_t label_count, int64_t wall_ms);
/* The item was shown to them: served, or opened by its id (`is_chosen`), which is left out of
 * estimates. The first time counts, and is in the trail. False: there is no such item. */
MUST_CHECK bool review_served(struct review *review, struct store_txn *txn,
                              const uint8_t item_id[16], const struct principal *principal,
                              bool is_chosen, int64_t wall_ms);
/* Open items of the same failure are closed without a result: skipped{same_as}. Returns how many. */
uint32_t review_close_same(struct review *review, struct store_txn *txn, const uint8_t item_id[16],
                           uint32_t items_max, const struct principal *by, int64_t wall_ms);
/* Expiry, pending results, retention, limits: a bounded piece of work a call; each second. */
void review_turn(struct review *review, struct store_txn *txn, int64_t wall_ms);
