/* The way of verdicts into cohorts and alerts as the writer goes it, without the writer: decided
 * rows, delta, windows, flush, and the records that alerts tell.
 *   feed_run ... -> feed_commit -> (feed_crash) -> feed_flush -> records */
#pragma once
#include "pipelines/cohorts/alerts.h"
#include "state/cohorts/cohort.h"
#include "state/cohorts/delta.h"
#include "state/store/key_index.h"
#include "state/tables/decided.h"
#include "tests/support/temp_store.h"

struct feed {
    struct temp_store temp;
    struct pipeline_config *config;
    struct cohorts *cohorts;
    struct cohort_delta *delta;
    struct decided *decided;
    struct alerts *alerts;
    uint16_t groupings[GROUPINGS_MAX];
    struct key_index named;      /* hashes of the cohorts that have a name row */
    struct buffer contributions; /* of the batch */
    uint64_t sequence;           /* the last decided one */
    uint64_t runs;
    struct buffer records; /* payloads, each as a line */
    uint32_t record_count;
};

void feed_open(struct feed *feed, const char *yaml, size_t map_bytes);
void feed_close(struct feed *feed);
/* Forgets what is in memory and reads the directory again. */
void feed_crash(struct feed *feed);
/* The same with another configuration. */
void feed_reopen(struct feed *feed, const char *yaml);
/* A run with a value for each dimension of the first grouping, weight 1. */
void feed_run(struct feed *feed, const struct bytes *values, uint8_t verdict, int64_t event_ms);
void feed_weighted(struct feed *feed, const struct bytes *values, uint8_t verdict, int64_t event_ms,
                   double weight, enum cohort_change change);
/* Makes the runs durable, as one decided row. */
void feed_commit(struct feed *feed);
void feed_flush(struct feed *feed, int64_t wall_ms);
/* The same, and the transaction fails. */
void feed_flush_in_vain(struct feed *feed, int64_t wall_ms);
