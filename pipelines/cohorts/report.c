/* Texts to a request, a request to sums. Keys and their order in the document are a contract. */
#include "pipelines/cohorts/report.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "pipelines/config/groupings.h"
#include "pipelines/config/value.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"
#include "processor/base/statistics.h"
#include "processor/base/text/text.h"
#include "processor/base/text/utf8.h"

enum { WINDOW_MS_MIN = 60000, PATH_SIZE = 4096 };

/* --- the request --- */

static bool parse_group_by(struct bytes text, struct cohort_report_request *request,
                           struct error *ret_error)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != ',')
            continue;
        struct bytes name = text_trim(bytes_of(text.data + start, i - start));
        bool is_repeated = false;
        for (uint32_t k = 0; k < request->group_by_count; k++)
            is_repeated |= bytes_equal(name, request->group_by[k]);
        if (name.size == 0 || is_repeated || request->group_by_count == COHORT_DIMENSIONS_MAX) {
            error_set(ret_error, EXIT_USAGE,
                      "group_by: takes up to %d different dimensions, joined by commas",
                      COHORT_DIMENSIONS_MAX);
            return false;
        }
        request->group_by[request->group_by_count++] = name;
        start = i + 1;
    }
    return true;
}

static bool take_first_grouping(const struct pipeline_config *config,
                                struct cohort_report_request *request, struct error *ret_error)
{
    if (!config || config->grouping_count == 0) {
        error_set(ret_error, EXIT_USAGE, "group_by: say which dimensions");
        return false;
    }
    const struct grouping_config *grouping = &config->groupings[0];
    for (uint32_t i = 0; i < grouping->count; i++)
        request->group_by[i] = config->dimensions[grouping->dimensions[i]].name;
    request->group_by_count = grouping->count;
    return true;
}

enum status cohort_report_parse(struct bytes window, struct bytes group_by, struct bytes as_of,
                                const struct pipeline_config *config, int64_t now_ms,
                                struct cohort_report_request *ret_request, struct error *ret_error)
{
    struct cohort_report_request request = {
        .window = window, .as_of_ms = now_ms, .terms = cohort_rates_terms(config, 0)};
    struct cohort_window buckets;
    if (!window.data)
        request.window = BYTES_LITERAL("1h");
    if (!config_value_parse_duration(request.window, &request.window_ms) ||
        request.window_ms < WINDOW_MS_MIN ||
        cohort_window_resolve(now_ms, request.window_ms, &buckets) != STATUS_OK) {
        error_set(ret_error, EXIT_USAGE,
                  "window: takes a duration from 1m to 35d, such as 60m, 24h or 7d");
        return STATUS_MALFORMED;
    }
    if (as_of.data &&
        (clock_parse_rfc3339(as_of, &request.as_of_ms) != STATUS_OK || request.as_of_ms < 0)) {
        error_set(ret_error, EXIT_USAGE,
                  "as_of: takes a time in RFC 3339, such as 2026-11-23T08:00:00Z, or seconds since "
                  "1970");
        return STATUS_MALFORMED;
    }
    if (group_by.data ? !parse_group_by(group_by, &request, ret_error)
                      : !take_first_grouping(config, &request, ret_error))
        return STATUS_MALFORMED;
    *ret_request = request;
    return STATUS_OK;
}

/* --- the sums --- */

static bool holds(const char *directory, const char *name)
{
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/%s", directory, name);
    return size < (int)sizeof path && access(path, F_OK) == 0;
}

bool cohort_report_is_there(const char *directory, struct error *ret_error)
{
    if (holds(directory, "data.mdb") || holds(directory, "owner.lock"))
        return true;
    error_set(ret_error, EXIT_STATE_IO,
              "%s: no data is there yet: start `flywheel run`, or name the pipeline file whose "
              "state.directory is meant with -c",
              directory);
    return false;
}

enum status cohort_report_open(const char *directory, struct store **ret_store,
                               struct error *ret_error)
{
    if (!cohort_report_is_there(directory, ret_error))
        return STATUS_FATAL;
    return store_open(directory, 0, STORE_READER, ret_store, ret_error);
}

static bool covers(const struct pipeline_config *config, const struct grouping_config *grouping,
                   struct bytes name)
{
    for (uint32_t i = 0; i < grouping->count; i++)
        if (bytes_equal(config->dimensions[grouping->dimensions[i]].name, name))
            return true;
    return false;
}

/* The smallest grouping of `config` that has every dimension asked for; grouping_count: none. */
static uint32_t configured_grouping(const struct pipeline_config *config,
                                    const struct cohort_report_request *request)
{
    uint32_t best = config->grouping_count;
    for (uint32_t i = 0; i < config->grouping_count; i++) {
        const struct grouping_config *grouping = &config->groupings[i];
        uint32_t covered = 0;
        for (uint32_t k = 0; k < request->group_by_count; k++)
            covered += covers(config, grouping, request->group_by[k]);
        if (covered == request->group_by_count &&
            (best == config->grouping_count || grouping->count < config->groupings[best].count))
            best = i;
    }
    return best;
}

static void append_grouping(void *context, uint16_t grouping, struct bytes text)
{
    struct buffer *to = context;
    (void)grouping;
    buffer_append_text(to, to->size > 0 ? ", [" : "[");
    buffer_append_bytes(to, text);
    buffer_append_byte(to, ']');
}

static void explain_groupings(struct store *store, const struct pipeline_config *config,
                              const struct cohort_report_request *request, struct error *ret_error)
{
    struct buffer there = {0}, asked = {0}, text = {0};
    for (uint32_t i = 0; config && i < config->grouping_count; i++) {
        buffer_clear(&text);
        config_groupings_text(config, i, &text);
        append_grouping(&there, 0, buffer_bytes(&text));
    }
    if (!config) {
        struct store_txn txn;
        store_begin(store, false, &txn);
        cohort_groupings(&txn, append_grouping, &there);
        store_abort(&txn);
    }
    for (uint32_t i = 0; i < request->group_by_count; i++) {
        buffer_append_text(&asked, i > 0 ? "," : "");
        buffer_append_bytes(&asked, request->group_by[i]);
    }
    struct bytes shown = utf8_cut(buffer_bytes(&asked), 200);
    error_set(ret_error, EXIT_USAGE,
              "group_by: no grouping covers [%.*s]; cohorts.group_by has %.*s", (int)shown.size,
              (const char *)shown.data, (int)there.size,
              there.size > 0 ? (const char *)there.data : "");
    buffer_finish(&there);
    buffer_finish(&asked);
    buffer_finish(&text);
}

enum status cohort_report_query(struct store *store, const struct pipeline_config *config,
                                const struct cohort_report_request *request,
                                struct cohort_result *ret_result, struct error *ret_error)
{
    struct error error = {0};
    struct buffer grouping = {0};
    uint32_t configured = config ? configured_grouping(config, request) : 0;
    bool is_configured = config && configured < config->grouping_count;
    if (is_configured)
        config_groupings_text(config, configured, &grouping);
    enum status status = config && !is_configured
                             ? STATUS_NOT_FOUND
                             : cohort_query_in(store, buffer_bytes(&grouping), request->group_by,
                                               request->group_by_count, request->as_of_ms,
                                               request->window_ms, ret_result, &error);
    buffer_finish(&grouping);
    if (status == STATUS_NOT_FOUND && is_configured) {
        *ret_result = (struct cohort_result){.value_count = request->group_by_count};
        return STATUS_OK;
    }
    if (status == STATUS_NOT_FOUND)
        explain_groupings(store, config, request, ret_error);
    else if (status != STATUS_OK)
        error_set(ret_error, error.exit_code, "%s", error.text);
    return status;
}

struct cohort_rates cohort_report_rates(const struct cohort_report_request *request,
                                        const struct cohort_result *result,
                                        const struct cohort_result_row *row)
{
    struct cohort_rate_terms terms = request->terms;
    terms.largest_weight = result->largest_weight;
    return cohort_rates_of(&row->sums, &terms);
}

bool cohort_report_is_overflow(const struct bytes *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!bytes_equal_text(values[i], COHORT_OTHER))
            return false;
    return true;
}

/* --- the document --- */

static void write_rate(struct json_writer *json, const char *name, double rate, double low,
                       double high)
{
    char key[64];
    json_put_double(json, name, rate);
    snprintf(key, sizeof key, "%s_low", name);
    json_put_double(json, key, low);
    snprintf(key, sizeof key, "%s_high", name);
    json_put_double(json, key, high);
}

static void write_rates(struct json_writer *json, const struct cohort_rates *rates)
{
    json_put_double(json, "scored_share", rates->scored_share);
    if (rates->fail.is_known)
        write_rate(json, "fail_rate", rates->fail.p, rates->low, rates->high);
    json_put_int(json, "scored", rates->scored);
    json_put_int(json, "condemned", rates->condemned);
    json_put_int(json, "missing", rates->missing);
    if (rates->unclassed > 0)
        json_put_int(json, "unclassed", rates->unclassed);
    if (rates->known.is_known)
        write_rate(json, "known_fail_rate", rates->known.p, rates->known_low, rates->known_high);
    if (rates->fail.is_thin || rates->known.is_thin)
        json_put_bool(json, "thin", true);
    if (rates->known.is_known)
        json_put_double(json, "borderline_rate", rates->borderline);
}

static void write_durations(struct json_writer *json, const struct sketch *sketch)
{
    static const struct {
        const char *key;
        double q;
    } quantiles[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}};
    json_key(json, "duration_ms");
    json_object_begin(json);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        double value;
        if (sketch_quantile(sketch, quantiles[i].q, &value))
            json_put_double(json, quantiles[i].key, value);
    }
    json_object_end(json);
}

/* A rule that went wrong had nothing to say either: `na` counts both. */
static void write_rules(struct json_writer *json, const struct cohort_result *result,
                        const struct cohort_bucket *sums)
{
    json_key(json, "rules");
    json_object_begin(json);
    for (uint32_t i = 0; i < sums->rule_count; i++) {
        const int64_t *outcomes = sums->rules[i].outcomes;
        json_key_bytes(json, cohort_result_rule_name(result, sums->rules[i].rule));
        json_object_begin(json);
        json_put_int(json, "fail", outcomes[OUTCOME_FAIL]);
        json_put_int(json, "borderline", outcomes[OUTCOME_BORDERLINE]);
        json_put_int(json, "pass", outcomes[OUTCOME_PASS]);
        json_put_int(json, "na",
                     outcomes[OUTCOME_NA] + outcomes[OUTCOME_ERROR] + outcomes[COHORT_MISSING]);
        if (outcomes[COHORT_MISSING] > 0)
            json_put_int(json, "missing", outcomes[COHORT_MISSING]);
        json_object_end(json);
    }
    json_object_end(json);
}

static void write_cohort(struct json_writer *json, const struct cohort_report_request *request,
                         const struct cohort_result *result, const struct cohort_result_row *row)
{
    const struct cohort_bucket *sums = &row->sums;
    json_object_begin(json);
    json_key(json, "cohort");
    json_object_begin(json);
    for (uint32_t i = 0; i < result->value_count; i++) {
        json_key_bytes(json, request->group_by[i]);
        json_string(json, row->values[i]);
    }
    json_object_end(json);
    json_put_int(json, "total", cohort_bucket_total(sums));
    json_put_int(json, "pass", sums->verdicts[COHORT_PASS]);
    json_put_int(json, "borderline", sums->verdicts[COHORT_BORDERLINE]);
    json_put_int(json, "fail", sums->verdicts[COHORT_FAIL]);
    json_put_int(json, "unscored", sums->verdicts[COHORT_UNSCORED]);
    struct cohort_rates rates = cohort_report_rates(request, result, row);
    write_rates(json, &rates);
    write_durations(json, &sums->duration_ms);
    json_put_int(json, "tokens", sums->tokens);
    json_put_double(json, "cost_usd", (double)sums->cost_nano_usd / 1e9);
    write_rules(json, result, sums);
    json_object_end(json);
}

void cohort_report_json(const struct cohort_report_request *request,
                        const struct cohort_result *result, struct buffer *to)
{
    struct json_writer json;
    char as_of[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(as_of, (uint64_t)request->as_of_ms * 1000000);
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_text(&json, "as_of", as_of);
    json_put_bytes(&json, "window", request->window);
    json_put_texts(&json, "group_by", request->group_by, request->group_by_count);
    json_key(&json, "cohorts");
    json_array_begin(&json);
    for (size_t i = 0; i < result->row_count; i++)
        write_cohort(&json, request, result, &result->rows[i]);
    json_array_end(&json);
    json_object_end(&json);
    buffer_append_byte(to, '\n');
}
