/* What time and limits do to items, a bounded piece of work at once:
 *
 *   open, waiting   expire when nobody came in time, or when there is no room, the least urgent first
 *   waiting         is decided by what there is when it waits for people who have left
 *   content         leaves a week after the decision
 *   all of it       leaves after review.retain */
#include "pipelines/review/review.h"
#include "pipelines/review/pending.h"
#include "pipelines/review/state.h"
#include "pipelines/review/tally.h"

enum {
    EXPIRED_MAX = 1000, /* a turn, each */
    DROPPED_MAX = 1000,
    DELETED_MAX = 200,
    MADE_ROOM_MAX = 1000,
    NOTES_SWEPT = 1000,
    WAITING_LOOKED_AT = 2000,
    WAITING_SETTLED_MAX = 100,
    FULL_PERCENT =
        110, /* of limits.review: results are refused only when making room has not helped */
};

static uint64_t used_bytes(const struct review *review)
{
    return items_bytes(review->items) + results_bytes(review->results);
}

bool review_is_full(const struct review *review)
{
    uint64_t limit = review->config->review.bytes_max;
    return limit > 0 && used_bytes(review) / FULL_PERCENT > limit / 100;
}

/* The number at the end of the first key of a kind that is below `before_ms`; 0: there is none. */
static uint64_t first_before(struct store_txn *txn, char kind, int64_t before_ms)
{
    struct store_cursor cursor;
    uint64_t sequence = 0;
    store_cursor_begin(txn, TABLE_ITEM_OPEN, bytes_of(&kind, 1), 1, &cursor);
    if (store_cursor_next(&cursor) && cursor.key.size == 17 &&
        (int64_t)get_be64(cursor.key.data + 1) < before_ms)
        sequence = get_be64(cursor.key.data + 9);
    store_cursor_finish(&cursor);
    return sequence;
}

static void expire(struct review *review, struct store_txn *txn, uint64_t sequence,
                   enum item_cause cause, int64_t wall_ms)
{
    struct review_event event = {.review = review, .txn = txn, .wall_ms = wall_ms};
    struct item_row item;
    arena_reset(&review->arena);
    if (!item_read(txn, sequence, &review->arena, &item))
        return;
    review_end_item(&event, &item, ITEM_EXPIRED, cause);
    counters_add(review->counters, txn,
                 cause == EXPIRED_BY_AGE ? review->expired_by_age : review->expired_by_limit, 1);
}

static void expire_old(struct review *review, struct store_txn *txn, int64_t wall_ms)
{
    uint64_t sequence;
    for (uint32_t i = 0; i < EXPIRED_MAX && txn->status == STATUS_OK; i++) {
        if ((sequence = first_before(txn, 'e', wall_ms)) == 0)
            return;
        expire(review, txn, sequence, EXPIRED_BY_AGE, wall_ms);
    }
}

/* Content without which an item goes on. False: there is none to leave before `before_ms`. */
static bool drop_first(struct review *review, struct store_txn *txn, int64_t before_ms)
{
    struct item_row item;
    uint64_t sequence = first_before(txn, 'c', before_ms);
    arena_reset(&review->arena);
    if (sequence == 0 || !item_read(txn, sequence, &review->arena, &item))
        return false;
    items_drop_content(review->items, txn, sequence);
    item.has_content = false;
    item.drop_ms = 0;
    items_put(review->items, txn, &item);
    return true;
}

static void delete_item(struct review *review, struct store_txn *txn, const struct item_row *item)
{
    uint64_t principals[RESULT_KEYS_MAX];
    uint32_t count = result_principals(txn, item->sequence, principals);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t person[8];
        put_be64(person, principals[i]);
        item_unmark(txn, 'm', bytes_of(person, sizeof person), item->sequence);
        results_delete(review->results, txn, item->sequence, principals[i]);
    }
    items_delete(review->items, txn, item->sequence);
}

/* The oldest item, when it came before `before_ms`; false: it did not, or there is none. */
static bool delete_first(struct review *review, struct store_txn *txn, int64_t before_ms)
{
    struct store_cursor cursor;
    struct item_row item;
    uint64_t sequence = 0;
    store_cursor_begin(txn, TABLE_ITEM, bytes_of("", 0), 0, &cursor);
    if (store_cursor_next(&cursor) && cursor.key.size == 8)
        sequence = get_be64(cursor.key.data);
    store_cursor_finish(&cursor);
    arena_reset(&review->arena);
    if (!item_read(txn, sequence, &review->arena, &item) || item.emitted_ms >= before_ms)
        return false;
    delete_item(review, txn, &item);
    return true;
}

/* --- room --- */

/* Of the least urgent priority of a queue the oldest item, and that priority; 0: none. */
static uint64_t least_urgent(struct store_txn *txn, struct bytes queue, uint8_t *ret_priority)
{
    struct state_key from = {.size = 0}, last;
    struct store_cursor cursor;
    uint64_t sequence = 0;
    key_u8(&from, 'p');
    key_be64(&from, item_row_hash(queue));
    if (!store_last_key(txn, TABLE_ITEM_OPEN, key_bytes(&from), &last))
        return 0;
    *ret_priority = last.data[from.size];
    key_u8(&from, *ret_priority);
    store_cursor_begin(txn, TABLE_ITEM_OPEN, key_bytes(&from), from.size, &cursor);
    if (store_cursor_next(&cursor))
        sequence = get_be64(cursor.key.data + cursor.key.size - 8);
    store_cursor_finish(&cursor);
    return sequence;
}

/* Over all queues; the control stratum, on which every rate stands, comes last. */
static uint64_t find_victim(struct review *review, struct store_txn *txn)
{
    struct item_queue queues[ITEM_QUEUES_MAX];
    uint64_t victim = 0;
    int worst = -2;
    arena_reset(&review->arena);
    uint32_t count = item_queues_read(txn, &review->arena, queues);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t priority = 0;
        if (queues[i].counts[ITEM_OPEN] + queues[i].counts[ITEM_WAITING] == 0)
            continue;
        uint64_t sequence = least_urgent(txn, queues[i].name, &priority);
        int rank = bytes_equal_text(queues[i].name, "control") ? -1 : priority;
        if (sequence != 0 && rank > worst) {
            worst = rank;
            victim = sequence;
        }
    }
    return victim;
}

/* Do more items wait than may? What was decided is none of them, however much of it there is. */
static bool too_many_wait(struct review *review, struct store_txn *txn)
{
    struct item_queue queues[ITEM_QUEUES_MAX];
    uint64_t most = review->config->review.items_max, waiting = 0;
    if (most == 0 || store_count(txn, TABLE_ITEM) <= most)
        return false;
    arena_reset(&review->arena);
    uint32_t count = item_queues_read(txn, &review->arena, queues);
    for (uint32_t i = 0; i < count; i++)
        waiting += queues[i].counts[ITEM_OPEN] + queues[i].counts[ITEM_WAITING];
    return waiting > most;
}

void review_make_room(struct review *review, struct store_txn *txn, uint32_t items_max,
                      int64_t wall_ms)
{
    const struct review_settings *settings = &review->config->review;
    for (uint32_t i = 0; i < items_max && txn->status == STATUS_OK; i++) {
        bool has_many = too_many_wait(review, txn);
        bool has_much = settings->bytes_max > 0 && used_bytes(review) > settings->bytes_max;
        if (!has_many && !has_much)
            return;
        uint64_t victim = find_victim(review, txn);
        if (victim != 0)
            expire(review, txn, victim, EXPIRED_BY_LIMIT, wall_ms);
        else if (!has_much || !drop_first(review, txn, INT64_MAX))
            (void)delete_first(review, txn, INT64_MAX);
    }
}

/* --- fewer people --- */

void review_look_at_waiting(struct review *review)
{
    review->waiting_at.size = 0;
    key_u8(&review->waiting_at, 'e'); /* open and waiting, from the first */
}

static void waiting_end(void *context, bool is_committed)
{
    if (!is_committed)
        review_look_at_waiting(context);
}

/* From where the last turn ended; how many in `to`. */
static uint32_t find_complete(struct review *review, struct store_txn *txn, uint64_t *to)
{
    struct state_key from = review->waiting_at, *next = &review->waiting_at;
    struct store_cursor cursor;
    struct item_row item;
    uint32_t looked = 0, count = 0;
    next->size = 0;
    store_cursor_begin(txn, TABLE_ITEM_OPEN, key_bytes(&from), 1, &cursor);
    while (store_cursor_next(&cursor)) {
        if (looked++ == WAITING_LOOKED_AT || count == WAITING_SETTLED_MAX) {
            key_raw(next, key_bytes(&cursor.key));
            break;
        }
        uint64_t sequence = get_be64(cursor.key.data + cursor.key.size - 8);
        arena_reset(&review->arena);
        if (item_read(txn, sequence, &review->arena, &item) && item.state == ITEM_WAITING &&
            item.results >= review_wanted(review, &item))
            to[count++] = sequence;
    }
    store_cursor_finish(&cursor);
    return count;
}

static void settle_complete(struct review *review, struct store_txn *txn, int64_t wall_ms)
{
    struct review_event event = {.review = review, .txn = txn, .wall_ms = wall_ms};
    uint64_t found[WAITING_SETTLED_MAX];
    struct item_row item;
    if (review->waiting_at.size == 0 ||
        audit_is_full(review->audit, review->config->review.audit_bytes_max))
        return;
    store_on_end(txn, waiting_end, review);
    uint32_t count = find_complete(review, txn, found);
    for (uint32_t i = 0; i < count && txn->status == STATUS_OK; i++) {
        arena_reset(&review->arena);
        if (!item_read(txn, found[i], &review->arena, &item))
            continue;
        tally_take_back(&review->config->review, txn, &item);
        review_settle(&event, &item, NULL);
        tally_count(&review->config->review, txn, &item);
    }
}

/* --- the turn --- */

/* Another label set is a fact of the trail: results are read against it. */
static void note_label_set(struct review *review, struct store_txn *txn, int64_t wall_ms)
{
    const struct label_set *labels = &review->config->review.labels;
    struct bytes stored, key = BYTES_LITERAL("review_label_set");
    bool is_stored = store_get(txn, TABLE_META, key, &stored) &&
                     bytes_equal(stored, bytes_of(labels->sha256, sizeof labels->sha256));
    if (is_stored)
        return;
    struct audit_entry entry = {.time_ms = wall_ms,
                                .actor = BYTES_LITERAL(""),
                                .role = BYTES_LITERAL(""),
                                .trust = AUDIT_SYSTEM,
                                .action = AUDIT_LABEL_SET_CHANGED};
    memcpy(entry.content, labels->sha256, sizeof entry.content);
    audit_append(review->audit, txn, &entry);
    store_put(txn, TABLE_META, key, bytes_of(labels->sha256, sizeof labels->sha256));
}

void review_turn(struct review *review, struct store_txn *txn, int64_t wall_ms)
{
    const struct review_settings *settings = &review->config->review;
    tally_turn(settings, txn, wall_ms);
    note_label_set(review, txn, wall_ms);
    expire_old(review, txn, wall_ms);
    settle_complete(review, txn, wall_ms);
    for (uint32_t i = 0; i < DROPPED_MAX && drop_first(review, txn, wall_ms); i++)
        ;
    if (settings->retain_ms > 0) {
        int64_t before_ms = wall_ms - settings->retain_ms;
        for (uint32_t i = 0; i < DELETED_MAX && delete_first(review, txn, before_ms); i++)
            ;
        result_notes_sweep(review->results, txn, before_ms, NOTES_SWEPT);
    }
    review_make_room(review, txn, MADE_ROOM_MAX, wall_ms);
    dataset_turn(review->dataset, txn, &review->config->dataset, wall_ms);
    atomic_store_explicit(&review->used, used_bytes(review), memory_order_relaxed);
    if (result_pending_count(review->results) > 0)
        review_pending_turn(review, txn, wall_ms);
}
