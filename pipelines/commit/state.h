/* What the writer keeps; seen inside this room only. Memory beside the store (positions,
 * watermarks, cohort delta) moves only when a transaction has succeeded: `next` holds the rows as
 * they will be, `committed` as they are. */
#pragma once
#include "pipelines/cohorts/alerts.h"
#include "pipelines/commit/contribution.h"
#include "pipelines/commit/regression_counts.h"
#include "pipelines/commit/stored.h"
#include "pipelines/commit/unread_scopes.h"
#include "pipelines/commit/writer_counters.h"
#include "pipelines/review/review.h"
#include "state/cohorts/delta.h"
#include "state/tables/decided.h"
#include "state/tables/journal.h"
#include "state/tables/part.h"
#include "state/tables/retained.h"
#include "state/tables/spill.h"

enum {
    BINDINGS = 2, /* the running configuration and the one before a reload */
    /* Table rows deleted in one transaction, of journal, decided and outbox each: more than one
     * brings in, so that a backlog shrinks, and few enough that calls need not wait for it. */
    TRIM_ROWS_MAX = 2000,
};

struct shard_state {
    uint64_t floor[SOURCES_MAX], through[SOURCES_MAX], need[SOURCES_MAX];
    uint64_t open_spans;
};

/* Drops that a crash must not count twice, held back while the replay marks can't say so. */
struct held_counts {
    uint64_t late_spans, logs_ignored, logs_joined, logs_dropped[LOG_DROPS];
};

struct writer {
    struct unread_scopes unread_scopes;
    struct { /* awaited scores that never came, since the last line in the log */
        const struct pipeline_config *of;
        uint64_t runs, runs_of[AWAIT_SCORES_MAX];
        int64_t told_ms;
    } in_vain;
    struct store *store;
    struct store_txn txn;
    struct journal *journal;
    struct decided *decided;
    struct outbox *outbox;
    struct spill *spill;
    struct retained *retained;
    struct parts *parts;
    struct counters *counters;
    struct cohorts *cohorts;
    struct cohort_delta *delta;
    struct alerts *alerts;
    struct review_budget *budget;
    struct review *review; /* NULL: there is no results pipeline */
    struct regression_counts *regressions; /* likewise */
    int64_t reviewed_ms;   /* monotonic, of its last turn */
    int64_t feedback_window_ms; /* how long runs are remembered for it; 0: not at all */
    struct writer_counters counted;
    struct binding bindings[BINDINGS];
    uint32_t newest_binding;
    bool is_binding_new[BINDINGS]; /* resolved in this batch: void if the batch fails */
    const struct pipeline_config *config;

    uint32_t shards, source_count;
    enum source_kind kinds[SOURCES_MAX];
    bool has_assigned; /* at a place that is not ours: what we had open of it is no crash loss */
    struct source_row committed[SOURCES_MAX], next[SOURCES_MAX];
    struct shard_state *shard_states, *next_states; /* of each shard */
    /* The run before had another number of shards, so its replay marks can't be carried on one by
     * one: until all shards have caught up they stay as they are, and with them the watermarks and
     * what the marks guard. A crash meanwhile replays everything once more. */
    bool is_holding, next_holding;
    struct held_counts held, next_held;
    int64_t batch_in_flight; /* spans that this batch adds to those in flight */
    _Atomic uint64_t needs[SOURCES_MAX];
    /* A late span may lie behind its verdict by the whole window. So what has left the window is
     * forgotten only when the watermarks have passed all that had come by then. */
    struct horizon {
        int64_t ms, next_ms;             /* in force; the one that waits for the watermarks */
        uint64_t positions[SOURCES_MAX]; /* for next_ms: where each source stood */
        int64_t moved_ms;                /* monotonic */
    } horizon, next_horizon;
    _Atomic int64_t horizon_ms;

    struct decided_row *rows; /* of this batch */
    size_t row_count, row_capacity;
    struct buffer contributions; /* of this batch, one after the other */
    struct buffer row_bytes;
    _Atomic uint64_t decided_sequence; /* committed; any thread */
    uint64_t delta_sequence;  /* the last decided sequence whose contributions are in the delta */
    uint64_t folded_sequence; /* the last that is in the buckets, or has nothing for them */
    int64_t flushed_ms, gauged_ms;
    bool is_flush_due;
    uint64_t first_record, end_record; /* alerts come behind the records of a batch */
    uint32_t alert_records;            /* of this batch */
    bool tells_alerts;                 /* some exporter takes them */
    int64_t wall_ms;                   /* of the commit under way */
    uint32_t exporter_count;
    size_t batch_bytes;
    _Atomic double used_ratio;
    _Atomic uint64_t journal_bytes, outbox_records, outbox_bytes; /* for other threads */
    _Atomic int64_t outbox_oldest_ms;
};

/* Shows other threads what the journal and the outbox hold now (writer_report.c). */
void writer_publish(struct writer *writer);

static inline void writer_count(struct writer *writer, struct persistent_counter *counter,
                                uint64_t by)
{
    if (counter && by > 0)
        counters_add(writer->counters, &writer->txn, counter, by);
}
