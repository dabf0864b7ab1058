/* The writer's thread. A commit starts when the last has ended: at once if calls wait for it,
 * else every 25 ms, and when about 8 MiB have come together. What a failed commit held is kept
 * and committed again, without the journal rows of calls that have been refused in the meantime. */
#include "pipelines/run/writer_thread.h"

#include <assert.h>
#include <stdlib.h>

#include "pipelines/commit/sources.h"
#include "pipelines/run/failure.h"
#include "pipelines/run/mailbox.h"
#include "pipelines/run/state.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/base/memory.h"

enum {
    COMMIT_MS = 25,        /* a disk's sync is a few ms: most of the time is left for others */
    IDLE_COMMIT_MS = 1000, /* cohorts are folded and alerts looked at once a second */
    BATCH_ITEMS = 1024,
    BATCH_BYTES = 8 << 20, /* larger ones only make calls wait: the cost of a commit is spread */
    RETRY_MS = 100,
};

struct batch {
    void *items[BATCH_ITEMS];     /* tagged */
    bool is_refused[BATCH_ITEMS]; /* a request whose call was told to come again */
    size_t count;
    size_t bytes;
    bool has_waiting; /* a call waits for this commit */
};

static void take_items(struct runtime *runtime, struct batch *batch)
{
    while (batch->count < BATCH_ITEMS && batch->bytes < BATCH_BYTES) {
        void *item;
        if (queue_pop(runtime->writer_queue, &item, 1) == 0)
            return;
        batch->is_refused[batch->count] = false;
        batch->items[batch->count++] = item;
        if (item_tag_of(item) == ITEM_REQUEST) {
            const struct request *request = item;
            batch->bytes += request->received.size;
            batch->has_waiting |= request->on_durable != NULL;
        } else if (item_tag_of(item) == ITEM_EFFECTS) {
            batch->bytes += ((struct effects *)item_untagged(item))->arena.used;
        } else {
            return; /* A notice ends a batch: what came before it is committed before it is obeyed. */
        }
    }
}

static void add_items(struct runtime *runtime, const struct batch *batch, int64_t wall_ms)
{
    for (size_t i = 0; i < batch->count; i++) {
        void *item = item_untagged(batch->items[i]);
        if (item_tag_of(batch->items[i]) == ITEM_REQUEST) {
            const struct request *request = item;
            bool is_journaled =
                runtime->source_kinds[request->source] == SOURCE_JOURNALED && !batch->is_refused[i];
            writer_add_request(runtime->writer, request, is_journaled);
        } else if (item_tag_of(batch->items[i]) == ITEM_EFFECTS) {
            writer_add_effects(runtime->writer, item, wall_ms);
        } else if (((struct notice *)item)->kind == NOTICE_ASSIGN) {
            sources_assign(runtime->writer, ((struct notice *)item)->source,
                           ((struct notice *)item)->position);
        } else if (((struct notice *)item)->kind == NOTICE_REVOKE) {
            sources_hand_over(runtime->writer, ((struct notice *)item)->source);
        } else if (((struct notice *)item)->kind == NOTICE_CAUGHT_UP) {
            uint64_t lost = writer_settle_lost(runtime->writer);
            if (lost > 0)
                log_warn("spans_lost", "reason=crash count=%llu", (unsigned long long)lost);
        }
    }
}

static void obey(struct runtime *runtime, struct notice *notice)
{
    if (notice->kind == NOTICE_CAUGHT_UP) {
        atomic_store(&runtime->is_ready, true);
        atomic_store(&runtime->is_catching_up, false);
    }
    if (notice->kind == NOTICE_RULES)
        writer_use_config(runtime->writer, notice->config);
    if (notice->kind == NOTICE_RULES && notice->retired) {
        writer_forget_config(runtime->writer, notice->retired);
        config_destroy(notice->retired);
    }
    mailbox_return(notice);
}

/* Records of this batch, in the order of their sequences, to every exporter. */
static void offer_records(struct runtime *runtime, const struct batch *batch, int64_t now_ms)
{
    uint64_t sequence, end;
    writer_committed_records(runtime->writer, &sequence, &end);
    for (size_t i = 0; i < batch->count; i++) {
        if (item_tag_of(batch->items[i]) != ITEM_EFFECTS)
            continue;
        const struct effects *effects = item_untagged(batch->items[i]);
        for (const struct closed *closed = effects->first; closed; closed = closed->next) {
            int64_t delay_ms = now_ms - closed->due_ms;
            metrics_observe_us(&runtime->verdict_seconds,
                               delay_ms > 0 ? (uint64_t)delay_ms * 1000 : 0);
            if (!closed->emission.record)
                continue;
            for (uint32_t lane = 0; lane < runtime->lane_count; lane++)
                if (!runtime->config->exporters[lane].takes_no_records)
                    outbox_lane_offer(&runtime->lanes[lane], sequence, now_ms,
                                      closed->emission.record->frame);
            sequence++;
        }
    }
}

static void give_back(struct runtime *runtime, struct effects *effects)
{
    struct shard_thread *shard = &runtime->shards[effects->shard];
    atomic_fetch_sub(&shard->sent_bytes, effects->arena.used);
    effects_clear(effects); /* They may wait long for their next use. */
    bool has_place = queue_push(shard->free_effects, effects);
    assert(has_place); /* It holds all that the shard has. */
}

/* Rows of the dataset and of the audit trail lie in the outbox: their lanes read it for them. */
static void tell_row_lanes(struct runtime *runtime)
{
    struct review *review = writer_review(runtime->writer);
    if (review)
        review_tell_dead(review);
    if (!review || !review_take_news(review))
        return;
    for (uint32_t lane = 0; lane < runtime->lane_count; lane++)
        if (runtime->config->exporters[lane].takes_rows ||
            runtime->config->exporters[lane].takes_audit)
            outbox_lane_look(&runtime->lanes[lane]);
}

/* Durable: replies, records, and everything back to where it came from. */
static void complete(struct runtime *runtime, struct batch *batch, int64_t now_ms)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (item_tag_of(batch->items[i]) != ITEM_REQUEST)
            continue;
        struct request *request = batch->items[i];
        if (request->on_durable && !batch->is_refused[i])
            request->on_durable(request, STATUS_OK);
        request_release(request);
    }
    offer_records(runtime, batch, now_ms);
    for (uint32_t lane = 0; lane < runtime->lane_count; lane++)
        if (runtime->config->exporters[lane].takes_alerts &&
            writer_committed_alerts(runtime->writer) > 0)
            outbox_lane_look(&runtime->lanes[lane]);
    tell_row_lanes(runtime);
    review_calls_answer(&runtime->review_calls, STATUS_OK);
    for (size_t i = 0; i < batch->count; i++) {
        void *item = item_untagged(batch->items[i]);
        if (item_tag_of(batch->items[i]) == ITEM_EFFECTS)
            give_back(runtime, item);
        else if (item_tag_of(batch->items[i]) == ITEM_NOTICE)
            obey(runtime, item);
    }
    for (uint32_t lane = 0; lane < runtime->lane_count; lane++)
        outbox_lane_settle(&runtime->lanes[lane]);
    batch->count = batch->bytes = 0;
    batch->has_waiting = false;
}

/* The map or the disk is full: waiting calls are told to come again, and what can be deleted is. */
static void refuse(struct runtime *runtime, struct batch *batch)
{
    condition_log_met(&runtime->commit_failing, LOG_ERROR, "commit_failed",
                      "reason=\"%s\" action=\"refusing new spans until there is room\"",
                      writer_reason(runtime->writer));
    counter_add(&runtime->commit_failures, 1);
    atomic_store(&runtime->is_refusing, true);
    queue_wake(runtime->topic.answers); /* Who is about to stop does not wait for room. */
    for (size_t i = 0; i < batch->count; i++) {
        if (item_tag_of(batch->items[i]) != ITEM_REQUEST || batch->is_refused[i])
            continue;
        struct request *request = batch->items[i];
        if (request->on_durable)
            request->on_durable(request, STATUS_BUSY);
        batch->is_refused[i] = true;
    }
    review_calls_answer(&runtime->review_calls, STATUS_BUSY);
    batch->has_waiting = false;
}

/* Deletions alone: what is trimmed, expired or acknowledged. */
static enum status relieve(struct runtime *runtime)
{
    writer_begin(runtime->writer);
    for (uint32_t lane = 0; lane < runtime->lane_count; lane++)
        outbox_lane_add_to(&runtime->lanes[lane], runtime->writer);
    enum status status = writer_relieve(runtime->writer);
    for (uint32_t lane = 0; lane < runtime->lane_count && status == STATUS_OK; lane++)
        outbox_lane_settle(&runtime->lanes[lane]);
    return status == STATUS_BUSY ? STATUS_OK : status;
}

static enum status commit(struct runtime *runtime, struct batch *batch)
{
    int64_t began_ms = clock_monotonic_ms(), wall_ms = clock_realtime_ms();
    writer_begin(runtime->writer);
    add_items(runtime, batch, wall_ms);
    if (writer_review(runtime->writer))
        review_calls_run(&runtime->review_calls, writer_review(runtime->writer),
                         writer_transaction(runtime->writer), wall_ms);
    for (uint32_t lane = 0; lane < runtime->lane_count; lane++) {
        outbox_lane_add_to(&runtime->lanes[lane], runtime->writer);
        outbox_lane_add_replacements(&runtime->lanes[lane], runtime->writer);
    }
    if (atomic_load(&runtime->is_last_turn))
        writer_flush_cohorts(runtime->writer);
    enum status status = writer_commit(runtime->writer, began_ms, wall_ms);
    int64_t now_ms = clock_monotonic_ms();
    if (status == STATUS_OK) {
        counter_add(&runtime->commits, 1);
        metrics_observe_us(&runtime->commit_seconds, (uint64_t)(now_ms - began_ms) * 1000);
        atomic_store(&runtime->is_refusing, false);
        condition_log_over(&runtime->commit_failing, "commit_recovered", "%s", "");
        complete(runtime, batch, now_ms);
    } else if (status == STATUS_BUSY) {
        refuse(runtime, batch);
        status = relieve(runtime);
        /* It is the disk that needs time, whatever comes into the queue meanwhile. */
        nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000}, NULL);
    }
    if (status != STATUS_OK)
        log_error("state_failed", "reason=\"%s\"", writer_reason(runtime->writer));
    return status;
}

/* What could not be committed: the calls that still wait are told to come again. */
static void abandon(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct request *request = batch->items[i];
        if (item_tag_of(request) == ITEM_REQUEST && request->on_durable && !batch->is_refused[i])
            request->on_durable(request, STATUS_BUSY);
        mailbox_drop(request);
    }
}

static bool has_news(struct runtime *runtime)
{
    for (uint32_t lane = 0; lane < runtime->lane_count; lane++)
        if (outbox_lane_has_news(&runtime->lanes[lane]))
            return true;
    return false;
}

void *writer_thread_main(void *context)
{
    struct runtime *runtime = context;
    pthread_setname_np(pthread_self(), "writer");
    struct batch *batch = memory_need(calloc(1, sizeof(*batch)));
    int64_t committed_ms = clock_monotonic_ms();
    enum status status = STATUS_OK;
    bool is_last = false;
    while (status == STATUS_OK && !is_last) {
        take_items(runtime, batch);
        int64_t now_ms = clock_monotonic_ms();
        atomic_store_explicit(&runtime->writer_turn_ms, now_ms, memory_order_relaxed);
        for (uint32_t lane = 0; lane < runtime->lane_count; lane++)
            outbox_lane_catch_up(&runtime->lanes[lane], now_ms);
        is_last = atomic_load(&runtime->is_last_turn) &&
                  (batch->count == 0 || atomic_load(&runtime->is_refusing));
        bool is_notice =
            batch->count > 0 && item_tag_of(batch->items[batch->count - 1]) == ITEM_NOTICE;
        bool is_full = batch->count == BATCH_ITEMS || batch->bytes >= BATCH_BYTES;
        bool is_asked = review_calls_are_waiting(&runtime->review_calls);
        int64_t interval_ms = batch->count > 0 || has_news(runtime) ? COMMIT_MS : IDLE_COMMIT_MS;
        int64_t left_ms = committed_ms + interval_ms - now_ms;
        if (!is_last && !is_asked && !batch->has_waiting && !is_notice && !is_full && left_ms > 0) {
            /* Effects and acknowledgements come without waking us. */
            queue_wait(runtime->writer_queue, left_ms < COMMIT_MS ? left_ms : COMMIT_MS);
            continue;
        }
        status = commit(runtime, batch);
        committed_ms = clock_monotonic_ms();
    }
    abandon(batch);
    review_calls_end(&runtime->review_calls);
    free(batch);
    if (status != STATUS_OK)
        failure_report(runtime, EXIT_STATE_IO);
    return NULL;
}
