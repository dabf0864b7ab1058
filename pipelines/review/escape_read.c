/* Items are noted as they pass, newest first; which release is meant is known when all have. A row
 * makes its failure mode known from the day on that it was made. */
#include "pipelines/review/escape_read.h"

#include <stdlib.h>

#include "pipelines/decide/met_rows.h"
#include "pipelines/decide/summary.h"
#include "pipelines/review/calibration_scope.h"
#include "processor/review/result.h"
#include "state/tables/row.h"

enum { TEXTS_BYTES_MAX = 1 << 20, SCRATCH_BYTES_MAX = 4 << 20 };
#define NO_MODE UINT32_MAX

struct escape_item {
    uint8_t release[REGRESSION_ID_SIZE];
    struct escape_review review; /* is_escaped: it is bad, with the mode below */
    uint32_t mode;
};

void escape_read_init(struct escape_reading *reading, const struct pipeline_config *config,
                      int64_t now_ms)
{
    *reading = (struct escape_reading){.config = config,
                                       .now_ms = now_ms,
                                       .seen = {.key_size = 16},
                                       .row_ids = {.key_size = ROW_ID_SIZE}};
    arena_init(&reading->arena, TEXTS_BYTES_MAX);
    arena_init(&reading->scratch, SCRATCH_BYTES_MAX);
}

/* --- failure modes --- */

static uint32_t mode_of(struct escape_reading *reading, struct bytes label)
{
    for (uint32_t i = 0; i < reading->mode_count; i++)
        if (bytes_equal(reading->modes[i].label, label))
            return i;
    if (reading->mode_count == ESCAPE_MODES_MAX)
        return NO_MODE;
    struct bytes copy = arena_copy(&reading->arena, label);
    if (!copy.data)
        return NO_MODE;
    reading->modes[reading->mode_count] = (struct escape_mode){copy, INT64_MAX, false, false};
    return reading->mode_count++;
}

static void note_row(struct escape_reading *reading, const struct row_entry *row)
{
    if (row->failure_mode.size == 0 || row->revision == 0 ||
        key_index_find(&reading->row_ids, row->row_id) != KEY_INDEX_NONE)
        return;
    uint32_t mode = mode_of(reading, row->failure_mode);
    if (mode == NO_MODE)
        return;
    if (row->created_ms < reading->modes[mode].known_ms)
        reading->modes[mode].known_ms = row->created_ms;
    if (reading->row_ids.count == reading->row_capacity) {
        uint32_t capacity = reading->row_capacity ? reading->row_capacity * 2 : 64;
        void *modes = realloc(reading->row_modes, capacity * sizeof *reading->row_modes);
        reading->failed |= !modes;
        if (!modes)
            return;
        reading->row_modes = modes;
        reading->row_capacity = capacity;
    }
    uint32_t at = key_index_add(&reading->row_ids, row->row_id);
    reading->failed |= at == KEY_INDEX_NONE;
    if (at != KEY_INDEX_NONE)
        reading->row_modes[at] = mode;
}

/* --- items --- */

/* What is open and not yet due is neither reviewed nor refused. */
static bool is_due(const struct escape_reading *reading, const struct item_row *item)
{
    bool is_open = item->state == ITEM_OPEN || item->state == ITEM_WAITING;
    int64_t due_ms = review_settings_queue(&reading->config->review, item->queue)->due_ms;
    return !is_open || reading->now_ms - item->emitted_ms >= due_ms;
}

/* As the calibrated rates count: by first verdicts in planned places. */
static bool is_reviewed(struct escape_reading *reading, struct store_txn *txn,
                        const struct item_row *item, bool *ret_is_bad)
{
    struct item_tally tally = {.settings = &reading->config->review, .item = item};
    if (item->results == 0)
        return false;
    arena_reset(&reading->scratch);
    tally.results = tally_results(txn, item->sequence, &reading->scratch, &tally.result_count);
    reading->failed |= !tally.results;
    return tally.results && calibration_is_reviewed(&tally, ret_is_bad);
}

static bool read_met(struct escape_reading *reading, const struct item_row *item,
                     struct met_rows *ret_rows)
{
    struct summary summary;
    arena_reset(&reading->scratch);
    return summary_decode(item->summary, &reading->scratch, &summary) == STATUS_OK &&
           summary.met.size > 0 && met_rows_decode(summary.met, ret_rows) == STATUS_OK;
}

static struct escape_item *add_item(struct escape_reading *reading)
{
    if (reading->item_count == reading->item_capacity) {
        size_t capacity = reading->item_capacity ? reading->item_capacity * 2 : 256;
        void *items = realloc(reading->items, capacity * sizeof *reading->items);
        if (!items)
            return NULL;
        reading->items = items;
        reading->item_capacity = capacity;
    }
    return &reading->items[reading->item_count++];
}

static void note_item(struct escape_reading *reading, struct store_txn *txn,
                      const struct item_row *item, const struct met_rows *met)
{
    const struct item_decision *decision = &item->decision;
    bool is_bad = false, was_reviewed = is_reviewed(reading, txn, item, &is_bad);
    is_bad = is_bad && was_reviewed && decision->is_decided && decision->verdict == REVIEW_FAIL &&
             decision->failure_mode >= 0;
    struct escape_item *noted = add_item(reading);
    reading->failed |= !noted;
    if (!noted)
        return;
    *noted = (struct escape_item){
        .review = {.verdict = item->verdict,
                   .priority = item->priority,
                   .queue = item_row_hash(item->queue),
                   .day = tally_day(item->event_ms),
                   .weight = 1 / item->probability,
                   .is_reviewed = was_reviewed,
                   .is_escaped = is_bad},
        .mode = is_bad ? mode_of(reading, decision->labels[decision->failure_mode]) : NO_MODE,
    };
    memcpy(noted->release, met->release, sizeof noted->release);
}

void escape_read_item(void *context, struct store_txn *txn, const struct item_row *item,
                      const struct row_entry *row)
{
    struct escape_reading *reading = context;
    struct met_rows met;
    if (row)
        note_row(reading, row);
    if (!calibration_is_eligible(item) || !is_due(reading, item) ||
        !read_met(reading, item, &met) || met_rows_worst(&met) == OUTCOME_FAIL ||
        key_index_find(&reading->seen, item->trajectory_id) != KEY_INDEX_NONE)
        return;
    reading->failed |= key_index_add(&reading->seen, item->trajectory_id) == KEY_INDEX_NONE;
    note_item(reading, txn, item, &met);
}

/* --- the newest release --- */

static bool take_release(void *context, const struct regression_release *release)
{
    struct regression_release *newest = context;
    bool has_name = strcmp(release->name, REGRESSION_OTHER) != 0 &&
                    strcmp(release->name, "unknown") != 0 && release->name[0] != 0;
    if (has_name && (newest->name[0] == 0 || release->first_ms > newest->first_ms))
        *newest = *release;
    return true;
}

static bool take_count(void *context, const struct regression_count *count)
{
    struct escape_reading *reading = context;
    uint32_t at = key_index_find(&reading->row_ids, count->row_id);
    if (count->failed > 0 && at != KEY_INDEX_NONE)
        reading->modes[reading->row_modes[at]].is_back = true;
    return true;
}

static void count_modes(struct escape_reading *reading)
{
    for (uint32_t i = 0; i < reading->mode_count; i++) {
        struct escape_mode *mode = &reading->modes[i];
        mode->is_known = mode->known_ms < reading->release.first_ms;
        mode->is_back &= mode->is_known;
        reading->known_modes += mode->is_known;
        reading->back_modes += mode->is_back;
    }
}

static void estimate(struct escape_reading *reading)
{
    struct escape_runs runs;
    struct escape_review *reviews = calloc(reading->item_count + 1, sizeof *reviews);
    size_t count = 0;
    double chosen = 0, reviewed = 0;
    reading->failed |= !reviews;
    if (!reviews)
        return;
    for (size_t i = 0; i < reading->item_count; i++) {
        const struct escape_item *item = &reading->items[i];
        if (memcmp(item->release, reading->release.id, sizeof item->release) != 0)
            continue;
        bool is_known = item->mode != NO_MODE && reading->modes[item->mode].is_known;
        reviews[count] = item->review;
        reviews[count].is_escaped &= is_known;
        chosen += item->review.weight;
        reviewed += item->review.is_reviewed ? item->review.weight : 0;
        count++;
    }
    reading->response = chosen > 0 ? reviewed / chosen : 0;
    memcpy(runs.runs, reading->release.runs, sizeof runs.runs);
    memcpy(runs.hits, reading->release.hits, sizeof runs.hits);
    reading->failed |= !escape_respond(reviews, count);
    reading->rate = escape_rate_of(&runs, reviews, count, 0.95);
    free(reviews);
}

static void note_escaped(struct escape_reading *reading)
{
    for (size_t i = 0; i < reading->item_count; i++) {
        const struct escape_item *item = &reading->items[i];
        if (item->mode != NO_MODE && item->review.is_escaped &&
            memcmp(item->release, reading->release.id, sizeof item->release) == 0)
            reading->modes[item->mode].is_back = true;
    }
}

enum status escape_read(struct escape_reading *reading, struct store *store)
{
    struct store_txn txn;
    store_begin(store, false, &txn);
    regression_scan_releases(&txn, take_release, &reading->release);
    if (reading->release.name[0] != 0)
        regression_scan_counts(&txn, reading->release.id, take_count, reading);
    enum status status = store_commit(&txn);
    if (status != STATUS_OK)
        return status;
    if (reading->release.name[0] == 0) {
        reading->reason = "no run names its release";
        return STATUS_OK;
    }
    note_escaped(reading);
    count_modes(reading);
    if (reading->known_modes == 0)
        reading->reason = "no row with a failure mode is older than the release's first run";
    else
        estimate(reading);
    return reading->failed ? STATUS_BUSY : STATUS_OK;
}

void escape_read_finish(struct escape_reading *reading)
{
    free(reading->items);
    free(reading->row_modes);
    key_index_finish(&reading->seen);
    key_index_finish(&reading->row_ids);
    arena_finish(&reading->arena);
    arena_finish(&reading->scratch);
}
