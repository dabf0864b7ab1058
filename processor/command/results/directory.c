/* The tables of the return path alone are opened: nothing else changes by a result. */
#include "processor/command/results/directory.h"

#include <stdlib.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/review/review.h"
#include "processor/base/clock.h"

struct results_directory {
    struct store *store;
    struct outbox *outbox;
    struct counters *counters;
    struct review *review;
};

/* Whoever may write the directory speaks for others, as a service does. */
static const struct principal operator= {
    .name = {(const uint8_t *)"operator", 8},
    .principal = {(const uint8_t *)"operator", 8},
    .trust = TRUST_DECLARED,
    .is_service = true,
    .is_admin = true,
};

enum status results_directory_open(const struct pipeline_config *config,
                                   struct results_directory **ret_directory,
                                   struct error *ret_error)
{
    struct results_directory *directory = calloc(1, sizeof *directory);
    if (!directory) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return STATUS_FATAL;
    }
    if (!cohort_report_is_there(config->state.directory, ret_error)) {
        free(directory);
        return STATUS_FATAL;
    }
    if (store_open(config->state.directory, config->state.map_bytes, STORE_OWNER, &directory->store,
                   ret_error) == STATUS_OK &&
        outbox_open(directory->store, &directory->outbox) == STATUS_OK &&
        counters_open(directory->store, &directory->counters) == STATUS_OK &&
        review_open(directory->store, directory->outbox, directory->counters, config,
                    &directory->review) == STATUS_OK) {
        *ret_directory = directory;
        return STATUS_OK;
    }
    error_set(ret_error, EXIT_STATE_IO, "the state in %s can't be read", config->state.directory);
    results_directory_close(directory);
    return STATUS_FATAL;
}

void results_directory_close(struct results_directory *directory)
{
    if (!directory)
        return;
    review_close(directory->review);
    counters_close(directory->counters);
    outbox_close(directory->outbox);
    store_close(directory->store);
    free(directory);
}

static enum status commit(struct results_directory *directory, struct store_txn *txn,
                          int64_t wall_ms, struct error *ret_error)
{
    review_apply_arrived(directory->review, txn, wall_ms);
    review_export_audit(directory->review, txn, wall_ms);
    counters_write(directory->counters, txn);
    enum status status = store_commit(txn);
    if (status != STATUS_OK)
        error_set(ret_error, status == STATUS_BUSY ? EXIT_TEMPORARY : EXIT_STATE_IO, "%s",
                  txn->reason);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

enum status results_directory_give(struct results_directory *directory, const struct bytes *results,
                                   uint32_t count, struct results_summary *summary,
                                   struct error *ret_error)
{
    struct result_answer *answers = calloc(count > 0 ? count : 1, sizeof *answers);
    int64_t wall_ms = clock_realtime_ms();
    struct store_txn txn;
    if (!answers) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return STATUS_FATAL;
    }
    store_begin(directory->store, true, &txn);
    review_begin(directory->review);
    for (uint32_t i = 0; i < count; i++)
        review_apply(directory->review, &txn, results[i], &operator, wall_ms, &answers[i]);
    enum status status = commit(directory, &txn, wall_ms, ret_error);
    for (uint32_t i = 0; status == STATUS_OK && i < count; i++) {
        const char *outcome = review_outcome_names[answers[i].outcome];
        summary->counts[answers[i].outcome]++;
        if (review_outcome_status(answers[i].outcome) >= 400)
            results_summary_refused_at(summary, i, outcome, answers[i].field, answers[i].reason);
    }
    free(answers);
    return status;
}

enum status results_directory_withdraw(struct results_directory *directory, const char *reviewer,
                                       int64_t since_ms, uint64_t *ret_count,
                                       struct error *ret_error)
{
    int64_t wall_ms = clock_realtime_ms();
    struct store_txn txn;
    store_begin(directory->store, true, &txn);
    review_begin(directory->review);
    *ret_count = review_withdraw_all(directory->review, &txn, bytes_of_text(reviewer), since_ms,
                                     &operator, wall_ms);
    return commit(directory, &txn, wall_ms, ret_error);
}
