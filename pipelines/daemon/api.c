/* The table of routes under /api/v1, and what each answers. */
#include "pipelines/daemon/api.h"

#include <assert.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/daemon/api_gate.h"
#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/json/writer.h"

bool api_is_ready(const struct api *api, struct buffer *why)
{
    bool has_caught_up = runtime_is_ready(api->runtime) && atomic_load(&api->is_listening);
    bool is_read = telemetry_receivers_read(api->receivers, api->receiver_count, why);
    if (!has_caught_up)
        buffer_append_text(why, "catching up\n");
    return has_caught_up && is_read;
}

double api_outbox_age_s(const struct writer_gauges *gauges)
{
    int64_t since_ms = gauges->outbox_records > 0 ? gauges->outbox_oldest_ms : 0;
    int64_t age_ms = clock_realtime_ms() - since_ms;
    return since_ms > 0 && age_ms > 0 ? (double)age_ms / 1000 : 0;
}

/* --- /api/v1/status --- */

static void write_flow(struct api *api, struct json_writer *writer)
{
    struct runtime_gauges runtime = runtime_gauges(api->runtime);
    struct span_account account = writer_account(runtime_writer(api->runtime));
    json_key(writer, "spans");
    json_object_begin(writer);
    json_put_uint(writer, "accepted", account.accepted);
    json_put_uint(writer, "decided", account.decided);
    json_put_uint(writer, "dropped", account.dropped);
    json_put_uint(writer, "in_flight", account.in_flight);
    json_object_end(writer);
    json_key(writer, "in_flight");
    json_object_begin(writer);
    json_put_uint(writer, "trajectories", runtime.trajectories);
    json_put_uint(writer, "bytes", runtime.in_flight_bytes);
    json_put_uint(writer, "decided_ids", runtime.decided);
    json_object_end(writer);
}

static void write_state(struct api *api, struct json_writer *writer)
{
    struct writer_gauges gauges = writer_gauges(runtime_writer(api->runtime));
    json_key(writer, "state");
    json_object_begin(writer);
    json_put_text(writer, "directory", api->config->state.directory);
    json_put_double(writer, "used_ratio", gauges.used_ratio);
    json_put_uint(writer, "journal_bytes", gauges.journal_bytes);
    json_object_end(writer);
    json_key(writer, "outbox");
    json_object_begin(writer);
    json_put_uint(writer, "records", gauges.outbox_records);
    json_put_uint(writer, "bytes", gauges.outbox_bytes);
    json_put_double(writer, "age_s", api_outbox_age_s(&gauges));
    json_object_end(writer);
}

static unsigned answer_status(void *context, const struct http_query *query,
                              struct http_answer *answer)
{
    struct api *api = context;
    struct json_writer writer;
    struct buffer why = {0}; /* that is for /readyz to say */
    char digest[17], instance[INSTANCE_UUID_TEXT_SIZE];
    uint8_t head[8];
    (void)query;
    put_be64(head, atomic_load(&api->ruleset_head));
    hex_encode(digest, head, sizeof(head));
    digest[16] = 0;
    answer->content_type = "application/json";
    json_writer_init(&writer, &answer->body);
    json_object_begin(&writer);
    json_put_text(&writer, "version", FLYWHEEL_VERSION);
    schema_instance_text(store_instance(api->store), instance);
    json_put_text(&writer, "instance", instance);
    json_put_bool(&writer, "ready", api_is_ready(api, &why));
    json_put_uint(&writer, "uptime_s", (uint64_t)(clock_monotonic_ms() - api->started_ms) / 1000);
    json_put_uint(&writer, "shards", api->config->shards);
    json_put_text(&writer, "ruleset", digest);
    json_put_bool(&writer, "reload_successful", atomic_load(&api->has_reloaded_well));
    write_flow(api, &writer);
    write_state(api, &writer);
    json_key(&writer, "sources");
    telemetry_sources_json(api->sources, &writer);
    json_object_end(&writer);
    buffer_finish(&why);
    buffer_append_byte(&answer->body, '\n');
    return 200;
}

static unsigned answer_error(struct http_answer *answer, unsigned status, const char *text)
{
    struct json_writer writer;
    buffer_clear(&answer->body);
    json_writer_init(&writer, &answer->body);
    json_object_begin(&writer);
    json_put_text(&writer, "error", text);
    json_object_end(&writer);
    buffer_append_byte(&answer->body, '\n');
    return status;
}

static unsigned answer_cohorts(void *context, const struct http_query *query,
                               struct http_answer *answer)
{
    struct api *api = context;
    struct cohort_report_request request;
    struct cohort_result result;
    struct error error = {0};
    answer->content_type = "application/json";
    enum status status = cohort_report_parse(
        http_query_get(query, "window"), http_query_get(query, "group_by"),
        http_query_get(query, "as_of"), api->config, clock_realtime_ms(), &request, &error);
    if (status == STATUS_OK)
        status = cohort_report_query(api->store, api->config, &request, &result, &error);
    if (status != STATUS_OK)
        return answer_error(answer, status == STATUS_FATAL ? 500 : 400, error.text);
    cohort_report_json(&request, &result, &answer->body);
    cohort_result_finish(&result);
    return 200;
}

static unsigned answer_gate(void *context, const struct http_query *query,
                            struct http_answer *answer)
{
    struct api *api = context;
    struct error error = {0};
    answer->content_type = "application/json";
    enum status status = api_gate_write(api->store, api->config, query, &answer->body, &error);
    if (status != STATUS_OK)
        return answer_error(answer, status == STATUS_FATAL ? 500 : 400, error.text);
    return 200;
}

void api_follow(struct api *copy, const struct api *original)
{
    atomic_store(&copy->is_listening, atomic_load(&original->is_listening));
    atomic_store(&copy->has_reloaded_well, atomic_load(&original->has_reloaded_well));
    atomic_store(&copy->reloaded_ms, atomic_load(&original->reloaded_ms));
    atomic_store(&copy->ruleset_head, atomic_load(&original->ruleset_head));
}

/* --- the table --- */

static const char *const cohort_parameters[] = {"window", "group_by", "as_of", NULL};

uint32_t api_routes(struct api *api, struct http_route ret_routes[API_ROUTES_MAX])
{
    const struct http_route routes[] = {
        {"/api/v1/status", false, answer_status, api, NULL},
        {"/api/v1/cohorts", false, answer_cohorts, api, cohort_parameters},
        {"/api/v1/gate", false, answer_gate, api, api_gate_parameters},
    };
    static_assert(sizeof(routes) / sizeof(routes[0]) <= API_ROUTES_MAX, "each has a place");
    memcpy(ret_routes, routes, sizeof(routes));
    return sizeof(routes) / sizeof(routes[0]);
}
