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
#include "processor/review/result.h"
#include "state/tables/audit.h"
#include "state/tables/counters.h"
#include "state/tables/outbox.h"

struct review;
struct dataset;

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
struct audit *review_audit_trail(struct review *review);
/* Whole metric families; `review` is a struct review. From any thread. */
void review_collect_metrics(void *review, struct buffer *to);

/* Who says it. `principal` is who the store knows: the reviewer's own name for an authenticated or
 * declared person. Of results that a service or a topic brings, review_apply makes it itself, of the
 * reviewer that they name: "service/NAME:reviewer", "import:reviewer". */
enum principal_trust { TRUST_AUTHENTICATED, TRUST_DECLARED, TRUST_IMPORTED };
struct principal {
    struct bytes name;      /* of the token: whose it is */
    struct bytes principal; /* as above */
    enum principal_trust trust;
    bool may_adjudicate, is_service, is_admin;
};

/* A record goes out: its item opens, or the item of an earlier revision takes it over (same
 * content), or is superseded. */
void review_add_record(struct review *review, struct store_txn *txn, const struct closed *closed,
                       int64_t wall_ms);

/* Every outcome of a result; counted in flywheel_results_total{outcome}. */
enum result_outcome {
    RESULT_WAS_ACCEPTED,
    RESULT_WAS_DUPLICATE,
    RESULT_WAS_REVISED,
    RESULT_WAS_WITHDRAWN,
    RESULT_WAS_SKIPPED,
    RESULT_WAS_EXTRA,
    RESULT_WAS_OUTDATED,
    RESULT_WAS_LATE,
    RESULT_WAS_PENDING,
    RESULT_WAS_UNCLAIMED,
    RESULT_WAS_CONFLICT,       /* 409: the id with other content */
    RESULT_WAS_STALE,          /* 409: supersedes is not the current one */
    RESULT_WAS_NOT_YOURS,      /* 403 */
    RESULT_WAS_OWN_REVIEW,     /* 403 */
    RESULT_WAS_ROLE,           /* 403: adjudicates without the right to */
    RESULT_WAS_NOT_SEPARATING, /* 422 check_does_not_separate */
    RESULT_WAS_CONTENT_OFF,    /* 422: redaction.content is none */
    RESULT_WAS_MALFORMED,      /* 422 */
    RESULT_WAS_UNKNOWN_LABEL,  /* 422 */
    RESULT_WAS_INCONSISTENT,   /* 422 */
    RESULT_WAS_TOO_LARGE,      /* 422 */
    RESULT_WAS_UNKNOWN_RECORD, /* dead letter, after its time as pending */
    RESULT_WAS_FULL,           /* 503: limits.audit or limits.review */
    RESULT_OUTCOMES
};
extern const char *const review_outcome_names[RESULT_OUTCOMES];
/* The HTTP status of an outcome: 200, 202, 403, 409, 422, 503. */
unsigned review_outcome_status(enum result_outcome outcome);

/* What became of one result. */
struct result_answer {
    enum result_outcome outcome;
    char result_id[RESULT_ID_MAX + 1];
    char item_id[33];            /* "" without an item */
    char field[80], reason[160]; /* of a refusal */
    uint8_t item_state;          /* enum item_state, after it */
    uint32_t decision;           /* number of the decision in force; 0: none */
    char row_id[37];             /* "" without a row */
};

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
