/* From records to items. The same content of the same trajectory in the same queue is one item, through
 * all revisions of its record:
 *
 *   record ── item of that id there? ── yes: its newest record from now on, results stay
 *                                    └─ no:  a new item; items of the trajectory in that queue with
 *                                            other content, open or waiting, are superseded */
#include <math.h>

#include "pipelines/decide/summary.h"
#include "pipelines/review/review.h"
#include "pipelines/review/pending.h"
#include "pipelines/review/state.h"
#include "pipelines/review/tally.h"
#include "processor/base/digest.h"
#include "state/store/value.h"
#include "state/tables/erased.h"

enum {
    PRIORITY_MAX = 255,
    RECORD_BYTES_MAX = 2 * REVIEW_RECORD_MAX,
    ROOM_PER_RECORD = 2, /* more leave than come while there are too many */
};

void review_item_text(const uint8_t id[ITEM_ID_BYTES], char to[ITEM_TEXT_SIZE])
{
    hex_encode(to, id, ITEM_ID_BYTES);
    to[ITEM_TEXT_SIZE - 1] = 0;
}

uint32_t review_wanted(const struct review *review, const struct item_row *item)
{
    uint32_t wanted = item->wanted < review->people ? item->wanted : review->people;
    return wanted > 0 ? wanted : 1;
}

struct bytes review_record_of(struct review *review, struct store_txn *txn,
                              const struct item_row *item)
{
    struct bytes none = {NULL, 0};
    buffer_clear(&review->deflated);
    if (!item->has_content ||
        item_content_read(txn, item->sequence, &review->deflated) != STATUS_OK)
        return none;
    if (inflate_gzip(review->inflater, buffer_bytes(&review->deflated), RECORD_BYTES_MAX,
                     &review->record) != STATUS_OK) {
        store_fail(txn, STATUS_FATAL, "the content of an item is not understood");
        return none;
    }
    return buffer_bytes(&review->record);
}

/* First bytes of SHA-256(queue, trajectory, digest). */
static void make_id(const struct closed *closed, const struct selected_record *record,
                    uint8_t ret_id[ITEM_ID_BYTES])
{
    uint8_t digest[SHA256_SIZE];
    struct buffer name = {0};
    buffer_append_bytes(&name, record->queue);
    buffer_append(&name, closed->trace_id, sizeof closed->trace_id);
    buffer_append(&name, record->content_digest, sizeof record->content_digest);
    digest_sha256(digest, buffer_bytes(&name));
    buffer_finish(&name);
    memcpy(ret_id, digest, ITEM_ID_BYTES);
}

/* [0, 1), and independent of the u by which the record was chosen. */
static double second_u(const uint8_t id[ITEM_ID_BYTES])
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256_two(digest, BYTES_LITERAL("overlap"), bytes_of(id, ITEM_ID_BYTES));
    return (double)(get_be64(digest) >> 11) / 9007199254740992.0;
}

static void put_record_id(struct item_row *item, const struct selected_record *record)
{
    uint8_t id[RECORD_ID_SIZE];
    if (!record_id_read(record->id, id))
        return;
    if (item->record_count == ITEM_RECORDS_MAX) /* the first one is found no more */
        item->record_count--;
    memcpy(item->record_ids[item->record_count++], id, sizeof id);
}

/* Dimensions by name, since the order of the file may change: varint count (bytes name, value). */
static struct bytes cohort_of(const struct closed *closed, struct arena *arena)
{
    struct buffer text = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < closed->config->dimension_count; i++)
        count += closed->dimension_values[i].size > 0;
    value_put_varint(&text, count);
    for (uint32_t i = 0; i < closed->config->dimension_count; i++) {
        if (closed->dimension_values[i].size == 0)
            continue;
        value_put_bytes(&text, closed->config->dimension_names[i]);
        value_put_bytes(&text, closed->dimension_values[i]);
    }
    struct bytes cohort = arena_copy(arena, buffer_bytes(&text));
    buffer_finish(&text);
    return cohort;
}

/* What its newest record says of it. */
static void take_record(struct arena *arena, struct item_row *item, const struct closed *closed,
                        const struct selected_record *record)
{
    put_record_id(item, record);
    item->verdict = (uint8_t)closed->verdict;
    item->priority = (uint8_t)(record->priority < PRIORITY_MAX ? record->priority : PRIORITY_MAX);
    item->reason = (uint8_t)record->reason;
    item->probability = fmax(item->probability, record->probability);
    item->event_ms = (int64_t)closed->event_ms;
    item->signature = closed->selection.signature;
    item->conversation = record->conversation;
    item->summary = closed->summary;
    item->cohort = cohort_of(closed, arena);
    memcpy(item->ruleset, closed->config->ruleset.sha256, sizeof item->ruleset);
    item->revisions++;
}

/* A later revision with the same content: nobody reviews twice. */
static void take_over(struct review *review, struct store_txn *txn, uint64_t sequence,
                      const struct closed *closed)
{
    struct item_row item;
    const struct selected_record *record = closed->emission.record;
    if (!item_read(txn, sequence, &review->arena, &item))
        return;
    tally_take_back(&review->config->review, txn, &item);
    take_record(&review->arena, &item, closed, record);
    if (item.has_content && record->content.size > 0)
        items_replace_content(review->items, txn, sequence, record->content);
    items_put(review->items, txn, &item);
    tally_count(&review->config->review, txn, &item);
}

/* Its items in that queue that nobody has finished; the new one is for whoever had them. */
static void supersede(struct review *review, struct store_txn *txn, const struct item_row *by,
                      int64_t wall_ms)
{
    struct review_event event = {.review = review, .txn = txn, .wall_ms = wall_ms};
    struct bytes id = bytes_of(by->trajectory_id, sizeof by->trajectory_id);
    uint64_t at = 0;
    while ((at = item_marked(txn, 't', id, at + 1)) != 0 && at < by->sequence) {
        struct item_row item;
        if (!item_read(txn, at, &review->arena, &item) || !bytes_equal(item.queue, by->queue) ||
            (item.state != ITEM_OPEN && item.state != ITEM_WAITING))
            continue;
        review_end_item(&event, &item, ITEM_SUPERSEDED, CAUSE_NONE);
        leases_inherit(review->leases, item.sequence, by->sequence);
    }
}

static uint64_t add_item(struct review *review, struct store_txn *txn, const struct closed *closed,
                         const uint8_t id[ITEM_ID_BYTES], int64_t wall_ms)
{
    const struct selected_record *record = closed->emission.record;
    const struct review_queue_settings *queue =
        review_settings_queue(&review->config->review, record->queue);
    struct item_row item = {
        .queue = record->queue,
        .has_content = record->content.size > 0,
        .wanted = queue->reviewers + (second_u(id) < queue->overlap),
        .emitted_ms = wall_ms,
        .changed_ms = wall_ms,
        .expires_ms = wall_ms + queue->expire_ms,
        .u = select_u(closed->trace_id),
        .decision.failure_mode = -1,
    };
    memcpy(item.item_id, id, sizeof item.item_id);
    memcpy(item.trajectory_id, closed->trace_id, sizeof item.trajectory_id);
    memcpy(item.content_digest, record->content_digest, sizeof item.content_digest);
    take_record(&review->arena, &item, closed, record);
    items_append(review->items, txn, &item, record->content);
    tally_count_new(&review->config->review, txn, &item);
    supersede(review, txn, &item, wall_ms);
    return item.sequence;
}

static void note_arrived(struct review *review, const uint8_t id[16])
{
    if (review->arrived_count < ARRIVED_MAX)
        memcpy(review->arrived[review->arrived_count++], id, 16);
}

void review_add_record(struct review *review, struct store_txn *txn, const struct closed *closed,
                       int64_t wall_ms)
{
    uint8_t id[ITEM_ID_BYTES], record_id[RECORD_ID_SIZE];
    const struct selected_record *record = closed->emission.record;
    if (erased_has(dataset_erased(review->dataset), txn, closed->trace_id))
        return; /* It must not come back. */
    arena_reset(&review->arena);
    make_id(closed, record, id);
    uint64_t sequence = item_find(txn, 'i', id);
    if (sequence != 0)
        take_over(review, txn, sequence, closed);
    else
        (void)add_item(review, txn, closed, id, wall_ms);
    review_make_room(review, txn, ROOM_PER_RECORD, wall_ms);
    if (result_pending_count(review->results) == 0)
        return;
    if (record_id_read(record->id, record_id))
        note_arrived(review, record_id);
    note_arrived(review, closed->trace_id);
}

void review_begin(struct review *review)
{
    review->arrived_count = 0;
    buffer_clear(&review->dead_letters);
}

void review_apply_arrived(struct review *review, struct store_txn *txn, int64_t wall_ms)
{
    for (uint32_t i = 0; i < review->arrived_count; i++)
        review_pending_apply(review, txn, review->arrived[i], wall_ms);
    review->arrived_count = 0;
}
