/* What a decision makes of a row. The entry of the row says what it is now; what it says stands in
 * the version that changed it last, or, while it is in none, under version 0. */
#include "pipelines/review/dataset.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "pipelines/review/dataset_state.h"

enum { ARENA_BYTES_MAX = 32 << 20, ROW_OVERHEAD_BYTES = 2048 /* its entry, question and bands */ };

static const char version_name[] = "dataset_version", bytes_name[] = "dataset_bytes";

/* --- counts --- */

static void publish(struct dataset *dataset)
{
    for (size_t split = 0; split < ROW_SPLITS; split++)
        for (size_t i = 0; i < 2; i++)
            atomic_store_explicit(&dataset->shown_rows[split][i], dataset->durable.rows[split][i],
                                  memory_order_relaxed);
    atomic_store_explicit(&dataset->shown_version, dataset->durable.version, memory_order_relaxed);
    atomic_store_explicit(&dataset->shown_pending, dataset->durable.erase_pending,
                          memory_order_relaxed);
    atomic_store_explicit(&dataset->shown_bytes, dataset->durable.bytes, memory_order_relaxed);
}

static void dataset_end(void *context, bool is_committed)
{
    struct dataset *dataset = context;
    if (is_committed) {
        dataset->durable = dataset->open;
        publish(dataset);
    }
    dataset->open = dataset->durable;
}

void dataset_touch(struct dataset *dataset, struct store_txn *txn)
{
    store_on_end(txn, dataset_end, dataset);
}

uint64_t dataset_next_version(struct dataset *dataset, struct store_txn *txn)
{
    dataset_touch(dataset, txn);
    if (dataset->open.version == dataset->durable.version)
        store_put_number(txn, version_name, ++dataset->open.version);
    return dataset->open.version;
}

void dataset_skip_versions(struct dataset *dataset, struct store_txn *txn, uint64_t through)
{
    if (through <= dataset->open.version)
        return;
    dataset_touch(dataset, txn);
    dataset->durable.version = dataset->open.version = through; /* so the next one is made anew */
    store_put_number(txn, version_name, through);
}

void dataset_count_bytes(struct dataset *dataset, struct store_txn *txn, int64_t bytes)
{
    dataset_touch(dataset, txn);
    dataset->open.bytes += bytes;
    store_put_number(txn, bytes_name, (uint64_t)dataset->open.bytes);
}

/* Held rows of a deleted count would be told for ever, so all are counted anew at the start. */
static void count_rows(struct store_txn *txn, struct dataset_counts *counts)
{
    struct store_cursor cursor;
    struct row_entry entry;
    store_cursor_begin(txn, TABLE_ROW, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        if (row_entry_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &entry) !=
            STATUS_OK) {
            store_fail(txn, STATUS_FATAL, "a row of table row is not understood");
            break;
        }
        if (entry.state == ROW_STATE_LIVE)
            counts->rows[entry.split % ROW_SPLITS][entry.is_regression]++;
        else if (entry.state == ROW_STATE_HELD)
            counts->rows[SPLIT_HELD][entry.is_regression]++;
    }
    store_cursor_finish(&cursor);
}

enum status dataset_open(struct store *store, struct audit *audit, struct outbox *outbox,
                         struct dataset **ret_dataset)
{
    struct store_txn txn;
    struct dataset *dataset = calloc(1, sizeof *dataset);
    if (!dataset)
        return STATUS_FATAL;
    dataset->store = store;
    dataset->audit = audit;
    dataset->outbox = outbox;
    arena_init(&dataset->arena, ARENA_BYTES_MAX);
    enum status status = erased_open(store, &dataset->erased);
    store_begin(store, false, &txn);
    dataset->durable.version = store_get_number(&txn, version_name);
    dataset->durable.bytes = (int64_t)store_get_number(&txn, bytes_name);
    dataset->durable.erase_pending = dataset_erase_pending(dataset, &txn);
    count_rows(&txn, &dataset->durable);
    dataset->open = dataset->durable;
    enum status read = store_commit(&txn);
    status = status == STATUS_OK ? read : status;
    publish(dataset);
    if (status == STATUS_OK)
        *ret_dataset = dataset;
    else
        dataset_close(dataset);
    return status;
}

void dataset_close(struct dataset *dataset)
{
    if (!dataset)
        return;
    erased_close(dataset->erased);
    arena_finish(&dataset->arena);
    free(dataset);
}

void dataset_use_tables(struct dataset *dataset, const struct dataset_tables *tables)
{
    dataset->tables = *tables;
}

bool dataset_take_news(struct dataset *dataset)
{
    bool has_news = dataset->durable.has_news;
    dataset->durable.has_news = dataset->open.has_news = false;
    return has_news;
}

uint64_t dataset_version(const struct dataset *dataset)
{
    return dataset->durable.version;
}

struct erased *dataset_erased(struct dataset *dataset)
{
    return dataset->erased;
}

/* --- a decision --- */

static bool is_wanted(const struct dataset_settings *settings, const struct decision *decision)
{
    return decision->is_decided && decision->approve && decision->verdict != REVIEW_UNSURE &&
           settings->promote != PROMOTE_NEVER && decision->reviewers >= settings->require_reviews;
}

static enum row_agreement agreement_of(const struct decision *decision)
{
    if (decision->is_adjudicated)
        return AGREE_ADJUDICATED;
    if (decision->reviewers <= 1)
        return AGREE_SINGLE;
    return decision->agreeing >= decision->reviewers ? AGREE_UNANIMOUS : AGREE_MAJORITY;
}

static struct bytes label_id(const struct label_set *labels, int32_t label)
{
    return label >= 0 && (uint32_t)label < labels->count ? labels->items[label].id
                                                         : (struct bytes){0};
}

/* What the row says, by the record and the decision. */
static bool write_draft(struct row_change *change, const char *row_id,
                        const struct label_set *labels, const struct decided_item *item,
                        const struct decision *decision, struct buffer *to)
{
    const struct row row = {
        .row_id = row_id,
        .dataset = change->settings->name,
        .record = item->record,
        .decided_ms = decision->decided_ms,
        .verdict = decision->verdict,
        .texts = decision->texts,
        .label_set = labels,
        .labels = decision->labels,
        .label_count = decision->label_count,
        .failure_mode = decision->failure_mode,
        .is_adjudicated = decision->is_adjudicated,
        .reviewers = decision->reviewers,
        .agreement = agreement_of(decision),
        .reviewed_by = decision->reviewed_by,
        .reviewed_by_count = decision->reviewed_by_count,
        .has_comment = change->settings->export_comment,
    };
    struct row_entry *entry = &change->entry;
    /* By hand: what a person has let in stays in. */
    bool is_wanted_as_test =
        change->settings->regression == REGRESSION_FAILED ||
        (change->settings->regression == REGRESSION_MANUAL && change->before.is_regression);
    entry->is_regression =
        is_wanted_as_test && decision->verdict == REVIEW_FAIL && row_has_checks(&row);
    entry->is_critical = entry->is_regression && decision->has_critical_right;
    entry->failure_mode = label_id(labels, decision->failure_mode);
    if (!item->record.data || row_draft(&row, &change->dataset->arena, to) != STATUS_OK)
        return false;
    change->draft = buffer_bytes(to);
    return true;
}

static void begin_entry(struct row_change *change, const struct decided_item *item)
{
    struct row_entry *entry = &change->entry;
    memcpy(entry->trajectory_id, item->trajectory_id, sizeof entry->trajectory_id);
    memcpy(entry->content_digest, item->content_digest, sizeof entry->content_digest);
    memcpy(entry->item_id, item->item_id, sizeof entry->item_id);
    entry->revision_id = item->record_id;
    if (entry->created_ms != 0)
        return;
    entry->created_ms = change->wall_ms;
    entry->occurrences = 1;
    if (getrandom(entry->salt, sizeof entry->salt, 0) != sizeof entry->salt)
        store_fail(change->txn, STATUS_FATAL, "the system gives no random bytes");
    struct bytes conversation = row_conversation(item->record, &change->dataset->arena);
    if (conversation.size > 0)
        erased_fingerprint(change->txn, "conversation", conversation, entry->conversation);
}

/* Nobody wants it any more. */
static void drop(struct row_change *change, const char *reason)
{
    if (change->entry.state == ROW_STATE_LIVE)
        dataset_row_retire(change, reason);
    else if (change->entry.state != ROW_STATE_RETIRED) {
        dataset_row_unfold(change);
        dataset_row_keep(change, ROW_STATE_RETIRED, reason);
    }
}

/* From what it says to where it is. */
void dataset_row_place(struct row_change *change)
{
    struct dataset *dataset = change->dataset;
    size_t limit = change->settings->bytes_max;
    int64_t size = (int64_t)change->draft.size + ROW_OVERHEAD_BYTES;
    if (limit > 0 && dataset->open.bytes + size > (int64_t)limit) {
        if (change->was_live)
            dataset_row_retire(change, "dataset_full");
        if (dataset->open.bytes + size > (int64_t)(limit + limit / 8))
            change->draft = (struct bytes){0}; /* what waits is bounded, too */
        dataset_row_keep(change, ROW_STATE_HELD, "dataset_full");
        return;
    }
    if (!dataset_row_join_cluster(change)) {
        const char *reason = change->held_reason;
        if (change->was_live)
            dataset_row_retire(change, reason);
        dataset_row_keep(change, ROW_STATE_HELD, reason);
        return;
    }
    if (!change->was_live && dataset_row_folds(change))
        return;
    dataset_row_publish(change);
}

static void answer(const struct row_change *change, const char *row_id,
                   struct dataset_change *ret_change)
{
    const struct row_entry *entry = &change->entry;
    *ret_change = (struct dataset_change){.version = entry->version};
    memcpy(ret_change->row_id, row_id, UUID_TEXT_SIZE);
    ret_change->is_held = entry->state == ROW_STATE_HELD || entry->state == ROW_STATE_PROPOSED;
    if (ret_change->is_held && entry->reason.size < sizeof ret_change->held_reason)
        memcpy(ret_change->held_reason, entry->reason.data, entry->reason.size);
}

bool dataset_row_begin(struct row_change *change, const uint8_t row_id[16])
{
    struct arena *arena = &change->dataset->arena;
    struct row_entry *entry = &change->entry;
    arena_reset(arena);
    bool is_there = row_entry_read(change->txn, row_id, entry);
    memcpy(entry->row_id, row_id, ROW_ID_SIZE);
    if (is_there) { /* They die with the next write. */
        entry->failure_mode = arena_copy(arena, entry->failure_mode);
        entry->reason = arena_copy(arena, entry->reason);
        entry->revision_id = arena_copy(arena, entry->revision_id);
    } else {
        entry->state = ROW_STATE_RETIRED;
    }
    change->before = *entry;
    change->was_live = is_there && entry->state == ROW_STATE_LIVE;
    return is_there;
}

void dataset_decide(struct dataset *dataset, struct store_txn *txn,
                    const struct dataset_settings *settings, const struct label_set *labels,
                    const struct decided_item *item, const struct decision *decision,
                    const struct audit_entry *actor, int64_t wall_ms,
                    struct dataset_change *ret_change)
{
    char row_id[UUID_TEXT_SIZE];
    uint8_t raw[ROW_ID_SIZE];
    struct buffer draft = {0};
    struct row_change change = {
        .dataset = dataset, .txn = txn, .settings = settings, .actor = actor, .wall_ms = wall_ms};
    *ret_change = (struct dataset_change){.row_id = ""};
    atomic_store_explicit(&dataset->bytes_max, settings->bytes_max, memory_order_relaxed);
    row_id_of(row_id, settings->name, item->trajectory_id, item->content_digest);
    bool is_read = row_id_parse(bytes_of_text(row_id), raw);
    assert(is_read);
    bool was_there = dataset_row_begin(&change, raw);
    if (change.entry.is_erased || erased_has(dataset->erased, txn, item->trajectory_id))
        return;
    if (!is_wanted(settings, decision)) {
        if (was_there)
            drop(&change, "withdrawn");
    } else {
        begin_entry(&change, item);
        if (!write_draft(&change, row_id, labels, item, decision, &draft)) {
            if (was_there)
                drop(&change, "content_gone");
        } else if (settings->promote == PROMOTE_MANUAL && !change.was_live) {
            dataset_row_keep(&change, ROW_STATE_PROPOSED, "not_promoted");
            was_there = true;
        } else {
            bool is_same_kind = bytes_equal(change.entry.failure_mode, change.before.failure_mode);
            if (change.before.state == ROW_STATE_FOLDED && is_same_kind) {
                dataset_row_keep(&change, ROW_STATE_FOLDED, "");
            } else {
                dataset_row_unfold(&change);
                dataset_row_place(&change);
            }
            was_there = true;
        }
    }
    if (was_there)
        answer(&change, row_id, ret_change);
    buffer_finish(&draft);
}
