/* What opens and ends with the store, and what is counted. */
#include "pipelines/review/review.h"

#include <stdio.h>
#include <stdlib.h>

#include "pipelines/review/agreement_document.h"
#include "pipelines/review/calibration_metrics.h"
#include "pipelines/review/figures.h"
#include "pipelines/review/restore.h"
#include "pipelines/review/state.h"
#include "state/tables/erased.h"
#include "processor/base/clock.h"

enum {
    CALL_BYTES_MAX = 64 << 20, /* of one result with the texts and results of its item */
    FIGURES_BYTES_MAX = 1 << 20,
};

/* --- open and close --- */

static struct persistent_counter *counter_of(struct counters *counters, const char *family,
                                             const char *label, const char *value)
{
    char name[COUNTER_NAME_BYTES_MAX];
    (void)snprintf(name, sizeof name, "%s{%s=\"%s\"}", family, label, value);
    return counters_get(counters, name);
}

/* For good: what came by a topic is a dead letter. */
static bool is_refusal(enum result_outcome outcome)
{
    return review_outcome_status(outcome) >= 400 && outcome != RESULT_WAS_FULL;
}

static bool open_counters(struct review *review)
{
    bool is_open = true;
    for (int i = 0; i < RESULT_OUTCOMES; i++) {
        review->outcomes[i] = counter_of(review->counters, "flywheel_results_total", "outcome",
                                         review_outcome_names[i]);
        is_open = is_open && review->outcomes[i];
        if (!is_refusal((enum result_outcome)i))
            continue;
        review->dead[i] = counter_of(review->counters, "flywheel_results_dead_total", "reason",
                                     review_outcome_names[i]);
        is_open = is_open && review->dead[i];
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
    review->config = review->first_config = config;
    review->people = config->review.reviewers_file ? UINT32_MAX : 1;
    arena_init(&review->arena, CALL_BYTES_MAX);
    review->leases = leases_create();
    review->calibration_metrics = calibration_metrics_create(config, store);
    review->scratch = regex_scratch_create();
    review->inflater = inflater_create();
    bool is_open =
        review->leases && review->scratch && review->inflater &&
        items_open(store, &review->items) == STATUS_OK &&
        results_open(store, &review->results) == STATUS_OK &&
        audit_open(store, &review->audit) == STATUS_OK &&
        dataset_open(store, review->audit, outbox, &review->dataset) == STATUS_OK &&
        audit_export_open(store, review->audit, outbox, &review->audit_export) == STATUS_OK &&
        open_counters(review);
    if (is_open)
        review_use_content(review, NULL, NULL);
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
    audit_export_close(review->audit_export);
    if (review->audit)
        audit_close(review->audit);
    results_close(review->results);
    items_close(review->items);
    leases_destroy(review->leases);
    calibration_metrics_destroy(review->calibration_metrics);
    regex_scratch_destroy(review->scratch);
    inflater_destroy(review->inflater);
    arena_finish(&review->arena);
    buffer_finish(&review->deflated);
    buffer_finish(&review->dead_letters);
    buffer_finish(&review->record);
    free(review);
}

void review_use_config(struct review *review, const struct pipeline_config *config)
{
    review->config = config;
    if (!config->review.reviewers_file)
        review_set_people(review, 1);
}

void review_set_people(struct review *review, uint32_t people)
{
    if (people < review->people)
        review_look_at_waiting(review);
    review->people = people;
}

void review_on_dead(struct review *review, review_dead_fn *tell, void *context)
{
    review->tell_dead = tell;
    review->dead_context = context;
}

struct leases *review_leases(struct review *review)
{
    return review->leases;
}

struct counters *review_counters(struct review *review)
{
    return review->counters;
}

struct dataset *review_dataset(struct review *review)
{
    return review->dataset;
}

void review_use_content(struct review *review, struct retained *retained, struct spill *spill)
{
    const struct dataset_tables tables = {review->items, review->results, retained, spill};
    dataset_use_tables(review->dataset, &tables);
}

enum status review_look_back(struct review *review)
{
    return restore_look_back(review->store, review->audit, review->dataset, review->first_config,
                             clock_realtime_ms());
}

bool review_has_erased(struct review *review, struct store_txn *txn,
                       const uint8_t trajectory_id[16])
{
    return erased_has(dataset_erased(review->dataset), txn, trajectory_id);
}

void review_export_audit(struct review *review, struct store_txn *txn, int64_t wall_ms)
{
    audit_export_turn(review->audit_export, txn, &review->config->review, wall_ms);
}

bool review_checkpoint_audit(struct review *review, struct store_txn *txn, int64_t wall_ms)
{
    return audit_export_checkpoint(review->audit_export, txn, &review->config->review, wall_ms);
}

bool review_take_news(struct review *review)
{
    bool has_rows = dataset_take_news(review->dataset);
    return audit_export_take_news(review->audit_export) || has_rows;
}

struct audit *review_audit_trail(struct review *review)
{
    return review->audit;
}

static void write_agreement(struct review *review, struct buffer *to)
{
    struct agreement_request request;
    struct agreement_report report;
    struct error error;
    const struct bytes none = {NULL, 0};
    if (agreement_parse(none, none, review->first_config, clock_realtime_ms(), &request, &error) !=
            STATUS_OK ||
        agreement_read(review->store, review->first_config, &request, &report) != STATUS_OK)
        return;
    agreement_metrics(&report, to);
    agreement_finish(&report);
}

void review_collect_metrics(void *context, struct buffer *to)
{
    struct review *review = context;
    struct review_figures *figures = malloc(sizeof *figures);
    struct arena arena;
    if (!figures)
        return;
    arena_init(&arena, FIGURES_BYTES_MAX);
    const struct review_settings *settings = &review->first_config->review;
    if (figures_read(review->store, settings, clock_realtime_ms(), &arena, figures) == STATUS_OK)
        figures_write_metrics(figures,
                              settings->bytes_max
                                  ? (double)atomic_load(&review->used) / (double)settings->bytes_max
                                  : 0,
                              to);
    write_agreement(review, to);
    calibration_metrics_collect(review->calibration_metrics, to);
    dataset_collect_metrics(review->dataset, to);
    audit_export_collect_metrics(review->audit_export, to);
    arena_finish(&arena);
    free(figures);
}

/* --- results --- */

void review_apply(struct review *review, struct store_txn *txn, struct bytes json,
                  const struct principal *principal, int64_t wall_ms,
                  struct result_answer *ret_answer)
{
    review_apply_one(review, txn, json, principal, false, wall_ms, ret_answer);
    enum result_outcome outcome = ret_answer->outcome;
    counters_add(review->counters, txn, review->outcomes[outcome], 1);
    if (is_refusal(outcome) && principal->trust == TRUST_IMPORTED)
        counters_add(review->counters, txn, review->dead[outcome], 1);
}
