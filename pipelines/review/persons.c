/* What persons do beside giving results: they see an item, commit themselves before the reveal, close
 * what failed alike, and are taken out of all counts. */
#include "pipelines/review/review.h"
#include "pipelines/review/state.h"
#include "pipelines/review/tally.h"
#include "processor/base/digest.h"

enum { WITHDRAWN_MAX = 10000, CLOSED_MAX = 1000 };

static struct review_event begin(struct review *review, struct store_txn *txn,
                                 const struct principal *principal, int64_t wall_ms)
{
    arena_reset(&review->arena);
    return (struct review_event){.review = review,
                                 .txn = txn,
                                 .principal = principal,
                                 .person = principal->principal,
                                 .reviewer = principal->name,
                                 .wall_ms = wall_ms};
}

/* The row of the event's person, new when there is none. False: there is no such item. */
static bool read_place(const struct review_event *event, const uint8_t item_id[ITEM_ID_BYTES],
                       struct item_row *ret_item, struct result_row *ret_row)
{
    struct arena *arena = &event->review->arena;
    uint64_t sequence = item_find(event->txn, 'i', item_id);
    if (!item_read(event->txn, sequence, arena, ret_item))
        return false;
    uint64_t person = item_row_hash(event->person);
    if (!result_row_read(event->txn, sequence, person, arena, ret_row))
        *ret_row = (struct result_row){.item = sequence,
                                       .principal_hash = person,
                                       .principal = event->person,
                                       .reviewer = event->reviewer,
                                       .result_id = BYTES_LITERAL(""),
                                       .texts = BYTES_LITERAL(""),
                                       .trust = (uint8_t)event->principal->trust,
                                       .failure_mode = -1};
    return true;
}

/* The item stays as it is. */
static void put_row(const struct review_event *event, const struct item_row *item,
                    const struct result_row *row)
{
    const struct review_settings *settings = &event->review->config->review;
    tally_take_back(settings, event->txn, item);
    results_put(event->review->results, event->txn, row);
    tally_count(settings, event->txn, item);
}

bool review_reveal(struct review *review, struct store_txn *txn, const uint8_t item_id[16],
                   const struct principal *principal, enum reviewer_verdict verdict,
                   const uint16_t *labels, uint32_t label_count, int64_t wall_ms)
{
    struct review_event event = begin(review, txn, principal, wall_ms);
    const struct label_set *known = &review->config->review.labels;
    struct item_row item;
    struct result_row row;
    if (!read_place(&event, item_id, &item, &row))
        return false;
    if (row.has_first)
        return true;
    row.has_first = row.is_blind = true;
    row.first_verdict = (uint8_t)verdict;
    row.first_label_count = 0;
    for (uint32_t i = 0; i < label_count && row.first_label_count < ITEM_LABELS_MAX; i++)
        if (labels[i] < known->count)
            row.first_labels[row.first_label_count++] = known->items[labels[i]].id;
    row.revealed_ms = wall_ms;
    put_row(&event, &item, &row);
    return true;
}

bool review_served(struct review *review, struct store_txn *txn, const uint8_t item_id[16],
                   const struct principal *principal, bool is_chosen, int64_t wall_ms)
{
    struct review_event event = begin(review, txn, principal, wall_ms);
    struct item_row item;
    struct result_row row;
    if (!read_place(&event, item_id, &item, &row))
        return false;
    if (row.served_ms != 0)
        return true;
    row.served_ms = wall_ms;
    row.is_chosen = is_chosen;
    row.is_served = !is_chosen;
    put_row(&event, &item, &row);
    review_audit(&event, AUDIT_ITEM_SERVED, &item, (struct bytes){NULL, 0}, NULL);
    return true;
}

uint64_t review_withdraw_all(struct review *review, struct store_txn *txn, struct bytes reviewer,
                             int64_t since_ms, const struct principal *by, int64_t wall_ms)
{
    struct review_event event = begin(review, txn, by, wall_ms);
    uint8_t person[8];
    uint64_t at = 0, count = 0, hash = item_row_hash(reviewer);
    put_be64(person, hash);
    while (count < WITHDRAWN_MAX &&
           (at = item_marked(txn, 'm', bytes_of(person, sizeof person), at + 1)) != 0) {
        struct item_row item;
        struct result_row row;
        uint8_t content[SHA256_SIZE];
        arena_reset(&review->arena);
        if (!item_read(txn, at, &review->arena, &item) ||
            !result_row_read(txn, at, hash, &review->arena, &row) || !row.is_given ||
            row.received_ms < since_ms)
            continue;
        row.is_given = false;
        row.status = RESULT_WITHDRAWN;
        row.texts = BYTES_LITERAL("");
        tally_take_back(&review->config->review, txn, &item);
        results_put(review->results, txn, &row);
        digest_sha256(content, row.result_id);
        review_audit(&event, AUDIT_RESULT_WITHDRAWN, &item, row.result_id, content);
        review_settle(&event, &item, NULL);
        tally_count(&review->config->review, txn, &item);
        count++;
    }
    counters_add(review->counters, txn, review->outcomes[RESULT_WAS_WITHDRAWN], count);
    return count;
}

uint32_t review_close_same(struct review *review, struct store_txn *txn, const uint8_t item_id[16],
                           uint32_t items_max, const struct principal *by, int64_t wall_ms)
{
    struct review_event event = begin(review, txn, by, wall_ms);
    struct store_cursor cursor;
    struct item_row like, item;
    uint64_t found[CLOSED_MAX];
    uint32_t count = 0, closed = 0;
    if (!item_read(txn, item_find(txn, 'i', item_id), &review->arena, &like) || like.signature == 0)
        return 0;
    store_cursor_begin(txn, TABLE_ITEM_OPEN, bytes_of("e", 1), 1, &cursor);
    while (count < CLOSED_MAX && store_cursor_next(&cursor))
        found[count++] = get_be64(cursor.key.data + cursor.key.size - 8);
    store_cursor_finish(&cursor);
    for (uint32_t i = 0; i < count && closed < items_max; i++) {
        if (!item_read(txn, found[i], &review->arena, &item) || item.state != ITEM_OPEN ||
            item.signature != like.signature || item.sequence == like.sequence)
            continue;
        review_end_item(&event, &item, ITEM_SKIPPED, SKIPPED_SAME_AS);
        closed++;
    }
    return closed;
}
