/* One pass over items, then the cohorts of each dimension. */
#include "pipelines/review/dataset_coverage.h"

#include <stdlib.h>

#include "pipelines/decide/met_rows.h"
#include "pipelines/decide/summary.h"
#include "pipelines/review/item_cohort.h"
#include "processor/verdict.h"
#include "state/tables/row.h"

enum { COVERAGE_BYTES_MAX = 64 << 20, SCRATCH_BYTES_MAX = 4 << 20, SIGNATURES_MAX = 100000 };

const char *const coverage_dimensions[COVERAGE_DIMENSIONS] = {
    "intent", "locale", "product", "retriever_version", "tool_path", "model_route"};

void dataset_coverage_init(struct coverage *coverage, const struct measures_span *span)
{
    *coverage = (struct coverage){.span = *span, .by_signature = {.key_size = 8}};
    arena_init(&coverage->arena, COVERAGE_BYTES_MAX);
    arena_init(&coverage->scratch, SCRATCH_BYTES_MAX);
    for (int i = 0; i < COVERAGE_DIMENSIONS; i++) {
        coverage->dimensions[i].name = bytes_of_text(coverage_dimensions[i]);
        coverage->dimensions[i].index.key_size = COHORT_HASH_SIZE;
    }
}

/* Values above COVERAGE_VALUES_MAX are one. NULL: no memory. */
static struct coverage_value *value_of(struct coverage *coverage,
                                       struct coverage_dimension *dimension, struct bytes value)
{
    uint8_t hash[COHORT_HASH_SIZE];
    if (dimension->count >= COVERAGE_VALUES_MAX)
        value = BYTES_LITERAL(COHORT_OTHER);
    cohort_hash(hash, &value, 1);
    uint32_t at = key_index_find(&dimension->index, hash);
    if (at != KEY_INDEX_NONE)
        return &dimension->values[at];
    if (dimension->count == dimension->capacity) {
        uint32_t capacity = dimension->capacity ? dimension->capacity * 2 : 16;
        void *values = realloc(dimension->values, capacity * sizeof *dimension->values);
        coverage->failed |= !values;
        if (!values)
            return NULL;
        dimension->values = values;
        dimension->capacity = capacity;
    }
    struct bytes copy = arena_copy(&coverage->arena, value);
    if (!copy.data || key_index_add(&dimension->index, hash) == KEY_INDEX_NONE) {
        coverage->failed = true;
        return NULL;
    }
    dimension->values[dimension->count] = (struct coverage_value){.value = copy};
    return &dimension->values[dimension->count++];
}

static struct coverage_signature *signature_of(struct coverage *coverage, uint64_t signature)
{
    uint8_t key[8];
    put_be64(key, signature);
    uint32_t at = key_index_find(&coverage->by_signature, key);
    if (at != KEY_INDEX_NONE)
        return &coverage->signatures[at];
    if (coverage->signature_count == SIGNATURES_MAX)
        return NULL;
    if (coverage->signature_count == coverage->signature_capacity) {
        uint32_t capacity = coverage->signature_capacity ? coverage->signature_capacity * 2 : 64;
        void *signatures = realloc(coverage->signatures, capacity * sizeof *coverage->signatures);
        coverage->failed |= !signatures;
        if (!signatures)
            return NULL;
        coverage->signatures = signatures;
        coverage->signature_capacity = capacity;
    }
    if (key_index_add(&coverage->by_signature, key) == KEY_INDEX_NONE) {
        coverage->failed = true;
        return NULL;
    }
    coverage->signatures[coverage->signature_count] =
        (struct coverage_signature){.signature = signature};
    return &coverage->signatures[coverage->signature_count++];
}

/* Did it fail a row that is still there? That row watches it, whatever signatures the two have. */
static bool is_watched(struct coverage *coverage, struct store_txn *txn,
                       const struct item_row *item)
{
    struct summary summary;
    struct met_rows met;
    arena_reset(&coverage->scratch);
    if (summary_decode(item->summary, &coverage->scratch, &summary) != STATUS_OK ||
        summary.met.size == 0 || met_rows_decode(summary.met, &met) != STATUS_OK)
        return false;
    for (uint32_t i = 0; i < met.count; i++) {
        struct row_entry row;
        if (met.rows[i].outcome == OUTCOME_FAIL && row_entry_read(txn, met.rows[i].row_id, &row) &&
            row.state == ROW_STATE_LIVE && row.is_regression)
            return true;
    }
    return false;
}

static void add_signature(struct coverage *coverage, struct store_txn *txn,
                          const struct item_row *item, bool has_regression_row)
{
    bool is_counted = item->verdict == VERDICT_FAIL && item->state != ITEM_SUPERSEDED &&
                      item->event_ms >= coverage->span.from_ms &&
                      item->event_ms < coverage->span.to_ms && !is_watched(coverage, txn, item);
    if (item->signature == 0 || (!is_counted && !has_regression_row))
        return;
    struct coverage_signature *signature = signature_of(coverage, item->signature);
    if (!signature)
        return;
    signature->has_regression_row |= has_regression_row;
    if (!is_counted)
        return;
    signature->items++;
    signature->runs += item->probability > 0 ? 1 / item->probability : 1;
    if (item->event_ms <= signature->newest_ms)
        return;
    signature->newest_ms = item->event_ms;
    memcpy(signature->newest_trajectory, item->trajectory_id, 16);
    memcpy(signature->newest_item, item->item_id, 16);
}

void dataset_coverage_add_item(void *context, struct store_txn *txn, const struct item_row *item,
                               const struct row_entry *row)
{
    struct coverage *coverage = context;
    bool is_live = row && row->state == ROW_STATE_LIVE;
    add_signature(coverage, txn, item, is_live && row->is_regression);
    if (!item->decision.is_decided && !is_live)
        return;
    for (int i = 0; i < COVERAGE_DIMENSIONS; i++) {
        struct coverage_dimension *dimension = &coverage->dimensions[i];
        struct coverage_value *value =
            value_of(coverage, dimension, item_cohort_value(item->cohort, dimension->name));
        if (!value)
            return;
        value->decided += item->decision.is_decided;
        value->rows += is_live;
        value->regression_rows += is_live && row->is_regression;
    }
}

/* --- behind the pass --- */

static enum status read_traffic(struct coverage *coverage, struct store *store,
                                const struct pipeline_config *config,
                                const struct cohort_report_request *request,
                                struct coverage_dimension *dimension, struct error *ret_error)
{
    struct cohort_report_request asked = *request;
    struct cohort_result result;
    struct error unasked = {0};
    asked.group_by[0] = dimension->name;
    asked.group_by_count = 1;
    enum status status = cohort_report_query(store, config, &asked, &result, &unasked);
    if (status == STATUS_FATAL) {
        *ret_error = unasked;
        return status;
    }
    if (status != STATUS_OK) {
        dimension->reason = "no grouping of cohorts.group_by has it";
        return STATUS_OK;
    }
    for (size_t i = 0; i < result.row_count; i++) {
        struct coverage_value *value = value_of(coverage, dimension, result.rows[i].values[0]);
        if (!value)
            break;
        value->runs += cohort_bucket_total(&result.rows[i].sums);
        value->failed += result.rows[i].sums.verdicts[COHORT_FAIL];
    }
    cohort_result_finish(&result);
    return STATUS_OK;
}

static int compare_values(const void *a, const void *b)
{
    const struct coverage_value *left = a, *right = b;
    int order = (left->runs < right->runs) - (left->runs > right->runs);
    if (order == 0)
        order = (left->decided < right->decided) - (left->decided > right->decided);
    return order != 0 ? order : bytes_compare(left->value, right->value);
}

/* Unwatched ones first. */
static int compare_signatures(const void *a, const void *b)
{
    const struct coverage_signature *left = a, *right = b;
    int order = left->has_regression_row - right->has_regression_row;
    if (order == 0)
        order = (left->items < right->items) - (left->items > right->items);
    return order != 0 ? order
                      : (left->signature > right->signature) - (left->signature < right->signature);
}

enum status dataset_coverage_read_traffic(struct coverage *coverage, struct store *store,
                                          const struct pipeline_config *config,
                                          const struct cohort_report_request *request,
                                          struct error *ret_error)
{
    for (int i = 0; i < COVERAGE_DIMENSIONS; i++) {
        struct coverage_dimension *dimension = &coverage->dimensions[i];
        if (read_traffic(coverage, store, config, request, dimension, ret_error) != STATUS_OK)
            return STATUS_FATAL;
        for (uint32_t v = 0; v < dimension->count; v++) {
            dimension->runs += dimension->values[v].runs;
            if (dimension->values[v].decided < COVERAGE_DECIDED_MIN)
                dimension->thin_runs += dimension->values[v].runs;
        }
        if (dimension->count > 0)
            qsort(dimension->values, dimension->count, sizeof *dimension->values, compare_values);
    }
    if (coverage->signature_count > 0)
        qsort(coverage->signatures, coverage->signature_count, sizeof *coverage->signatures,
              compare_signatures);
    while (coverage->unwatched < coverage->signature_count &&
           !coverage->signatures[coverage->unwatched].has_regression_row)
        coverage->unwatched++;
    if (!coverage->failed)
        return STATUS_OK;
    error_set(ret_error, EXIT_TEMPORARY, "no memory for the coverage");
    return STATUS_FATAL;
}

void dataset_coverage_finish(struct coverage *coverage)
{
    for (int i = 0; i < COVERAGE_DIMENSIONS; i++) {
        free(coverage->dimensions[i].values);
        key_index_finish(&coverage->dimensions[i].index);
    }
    free(coverage->signatures);
    key_index_finish(&coverage->by_signature);
    arena_finish(&coverage->arena);
    arena_finish(&coverage->scratch);
}
