/* From the newest item on, so the first of a run that is met says what the machine thinks of it now.
 * A run may have several items: what is said of runs is summed when all have been seen. */
#include "pipelines/review/measures_items.h"

#include <stdio.h>
#include <stdlib.h>

#include "pipelines/review/item_cohort.h"
#include "pipelines/review/item_scan.h"
#include "processor/emit/outgoing.h"
#include "processor/review/row.h"
#include "processor/verdict.h"
#include "state/cohorts/cohort.h"
#include "state/tables/outbox.h"
#include "state/tables/result.h"
#include "state/tables/row.h"

enum { ARENA_BYTES_MAX = 1 << 20, VALUES_BYTES_MAX = 16 << 20, MINUTE_MS = 60000 };

struct run {
    uint32_t group; /* of the items' dimension; 0: there is none */
    bool is_failed, is_disputed, has_row;
    double days;
};

struct pass {
    const struct pipeline_config *config;
    const struct measures_span *span;
    struct bytes dimension;
    struct measures_items *items;
    measures_item_fn *fn;
    void *context;
    struct key_index runs_by_id, rows_seen, rows_waiting;
    struct run *runs;
    uint32_t run_capacity;
    struct arena arena; /* of one item's results */
    bool has_failed;
};

/* --- groups --- */

static uint32_t add_group(struct measures_items *items, struct bytes value)
{
    if (items->group_count == items->group_capacity) {
        uint32_t capacity = items->group_capacity ? items->group_capacity * 2 : 16;
        struct item_group *groups = realloc(items->groups, capacity * sizeof *groups);
        if (!groups)
            return KEY_INDEX_NONE;
        items->groups = groups;
        items->group_capacity = capacity;
    }
    items->groups[items->group_count] = (struct item_group){.value = value};
    return items->group_count++;
}

static uint32_t find_value(const struct measures_items *items, struct bytes value)
{
    uint8_t hash[COHORT_HASH_SIZE];
    cohort_hash(hash, &value, 1);
    uint32_t at = key_index_find(&items->values, hash);
    return at == KEY_INDEX_NONE ? KEY_INDEX_NONE : at + 1;
}

static uint32_t group_of(struct pass *pass, const struct item_row *item)
{
    struct measures_items *items = pass->items;
    uint8_t hash[COHORT_HASH_SIZE];
    if (!pass->dimension.data)
        return 0;
    struct bytes value = item_cohort_value(item->cohort, pass->dimension);
    uint32_t at = find_value(items, value);
    if (at == KEY_INDEX_NONE && items->group_count >= MEASURES_GROUPS_MAX) {
        value = BYTES_LITERAL(COHORT_OTHER);
        at = find_value(items, value);
    }
    if (at != KEY_INDEX_NONE)
        return at;
    cohort_hash(hash, &value, 1);
    at = add_group(items, arena_copy(&items->arena, value));
    pass->has_failed |= at == KEY_INDEX_NONE || items->arena.failed ||
                        key_index_add(&items->values, hash) == KEY_INDEX_NONE;
    return pass->has_failed ? 0 : at;
}

/* --- runs --- */

static bool is_of_window(const struct pass *pass, int64_t ms)
{
    return ms >= pass->span->from_ms && ms < pass->span->to_ms;
}

static struct run *run_of(struct pass *pass, const struct item_row *item, uint32_t group)
{
    uint32_t at = key_index_find(&pass->runs_by_id, item->trajectory_id);
    if (at != KEY_INDEX_NONE)
        return &pass->runs[at];
    if (pass->runs_by_id.count == pass->run_capacity) {
        uint32_t capacity = pass->run_capacity ? pass->run_capacity * 2 : 256;
        struct run *runs = realloc(pass->runs, capacity * sizeof *runs);
        if (!runs)
            return NULL;
        pass->runs = runs;
        pass->run_capacity = capacity;
    }
    at = key_index_add(&pass->runs_by_id, item->trajectory_id);
    if (at == KEY_INDEX_NONE)
        return NULL;
    pass->runs[at] = (struct run){.group = group, .is_failed = item->verdict == VERDICT_FAIL};
    return &pass->runs[at];
}

static bool contradicts_machine(const struct item_row *item)
{
    return item->decision.is_decided &&
           ((item->verdict == VERDICT_PASS && item->decision.verdict == REVIEW_FAIL) ||
            (item->verdict == VERDICT_FAIL && item->decision.verdict == REVIEW_PASS));
}

static void add_run(struct pass *pass, const struct item_row *item, uint32_t group,
                    bool is_disputed, const struct row_entry *row)
{
    struct run *run = run_of(pass, item, group);
    pass->has_failed |= !run;
    if (!run)
        return;
    run->is_disputed |= is_disputed || contradicts_machine(item);
    if (!row || row->state != ROW_STATE_LIVE)
        return;
    double days = (double)(row->created_ms - item->event_ms) / 86400000.0;
    run->days = run->has_row && run->days < days ? run->days : days > 0 ? days : 0;
    run->has_row = true;
}

static void sum_run(const struct run *run, struct item_sums *sums)
{
    sums->disputed += run->is_disputed && !run->is_failed;
    if (!run->has_row || (!run->is_failed && !run->is_disputed))
        return;
    sums->with_row++;
    number_list_add(&sums->days, run->days);
}

/* --- results --- */

struct said {
    uint32_t verdicts; /* bit of each that a reviewer gave */
    uint64_t results, timed;
    double timed_s;
};

static void hear(const struct pass *pass, const struct result_row *row, int64_t lease_ms,
                 struct said *said)
{
    if (!row->is_given || row->status != RESULT_COMPLETED)
        return;
    if (row->role == RESULT_REVIEWER && row->verdict < REVIEWER_VERDICTS)
        said->verdicts |= 1u << row->verdict;
    if (!is_of_window(pass, row->received_ms))
        return;
    said->results++;
    int64_t took_ms = row->received_ms - row->served_ms;
    if (!row->is_served || row->served_ms <= 0 || took_ms < 0)
        return;
    said->timed++;
    said->timed_s += (double)(took_ms < lease_ms ? took_ms : lease_ms) / 1000;
}

static struct said read_results(struct pass *pass, struct store_txn *txn,
                                const struct item_row *item)
{
    struct said said = {0};
    uint64_t principals[RESULT_KEYS_MAX];
    if (item->results == 0 && item->skips == 0)
        return said;
    int64_t lease_ms = review_settings_queue(&pass->config->review, item->queue)->lease_ms;
    uint32_t count = result_principals(txn, item->sequence, principals);
    for (uint32_t i = 0; i < count; i++) {
        struct result_row row;
        arena_reset(&pass->arena);
        if (result_row_read(txn, item->sequence, principals[i], &pass->arena, &row))
            hear(pass, &row, lease_ms, &said);
    }
    return said;
}

/* --- rows --- */

static void count_no_row(struct item_sums *sums, const char *cause)
{
    uint32_t at = 0;
    while (at < sums->no_row_count && strcmp(sums->no_rows[at].cause, cause) != 0)
        at++;
    if (at == NO_ROW_CAUSES_MAX)
        at--;
    if (at == sums->no_row_count) {
        sums->no_row_count++;
        (void)snprintf(sums->no_rows[at].cause, NO_ROW_CAUSE_SIZE, "%s",
                       at == NO_ROW_CAUSES_MAX - 1 ? "others" : cause);
    }
    sums->no_rows[at].count++;
}

/* Why a decision is no live row. */
static void cause_of(const struct pass *pass, const struct item_row *item,
                     const struct row_entry *row, char to[NO_ROW_CAUSE_SIZE])
{
    const struct item_decision *decision = &item->decision;
    const char *cause = decision->verdict == REVIEW_UNSURE               ? "unsure"
                        : !decision->is_approved                         ? "not_approved"
                        : pass->config->dataset.promote == PROMOTE_NEVER ? "promote_never"
                        : decision->reviewers < pass->config->dataset.require_reviews
                            ? "require_reviews"
                            : "content_gone";
    if (row && row->state == ROW_STATE_FOLDED)
        cause = "folded";
    else if (row && row->reason.size > 0 && row->reason.size < NO_ROW_CAUSE_SIZE) {
        memcpy(to, row->reason.data, row->reason.size);
        to[row->reason.size] = 0;
        return;
    }
    (void)snprintf(to, NO_ROW_CAUSE_SIZE, "%s", cause);
}

static void add_row(struct pass *pass, const struct item_row *item, const struct row_entry *row,
                    struct item_sums *const *sums, uint32_t count)
{
    char cause[NO_ROW_CAUSE_SIZE];
    bool is_live = row && row->state == ROW_STATE_LIVE;
    if (!is_live && item->decision.is_decided && is_of_window(pass, item->decision.decided_ms)) {
        cause_of(pass, item, row, cause);
        for (uint32_t i = 0; i < count; i++)
            count_no_row(sums[i], cause);
    }
    if (!row || row->revision == 0 || !is_of_window(pass, row->changed_ms) ||
        key_index_find(&pass->rows_seen, row->row_id) != KEY_INDEX_NONE)
        return;
    pass->has_failed |= key_index_add(&pass->rows_seen, row->row_id) == KEY_INDEX_NONE;
    bool waits = key_index_find(&pass->rows_waiting, row->row_id) != KEY_INDEX_NONE;
    for (uint32_t i = 0; i < count; i++) {
        sums[i]->promoted++;
        sums[i]->acknowledged += !waits;
    }
}

/* --- the pass --- */

static bool read_row(struct store_txn *txn, const struct item_row *item, struct row_entry *ret_row)
{
    uint8_t row_id[ROW_ID_SIZE];
    return item->decision.row_id.size > 0 && row_id_parse(item->decision.row_id, row_id) &&
           row_entry_read(txn, row_id, ret_row);
}

static void add_to(const struct pass *pass, const struct item_row *item, const struct said *said,
                   const struct row_entry *row, struct item_sums *sums)
{
    sums->live_rows += row && row->state == ROW_STATE_LIVE;
    bool is_open = item->state == ITEM_OPEN || item->state == ITEM_WAITING;
    int64_t age_ms = pass->span->to_ms - item->emitted_ms;
    if (is_of_window(pass, item->event_ms))
        sums->states[item->state]++;
    if (is_open) {
        number_list_add(&sums->age_min, (double)(age_ms > 0 ? age_ms / MINUTE_MS : 0));
        sums->over_due +=
            age_ms > review_settings_queue(&pass->config->review, item->queue)->due_ms;
    }
    sums->decisions += item->decision.is_decided && is_of_window(pass, item->decision.decided_ms);
    sums->results += said->results;
    sums->timed += said->timed;
    sums->timed_s += said->timed_s;
}

static bool take(void *context, struct store_txn *txn, const struct item_row *item)
{
    struct pass *pass = context;
    struct row_entry entry, *row = read_row(txn, item, &entry) ? &entry : NULL;
    if (pass->fn)
        pass->fn(pass->context, txn, item, row);
    uint32_t group = group_of(pass, item);
    struct said said = read_results(pass, txn, item);
    if (pass->has_failed)
        return false;
    struct item_sums *sums[2] = {&pass->items->groups[0].sums, &pass->items->groups[group].sums};
    uint32_t count = group > 0 ? 2 : 1;
    for (uint32_t i = 0; i < count; i++)
        add_to(pass, item, &said, row, sums[i]);
    add_row(pass, item, row, sums, count);
    bool differ = (said.verdicts & (said.verdicts - 1)) != 0;
    if (is_of_window(pass, item->event_ms))
        add_run(pass, item, group, differ || item->state == ITEM_DISPUTED, row);
    return !pass->has_failed;
}

/* A row whose frame is still in the outbox of an exporter is not acknowledged by it. */
static bool note_waiting(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    struct pass *pass = context;
    struct outgoing record;
    uint8_t row_id[ROW_ID_SIZE];
    (void)sequence, (void)committed_ms;
    if (outgoing_decode(frame, &record) == STATUS_OK && record.header_count > 0 &&
        bytes_equal_text(record.headers[0].value, ROW_SCHEMA_NAME) &&
        row_id_parse(record.key, row_id) &&
        key_index_find(&pass->rows_waiting, row_id) == KEY_INDEX_NONE)
        pass->has_failed |= key_index_add(&pass->rows_waiting, row_id) == KEY_INDEX_NONE;
    return !pass->has_failed;
}

static enum status read_waiting(struct store *store, struct pass *pass)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < pass->config->exporter_count && status == STATUS_OK; i++)
        if (pass->config->exporters[i].takes_rows)
            status = outbox_scan(store, (uint8_t)i, 0, note_waiting, pass);
    return status;
}

enum status measures_items_read(struct store *store, const struct pipeline_config *config,
                                const struct measures_span *span, struct bytes dimension,
                                measures_item_fn *fn, void *context,
                                struct measures_items *ret_items)
{
    struct pass pass = {.config = config,
                        .span = span,
                        .dimension = dimension,
                        .items = ret_items,
                        .fn = fn,
                        .context = context,
                        .runs_by_id = {.key_size = 16},
                        .rows_seen = {.key_size = ROW_ID_SIZE},
                        .rows_waiting = {.key_size = ROW_ID_SIZE}};
    *ret_items = (struct measures_items){.values = {.key_size = COHORT_HASH_SIZE}};
    arena_init(&ret_items->arena, VALUES_BYTES_MAX);
    arena_init(&pass.arena, ARENA_BYTES_MAX);
    pass.has_failed = add_group(ret_items, (struct bytes){NULL, 0}) != 0;
    enum status status = pass.has_failed ? STATUS_BUSY : read_waiting(store, &pass);
    if (status == STATUS_OK)
        status = item_scan(store, take, &pass);
    for (uint32_t i = 0; i < pass.runs_by_id.count; i++) {
        sum_run(&pass.runs[i], &ret_items->groups[0].sums);
        if (pass.runs[i].group > 0)
            sum_run(&pass.runs[i], &ret_items->groups[pass.runs[i].group].sums);
    }
    for (uint32_t i = 0; i < ret_items->group_count; i++)
        pass.has_failed |=
            ret_items->groups[i].sums.days.failed || ret_items->groups[i].sums.age_min.failed;
    key_index_finish(&pass.runs_by_id);
    key_index_finish(&pass.rows_seen);
    key_index_finish(&pass.rows_waiting);
    free(pass.runs);
    arena_finish(&pass.arena);
    if (status == STATUS_OK && pass.has_failed)
        status = STATUS_BUSY;
    if (status != STATUS_OK)
        measures_items_finish(ret_items);
    return status;
}

struct item_sums *measures_items_of(struct measures_items *items, struct bytes value)
{
    uint32_t at = value.data ? find_value(items, value) : 0;
    return at == KEY_INDEX_NONE ? NULL : &items->groups[at].sums;
}

void measures_items_finish(struct measures_items *items)
{
    for (uint32_t i = 0; i < items->group_count; i++) {
        number_list_finish(&items->groups[i].sums.days);
        number_list_finish(&items->groups[i].sums.age_min);
    }
    free(items->groups);
    key_index_finish(&items->values);
    arena_finish(&items->arena);
    *items = (struct measures_items){0};
}
