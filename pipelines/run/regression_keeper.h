/* Keeps the regression set that the shards judge by: compiled from the dataset's rows by a thread of
 * its own, off the writer and the shards.
 *
 *   writer commits rows -> version moves -> keeper: rows -> set -> board -> each shard at a step
 *                                                            \-> regression.changed in the trail
 *
 * Looks a few times a second, and compiles at most once; the first set before anything is judged. A set
 * that can't be compiled leaves the one before in force. Without a results pipeline there is none. */
#pragma once
#include <pthread.h>

#include "pipelines/decide/regression_board.h"
#include "pipelines/review/regression_read.h"
#include "pipelines/run/review_call.h"
#include "processor/base/condition.h"
#include "processor/base/metrics.h"

struct regression_keeper {
    struct runtime *runtime; /* that takes calls */
    struct dataset *dataset; /* NULL: there is no results pipeline */
    struct store *store;
    struct regression_limits { /* by the configuration; under the mutex */
        double similarity;
        uint32_t rows_max;
    } limits;
    bool are_limits_new; /* likewise: a reload brought others */
    struct regression_board board;
    struct regression_set *set; /* the newest, held */
    uint64_t version;           /* of the dataset, that it was made from */
    uint8_t print[32];
    int64_t compiled_ms; /* monotonic */
    struct condition failing;
    struct regression_change *change; /* to be told in the trail; NULL: it was */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_running, is_ending;
    struct counter rows, left_out, bytes, changed_ms; /* gauges */
};

struct pipeline_config;

/* Compiles the first set. `dataset` NULL: there is no results pipeline. */
MUST_CHECK enum status regression_keeper_open(struct regression_keeper *keeper,
                                              struct runtime *runtime, struct dataset *dataset,
                                              struct store *store,
                                              const struct pipeline_config *config, uint32_t shards,
                                              struct error *ret_error);
MUST_CHECK bool regression_keeper_start(struct regression_keeper *keeper);
void regression_keeper_stop(struct regression_keeper *keeper);
void regression_keeper_close(struct regression_keeper *keeper);
/* After a reload: by what this one says of the set. Any thread. */
void regression_keeper_use_config(struct regression_keeper *keeper,
                                  const struct pipeline_config *config);
/* A shard: the set in force, in exchange for the one that it holds. */
struct regression_set *regression_keeper_take(struct regression_keeper *keeper, uint32_t shard,
                                              struct regression_set *held);
void regression_keeper_register_metrics(struct regression_keeper *keeper, struct metrics *metrics);
