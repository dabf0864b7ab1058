/* link: command receive otlp base */
/* The gRPC receiver on a real port, with an intake that does as it is told, driven by the client of
 * `flywheel send`. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/inflate.h"
#include "processor/command/send/otlp_client.h"
#include "processor/otlp/wire.h"
#include "processor/receive/grpc/receiver.h"
#include "tests/support/waiting.h"

enum { OK = 0, CANCELLED = 1, INVALID_ARGUMENT = 3, DEADLINE_EXCEEDED = 4, NOT_FOUND = 5 };
enum { RESOURCE_EXHAUSTED = 8, UNIMPLEMENTED = 12, UNAVAILABLE = 14 };
enum { HELD_MAX = 4096 };

/* A pipeline of one thread: what is submitted waits in `held` until it is released. */
struct fake_pipeline {
    struct intake intake;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct request *held[HELD_MAX];
    size_t held_count;
    bool is_holding, is_ending;
    enum status durable_status;
    enum status submit_status;
    int64_t retry_ms;
    bool has_room;
    bool is_answered_inside; /* on_durable before submit returns */
    size_t room_asked;
    uint32_t room_askings;
    uint32_t submits, busy_left; /* busy_left: refuse so many, then accept */
    uint32_t roomless_left;      /* has no room for so many askings, then has_room */
    uint32_t spans, logs;
    struct buffer last_body;
    enum request_encoding last_encoding;
    bool had_call;
};

static void answer(struct fake_pipeline *pipeline, struct request *request)
{
    if (request->on_durable)
        request->on_durable(request, pipeline->durable_status);
    request_release(request);
}

static void *pipeline_thread(void *context)
{
    struct fake_pipeline *pipeline = context;
    pthread_mutex_lock(&pipeline->lock);
    for (;;) {
        while (!pipeline->is_ending && (pipeline->held_count == 0 || pipeline->is_holding))
            pthread_cond_wait(&pipeline->changed, &pipeline->lock);
        if (pipeline->is_ending && pipeline->held_count == 0)
            break;
        struct request *request = pipeline->held[--pipeline->held_count];
        pthread_mutex_unlock(&pipeline->lock);
        answer(pipeline, request);
        pthread_mutex_lock(&pipeline->lock);
    }
    pthread_mutex_unlock(&pipeline->lock);
    return NULL;
}

static enum status fake_submit(void *context, struct request *request, int64_t *ret_retry_ms)
{
    struct fake_pipeline *pipeline = context;
    pthread_mutex_lock(&pipeline->lock);
    pipeline->submits++;
    enum status status = pipeline->submit_status;
    if (pipeline->busy_left) {
        pipeline->busy_left--;
        status = STATUS_BUSY;
    }
    *ret_retry_ms = pipeline->retry_ms;
    bool is_inside = pipeline->is_answered_inside;
    if (status == STATUS_OK) {
        ck_assert_uint_gt(request->held_bytes, 0);
        pipeline->spans += request->gated.span_count;
        pipeline->logs += request->gated.log_count;
        buffer_clear(&pipeline->last_body);
        buffer_append_bytes(&pipeline->last_body, request_body(request));
        pipeline->last_encoding = request->encoding;
        pipeline->had_call = request->on_durable != NULL;
        if (!is_inside) {
            ck_assert_uint_lt(pipeline->held_count, HELD_MAX);
            pipeline->held[pipeline->held_count++] = request;
            pthread_cond_broadcast(&pipeline->changed);
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
    if (status == STATUS_OK && is_inside)
        answer(pipeline, request);
    return status;
}

static bool fake_has_room(void *context, size_t body_bytes)
{
    struct fake_pipeline *pipeline = context;
    pthread_mutex_lock(&pipeline->lock);
    pipeline->room_asked = body_bytes;
    pipeline->room_askings++;
    bool has_room = pipeline->has_room && pipeline->roomless_left == 0;
    pipeline->roomless_left -= pipeline->roomless_left > 0;
    pthread_mutex_unlock(&pipeline->lock);
    return has_room;
}

static bool fake_may_wait(void *context)
{
    (void)context;
    return true;
}

static struct fake_pipeline pipeline;
static struct receiver_counters counters;
static struct grpc_receiver_config config;
static struct receiver *receiver;
static char endpoint[64];

static void start_receiver(void)
{
    struct error error = {0};
    receiver = grpc_receiver_create(&config, &pipeline.intake, &counters);
    ck_assert_ptr_nonnull(receiver);
    ck_assert_msg(receiver->operations->start(receiver, &error) == STATUS_OK, "%s", error.text);
    snprintf(endpoint, sizeof endpoint, "127.0.0.1:%d", grpc_receiver_port(receiver));
}

static void stop_receiver(int64_t grace_ms)
{
    receiver->operations->stop(receiver, grace_ms);
}

/* The pipeline, with what the receiver's threads wrote before now. */
static const struct fake_pipeline *settled(void)
{
    pthread_mutex_lock(&pipeline.lock);
    pthread_mutex_unlock(&pipeline.lock);
    return &pipeline;
}

static void set_holding(bool is_holding)
{
    pthread_mutex_lock(&pipeline.lock);
    pipeline.is_holding = is_holding;
    pthread_cond_broadcast(&pipeline.changed);
    pthread_mutex_unlock(&pipeline.lock);
}

static size_t held_count(void)
{
    pthread_mutex_lock(&pipeline.lock);
    size_t count = pipeline.held_count;
    pthread_mutex_unlock(&pipeline.lock);
    return count;
}

static uint32_t submit_count(void)
{
    pthread_mutex_lock(&pipeline.lock);
    uint32_t count = pipeline.submits;
    pthread_mutex_unlock(&pipeline.lock);
    return count;
}

static uint32_t room_askings(void)
{
    pthread_mutex_lock(&pipeline.lock);
    uint32_t count = pipeline.room_askings;
    pthread_mutex_unlock(&pipeline.lock);
    return count;
}

static void wait_for_held(size_t count)
{
    WAIT_UNTIL(held_count() == count);
    ck_assert_uint_eq(held_count(), count);
}

static void setup(void)
{
    pipeline = (struct fake_pipeline){.has_room = true};
    pthread_mutex_init(&pipeline.lock, NULL);
    pthread_cond_init(&pipeline.changed, NULL);
    pipeline.intake = (struct intake){.context = &pipeline,
                                      .submit = fake_submit,
                                      .has_room = fake_has_room,
                                      .pool = request_pool_create(16),
                                      .ack_durable = true};
    memset(&counters, 0, sizeof counters);
    config = (struct grpc_receiver_config){.endpoint = "127.0.0.1:0",
                                           .max_message_bytes = 1024 * 1024,
                                           .max_concurrent_streams = 100,
                                           .max_connections = 64,
                                           .calls = 8,
                                           .gate = wire_gate_limits_default};
    ck_assert_int_eq(pthread_create(&pipeline.thread, NULL, pipeline_thread, &pipeline), 0);
    receiver = NULL;
}

static void teardown(void)
{
    set_holding(false);
    if (receiver)
        stop_receiver(2000);
    pthread_mutex_lock(&pipeline.lock);
    pipeline.is_ending = true;
    pthread_cond_broadcast(&pipeline.changed);
    pthread_mutex_unlock(&pipeline.lock);
    pthread_join(pipeline.thread, NULL);
    if (receiver)
        receiver->operations->destroy(receiver);
    request_pool_destroy(pipeline.intake.pool);
    buffer_finish(&pipeline.last_body);
}

static struct otlp_client *connect_client(bool is_gzip, int64_t deadline_ms, int64_t retry_for_ms)
{
    struct otlp_client *client =
        otlp_client_create(&(struct otlp_client_config){.endpoint = endpoint,
                                                        .is_gzip = is_gzip,
                                                        .deadline_ms = deadline_ms,
                                                        .retry_for_ms = retry_for_ms});
    struct error error = {0};
    ck_assert_msg(otlp_client_connect(client, patiently_ms(PATIENCE_MS), &error) == STATUS_OK, "%s",
                  error.text);
    return client;
}

/* `good` spans, then `bad` ones whose trace id is all zero. */
static struct buffer make_spans(int good, int bad)
{
    struct buffer scope = {0}, resource = {0}, request = {0};
    for (int i = 0; i < good + bad; i++) {
        uint8_t trace_id[TRACE_ID_SIZE] = {0}, span_id[SPAN_ID_SIZE] = {1};
        if (i < good)
            put_be32(trace_id, (uint32_t)i / 10 + 1);
        put_be32(span_id + 4, (uint32_t)i);
        struct buffer span = {0};
        wire_put_bytes(&span, 1, bytes_of(trace_id, sizeof trace_id));
        wire_put_bytes(&span, 2, bytes_of(span_id, sizeof span_id));
        wire_put_bytes(&span, 5, bytes_of_text("chat"));
        wire_put_fixed64(&span, 7, 1700000000000000000u);
        wire_put_fixed64(&span, 8, 1700000001000000000u);
        wire_put_bytes(&scope, 2, buffer_bytes(&span));
        buffer_finish(&span);
    }
    wire_put_bytes(&resource, 2, buffer_bytes(&scope));
    wire_put_bytes(&request, 1, buffer_bytes(&resource));
    buffer_finish(&scope);
    buffer_finish(&resource);
    return request;
}

static struct buffer make_log(void)
{
    struct buffer record = {0}, scope = {0}, resource = {0}, request = {0};
    uint8_t trace_id[TRACE_ID_SIZE] = {1}, span_id[SPAN_ID_SIZE] = {1};
    wire_put_fixed64(&record, 1, 1700000000000000000u);
    wire_put_bytes(&record, 9, bytes_of(trace_id, sizeof trace_id));
    wire_put_bytes(&record, 10, bytes_of(span_id, sizeof span_id));
    wire_put_bytes(&record, 12, bytes_of_text("gen_ai.evaluation.result"));
    wire_put_bytes(&scope, 2, buffer_bytes(&record));
    wire_put_bytes(&resource, 2, buffer_bytes(&scope));
    wire_put_bytes(&request, 1, buffer_bytes(&resource));
    buffer_finish(&record);
    buffer_finish(&scope);
    buffer_finish(&resource);
    return request;
}

/* Exports and forgets the response. */
static struct otlp_answer export(struct otlp_client *client, enum wire_gate_signal signal,
                                 struct bytes request)
{
    struct otlp_answer answered;
    otlp_client_export(client, signal, request, &answered);
    otlp_answer_finish(&answered);
    answered.response.size = 0;
    return answered;
}

static struct otlp_answer export_once(struct bytes request, bool is_gzip)
{
    struct otlp_client *client = connect_client(is_gzip, 0, 0);
    struct otlp_answer answered = export(client, WIRE_GATE_TRACES, request);
    otlp_client_destroy(client);
    return answered;
}

START_TEST(spans_and_logs_are_taken_and_acknowledged)
{
    start_receiver();
    struct buffer spans = make_spans(25, 0), logs = make_log();
    struct otlp_client *client = connect_client(false, 0, 0);
    struct otlp_answer answered;
    otlp_client_export(client, WIRE_GATE_TRACES, buffer_bytes(&spans), &answered);
    ck_assert_int_eq(answered.code, OK);
    ck_assert_uint_eq(answered.response.size, 0); /* partial_success stays unset */
    otlp_answer_finish(&answered);
    ck_assert(bytes_equal(buffer_bytes(&settled()->last_body), buffer_bytes(&spans)));
    answered = export(client, WIRE_GATE_LOGS, buffer_bytes(&logs));
    ck_assert_int_eq(answered.code, OK);
    otlp_client_destroy(client);
    ck_assert_uint_eq(settled()->spans, 25);
    ck_assert_uint_eq(settled()->logs, 1);
    stop_receiver(1000);
    ck_assert_uint_eq(counter_get(&counters.accepted_spans), 25);
    ck_assert_uint_eq(counter_get(&counters.accepted_logs), 1);
    ck_assert_uint_eq(counter_get(&counters.requests[OK]), 2);
    buffer_finish(&spans);
    buffer_finish(&logs);
}
END_TEST

START_TEST(gzip_is_inflated_and_kept_as_received)
{
    start_receiver();
    struct buffer spans = make_spans(1000, 0);
    struct otlp_answer answered = export_once(buffer_bytes(&spans), true);
    ck_assert_int_eq(answered.code, OK);
    ck_assert_int_eq(settled()->last_encoding, REQUEST_GZIP);
    ck_assert(bytes_equal(buffer_bytes(&settled()->last_body), buffer_bytes(&spans)));
    ck_assert_uint_gt(settled()->room_asked, spans.size); /* the claim of the trailer counts */
    buffer_finish(&spans);
}
END_TEST

START_TEST(an_empty_request_is_a_success)
{
    start_receiver();
    ck_assert_int_eq(export_once(bytes_of("", 0), false).code, OK);
    ck_assert_int_eq(export_once(bytes_of("", 0), true).code, OK);
    ck_assert_uint_eq(settled()->submits, 0);
}
END_TEST

START_TEST(good_spans_of_a_bad_batch_are_kept)
{
    start_receiver();
    struct buffer spans = make_spans(3, 2);
    struct otlp_answer answered = export_once(buffer_bytes(&spans), false);
    ck_assert_int_eq(answered.code, OK);
    ck_assert_int_eq(answered.rejected, 2);
    ck_assert_ptr_nonnull(
        strstr(answered.rejection, wire_gate_reject_names[WIRE_GATE_BAD_TRACE_ID]));
    ck_assert_uint_eq(settled()->spans, 3);
    buffer_finish(&spans);
    spans = make_spans(0, 4); /* nothing is left of it */
    answered = export_once(buffer_bytes(&spans), false);
    ck_assert_int_eq(answered.code, OK);
    ck_assert_int_eq(answered.rejected, 4);
    ck_assert_uint_eq(settled()->submits, 1);
    stop_receiver(1000);
    ck_assert_uint_eq(counter_get(&counters.refused_spans[WIRE_GATE_BAD_TRACE_ID]), 6);
    ck_assert_uint_eq(counter_get(&counters.accepted_spans), 3);
    buffer_finish(&spans);
}
END_TEST

START_TEST(overload_is_unavailable_with_the_time_to_retry_in_both_trailers)
{
    pipeline.submit_status = STATUS_BUSY;
    pipeline.retry_ms = 2500;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_answer answered = export_once(buffer_bytes(&spans), false);
    ck_assert_int_eq(answered.code, UNAVAILABLE);
    ck_assert(answered.has_status_details);
    ck_assert(answered.has_retry_info);
    ck_assert_int_eq(answered.retry_ms, 2500);
    stop_receiver(1000);
    ck_assert_uint_eq(counter_get(&counters.refused_overload), 5);
    ck_assert_uint_eq(counter_get(&counters.accepted_spans), 0);
    ck_assert_uint_eq(counter_get(&counters.requests[UNAVAILABLE]), 1);
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_sender_that_retries_gets_through)
{
    pipeline.busy_left = 2;
    pipeline.retry_ms = 50;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_client *client = connect_client(false, 0, 5000);
    struct otlp_answer answered = export(client, WIRE_GATE_TRACES, buffer_bytes(&spans));
    ck_assert_int_eq(answered.code, OK);
    ck_assert_uint_eq(answered.attempts, 3);
    otlp_client_destroy(client);
    buffer_finish(&spans);
}
END_TEST

START_TEST(without_room_a_body_is_refused_before_it_is_read)
{
    pipeline.has_room = false;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_answer answered = export_once(buffer_bytes(&spans), false);
    ck_assert_int_eq(answered.code, UNAVAILABLE);
    ck_assert_int_gt(answered.retry_ms, 0);
    ck_assert_uint_eq(settled()->room_asked, 0);
    ck_assert_uint_eq(settled()->submits, 0);
    ck_assert_uint_eq(request_pool_held_bytes(pipeline.intake.pool), 0);
    buffer_finish(&spans);
}
END_TEST

/* One attempt of the client is enough: its answer comes late, and it is no refusal. */
START_TEST(a_client_without_room_is_held_back_and_then_served)
{
    pipeline.intake.may_wait = fake_may_wait;
    pipeline.intake.wait_ms = 60000;
    pipeline.roomless_left = 10;
    pipeline.busy_left = 3;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_answer answered = export_once(buffer_bytes(&spans), false);
    ck_assert_int_eq(answered.code, OK);
    stop_receiver(1000);
    ck_assert_uint_eq(settled()->roomless_left, 0);
    ck_assert_uint_eq(settled()->submits, 4);
    ck_assert_uint_eq(counter_get(&counters.accepted_spans), 5);
    ck_assert_uint_eq(counter_get(&counters.refused_overload), 0);
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_wait_that_has_been_long_enough_ends_with_a_retryable_refusal)
{
    pipeline.intake.may_wait = fake_may_wait;
    pipeline.intake.wait_ms = 30;
    pipeline.has_room = _i == 1;
    pipeline.submit_status = _i == 1 ? STATUS_BUSY : STATUS_OK;
    pipeline.retry_ms = 2500;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_answer answered = export_once(buffer_bytes(&spans), false);
    ck_assert_int_eq(answered.code, UNAVAILABLE);
    ck_assert(answered.has_retry_info);
    stop_receiver(1000);
    ck_assert_uint_eq(counter_get(&counters.refused_overload), _i == 1 ? 5 : 0);
    ck_assert_uint_eq(counter_get(&counters.accepted_spans), 0);
    ck_assert_uint_eq(request_pool_held_bytes(pipeline.intake.pool), 0);
    buffer_finish(&spans);
}
END_TEST

START_TEST(who_waits_is_answered_before_its_own_deadline)
{
    pipeline.intake.may_wait = fake_may_wait;
    pipeline.intake.wait_ms = 600000;
    pipeline.has_room = _i == 1;
    pipeline.submit_status = _i == 1 ? STATUS_BUSY : STATUS_OK;
    pipeline.retry_ms = 2500;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_client *client = connect_client(false, 8000, 0);
    struct otlp_answer answered = export(client, WIRE_GATE_TRACES, buffer_bytes(&spans));
    ck_assert_int_eq(answered.code, UNAVAILABLE);
    ck_assert(answered.has_retry_info);
    otlp_client_destroy(client);
    buffer_finish(&spans);
}
END_TEST

static void *export_in_thread(void *answered)
{
    struct buffer spans = make_spans(5, 0);
    *(struct otlp_answer *)answered = export_once(buffer_bytes(&spans), false);
    buffer_finish(&spans);
    return NULL;
}

START_TEST(a_stop_waits_for_no_room)
{
    pipeline.intake.may_wait = fake_may_wait;
    pipeline.intake.wait_ms = 600000;
    pipeline.has_room = _i == 1;
    pipeline.submit_status = _i == 1 ? STATUS_BUSY : STATUS_OK;
    start_receiver();
    struct otlp_answer answered = {0};
    pthread_t client;
    ck_assert_int_eq(pthread_create(&client, NULL, export_in_thread, &answered), 0);
    if (_i == 1)
        WAIT_UNTIL(submit_count() > 0);
    else
        WAIT_UNTIL(room_askings() > 0);
    stop_receiver(600000);
    pthread_join(client, NULL);
    ck_assert_int_eq(answered.code, UNAVAILABLE);
    ck_assert_uint_eq(request_pool_held_bytes(pipeline.intake.pool), 0);
}
END_TEST

START_TEST(a_commit_that_fails_is_answered_retryably)
{
    pipeline.durable_status = STATUS_BUSY;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_answer answered = export_once(buffer_bytes(&spans), false);
    ck_assert_int_eq(answered.code, UNAVAILABLE);
    ck_assert_int_gt(answered.retry_ms, 0);
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_durable_call_is_answered_only_after_the_commit)
{
    pipeline.is_holding = true;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_client *client = connect_client(false, 300, 0);
    struct otlp_answer answered = export(client, WIRE_GATE_TRACES, buffer_bytes(&spans));
    ck_assert_int_eq(answered.code, DEADLINE_EXCEEDED);
    ck_assert_uint_eq(held_count(), 1);
    set_holding(false); /* the late answer of a call that is gone does no harm */
    wait_for_held(0);
    answered = export(client, WIRE_GATE_TRACES, buffer_bytes(&spans));
    ck_assert_int_eq(answered.code, OK);
    otlp_client_destroy(client);
    stop_receiver(1000);
    /* The first reply may have met the peer before the news that it was gone. */
    ck_assert_uint_eq(
        counter_get(&counters.requests[CANCELLED]) + counter_get(&counters.requests[OK]), 2);
    ck_assert_uint_ge(counter_get(&counters.requests[OK]), 1);
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_commit_may_overtake_the_return_of_submit)
{
    pipeline.is_answered_inside = true;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    struct otlp_client *client = connect_client(false, 0, 0);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(export(client, WIRE_GATE_TRACES, buffer_bytes(&spans)).code, OK);
    otlp_client_destroy(client);
    buffer_finish(&spans);
}
END_TEST

START_TEST(ack_memory_does_not_wait)
{
    pipeline.intake.ack_durable = false;
    pipeline.is_holding = true;
    start_receiver();
    struct buffer spans = make_spans(5, 0);
    ck_assert_int_eq(export_once(buffer_bytes(&spans), false).code, OK);
    ck_assert_uint_eq(held_count(), 1);
    ck_assert(!settled()->had_call);
    buffer_finish(&spans);
}
END_TEST

START_TEST(what_is_no_request_is_an_invalid_argument)
{
    start_receiver();
    ck_assert_int_eq(export_once(BYTES_LITERAL("\x0a\xff\xff\xff"), false).code, INVALID_ARGUMENT);
    ck_assert_int_eq(export_once(BYTES_LITERAL("{\"resourceSpans\":[]}"), false).code,
                     INVALID_ARGUMENT);
    struct otlp_client *client = connect_client(true, 0, 0);
    struct otlp_answer answered;
    otlp_client_call(client, "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                     BYTES_LITERAL("\x1f\x8b\x08 this is not gzip, whatever it says"), true,
                     &answered);
    ck_assert_int_eq(answered.code, INVALID_ARGUMENT);
    otlp_answer_finish(&answered);
    otlp_client_destroy(client);
    stop_receiver(1000);
    ck_assert_uint_eq(counter_get(&counters.requests[INVALID_ARGUMENT]), 3);
}
END_TEST

START_TEST(an_encoding_that_is_not_known_is_unimplemented)
{
    start_receiver();
    struct otlp_answer answered =
        export_once(BYTES_LITERAL("\x28\xb5\x2f\xfd and so on, as zstd does"), false);
    ck_assert_int_eq(answered.code, UNIMPLEMENTED);
    ck_assert_ptr_nonnull(strstr(answered.text, "gzip"));
}
END_TEST

static size_t resident_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss;
}

START_TEST(too_large_is_refused_without_a_time_to_retry)
{
    start_receiver();
    struct buffer large = {0};
    ck_assert(buffer_reserve(&large, 1100 * 1024));
    memset(large.data, 0, 1100 * 1024);
    large.size = 1100 * 1024;
    struct otlp_answer answered = export_once(buffer_bytes(&large), false);
    ck_assert_int_eq(answered.code, RESOURCE_EXHAUSTED);
    ck_assert(!answered.has_status_details && !answered.has_retry_info);
    answered = export_once(buffer_bytes(&large), true);
    ck_assert_int_eq(answered.code, RESOURCE_EXHAUSTED);
    ck_assert(!answered.has_status_details && !answered.has_retry_info);
    ck_assert_uint_eq(settled()->submits, 0);
    buffer_finish(&large);
}
END_TEST

START_TEST(a_gzip_bomb_costs_no_memory)
{
    enum { BOMB_BYTES = 300 * 1024 * 1024 };
    struct buffer bomb = {0}, zeros = {0};
    ck_assert(buffer_reserve(&zeros, BOMB_BYTES / 4));
    memset(zeros.data, 0, BOMB_BYTES / 4);
    zeros.size = BOMB_BYTES / 4;
    struct buffer member = {0};
    ck_assert_int_eq(deflate_gzip(buffer_bytes(&zeros), &member), STATUS_OK);
    for (int i = 0; i < 4; i++) /* one trailer claims a quarter only */
        buffer_append_bytes(&bomb, buffer_bytes(&member));
    buffer_finish(&zeros);
    buffer_finish(&member);
    start_receiver();
    struct otlp_client *client = connect_client(true, 0, 0);
    size_t before_kib = resident_kib();
    struct otlp_answer answered;
    otlp_client_call(client, "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                     buffer_bytes(&bomb), true, &answered);
    ck_assert_int_eq(answered.code, RESOURCE_EXHAUSTED);
    ck_assert_uint_lt(resident_kib() - before_kib, 16 * 1024);
    otlp_answer_finish(&answered);
    otlp_client_destroy(client);
    buffer_finish(&bomb);
}
END_TEST

START_TEST(an_unknown_method_is_unimplemented_at_once)
{
    start_receiver();
    struct otlp_client *client = connect_client(false, 3000, 0);
    for (int i = 0; i < 20; i++) {
        struct otlp_answer answered;
        otlp_client_call(client,
                         i % 2 ? "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
                               : "/grpc.health.v1.Health/Watch",
                         BYTES_LITERAL(""), false, &answered);
        ck_assert_int_eq(answered.code, UNIMPLEMENTED);
        otlp_answer_finish(&answered);
    }
    otlp_client_destroy(client);
}
END_TEST

static int health_of(struct otlp_client *client, const char *service, int *ret_code)
{
    struct buffer request = {0};
    if (service)
        wire_put_bytes(&request, 1, bytes_of_text(service));
    struct otlp_answer answered;
    otlp_client_call(client, "/grpc.health.v1.Health/Check", buffer_bytes(&request), false,
                     &answered);
    *ret_code = answered.code;
    int health = (int)wire_find_number(buffer_bytes(&answered.response), 1, 0);
    otlp_answer_finish(&answered);
    buffer_finish(&request);
    return health;
}

START_TEST(health_is_what_the_process_says)
{
    start_receiver();
    struct otlp_client *client = connect_client(false, 3000, 0);
    int code;
    ck_assert_int_eq(health_of(client, NULL, &code), 2);
    ck_assert_int_eq(code, OK);
    grpc_receiver_set_serving(receiver, true);
    ck_assert_int_eq(health_of(client, NULL, &code), 1);
    ck_assert_int_eq(
        health_of(client, "opentelemetry.proto.collector.trace.v1.TraceService", &code), 1);
    (void)health_of(client, "someone.else", &code);
    ck_assert_int_eq(code, NOT_FOUND);
    otlp_client_destroy(client);
}
END_TEST

struct sender {
    pthread_t thread;
    int count;
    int64_t deadline_ms;
    bool is_gzip;
    int codes[17];
};

static _Atomic int connected; /* senders */

static void *send_many(void *context)
{
    struct sender *sender = context;
    struct buffer spans = make_spans(20, 0);
    struct otlp_client *client = connect_client(sender->is_gzip, sender->deadline_ms, 0);
    atomic_fetch_add(&connected, 1);
    for (int i = 0; i < sender->count; i++)
        sender->codes[export(client, WIRE_GATE_TRACES, buffer_bytes(&spans)).code]++;
    otlp_client_destroy(client);
    buffer_finish(&spans);
    return NULL;
}

START_TEST(many_connections_are_served_at_once)
{
    enum { SENDERS = 16, REQUESTS = 40 };
    start_receiver();
    struct sender senders[SENDERS] = {0};
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.count = REQUESTS, .is_gzip = i % 2};
        ck_assert_int_eq(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        ck_assert_int_eq(senders[i].codes[OK], REQUESTS);
    }
    stop_receiver(1000);
    ck_assert_uint_eq(counter_get(&counters.accepted_spans), SENDERS * REQUESTS * 20);
    ck_assert_uint_eq(settled()->spans, SENDERS * REQUESTS * 20);
}
END_TEST

static int connect_raw(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)grpc_receiver_port(receiver))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int raw = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(raw, 0);
    ck_assert_int_eq(connect(raw, (struct sockaddr *)&address, sizeof address), 0);
    return raw;
}

START_TEST(after_too_many_connections_it_serves_again)
{
    enum { IDLE = 60 };
    config.max_connections = 16;
    start_receiver();
    int raw[IDLE];
    for (int i = 0; i < IDLE; i++)
        raw[i] = connect_raw();
    struct otlp_client *client =
        otlp_client_create(&(struct otlp_client_config){.endpoint = endpoint});
    struct error error = {0};
    ck_assert_int_eq(otlp_client_connect(client, 500, &error), STATUS_FATAL);
    otlp_client_destroy(client);
    for (int i = 0; i < IDLE; i++)
        close(raw[i]);
    struct buffer spans = make_spans(5, 0);
    ck_assert_int_eq(export_once(buffer_bytes(&spans), false).code, OK);
    buffer_finish(&spans);
}
END_TEST

START_TEST(after_running_out_of_descriptors_it_serves_again)
{
    enum { IDLE = 200 };
    config.max_connections = 1024;
    start_receiver();
    /* The clients' ends are in this process too: sockets are made before the limit falls. */
    int raw[IDLE];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)grpc_receiver_port(receiver))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < IDLE; i++)
        raw[i] = socket(AF_INET, SOCK_STREAM, 0);
    struct rlimit before, low;
    getrlimit(RLIMIT_NOFILE, &before);
    low = before;
    low.rlim_cur = (rlim_t)raw[IDLE - 1] + 20;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int i = 0; i < IDLE; i++)
        (void)connect(raw[i], (struct sockaddr *)&address, sizeof address);
    pause_ms(300);
    for (int i = 0; i < IDLE; i++)
        close(raw[i]);
    struct buffer spans = make_spans(5, 0);
    ck_assert_int_eq(export_once(buffer_bytes(&spans), false).code, OK);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    buffer_finish(&spans);
}
END_TEST

static void *release_soon(void *context)
{
    (void)context;
    pause_ms(300);
    set_holding(false);
    return NULL;
}

START_TEST(a_stop_lets_calls_in_flight_finish)
{
    enum { SENDERS = 4 };
    pipeline.is_holding = true;
    start_receiver();
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.count = 1};
        ck_assert_int_eq(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    }
    wait_for_held(SENDERS);
    pthread_t releaser;
    ck_assert_int_eq(pthread_create(&releaser, NULL, release_soon, NULL), 0);
    int64_t before_ms = clock_monotonic_ms();
    stop_receiver(2 * patiently_ms(PATIENCE_MS));
    ck_assert_int_lt(clock_monotonic_ms() - before_ms, patiently_ms(PATIENCE_MS));
    pthread_join(releaser, NULL);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        ck_assert_int_eq(senders[i].codes[OK], 1);
    }
}
END_TEST

START_TEST(a_stop_does_not_wait_longer_than_its_grace)
{
    enum { SENDERS = 4 };
    pipeline.is_holding = true;
    start_receiver();
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.count = 1};
        ck_assert_int_eq(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    }
    wait_for_held(SENDERS);
    int64_t before_ms = clock_monotonic_ms();
    stop_receiver(300);
    int64_t took_ms = clock_monotonic_ms() - before_ms;
    ck_assert_int_ge(took_ms, 290);
    ck_assert_int_lt(took_ms, patiently_ms(PATIENCE_MS));
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        ck_assert_int_eq(senders[i].codes[UNAVAILABLE], 1);
    }
    /* The pipeline answers after all, to nobody (teardown lets it). */
    ck_assert_uint_eq(held_count(), SENDERS);
}
END_TEST

START_TEST(a_stop_of_an_idle_receiver_is_quick)
{
    start_receiver();
    int raw = connect_raw(); /* a peer that never says a word */
    struct otlp_client *client = connect_client(false, 0, 0);
    int64_t before_ms = clock_monotonic_ms();
    stop_receiver(2 * patiently_ms(PATIENCE_MS));
    ck_assert_int_lt(clock_monotonic_ms() - before_ms, patiently_ms(PATIENCE_MS));
    otlp_client_destroy(client);
    close(raw);
}
END_TEST

START_TEST(senders_under_way_meet_only_retryable_codes_at_a_stop)
{
    enum { SENDERS = 6 };
    start_receiver();
    struct sender senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.count = 200, .deadline_ms = PATIENCE_MS};
        ck_assert_int_eq(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    }
    WAIT_UNTIL(submit_count() >= 20 && atomic_load(&connected) >= SENDERS);
    stop_receiver(1000);
    int ok = 0;
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        ok += senders[i].codes[OK];
        for (int code = 1; code < 17; code++)
            if (code != UNAVAILABLE && code != DEADLINE_EXCEEDED && code != CANCELLED)
                ck_assert_msg(senders[i].codes[code] == 0, "code %d", code);
    }
    ck_assert_int_ge(ok, 20 - SENDERS);
    ck_assert_uint_eq(counter_get(&counters.accepted_spans), settled()->spans);
}
END_TEST

static void expect_start_error(const char *at, enum exit_code exit_code)
{
    config.endpoint = at;
    struct error error = {0};
    struct receiver *other = grpc_receiver_create(&config, &pipeline.intake, &counters);
    ck_assert_int_eq(other->operations->start(other, &error), STATUS_FATAL);
    ck_assert(error.is_set);
    ck_assert_msg(error.exit_code == exit_code, "%s", error.text);
    ck_assert_msg(strncmp(error.text, at, strlen(at)) == 0, "%s", error.text);
    other->operations->destroy(other);
}

START_TEST(a_start_that_fails_says_why)
{
    start_receiver();
    expect_start_error(endpoint, EXIT_TEMPORARY); /* in use */
    expect_start_error("127.0.0.1", EXIT_CONFIG);
    expect_start_error("127.0.0.1:", EXIT_CONFIG);
    expect_start_error("127.0.0.1:66000", EXIT_CONFIG);
    expect_start_error("127.0.0.1:43x", EXIT_CONFIG);
    expect_start_error("::1:4317", EXIT_CONFIG);
    expect_start_error("203.0.113.7:0", EXIT_CONFIG); /* of no interface here */
}
END_TEST

START_TEST(names_and_ipv6_are_endpoints_too)
{
    static const char *const endpoints[] = {"localhost:0", ":0", "0.0.0.0:0", "[::1]:0"};
    int ipv6 = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool has_ipv6 = ipv6 >= 0 && bind(ipv6, (struct sockaddr *)&loopback, sizeof loopback) == 0;
    close(ipv6);
    for (size_t i = 0; i < 3u + has_ipv6; i++) {
        config.endpoint = endpoints[i];
        start_receiver();
        if (i == 3)
            snprintf(endpoint, sizeof endpoint, "[::1]:%d", grpc_receiver_port(receiver));
        ck_assert_int_eq(export_once(bytes_of("", 0), false).code, OK);
        stop_receiver(1000);
        receiver->operations->destroy(receiver);
        receiver = NULL;
    }
}
END_TEST

START_TEST(a_client_says_when_nothing_listens)
{
    struct otlp_client *client =
        otlp_client_create(&(struct otlp_client_config){.endpoint = "127.0.0.1:1"});
    struct error error = {0};
    ck_assert_int_eq(otlp_client_connect(client, 300, &error), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_TEMPORARY);
    ck_assert_ptr_nonnull(strstr(error.text, "127.0.0.1:1: nothing answers"));
    otlp_client_destroy(client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grpc_receiver");
    TCase *tests = tcase_create("grpc_receiver");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, spans_and_logs_are_taken_and_acknowledged);
    tcase_add_test(tests, gzip_is_inflated_and_kept_as_received);
    tcase_add_test(tests, an_empty_request_is_a_success);
    tcase_add_test(tests, good_spans_of_a_bad_batch_are_kept);
    tcase_add_test(tests, overload_is_unavailable_with_the_time_to_retry_in_both_trailers);
    tcase_add_test(tests, a_sender_that_retries_gets_through);
    tcase_add_test(tests, without_room_a_body_is_refused_before_it_is_read);
    tcase_add_test(tests, a_client_without_room_is_held_back_and_then_served);
    tcase_add_loop_test(tests, a_wait_that_has_been_long_enough_ends_with_a_retryable_refusal, 0,
                        2);
    tcase_add_loop_test(tests, who_waits_is_answered_before_its_own_deadline, 0, 2);
    tcase_add_loop_test(tests, a_stop_waits_for_no_room, 0, 2);
    tcase_add_test(tests, a_commit_that_fails_is_answered_retryably);
    tcase_add_test(tests, a_durable_call_is_answered_only_after_the_commit);
    tcase_add_test(tests, a_commit_may_overtake_the_return_of_submit);
    tcase_add_test(tests, ack_memory_does_not_wait);
    tcase_add_test(tests, what_is_no_request_is_an_invalid_argument);
    tcase_add_test(tests, an_encoding_that_is_not_known_is_unimplemented);
    tcase_add_test(tests, too_large_is_refused_without_a_time_to_retry);
    tcase_add_test(tests, a_gzip_bomb_costs_no_memory);
    tcase_add_test(tests, an_unknown_method_is_unimplemented_at_once);
    tcase_add_test(tests, health_is_what_the_process_says);
    tcase_add_test(tests, many_connections_are_served_at_once);
    tcase_add_test(tests, after_too_many_connections_it_serves_again);
    tcase_add_test(tests, after_running_out_of_descriptors_it_serves_again);
    tcase_add_test(tests, a_stop_lets_calls_in_flight_finish);
    tcase_add_test(tests, a_stop_does_not_wait_longer_than_its_grace);
    tcase_add_test(tests, a_stop_of_an_idle_receiver_is_quick);
    tcase_add_test(tests, senders_under_way_meet_only_retryable_codes_at_a_stop);
    tcase_add_test(tests, a_start_that_fails_says_why);
    tcase_add_test(tests, names_and_ipv6_are_endpoints_too);
    tcase_add_test(tests, a_client_says_when_nothing_listens);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
