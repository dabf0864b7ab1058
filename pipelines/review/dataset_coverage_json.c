/* flywheel.dataset_coverage/v1. Values are cut at the most that are told, the sums are of all. */
#include "pipelines/review/dataset_coverage_json.h"

#include "pipelines/review/measure_json.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"

static void write_value(const struct coverage_value *value, bool has_traffic,
                        struct json_writer *to)
{
    json_object_begin(to);
    json_put_bytes(to, "value", value->value);
    if (has_traffic) {
        json_put_int(to, "runs", value->runs);
        json_put_int(to, "failed", value->failed);
    }
    json_put_uint(to, "decided", value->decided);
    json_put_uint(to, "rows", value->rows);
    json_put_uint(to, "regression_rows", value->regression_rows);
    json_object_end(to);
}

static void write_values(const struct coverage_dimension *dimension, const char *key,
                         bool is_uncovered, struct json_writer *to)
{
    uint32_t told = 0;
    json_key(to, key);
    json_array_begin(to);
    for (uint32_t i = 0; i < dimension->count && told < COVERAGE_SHOWN_MAX; i++) {
        const struct coverage_value *value = &dimension->values[i];
        if (is_uncovered && (value->decided >= COVERAGE_DECIDED_MIN || value->runs == 0))
            continue;
        write_value(value, !dimension->reason, to);
        told++;
    }
    json_array_end(to);
}

static void write_dimension(const struct coverage_dimension *dimension, struct json_writer *to)
{
    json_object_begin(to);
    json_put_bytes(to, "dimension", dimension->name);
    json_put_uint(to, "values_known", dimension->count);
    json_key(to, "share_thin");
    if (dimension->reason)
        measure_json_null(to, dimension->reason);
    else
        measure_json_census(to, (uint64_t)dimension->thin_runs, (uint64_t)dimension->runs,
                            "no run in the window");
    write_values(dimension, "values", false, to);
    if (!dimension->reason)
        write_values(dimension, "uncovered", true, to);
    json_object_end(to);
}

static void write_signature(const struct coverage_signature *signature, struct json_writer *to)
{
    char newest[CLOCK_RFC3339_SIZE];
    uint8_t id[8];
    clock_format_rfc3339(newest, (uint64_t)signature->newest_ms * 1000000);
    put_be64(id, signature->signature);
    json_object_begin(to);
    json_put_hex(to, "signature", id, sizeof id);
    json_put_uint(to, "items", signature->items);
    json_put_double(to, "estimated_runs", signature->runs);
    json_put_hex(to, "newest_trajectory_id", signature->newest_trajectory, 16);
    json_put_hex(to, "newest_item_id", signature->newest_item, 16);
    json_put_text(to, "newest", newest);
    json_object_end(to);
}

void dataset_coverage_json(const struct cohort_report_request *request,
                           const struct coverage *coverage, struct buffer *to)
{
    struct json_writer writer;
    measure_json_begin(&writer, to, "flywheel.dataset_coverage/v1", request);
    json_put_uint(&writer, "decided_min", COVERAGE_DECIDED_MIN);
    json_key(&writer, "dimensions");
    json_array_begin(&writer);
    for (int i = 0; i < COVERAGE_DIMENSIONS; i++)
        write_dimension(&coverage->dimensions[i], &writer);
    json_array_end(&writer);
    json_put_uint(&writer, "failing_signatures", coverage->signature_count);
    json_put_uint(&writer, "without_regression_row", coverage->unwatched);
    json_key(&writer, "should_become_tests");
    json_array_begin(&writer);
    for (uint32_t i = 0; i < coverage->unwatched && i < COVERAGE_SHOWN_MAX; i++)
        write_signature(&coverage->signatures[i], &writer);
    json_array_end(&writer);
    json_object_end(&writer);
    buffer_append_byte(to, '\n');
}
