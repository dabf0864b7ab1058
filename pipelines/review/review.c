/* What opens and ends with the store, and what is counted. */
#include "pipelines/review/review.h"

#include <stdio.h>
#include <stdlib.h>

#include "pipelines/review/state.h"

enum { CALL_BYTES_MAX = 64 << 20 /* of one result with the texts and results of its item */ };

const char *const review_outcome_names[RESULT_OUTCOMES] = {
    [RESULT_WAS_ACCEPTED] = "accepted",
    [RESULT_WAS_DUPLICATE] = "duplicate",
    [RESULT_WAS_REVISED] = "revised",
    [RESULT_WAS_WITHDRAWN] = "withdrawn",
    [RESULT_WAS_SKIPPED] = "skipped",
    [RESULT_WAS_EXTRA] = "extra",
    [RESULT_WAS_OUTDATED] = "outdated",
    [RESULT_WAS_LATE] = "late",
    [RESULT_WAS_PENDING] = "pending",
    [RESULT_WAS_UNCLAIMED] = "unclaimed",
    [RESULT_WAS_CONFLICT] = "conflict",
    [RESULT_WAS_STALE] = "stale",
    [RESULT_WAS_NOT_YOURS] = "not_yours",
    [RESULT_WAS_OWN_REVIEW] = "own_review",
    [RESULT_WAS_ROLE] = "role",
    [RESULT_WAS_NOT_SEPARATING] = "check_does_not_separate",
    [RESULT_WAS_CONTENT_OFF] = "content_off",
    [RESULT_WAS_MALFORMED] = "malformed",
    [RESULT_WAS_UNKNOWN_LABEL] = "unknown_label",
    [RESULT_WAS_INCONSISTENT] = "inconsistent",
    [RESULT_WAS_TOO_LARGE] = "too_large",
    [RESULT_WAS_UNKNOWN_RECORD] = "unknown_record",
    [RESULT_WAS_FULL] = "full",
};

static const uint16_t statuses[RESULT_OUTCOMES] = {
    [RESULT_WAS_ACCEPTED] = 200,
    [RESULT_WAS_DUPLICATE] = 200,
    [RESULT_WAS_REVISED] = 200,
    [RESULT_WAS_WITHDRAWN] = 200,
    [RESULT_WAS_SKIPPED] = 200,
    [RESULT_WAS_EXTRA] = 200,
    [RESULT_WAS_OUTDATED] = 200,
    [RESULT_WAS_LATE] = 200,
    [RESULT_WAS_PENDING] = 202,
    [RESULT_WAS_UNCLAIMED] = 202,
    [RESULT_WAS_CONFLICT] = 409,
    [RESULT_WAS_STALE] = 409,
    [RESULT_WAS_NOT_YOURS] = 403,
    [RESULT_WAS_OWN_REVIEW] = 403,
    [RESULT_WAS_ROLE] = 403,
    [RESULT_WAS_NOT_SEPARATING] = 422,
    [RESULT_WAS_CONTENT_OFF] = 422,
    [RESULT_WAS_MALFORMED] = 422,
    [RESULT_WAS_UNKNOWN_LABEL] = 422,
    [RESULT_WAS_INCONSISTENT] = 422,
    [RESULT_WAS_TOO_LARGE] = 413,
    [RESULT_WAS_UNKNOWN_RECORD] = 404,
    [RESULT_WAS_FULL] = 503,
};

unsigned review_outcome_status(enum result_outcome outcome)
{
    return statuses[outcome];
}

/* --- open and close --- */

static struct persistent_counter *counter_of(struct counters *counters, const char *family,
                                             const char *label, const char *value)
{
    char name[COUNTER_NAME_BYTES_MAX];
    (void)snprintf(name, sizeof name, "%s{%s=\"%s\"}", family, label, value);
    return counters_get(counters, name);
}

static bool open_counters(struct review *review)
{
    bool is_open = true;
    for (int i = 0; i < RESULT_OUTCOMES; i++) {
        review->outcomes[i] = counter_of(review->counters, "flywheel_results_total", "outcome",
                                         review_outcome_names[i]);
        review->dead[i] = counter_of(review->counters, "flywheel_results_dead_total", "reason",
                                     review_outcome_names[i]);
        is_open = is_open && review->outcomes[i] && review->dead[i];
    }
    review->expired_by_age =
        counter_of(review->counters, "flywheel_review_expired_total", "reason", "age");
    review->expired_by_limit =
        counter_of(review->counters, "flywheel_review_expired_total", "reason", "full");
    review->skewed = counters_get(review->counters, "flywheel_results_skewed_total");
    return is_open && review->expired_by_age && review->expired_by_limit && review->skewed;
}

enum status review_open(struct store *store, struct outbox *outbox, struct counters *counters,
                        const struct pipeline_config *config, struct review **ret_review)
{
    struct review *review = calloc(1, sizeof *review);
    if (!review)
        return STATUS_FATAL;
    review->store = store;
    review->counters = counters;
    review->config = config;
    review->people = config->review.reviewers_file ? UINT32_MAX : 1;
    arena_init(&review->arena, CALL_BYTES_MAX);
    review->leases = leases_create();
    review->scratch = regex_scratch_create();
    review->inflater = inflater_create();
    bool is_open = review->leases && review->scratch && review->inflater &&
                   items_open(store, &review->items) == STATUS_OK &&
                   results_open(store, &review->results) == STATUS_OK &&
                   audit_open(store, &review->audit) == STATUS_OK &&
                   dataset_open(store, review->audit, outbox, &review->dataset) == STATUS_OK &&
                   open_counters(review);
    if (is_open)
        *ret_review = review;
    else
        review_close(review);
    return is_open ? STATUS_OK : STATUS_FATAL;
}

void review_close(struct review *review)
{
    if (!review)
        return;
    if (review->dataset)
        dataset_close(review->dataset);
    if (review->audit)
        audit_close(review->audit);
    results_close(review->results);
    items_close(review->items);
    leases_destroy(review->leases);
    regex_scratch_destroy(review->scratch);
    inflater_destroy(review->inflater);
    arena_finish(&review->arena);
    buffer_finish(&review->deflated);
    buffer_finish(&review->record);
    free(review);
}

void review_use_config(struct review *review, const struct pipeline_config *config)
{
    review->config = config;
    if (!config->review.reviewers_file)
        review->people = 1;
}

void review_set_people(struct review *review, uint32_t people)
{
    review->people = people;
}

struct leases *review_leases(struct review *review)
{
    return review->leases;
}

struct dataset *review_dataset(struct review *review)
{
    return review->dataset;
}

struct audit *review_audit_trail(struct review *review)
{
    return review->audit;
}

/* --- results --- */

void review_apply(struct review *review, struct store_txn *txn, struct bytes json,
                  const struct principal *principal, int64_t wall_ms,
                  struct result_answer *ret_answer)
{
    review_apply_one(review, txn, json, principal, false, wall_ms, ret_answer);
    enum result_outcome outcome = ret_answer->outcome;
    counters_add(review->counters, txn, review->outcomes[outcome], 1);
    bool is_refused = statuses[outcome] >= 400 && outcome != RESULT_WAS_FULL;
    if (is_refused && principal->trust == TRUST_IMPORTED)
        counters_add(review->counters, txn, review->dead[outcome], 1);
}
