/* From texts to a request, and from the store to the sums. */
#include "pipelines/review/measures.h"

#include <stdlib.h>

#include "pipelines/review/dataset_coverage_json.h"
#include "state/store/key_index.h"

enum { MEASURES_BYTES_MAX = 64 << 20 };

/* --- the request --- */

/* "release=4.2.0" */
static bool parse_baseline(struct bytes text, struct bytes *ret_release, struct error *ret_error)
{
    const struct bytes name = BYTES_LITERAL("release=");
    if (bytes_starts_with(text, name) && text.size > name.size) {
        *ret_release = bytes_of(text.data + name.size, text.size - name.size);
        return true;
    }
    error_set(ret_error, EXIT_USAGE, "baseline: takes a release, such as release=4.2.0");
    return false;
}

enum status measures_parse(struct bytes window, struct bytes group_by, struct bytes baseline,
                           const struct pipeline_config *config, int64_t now_ms,
                           struct measures_request *ret_request, struct error *ret_error)
{
    struct measures_request request = {.dimension = group_by};
    struct cohort_window buckets;
    /* Without a grouping any name does: what it asks is then replaced by the first one there is. */
    struct bytes grouped =
        group_by.data || config->grouping_count > 0 ? group_by : BYTES_LITERAL("intent");
    if (baseline.data && !parse_baseline(baseline, &request.baseline, ret_error))
        return STATUS_MALFORMED;
    if (cohort_report_parse(window.data ? window : BYTES_LITERAL("7d"), grouped,
                            (struct bytes){NULL, 0}, config, now_ms, &request.cohorts,
                            ret_error) != STATUS_OK)
        return STATUS_MALFORMED;
    if (group_by.data && request.cohorts.group_by_count != 1) {
        error_set(ret_error, EXIT_USAGE, "group_by: takes one dimension");
        return STATUS_MALFORMED;
    }
    if (cohort_window_resolve(now_ms, request.cohorts.window_ms, &buckets) != STATUS_OK)
        return STATUS_MALFORMED;
    request.is_grouped = group_by.data != NULL;
    request.dimension = group_by.data || config->grouping_count > 0 ? request.cohorts.group_by[0]
                                                                    : (struct bytes){NULL, 0};
    request.cohorts.group_by_count = 1;
    request.span = (struct measures_span){buckets.from_ms, now_ms + 1};
    *ret_request = request;
    return STATUS_OK;
}

/* --- runs --- */

static void add_traffic(const struct cohort_bucket *sums, struct traffic *to)
{
    to->runs += cohort_bucket_total(sums);
    to->failed += sums->verdicts[COHORT_FAIL];
}

/* The cohorts of the store, then values that only items have. */
static bool list_cohorts(const struct cohort_result *result, struct measures *measures)
{
    struct key_index known = {.key_size = COHORT_HASH_SIZE};
    uint8_t hash[COHORT_HASH_SIZE];
    size_t most = result->row_count + measures->items.group_count;
    measures->cohorts = arena_zalloc(&measures->arena, most + 1, sizeof *measures->cohorts);
    bool is_whole = measures->cohorts != NULL;
    for (size_t i = 0; is_whole && i < result->row_count; i++) {
        struct traffic *cohort = &measures->cohorts[measures->cohort_count++];
        cohort->value = arena_copy(&measures->arena, result->rows[i].values[0]);
        add_traffic(&result->rows[i].sums, cohort);
        cohort_hash(hash, &cohort->value, 1);
        is_whole = key_index_add(&known, hash) != KEY_INDEX_NONE;
    }
    for (uint32_t i = 1; is_whole && i < measures->items.group_count; i++) {
        struct bytes value = measures->items.groups[i].value;
        cohort_hash(hash, &value, 1);
        if (key_index_find(&known, hash) == KEY_INDEX_NONE)
            measures->cohorts[measures->cohort_count++].value = value;
    }
    key_index_finish(&known);
    return is_whole && !measures->arena.failed;
}

static enum status read_traffic(struct store *store, const struct pipeline_config *config,
                                const struct measures_request *request, struct measures *measures,
                                struct error *ret_error)
{
    struct cohort_result result;
    if (!request->dimension.data) {
        measures->traffic_reason = "no grouping of cohorts.group_by counts the runs";
        return STATUS_OK;
    }
    enum status status = cohort_report_query(store, config, &request->cohorts, &result, ret_error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < result.row_count; i++)
        add_traffic(&result.rows[i].sums, &measures->all);
    measures->grouping = result.grouping;
    bool is_whole = list_cohorts(&result, measures);
    cohort_result_finish(&result);
    if (is_whole)
        return STATUS_OK;
    error_set(ret_error, EXIT_TEMPORARY, "no memory for the measures");
    return STATUS_FATAL;
}

/* --- the whole --- */

/* Who hears of items in the one pass. */
static void note_item(void *context, struct store_txn *txn, const struct item_row *item,
                      const struct row_entry *row)
{
    struct measures *measures = context;
    dataset_coverage_add_item(&measures->coverage, txn, item, row);
    escape_read_item(&measures->escape, txn, item, row);
}

static enum status read_items(struct store *store, const struct pipeline_config *config,
                              const struct measures_request *request, struct measures *measures,
                              struct error *ret_error)
{
    enum status status = measures_items_read(store, config, &request->span, request->dimension,
                                             note_item, measures, &measures->items);
    if (status == STATUS_OK)
        status = escape_read(&measures->escape, store);
    if (status == STATUS_OK)
        return STATUS_OK;
    if (status == STATUS_BUSY)
        error_set(ret_error, EXIT_TEMPORARY, "no memory for the measures");
    else
        error_set(ret_error, EXIT_STATE_IO, "%s: the items cannot be read", store_path(store));
    return STATUS_FATAL;
}

/* By whole days, as it is counted. */
static enum status read_agreement(struct store *store, const struct pipeline_config *config,
                                  const struct measures_request *request, struct measures *measures,
                                  struct error *ret_error)
{
    struct agreement_request asked;
    struct error unasked = {0};
    measures->agreement_reason = "agreement is counted by whole days";
    if (agreement_parse(request->cohorts.window, (struct bytes){NULL, 0}, config,
                        request->cohorts.as_of_ms, &asked, &unasked) != STATUS_OK)
        return STATUS_OK;
    if (agreement_read(store, config, &asked, &measures->agreement) != STATUS_OK) {
        error_set(ret_error, EXIT_STATE_IO, "%s: the agreement cannot be read", store_path(store));
        return STATUS_FATAL;
    }
    measures->agreement_reason = NULL;
    return STATUS_OK;
}

/* What the word of each rule is worth. */
static enum status read_calibration(struct store *store, const struct pipeline_config *config,
                                    const struct measures_request *request,
                                    struct measures *measures, struct error *ret_error)
{
    const struct bytes none = {NULL, 0};
    struct calibration_request asked;
    struct error unasked = {0};
    measures->calibration_reason = "reviews are calibrated over 3 days or more";
    if (calibration_parse(request->cohorts.window, none, none, config, request->cohorts.as_of_ms,
                          &measures->arena, &asked, &unasked) != STATUS_OK)
        return STATUS_OK;
    enum status status = calibration_read(store, config, &asked, &measures->calibration, ret_error);
    if (status == STATUS_OK)
        measures->calibration_reason = NULL;
    return status;
}

static enum status read_feedback(struct store *store, const struct measures_request *request,
                                 struct measures *measures, struct error *ret_error)
{
    if (feedback_report_read(store, request->span.from_ms, measures->grouping, request->dimension,
                             &measures->arena, &measures->feedback) == STATUS_OK)
        return STATUS_OK;
    error_set(ret_error, EXIT_STATE_IO, "%s: what users said cannot be read", store_path(store));
    return STATUS_FATAL;
}

enum status measures_read(struct store *store, const struct pipeline_config *config,
                          const struct measures_request *request, struct measures *ret_measures,
                          struct error *ret_error)
{
    struct measures *measures = ret_measures;
    *measures = (struct measures){.calibration_reason = "not read"};
    arena_init(&measures->arena, MEASURES_BYTES_MAX);
    dataset_coverage_init(&measures->coverage, &request->span);
    escape_read_init(&measures->escape, config, request->cohorts.as_of_ms);
    enum status status = read_items(store, config, request, measures, ret_error);
    if (status == STATUS_OK)
        status = read_traffic(store, config, request, measures, ret_error);
    if (status == STATUS_OK)
        status = dataset_coverage_read_traffic(&measures->coverage, store, config,
                                               &request->cohorts, ret_error);
    if (status == STATUS_OK)
        status = read_agreement(store, config, request, measures, ret_error);
    if (status == STATUS_OK)
        status = read_calibration(store, config, request, measures, ret_error);
    if (status == STATUS_OK && config->feedback.is_present)
        status = read_feedback(store, request, measures, ret_error);
    if (status == STATUS_OK && request->baseline.data)
        status = lift_read(store, config, &request->cohorts, request->baseline, &measures->lift,
                           ret_error);
    if (status != STATUS_OK)
        measures_finish(measures);
    return status;
}

void measures_finish(struct measures *measures)
{
    measures_items_finish(&measures->items);
    dataset_coverage_finish(&measures->coverage);
    escape_read_finish(&measures->escape);
    if (!measures->calibration_reason)
        calibration_finish(&measures->calibration);
    agreement_finish(&measures->agreement);
    lift_read_finish(&measures->lift);
    feedback_report_finish(&measures->feedback);
    arena_finish(&measures->arena);
}

enum status measures_coverage_write(struct store *store, const struct pipeline_config *config,
                                    struct bytes window, int64_t now_ms, struct buffer *to,
                                    struct error *ret_error)
{
    struct measures_request request;
    struct measures measures;
    struct bytes none = {NULL, 0};
    enum status status = measures_parse(window, none, none, config, now_ms, &request, ret_error);
    if (status == STATUS_OK)
        status = measures_read(store, config, &request, &measures, ret_error);
    if (status != STATUS_OK)
        return status;
    dataset_coverage_json(&request.cohorts, &measures.coverage, to);
    measures_finish(&measures);
    return STATUS_OK;
}
