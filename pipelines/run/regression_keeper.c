/* The change goes into the trail by a call of its own, again until the writer has room for it: then the
 * shards have the set already, for it is the rows that were approved, and they are in the trail. */
#include "pipelines/run/regression_keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pipelines/review/dataset.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/base/thread.h"

enum { LOOK_MS = 200, COMPILE_MS = 1000 };

/* --- the audit trail --- */

struct regression_change {
    struct review_call call; /* first */
    char snapshot[REGRESSION_SNAPSHOT_SIZE], rows[16], version[24];
    _Atomic int state; /* enum change_state */
};
enum change_state { CHANGE_WAITS, CHANGE_ASKED, CHANGE_REFUSED, CHANGE_TOLD };

/* The set of the run before says nothing new, nor does the first that is empty. */
static bool is_told(struct store_txn *txn, const struct regression_change *change)
{
    struct bytes stored;
    return store_get(txn, TABLE_META, BYTES_LITERAL("regression_snapshot"), &stored)
               ? bytes_equal_text(stored, change->snapshot)
               : strcmp(change->rows, "0") == 0;
}

static void write_entry(struct review_call *call, struct review *review, struct store_txn *txn,
                        int64_t wall_ms)
{
    struct regression_change *change = (struct regression_change *)call;
    struct bytes snapshot = bytes_of_text(change->snapshot);
    if (is_told(txn, change))
        return;
    struct audit_entry entry = {.time_ms = wall_ms,
                                .actor = BYTES_LITERAL(""),
                                .role = BYTES_LITERAL(""),
                                .trust = AUDIT_SYSTEM,
                                .action = AUDIT_REGRESSION_CHANGED,
                                .subjects = {{"snapshot", snapshot},
                                             {"rows", bytes_of_text(change->rows)},
                                             {"version", bytes_of_text(change->version)}},
                                .subject_count = 3};
    audit_append(review_audit_trail(review), txn, &entry);
    store_put(txn, TABLE_META, BYTES_LITERAL("regression_snapshot"), snapshot);
}

static void note_answer(struct review_call *call, enum status status)
{
    struct regression_change *change = (struct regression_change *)call;
    atomic_store(&change->state, status == STATUS_OK ? CHANGE_TOLD : CHANGE_REFUSED);
}

/* A newer set takes the place of one that was not told yet; what is asked can't be taken back. */
static void announce(struct regression_keeper *keeper)
{
    struct regression_change *change = keeper->change;
    if (!change)
        return;
    int state = atomic_load(&change->state);
    if (state == CHANGE_ASKED)
        return;
    if (state == CHANGE_TOLD) {
        bool is_newest = strcmp(change->snapshot, regression_set_snapshot(keeper->set)) == 0;
        if (is_newest) {
            free(change);
            keeper->change = NULL;
            return;
        }
    }
    *change = (struct regression_change){
        .call = {.run = write_entry, .done = note_answer, .bytes = sizeof *change}};
    atomic_store(&change->state, CHANGE_ASKED);
    (void)snprintf(change->snapshot, sizeof change->snapshot, "%s",
                   regression_set_snapshot(keeper->set));
    (void)snprintf(change->rows, sizeof change->rows, "%u", regression_set_rows(keeper->set));
    (void)snprintf(change->version, sizeof change->version, "%llu",
                   (unsigned long long)keeper->version);
    if (runtime_review_call(keeper->runtime, &change->call) != STATUS_OK)
        atomic_store(&change->state, CHANGE_REFUSED);
}

/* --- compiling --- */

static void take_set(struct regression_keeper *keeper, const struct regression_reading *reading)
{
    keeper->version = reading->version;
    if (!reading->set)
        return;
    memcpy(keeper->print, reading->print, sizeof keeper->print);
    regression_board_publish(&keeper->board, reading->set);
    regression_set_release(keeper->set);
    keeper->set = reading->set;
    counter_set(&keeper->rows, regression_set_rows(keeper->set));
    counter_set(&keeper->left_out, regression_set_left_out(keeper->set));
    counter_set(&keeper->bytes, regression_set_bytes(keeper->set));
    counter_set(&keeper->changed_ms, (uint64_t)clock_realtime_ms());
    if (regression_set_left_out(keeper->set) > 0)
        log_warn("regression_rows_left_out", "rows=%u left_out=%u limit=limits.regression_rows",
                 regression_set_rows(keeper->set), regression_set_left_out(keeper->set));
    if (!keeper->change && (keeper->change = calloc(1, sizeof *keeper->change)))
        atomic_store(&keeper->change->state, CHANGE_WAITS);
}

/* Equal rows are an equal set, unless the limits have changed. */
static enum status compile(struct regression_keeper *keeper, struct error *ret_error)
{
    struct regression_reading reading;
    keeper->compiled_ms = clock_monotonic_ms();
    pthread_mutex_lock(&keeper->mutex);
    struct regression_limits limits = keeper->limits;
    bool is_known = keeper->set && !keeper->are_limits_new;
    keeper->are_limits_new = false;
    pthread_mutex_unlock(&keeper->mutex);
    enum status status = regression_read(keeper->store, limits.similarity, limits.rows_max,
                                         is_known ? keeper->print : NULL, &reading, ret_error);
    if (status == STATUS_OK)
        take_set(keeper, &reading);
    return status;
}

static bool has_news(struct regression_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    bool are_limits_new = keeper->are_limits_new;
    pthread_mutex_unlock(&keeper->mutex);
    return are_limits_new || dataset_version(keeper->dataset) != keeper->version;
}

static void look(struct regression_keeper *keeper)
{
    struct error error = {0};
    int64_t now_ms = clock_monotonic_ms();
    bool is_due = now_ms - keeper->compiled_ms >= COMPILE_MS;
    if (is_due && has_news(keeper)) {
        if (compile(keeper, &error) == STATUS_OK)
            condition_log_over(&keeper->failing, "regression_set_compiled", "rows=%u",
                               regression_set_rows(keeper->set));
        else
            condition_log_met(&keeper->failing, LOG_WARN, "regression_set_not_compiled",
                              "reason=\"%s\"", error.text);
    }
    announce(keeper);
}

/* --- the thread --- */

static void *keeper_main(void *context)
{
    struct regression_keeper *keeper = context;
    thread_name(pthread_self(), "regressions");
    pthread_mutex_lock(&keeper->mutex);
    while (!keeper->is_ending) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_MS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&keeper->wake, &keeper->mutex, &until);
        if (keeper->is_ending)
            break;
        pthread_mutex_unlock(&keeper->mutex);
        look(keeper);
        pthread_mutex_lock(&keeper->mutex);
    }
    pthread_mutex_unlock(&keeper->mutex);
    return NULL;
}

static struct regression_limits limits_of(const struct pipeline_config *config)
{
    return (struct regression_limits){config->dataset.cluster_similarity,
                                      config->regression.rows_max};
}

enum status regression_keeper_open(struct regression_keeper *keeper, struct runtime *runtime,
                                   struct dataset *dataset, struct store *store,
                                   const struct pipeline_config *config, uint32_t shards,
                                   struct error *ret_error)
{
    pthread_condattr_t monotonic;
    regression_board_init(&keeper->board, shards);
    if (!dataset)
        return STATUS_OK;
    keeper->runtime = runtime;
    keeper->dataset = dataset;
    keeper->store = store;
    keeper->limits = limits_of(config);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_cond_init(&keeper->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return compile(keeper, ret_error);
}

bool regression_keeper_start(struct regression_keeper *keeper)
{
    keeper->is_running =
        keeper->runtime && pthread_create(&keeper->thread, NULL, keeper_main, keeper) == 0;
    return keeper->is_running || !keeper->dataset;
}

void regression_keeper_stop(struct regression_keeper *keeper)
{
    if (!keeper->is_running)
        return;
    pthread_mutex_lock(&keeper->mutex);
    keeper->is_ending = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->mutex);
    pthread_join(keeper->thread, NULL);
    keeper->is_running = false;
}

void regression_keeper_use_config(struct regression_keeper *keeper,
                                  const struct pipeline_config *config)
{
    struct regression_limits limits = limits_of(config);
    if (!keeper->dataset)
        return;
    pthread_mutex_lock(&keeper->mutex);
    bool is_same = limits.rows_max == keeper->limits.rows_max &&
                   limits.similarity >= keeper->limits.similarity &&
                   limits.similarity <= keeper->limits.similarity;
    keeper->are_limits_new |= !is_same;
    keeper->limits = limits;
    pthread_mutex_unlock(&keeper->mutex);
}

/* The writer has ended: it has answered what it was asked. */
void regression_keeper_close(struct regression_keeper *keeper)
{
    regression_board_finish(&keeper->board);
    regression_set_release(keeper->set);
    free(keeper->change);
    if (keeper->dataset) {
        pthread_cond_destroy(&keeper->wake);
        pthread_mutex_destroy(&keeper->mutex);
    }
}

struct regression_set *regression_keeper_take(struct regression_keeper *keeper, uint32_t shard,
                                              struct regression_set *held)
{
    return regression_board_take(&keeper->board, shard, held);
}

/* --- metrics --- */

static const struct metric_family rows_family = {
    "flywheel_regression_set_rows", METRIC_GAUGE,
    "Rows of the regression set that runs are held against."};
static const struct metric_family left_out_family = {
    "flywheel_regression_set_left_out", METRIC_GAUGE,
    "Live regression rows above limits.regression_rows, which nothing is held against."};
static const struct metric_family bytes_family = {"flywheel_regression_set_bytes", METRIC_GAUGE,
                                                  "Memory of the regression set in force."};
static const struct metric_family changed_family = {
    "flywheel_regression_set_timestamp_seconds", METRIC_GAUGE,
    "When the regression set in force was compiled."};

void regression_keeper_register_metrics(struct regression_keeper *keeper, struct metrics *metrics)
{
    if (!keeper->dataset)
        return;
    metrics_add(metrics, &rows_family, "", &keeper->rows, 1);
    metrics_add(metrics, &left_out_family, "", &keeper->left_out, 1);
    metrics_add(metrics, &bytes_family, "", &keeper->bytes, 1);
    metrics_add(metrics, &changed_family, "", &keeper->changed_ms, 1e-3);
}
