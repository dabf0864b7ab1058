/* A review record from top to bottom, and its identity. The keys stand in the order of the schema;
 * each part is present, and a fact that is missing is left out. Nothing here knows the time. */
#include "processor/emit/record/record.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/emit/record/evaluations.h"
#include "processor/emit/record/left_out.h"
#include "processor/emit/record/messages.h"
#include "processor/emit/record/regressions.h"
#include "processor/emit/record/signals.h"
#include "processor/emit/record/steps.h"
#include "processor/emit/record/summary.h"
#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/span_fields.h"
#include "processor/otlp/wire.h"
#include "processor/regression.h"

enum { LINKS_MAX = 64, ROUNDS_MAX = 64, CONTROL_PRIORITY = 9, DEFAULT_PRIORITY = 5 };

const char *const selection_reason_names[SELECT_REASONS] = {
    [SELECT_RULE] = "rule",
    [SELECT_CONTROL] = "control",
    [SELECT_NEW_COHORT] = "new_cohort",
    [SELECT_UNSCORED] = "unscored",
    [SELECT_FEEDBACK] = "feedback",
    [SELECT_REGRESSION] = "regression",
};

/* What no rule sends: there for the rates and for what is new. */
static bool is_control_queue(const struct review_input *input)
{
    return input->reason == SELECT_CONTROL || input->reason == SELECT_UNSCORED ||
           input->reason == SELECT_NEW_COHORT;
}

static struct bytes queue_of(const struct review_input *input)
{
    if (is_control_queue(input))
        return BYTES_LITERAL("control");
    const struct rule *worst = input->report->worst;
    return worst && worst->queue.size ? worst->queue : BYTES_LITERAL("review");
}

static uint32_t priority_of(const struct review_input *input)
{
    if (is_control_queue(input))
        return CONTROL_PRIORITY;
    return input->report->worst ? input->report->worst->priority : DEFAULT_PRIORITY;
}

/* SHA-256 over the lower-case hexadecimal ids of the spans, ascending, without separators. */
static bool digest_span_ids(const struct review_input *input, uint8_t to[SHA256_SIZE])
{
    const struct trajectory *trajectory = input->run->trajectory;
    size_t size = (size_t)trajectory->span_count * 2 * SPAN_ID_SIZE;
    char *ids = arena_alloc(input->arena, size);
    if (!ids)
        return false;
    for (uint32_t i = 0; i < trajectory->span_count; i++)
        hex_encode(ids + (size_t)i * 2 * SPAN_ID_SIZE, trajectory->spans[trajectory->by_id[i]].id,
                   SPAN_ID_SIZE);
    digest_sha256(to, bytes_of(ids, size));
    return true;
}

/* Of a conversation that of its last turn, which its span says. */
static const uint8_t *trace_id_of_top(const struct trajectory *trajectory)
{
    if (!trajectory->is_conversation || trajectory->top == NO_SPAN)
        return trajectory->id;
    struct bytes id = wire_find_bytes(trajectory->spans[trajectory->top].wire, SPAN_TRACE_ID);
    return id.size == TRACE_ID_SIZE ? id.data : trajectory->id;
}

static bool identify(const struct review_input *input, struct review_record *ret_record)
{
    const struct trajectory *trajectory = input->run->trajectory;
    char *key = arena_alloc(input->arena, 2 * TRACE_ID_SIZE);
    uint8_t digest[SHA256_SIZE];
    if (!key || !digest_span_ids(input, digest))
        return false;
    hex_encode(key, trajectory->id, TRACE_ID_SIZE);
    ret_record->key = bytes_of(key, 2 * TRACE_ID_SIZE);
    ret_record->queue = queue_of(input);
    ret_record->priority = priority_of(input);
    (void)snprintf(ret_record->revision_text, sizeof ret_record->revision_text, "%" PRIu32,
                   input->revision);
    char ruleset[2 * SHA256_SIZE], spans[2 * SHA256_SIZE];
    hex_encode(ruleset, input->ruleset_sha256, SHA256_SIZE);
    hex_encode(spans, digest, SHA256_SIZE);
    struct buffer name = {0};
    buffer_append_text(&name, "flywheel:");
    buffer_append_bytes(&name, ret_record->queue);
    buffer_append_byte(&name, '/');
    buffer_append_bytes(&name, ret_record->key);
    buffer_append_byte(&name, '/');
    buffer_append(&name, ruleset, sizeof ruleset);
    buffer_append_byte(&name, '/');
    buffer_append_text(&name, ret_record->revision_text);
    buffer_append_byte(&name, '/');
    buffer_append_text(&name, close_trigger_name(trajectory->trigger));
    buffer_append_byte(&name, '/');
    buffer_append(&name, spans, sizeof spans);
    if (input->regressions) {
        buffer_append_byte(&name, '/');
        buffer_append_text(&name, input->regressions->snapshot);
    }
    bool is_whole = !name.failed;
    if (is_whole)
        digest_uuid_v5_url(ret_record->record_id, buffer_bytes(&name));
    buffer_finish(&name);
    char span_id[2 * SPAN_ID_SIZE + 1] = "0000000000000000", trace_id[2 * TRACE_ID_SIZE];
    hex_encode(trace_id, trace_id_of_top(trajectory), TRACE_ID_SIZE);
    if (trajectory->top != NO_SPAN)
        hex_encode(span_id, trajectory->spans[trajectory->top].id, SPAN_ID_SIZE);
    (void)snprintf(ret_record->traceparent, sizeof ret_record->traceparent, "00-%.32s-%.16s-01",
                   trace_id, span_id);
    return is_whole;
}

static void find_times(struct record_writer *record)
{
    const struct trajectory *trajectory = record->input->run->trajectory;
    record->start_ns = record->input->known_start_ns;
    record->end_ns = record->input->known_end_ns;
    record->has_duration = record->start_ns != 0;
    if (record->end_ns != 0)
        return;
    struct trajectory_times times = trajectory_times(trajectory);
    record->start_ns = times.start_ns;
    record->end_ns = times.end_ns;
    record->has_duration = times.has_duration;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct span_link));
}

/* Distinct links of all spans, in order of their bytes. */
static void write_links(struct record_writer *record)
{
    const struct trajectory *trajectory = record->input->run->trajectory;
    struct span_link links[LINKS_MAX];
    uint32_t count = 0;
    uint64_t left_out = 0;
    for (uint32_t i = 0; i < trajectory->span_count; i++) {
        struct span_links walk = span_links_of(&trajectory->spans[i]);
        struct span_link link;
        while (span_links_next(&walk, &link)) {
            uint32_t at = 0;
            while (at < count && by_bytes(&links[at], &link) != 0)
                at++;
            if (at == LINKS_MAX)
                left_out += sizeof link;
            else if (at == count)
                links[count++] = link;
        }
    }
    qsort(links, count, sizeof *links, by_bytes);
    json_key(&record->json, "links");
    json_array_begin(&record->json);
    for (uint32_t i = 0; i < count; i++) {
        json_object_begin(&record->json);
        json_put_hex(&record->json, "trace_id", links[i].trace_id, TRACE_ID_SIZE);
        json_put_hex(&record->json, "span_id", links[i].span_id, SPAN_ID_SIZE);
        json_object_end(&record->json);
    }
    json_array_end(&record->json);
    if (left_out)
        record_truncation(record, (struct text_field){"source.links", NO_INDEX, NULL},
                          left_out + count * sizeof *links);
}

/* Where the trace is shown elsewhere. */
static void write_url(struct record_writer *record)
{
    static const char id[] = "{trace_id}";
    const char *rest = record->input->trace_url, *at;
    if (!rest)
        return;
    char hex[2 * TRACE_ID_SIZE];
    struct buffer url = {0};
    hex_encode(hex, trace_id_of_top(record->input->run->trajectory), TRACE_ID_SIZE);
    for (; (at = strstr(rest, id)) != NULL; rest = at + strlen(id)) {
        buffer_append(&url, rest, (size_t)(at - rest));
        buffer_append(&url, hex, sizeof hex);
    }
    buffer_append_text(&url, rest);
    record->failed = record->failed || url.failed;
    json_put_bytes(&record->json, "url", buffer_bytes(&url));
    buffer_finish(&url);
}

static void write_source(struct record_writer *record)
{
    const struct agent_run *run = record->input->run;
    const struct trajectory *trajectory = run->trajectory;
    json_key(&record->json, "source");
    json_object_begin(&record->json);
    json_put_hex(&record->json, "trace_id", trace_id_of_top(trajectory), TRACE_ID_SIZE);
    if (trajectory->root != NO_SPAN)
        json_put_hex(&record->json, "root_span_id", trajectory->spans[trajectory->root].id,
                     SPAN_ID_SIZE);
    record_id(record, "conversation_id", BYTES_LITERAL("session.id"), run->conversation_id,
              (struct text_field){"source", NO_INDEX, "conversation_id"});
    record_name(record, "service", run->service,
                (struct text_field){"source", NO_INDEX, "service"});
    record_name(record, "environment", run->environment,
                (struct text_field){"source", NO_INDEX, "environment"});
    write_links(record);
    write_url(record);
    json_object_end(&record->json);
}

static void write_completeness(struct record_writer *record)
{
    const struct agent_run *run = record->input->run;
    struct json_writer *json = &record->json;
    json_key(json, "completeness");
    json_object_begin(json);
    json_put_text(json, "trigger", close_trigger_name(run->trajectory->trigger));
    json_key(json, "root_seen");
    uint32_t known = record->input->known_spans;
    json_bool(json,
              known ? run->trajectory->trigger == CLOSE_ROOT : run->trajectory->root != NO_SPAN);
    json_put_uint(json, "spans", known ? known : run->trajectory->span_count);
    json_put_uint(json, "orphans", run->trajectory->orphan_count);
    json_put_uint(json, "late_spans", record->input->late_spans);
    json_put_uint(json, "dropped_attributes", run->dropped_attributes);
    json_put_uint(json, "refused_spans", run->refused_spans);
    json_object_end(json);
}

static void write_instant(struct record_writer *record, const char *key, uint64_t ns)
{
    char text[CLOCK_RFC3339_SIZE];
    if (ns == 0)
        return;
    json_key(&record->json, key);
    clock_format_rfc3339(text, ns);
    json_text(&record->json, text);
}

/* What nobody knows is left out. */
static void write_time(struct record_writer *record)
{
    struct json_writer *json = &record->json;
    json_key(json, "time");
    json_object_begin(json);
    write_instant(record, "start", record->start_ns);
    write_instant(record, "end", record->end_ns);
    uint64_t duration = record->end_ns - record->start_ns;
    if (record->has_duration)
        record_ms(record, "duration_ms", duration > INT64_MAX ? INT64_MAX : (int64_t)duration);
    if (record->input->run->ttft_ns >= 0)
        record_ms(record, "ttft_ms", record->input->run->ttft_ns);
    json_object_end(json);
}

static void write_agent(struct record_writer *record)
{
    const struct agent_run *run = record->input->run;
    json_key(&record->json, "agent");
    json_object_begin(&record->json);
    record_name(record, "name", run->agent_name, (struct text_field){"agent", NO_INDEX, "name"});
    record_name(record, "version", run->agent_version,
                (struct text_field){"agent", NO_INDEX, "version"});
    record_names(record, "models", &run->models, (struct text_field){"agent.models", NO_INDEX, 0});
    record_names(record, "providers", &run->providers,
                 (struct text_field){"agent.providers", NO_INDEX, 0});
    record_names(record, "tools", &run->tools, (struct text_field){"agent.tools", NO_INDEX, 0});
    record_name(record, "release", run->release, (struct text_field){"agent", NO_INDEX, "release"});
    json_object_end(&record->json);
}

static void write_cohort(struct record_writer *record)
{
    const struct review_input *input = record->input;
    json_key(&record->json, "cohort");
    json_object_begin(&record->json);
    for (uint32_t i = 0; i < input->dimension_count; i++) {
        json_key_bytes(&record->json, input->dimensions[i].name);
        record_string(record, TEXT_NAME, record_redact_name(record, input->dimension_values[i]),
                      (struct text_field){"cohort", i, NULL});
    }
    json_object_end(&record->json);
}

static void write_selection(struct record_writer *record)
{
    const struct review_input *input = record->input;
    struct json_writer *json = &record->json;
    json_key(json, "selection");
    json_object_begin(json);
    json_put_text(json, "reason", selection_reason_names[input->reason]);
    json_key(json, "stratum");
    json_text(json,
              input->reason == SELECT_CONTROL ? "control" : verdict_name(input->report->verdict));
    json_put_double(json, "inclusion_probability", input->inclusion_probability);
    json_put_text(json, "signature", input->report->signature);
    json_object_end(json);
    json_key(json, "ruleset");
    json_object_begin(json);
    json_put_hex(&record->json, "sha256", input->ruleset_sha256, SHA256_SIZE);
    json_object_end(json);
}

static void write_head(struct record_writer *record, const struct review_record *identity)
{
    const struct review_input *input = record->input;
    struct json_writer *json = &record->json;
    json_put_text(json, "schema", "flywheel.review/v1");
    json_put_text(json, "record_id", identity->record_id);
    json_put_uint(json, "revision", input->revision);
    if (input->supersedes)
        json_put_text(json, "supersedes", input->supersedes);
    json_put_bytes(json, "queue", identity->queue);
    json_put_uint(json, "priority", priority_of(input));
    record_summary(record);
    json_put_bytes(json, "content_digest",
                   bytes_of(identity->content_digest, sizeof identity->content_digest));
    write_source(record);
    json_put_bytes(json, "trajectory_id", identity->key);
    json_put_text(json, "scope",
                  input->run->trajectory->is_conversation ? "conversation" : "trace");
}

static void write_all(struct record_writer *record, const struct review_record *identity)
{
    const struct review_input *input = record->input;
    json_object_begin(&record->json);
    write_head(record, identity);
    write_completeness(record);
    write_time(record);
    write_agent(record);
    write_cohort(record);
    record_messages(record);
    record_contexts(record);
    record_steps(record);
    json_put_text(&record->json, "verdict", verdict_name(input->report->verdict));
    record_names(record, "labels", &input->report->labels,
                 (struct text_field){"labels", NO_INDEX, NULL});
    record_evaluations(record);
    record_regressions(record);
    write_selection(record);
    record_usage(record);
    record_signals(record);
    record_redaction(record);
    record_left_out(record);
    record_cuts(record);
    json_object_end(&record->json);
}

/* It stands before the texts that it is made of: into the zeros that were written for it. */
static void put_content_digest(struct review_record *record, struct bytes digests,
                               struct buffer *json, size_t start)
{
    static const char key[] = "\"content_digest\":\"";
    uint8_t digest[SHA256_SIZE];
    digest_sha256(digest, digests);
    hex_encode(record->content_digest, digest, SHA256_SIZE);
    if (json->failed)
        return;
    uint8_t *at = memmem(json->data + start, json->size - start, key, strlen(key));
    assert(at);
    memcpy(at + strlen(key), record->content_digest, sizeof record->content_digest);
}

enum status review_record_write(const struct review_input *input, struct buffer *json,
                                struct review_record *ret_record)
{
    assert(input->revision > 0);
    assert(input->run->trajectory->span_count > 0 || input->known_spans > 0);
    if (!identify(input, ret_record))
        return STATUS_FATAL;
    struct cut_plan plan = cut_plan_widest();
    size_t start = json->size, bytes_max = review_input_bytes_max(input), size = 0;
    memset(ret_record->content_digest, '0', sizeof ret_record->content_digest);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        json->size = start;
        struct buffer digests = {0}; /* nothing is cut yet in the first round, and all is read */
        struct record_writer record = {
            .input = input, .start = start, .plan = plan, .digests = round == 0 ? &digests : NULL};
        json_writer_init(&record.json, json);
        find_times(&record);
        write_all(&record, ret_record);
        record.failed = record.failed || digests.failed;
        if (round == 0)
            put_content_digest(ret_record, buffer_bytes(&digests), json, start);
        buffer_finish(&digests);
        if (json->failed || record.failed)
            return STATUS_FATAL;
        size = json->size - start + record.unwritten;
        if (size <= bytes_max)
            return STATUS_OK;
        if (!cut_plan_narrow(&plan, &record.measured, size - bytes_max, round))
            break;
    }
    /* Nothing is left to cut. Above the largest limit only a pipeline file with megabytes of names
     * and queues comes here; above a topic's the exporter says what becomes of it. */
    return size <= REVIEW_RECORD_MAX ? STATUS_OK : STATUS_FATAL;
}

struct outgoing review_record_outgoing(const struct review_record *record, struct bytes json,
                                       enum verdict verdict)
{
    return (struct outgoing){
        .key = record->key,
        .payload = json,
        .headers =
            {
                {"schema", BYTES_LITERAL("flywheel.review/v1")},
                {"content-type", BYTES_LITERAL("application/json")},
                {"verdict", bytes_of_text(verdict_name(verdict))},
                {"queue", record->queue},
                {"revision", bytes_of_text(record->revision_text)},
                {"record_id", bytes_of_text(record->record_id)},
                {"traceparent", bytes_of_text(record->traceparent)},
            },
        .header_count = 7,
    };
}
