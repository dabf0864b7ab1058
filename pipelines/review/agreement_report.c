/* Rows of the window are sorted by queue, subject and pattern, and days summed. What no reviewer said of
 * a label is not in the table: it is what the verdict's patterns have more. */
#include "pipelines/review/agreement_report.h"

#include <stdlib.h>

#include "pipelines/config/value.h"
#include "pipelines/decide/summary.h"
#include "pipelines/review/tally.h"
#include "processor/base/statistics.h"
#include "processor/review/result.h"
#include "state/tables/calibration.h"

enum {
    ARENA_BYTES = 64 << 20,
    ROWS_MAX = 200000,
    PATTERNS_MAX = 256,
    RATERS_MAX = 9,
    RULE_WEIGHTS_MAX = 4096,
    DAY_MS = 24 * 60 * 60 * 1000,
};

/* --- what is asked --- */

enum status agreement_parse(struct bytes window, struct bytes label,
                            const struct pipeline_config *config, int64_t now_ms,
                            struct agreement_request *ret_request, struct error *ret_error)
{
    int64_t window_ms = 0;
    struct agreement_request request = {.window = window, .label = label, .now_ms = now_ms};
    if (!window.data)
        request.window = BYTES_LITERAL("28d");
    if (!config_value_parse_duration(request.window, &window_ms) || window_ms < DAY_MS ||
        window_ms > (int64_t)TALLY_DAYS * DAY_MS || window_ms % DAY_MS != 0) {
        error_set(ret_error, EXIT_USAGE, "window: takes whole days from 1d to %dd, such as 28d",
                  TALLY_DAYS);
        return STATUS_MALFORMED;
    }
    if (label.data && label_set_find(&config->review.labels, label) < 0) {
        error_set(ret_error, EXIT_USAGE, "label: review.labels has none of that id");
        return STATUS_MALFORMED;
    }
    request.to_day = tally_day(now_ms);
    request.from_day = request.to_day - window_ms / DAY_MS + 1;
    *ret_request = request;
    return STATUS_OK;
}

/* --- rows --- */

struct rows {
    struct arena *arena;
    struct agreement_row *items;
    size_t count, capacity;
    bool failed;
};

static void take_row(void *context, const struct agreement_row *row)
{
    struct rows *rows = context;
    if (rows->count == rows->capacity && !rows->failed) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 256;
        struct agreement_row *grown =
            capacity <= ROWS_MAX ? realloc(rows->items, capacity * sizeof *grown) : NULL;
        rows->failed = !grown;
        if (grown) {
            rows->items = grown;
            rows->capacity = capacity;
        }
    }
    if (rows->failed)
        return;
    struct agreement_row *kept = &rows->items[rows->count++];
    *kept = *row;
    kept->id = row->id.size > 0 ? arena_copy(rows->arena, row->id) : BYTES_LITERAL("");
    rows->failed = row->id.size > 0 && !kept->id.data;
}

static int by_subject(const void *first, const void *second)
{
    const struct agreement_row *a = first, *b = second;
    if (a->subject != b->subject)
        return a->subject < b->subject ? -1 : 1;
    return bytes_compare(a->id, b->id);
}

static int by_pattern(const void *first, const void *second)
{
    const struct agreement_row *a = first, *b = second;
    int order = by_subject(a, b);
    if (order != 0)
        return order;
    if (a->queue != b->queue)
        return a->queue < b->queue ? -1 : 1;
    return memcmp(a->counts, b->counts, sizeof a->counts);
}

/* Sorted, and each pattern once for all days. */
static void sum_days(struct rows *rows)
{
    size_t kept = 0;
    if (rows->count > 1)
        qsort(rows->items, rows->count, sizeof *rows->items, by_pattern);
    for (size_t i = 0; i < rows->count; i++) {
        if (kept > 0 && by_pattern(&rows->items[kept - 1], &rows->items[i]) == 0)
            rows->items[kept - 1].count += rows->items[i].count;
        else
            rows->items[kept++] = rows->items[i];
    }
    rows->count = kept;
}

/* --- one subject --- */

struct pattern_list {
    struct rating_pattern items[PATTERNS_MAX];
    size_t count;
};

static void add_pattern(struct pattern_list *list, const uint8_t counts[AGREEMENT_CATEGORIES],
                        double items)
{
    size_t at = 0;
    while (at < list->count &&
           (list->items[at].counts[0] != counts[0] || list->items[at].counts[1] != counts[1] ||
            list->items[at].counts[2] != counts[2]))
        at++;
    if (at == PATTERNS_MAX)
        return; /* 164 are possible */
    if (at == list->count)
        list->items[list->count++] = (struct rating_pattern){{counts[0], counts[1], counts[2]}, 0};
    list->items[at].items += items;
}

/* Of one rule in one queue, over the window: what reviewed runs say of all. */
struct rule_weight {
    uint64_t queue;
    uint32_t rule;
    int64_t items;
    double cells[2][2], squared; /* [bad][fired] */
};

struct rule_weights {
    struct rule_weight *items; /* RULE_WEIGHTS_MAX */
    uint32_t count;
};

static void take_weight(void *context, const struct calibration_row *row)
{
    struct rule_weights *weights = context;
    uint32_t at = 0;
    if (row->kind != CALIBRATION_RULE || row->outcome == OUTCOME_NA ||
        row->outcome == OUTCOME_ERROR)
        return;
    while (at < weights->count &&
           (weights->items[at].rule != row->rule || weights->items[at].queue != row->class.queue))
        at++;
    if (at == RULE_WEIGHTS_MAX)
        return;
    struct rule_weight *weight = &weights->items[at];
    if (at == weights->count)
        weights->items[weights->count++] =
            (struct rule_weight){.queue = row->class.queue, .rule = row->rule};
    weight->items += row->n;
    weight->cells[row->bits & CALIBRATION_IS_BAD][row->outcome == OUTCOME_FAIL] += row->weight;
    weight->squared += row->weight_squared;
}

struct place_reading {
    const struct pipeline_config *config;
    const struct rule_weights *weights;
    const struct rows *rows;
    uint64_t queue; /* 0: all */
    double by_raters[RATERS_MAX];
    struct agreement_place *to;
};

static bool is_of(const struct place_reading *it, const struct agreement_row *row)
{
    return it->queue == 0 || row->queue == it->queue;
}

static struct agreement_subject_report *add_subject(struct place_reading *it,
                                                    enum agreement_subject subject,
                                                    struct bytes name, uint32_t categories)
{
    if (it->to->subject_count == AGREEMENT_SUBJECTS_MAX)
        return NULL;
    struct agreement_subject_report *report = &it->to->subjects[it->to->subject_count++];
    *report = (struct agreement_subject_report){
        .subject = subject, .name = name, .categories = categories};
    return report;
}

static void measure(struct agreement_subject_report *report, const struct pattern_list *patterns)
{
    agreement_measure(patterns->items, patterns->count, report->categories, &report->figures);
    report->is_known = report->figures.doubled >= AGREEMENT_ITEMS_MIN;
    report->is_low = report->figures.doubled >= AGREEMENT_LOW_ITEMS &&
                     report->figures.ac1.has_interval &&
                     report->figures.ac1.high < AGREEMENT_LOW_AC1;
}

static void read_verdict(struct place_reading *it)
{
    struct pattern_list patterns = {.count = 0};
    for (size_t i = 0; i < it->rows->count; i++) {
        const struct agreement_row *row = &it->rows->items[i];
        uint32_t raters = (uint32_t)row->counts[0] + row->counts[1] + row->counts[2];
        if (row->subject != AGREEMENT_VERDICT || !is_of(it, row))
            continue;
        add_pattern(&patterns, row->counts, (double)row->count);
        if (raters < RATERS_MAX)
            it->by_raters[raters] += (double)row->count;
    }
    struct agreement_subject_report *report =
        add_subject(it, AGREEMENT_VERDICT, BYTES_LITERAL(""), REVIEWER_VERDICTS);
    if (report)
        measure(report, &patterns);
}

/* `at` in the label set; -1: the id of `like` alone. */
static bool is_label(const struct place_reading *it, const struct agreement_row *row, int32_t at,
                     struct bytes id)
{
    if (row->subject != AGREEMENT_LABEL || !is_of(it, row))
        return false;
    return at >= 0 ? label_set_find(&it->config->review.labels, row->id) == at
                   : bytes_equal(row->id, id);
}

static void read_label(struct place_reading *it, int32_t at, struct bytes id)
{
    struct pattern_list patterns = {.count = 0};
    double rest[RATERS_MAX];
    memcpy(rest, it->by_raters, sizeof rest);
    for (size_t i = 0; i < it->rows->count; i++) {
        const struct agreement_row *row = &it->rows->items[i];
        uint32_t raters = (uint32_t)row->counts[0] + row->counts[1];
        if (!is_label(it, row, at, id))
            continue;
        add_pattern(&patterns, row->counts, (double)row->count);
        if (raters < RATERS_MAX)
            rest[raters] -= (double)row->count;
    }
    for (uint8_t raters = 1; raters < RATERS_MAX; raters++)
        if (rest[raters] > 0)
            add_pattern(&patterns, (const uint8_t[AGREEMENT_CATEGORIES]){0, raters, 0},
                        rest[raters]);
    struct agreement_subject_report *report = add_subject(it, AGREEMENT_LABEL, id, 2);
    if (report)
        measure(report, &patterns);
}

/* Those of the label set in its order, then those that it does not have any more. */
static void read_labels(struct place_reading *it, struct bytes alone)
{
    const struct label_set *labels = &it->config->review.labels;
    int32_t only = alone.data ? label_set_find(labels, alone) : -1;
    for (uint32_t i = 0; i < labels->count; i++)
        if (!alone.data || only == (int32_t)i)
            read_label(it, (int32_t)i, labels->items[i].id);
    for (size_t i = 0; !alone.data && i < it->rows->count; i++) {
        const struct agreement_row *row = &it->rows->items[i];
        bool is_first = i == 0 || by_subject(row, row - 1) != 0;
        if (row->subject == AGREEMENT_LABEL && is_first && label_set_find(labels, row->id) < 0)
            read_label(it, -1, row->id);
    }
}

/* --- people against the machine --- */

static struct bytes rule_name(const struct pipeline_config *config, struct bytes id)
{
    uint32_t hash = id.size == 4 ? get_be32(id.data) : 0;
    for (uint32_t i = 0; id.size == 4 && i < config->ruleset.rule_count; i++)
        if (summary_rule_name(config->ruleset.rules[i].name) == hash)
            return config->ruleset.rules[i].name;
    return BYTES_LITERAL("");
}

/* Agreement of the weights; its interval is Wilson's of their effective number. */
static void weigh(const struct place_reading *it, struct bytes id,
                  struct agreement_subject_report *report)
{
    double cells[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX] = {{0}}, sum = 0, squared = 0;
    for (uint32_t i = 0; id.size == 4 && i < it->weights->count; i++) {
        const struct rule_weight *weight = &it->weights->items[i];
        if (weight->rule != get_be32(id.data) || (it->queue != 0 && weight->queue != it->queue))
            continue;
        report->weighted_items += (double)weight->items;
        squared += weight->squared;
        for (int bad = 0; bad < 2; bad++)
            for (int fired = 0; fired < 2; fired++) {
                cells[bad][fired] += weight->cells[bad][fired];
                sum += weight->cells[bad][fired];
            }
    }
    if (!(report->weighted_items > 0) || !(sum > 0))
        return;
    agreement_measure_pair(cells, 2, &report->weighted);
    struct agreement_figure *raw = &report->weighted.raw;
    struct interval wilson =
        statistics_wilson(raw->value, statistics_effective_n(sum, squared), statistics_z(0.95));
    raw->low = wilson.low;
    raw->high = wilson.high;
    report->weighted.kappa.has_interval = false;
}

/* Cohen's kappa of the two, and AC1 beside it as of two raters. */
static void read_rule(struct place_reading *it, struct bytes id, struct bytes name)
{
    struct pattern_list patterns = {.count = 0};
    struct agreement_subject_report *report = add_subject(it, AGREEMENT_RULE, name, 2);
    double cells[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX] = {{0}};
    if (!report)
        return;
    for (size_t i = 0; i < it->rows->count; i++) {
        const struct agreement_row *row = &it->rows->items[i];
        if (row->subject != AGREEMENT_RULE || !is_of(it, row) || !bytes_equal(row->id, id) ||
            row->counts[0] > 1 || row->counts[1] > 1)
            continue;
        uint8_t bad = row->counts[0], fired = row->counts[1];
        cells[bad][fired] += (double)row->count;
        add_pattern(&patterns,
                    (const uint8_t[AGREEMENT_CATEGORIES]){(uint8_t)(bad + fired),
                                                          (uint8_t)(2 - bad - fired), 0},
                    (double)row->count);
    }
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            report->cells[i][j] = cells[i][j];
    measure(report, &patterns);
    agreement_measure_pair(cells, 2, &report->pair);
    report->is_low = false;
    weigh(it, id, report);
}

/* Rules of other configurations have no name any more: they are left out. */
static void read_rules(struct place_reading *it)
{
    for (size_t i = 0; i < it->rows->count; i++) {
        const struct agreement_row *row = &it->rows->items[i];
        bool is_first = i == 0 || by_subject(row, row - 1) != 0;
        struct bytes name = rule_name(it->config, row->id);
        if (row->subject == AGREEMENT_RULE && is_first && (name.size > 0 || row->id.size == 0))
            read_rule(it, row->id, name);
    }
}

/* --- the report --- */

static bool read_place(const struct agreement_request *request, struct place_reading reading,
                       struct arena *arena)
{
    reading.to->subjects =
        arena_zalloc(arena, AGREEMENT_SUBJECTS_MAX, sizeof *reading.to->subjects);
    if (!reading.to->subjects)
        return false;
    read_verdict(&reading);
    if (request->label.data)
        reading.to->subject_count = 0;
    read_labels(&reading, request->label);
    if (!request->label.data)
        read_rules(&reading);
    return true;
}

static bool has_queue(const struct rows *rows, uint64_t queue)
{
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].queue == queue)
            return true;
    return false;
}

static bool read_places(const struct pipeline_config *config,
                        const struct agreement_request *request, const struct rows *rows,
                        const struct rule_weights *weights, const struct item_queue *queues,
                        uint32_t queue_count, struct agreement_report *report)
{
    struct arena *arena = &report->arena;
    report->places = arena_zalloc(arena, queue_count + 1, sizeof *report->places);
    if (!report->places)
        return false;
    report->place_count = 1;
    bool is_read =
        read_place(request,
                   (struct place_reading){
                       .config = config, .rows = rows, .weights = weights, .to = report->places},
                   arena);
    for (uint32_t i = 0; i < queue_count && is_read; i++) {
        uint64_t queue = item_row_hash(queues[i].name);
        if (!has_queue(rows, queue))
            continue;
        struct agreement_place *to = &report->places[report->place_count++];
        to->queue = queues[i].name;
        is_read = read_place(
            request,
            (struct place_reading){
                .config = config, .rows = rows, .weights = weights, .queue = queue, .to = to},
            arena);
    }
    return is_read;
}

enum status agreement_read(struct store *store, const struct pipeline_config *config,
                           const struct agreement_request *request,
                           struct agreement_report *ret_report)
{
    struct store_txn txn;
    *ret_report = (struct agreement_report){.places = NULL};
    arena_init(&ret_report->arena, ARENA_BYTES);
    struct rows rows = {.arena = &ret_report->arena};
    struct item_queue *queues = arena_zalloc(rows.arena, ITEM_QUEUES_MAX, sizeof *queues);
    struct rule_weights weights = {
        .items = arena_zalloc(rows.arena, RULE_WEIGHTS_MAX, sizeof *weights.items)};
    store_begin(store, false, &txn);
    agreement_scan(&txn, request->from_day, request->to_day, take_row, &rows);
    if (weights.items)
        calibration_scan(&txn, request->from_day, request->to_day, take_weight, &weights);
    uint32_t queue_count = queues ? item_queues_read(&txn, rows.arena, queues) : 0;
    ret_report->is_whole =
        tally_is_whole(&txn, TALLY_AGREEMENT) || store_count(&txn, TABLE_ITEM) == 0;
    enum status status = store_commit(&txn);
    sum_days(&rows);
    if (status == STATUS_OK &&
        (rows.failed || !queues || !weights.items ||
         !read_places(config, request, &rows, &weights, queues, queue_count, ret_report)))
        status = STATUS_BUSY;
    free(rows.items);
    if (status != STATUS_OK)
        arena_finish(&ret_report->arena);
    return status;
}

void agreement_finish(struct agreement_report *report)
{
    arena_finish(&report->arena);
}
