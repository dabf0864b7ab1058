/* The way of records from the outbox to one exporter, and of its acknowledgements back.
 *
 *   commit --offer-----> emitter's queue                 while it has room
 *          \-(behind)--> catch_up, which reads the store, once there is room again
 *   emitter's thread --acknowledgements--> add_to: the next transaction deletes their rows
 *
 * Owner: the writer thread; the emitter's own thread only appends acknowledgements under the
 * lock. */
#pragma once
#include <pthread.h>

#include "pipelines/commit/writer.h"
#include "pipelines/run/replacements.h"
#include "processor/base/digest.h"
#include "processor/emit/emitter.h"
#include "processor/receive/dead_letter/dead_letter.h"

struct settled_line { /* what the file may hold although its row is still in the outbox */
    char record_id[36];
    uint8_t sha256[SHA256_SIZE];
};

struct outbox_lane {
    uint8_t exporter;
    const struct exporter_config *config;
    struct emitter *emitter;
    struct emitter_counters counters;
    struct store *store;
    bool is_behind;
    size_t refused_bytes;   /* of the record that the emitter had no room for */
    int64_t full_until_ms;  /* the emitter's queue is full: no reading of rows before that */
    uint64_t next_sequence; /* the first not handed to the emitter */
    struct settled_line *settled;
    size_t settled_count, settled_capacity;

    struct replacements replacements;
    struct dead_letter *dead; /* the emitter's thread opens it with the first letter */
    pthread_mutex_t lock;
    uint64_t *acknowledged;
    size_t acknowledged_count, acknowledged_capacity;
    bool has_file;
    uint64_t file_through;
    struct outbox_file file;
    size_t taken_count;             /* by the transaction that is under way */
    struct counter last_success_ms; /* wall clock; of what has left, durably; 0: nothing yet */
    uint64_t file_news, taken_news; /* how often the file was heard of; at that transaction */
    /* The store does not know this file yet. What is written before it does would be written twice
     * after a crash, so nothing is sent until then. */
    bool is_unplaced;
};

/* Creates and starts the emitter of an exporter. A broker that is not there is no error. */
MUST_CHECK enum status outbox_lane_open(struct outbox_lane *lane, uint8_t exporter,
                                        const struct exporter_config *config, struct store *store,
                                        struct error *ret_error);
void outbox_lane_close(struct outbox_lane *lane);
/* Waits for what was handed over to be acknowledged. */
void outbox_lane_stop(struct outbox_lane *lane, int64_t grace_ms);
/* One record whose row is durable. */
void outbox_lane_offer(struct outbox_lane *lane, uint64_t sequence, int64_t now_ms,
                       struct bytes frame);
/* Something is in the outbox that was not offered: outbox_lane_catch_up hands it over. */
void outbox_lane_look(struct outbox_lane *lane);
/* Hands over from the store what did not fit before. */
void outbox_lane_catch_up(struct outbox_lane *lane, int64_t now_ms);
/* Are there acknowledgements for the next transaction? */
bool outbox_lane_has_news(struct outbox_lane *lane);
/* Puts the acknowledgements into the transaction; they leave memory with outbox_lane_settle,
 * after it has succeeded. */
void outbox_lane_add_to(struct outbox_lane *lane, struct writer *writer);
/* And the records that are sent otherwise from then on: not in a transaction of deletions alone. */
void outbox_lane_add_replacements(struct outbox_lane *lane, struct writer *writer);
void outbox_lane_settle(struct outbox_lane *lane);
