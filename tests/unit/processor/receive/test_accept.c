/* link: receive otlp base */
/* Admission: who has the request afterwards, what is counted, and how the call is answered. */
#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "processor/base/log.h"
#include "processor/receive/accept.h"

static struct {
    struct request_pool *pool;
    struct intake intake;
    struct receiver_counters counters;
    enum status answer; /* of the intake */
    struct request *taken;
    uint32_t submits;
} world;

static enum status submit(void *context, struct request *request, int64_t *ret_retry_ms)
{
    (void)context;
    world.submits++;
    if (world.answer == STATUS_OK)
        world.taken = request;
    else
        *ret_retry_ms = 250;
    return world.answer;
}

static void on_durable(struct request *request, enum status status)
{
    (void)request, (void)status;
}

static void set_up(void)
{
    world.pool = request_pool_create(4);
    world.intake = (struct intake){.submit = submit, .pool = world.pool, .source = 7};
    world.counters = (struct receiver_counters){0};
    world.answer = STATUS_OK;
    world.taken = NULL;
    world.submits = 0;
}

/* Asserts on the way that no request is still held by anyone. */
static void tear_down(void)
{
    if (world.taken)
        request_release(world.taken);
    request_pool_destroy(world.pool);
}

static struct request *gated(enum wire_gate_signal signal, uint32_t spans, uint32_t rejected)
{
    struct request *request = request_take(world.pool);
    request->signal = signal;
    request->gated.span_count = signal == WIRE_GATE_TRACES ? spans : 0;
    request->gated.log_count = signal == WIRE_GATE_LOGS ? spans : 0;
    request->gated.rejected[WIRE_GATE_TOO_DEEP] = rejected;
    request->gated.rejected_count = rejected;
    return request;
}

static enum accept_answer call(struct request *request, int64_t *ret_retry_ms)
{
    return accept_call(&world.intake, &world.counters, request, on_durable, &world, ret_retry_ms);
}

START_TEST(what_is_taken_in_is_the_pipelines_and_counted)
{
    int64_t retry_ms = 0;
    ck_assert_int_eq(call(gated(WIRE_GATE_TRACES, 3, 2), &retry_ms), ACCEPT_NOW);
    ck_assert_ptr_nonnull(world.taken);
    ck_assert_uint_eq(world.taken->source, 7);
    ck_assert_uint_gt(world.taken->received_ms, 0);
    ck_assert_uint_gt(request_pool_held_bytes(world.pool), 0);
    ck_assert(world.taken->on_durable == NULL);
    ck_assert_uint_eq(counter_get(&world.counters.accepted_spans), 3);
    ck_assert_uint_eq(counter_get(&world.counters.refused_spans[WIRE_GATE_TOO_DEEP]), 2);
    ck_assert_uint_eq(counter_get(&world.counters.refused_overload), 0);
}
END_TEST

START_TEST(a_durable_call_is_answered_by_the_commit)
{
    int64_t retry_ms = 0;
    world.intake.ack_durable = true;
    struct request *request = gated(WIRE_GATE_LOGS, 1, 0);
    ck_assert(accept_waits(&world.intake, request));
    ck_assert_int_eq(call(request, &retry_ms), ACCEPT_LATER);
    ck_assert(world.taken->on_durable == on_durable);
    ck_assert_ptr_eq(world.taken->call, &world);
    ck_assert_uint_eq(counter_get(&world.counters.accepted_logs), 1);
}
END_TEST

START_TEST(a_busy_intake_is_asked_again_and_counts_as_overload_when_given_up)
{
    int64_t retry_ms = 0;
    world.answer = STATUS_BUSY;
    struct request *request = gated(WIRE_GATE_TRACES, 3, 2);
    ck_assert_int_eq(call(request, &retry_ms), ACCEPT_BUSY);
    ck_assert_int_eq(retry_ms, 250);
    ck_assert_int_eq(call(request, &retry_ms), ACCEPT_BUSY);
    ck_assert_uint_eq(counter_get(&world.counters.refused_overload), 0);
    accept_refuse(&world.counters, request);
    ck_assert_uint_eq(request_pool_held_bytes(world.pool), 0);
    ck_assert_uint_eq(counter_get(&world.counters.refused_overload), 3);
    ck_assert_uint_eq(counter_get(&world.counters.accepted_spans), 0);
    ck_assert_uint_eq(counter_get(&world.counters.refused_spans[WIRE_GATE_TOO_DEEP]), 0);
}
END_TEST

START_TEST(nothing_to_take_in_is_answered_at_once_and_not_submitted)
{
    int64_t retry_ms = 0;
    world.intake.ack_durable = true;
    struct request *request = gated(WIRE_GATE_TRACES, 0, 2);
    ck_assert(!accept_waits(&world.intake, request));
    ck_assert_int_eq(call(request, &retry_ms), ACCEPT_NOW);
    ck_assert_uint_eq(world.submits, 0);
    ck_assert_uint_eq(counter_get(&world.counters.refused_spans[WIRE_GATE_TOO_DEEP]), 2);
}
END_TEST

START_TEST(rejected_log_records_are_no_refused_spans)
{
    int64_t retry_ms = 0;
    ck_assert_int_eq(call(gated(WIRE_GATE_LOGS, 1, 2), &retry_ms), ACCEPT_NOW);
    ck_assert_uint_eq(counter_get(&world.counters.refused_spans[WIRE_GATE_TOO_DEEP]), 0);
}
END_TEST

/* A partition that waits asks again and again: each attempt is none. */
START_TEST(a_message_that_has_to_wait_counts_nothing)
{
    struct accept accept;
    ck_assert(accept_begin(&accept, gated(WIRE_GATE_TRACES, 3, 2)));
    accept_end(&accept, STATUS_BUSY, &world.counters);
    ck_assert_uint_eq(request_pool_held_bytes(world.pool), 0);
    ck_assert_uint_eq(counter_get(&world.counters.accepted_spans), 0);
    ck_assert_uint_eq(counter_get(&world.counters.refused_overload), 0);
    ck_assert_uint_eq(counter_get(&world.counters.refused_spans[WIRE_GATE_TOO_DEEP]), 0);
}
END_TEST

START_TEST(a_sender_is_told_how_many_were_rejected_and_why)
{
    struct gated_request gated = {0};
    struct buffer text = {0};
    ck_assert_ptr_null(accept_first_reject(&gated));
    accept_reject_text(&text, &gated);
    ck_assert_uint_eq(text.size, 0);
    gated.rejected[WIRE_GATE_BAD_TRACE_ID] = 2;
    gated.rejected[WIRE_GATE_TOO_DEEP] = 1;
    ck_assert_str_eq(accept_first_reject(&gated), "bad_trace_id");
    accept_reject_text(&text, &gated);
    ck_assert(bytes_equal_text(buffer_bytes(&text), "rejected: 2 bad_trace_id, 1 too_deep"));
    buffer_finish(&text);
}
END_TEST

/* What `log` writes, read back. */
static const char *logged_by(void (*log)(void))
{
    static char text[1 << 14];
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    ck_assert(file != NULL && before >= 0);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    log();
    ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
    close(before);
    ssize_t size = pread(fileno(file), text, sizeof text - 1, 0);
    ck_assert_int_ge((int)size, 0);
    text[size] = 0;
    fclose(file);
    return text;
}

static uint32_t lines_with(const char *text, const char *event)
{
    uint32_t count = 0;
    for (const char *at = text; (at = strstr(at, event)); at++)
        count++;
    return count;
}

static void refuse_as_wrong(void)
{
    accept_log_refusal("otlp/grpc", RPC_INVALID_ARGUMENT, "not protobuf");
    accept_log_refusal("otlp/http", RPC_UNAUTHENTICATED, NULL);
}

static void put_off(void)
{
    for (int i = 0; i < 1000; i++)
        accept_log_refusal("otlp/grpc", RPC_UNAVAILABLE, "the queue is full");
}

START_TEST(a_refused_request_leaves_a_line_with_who_refused_it_and_why)
{
    char code[64];
    log_configure(LOG_INFO, LOG_LOGFMT);
    const char *text = logged_by(refuse_as_wrong);
    ck_assert_uint_eq(lines_with(text, "event=request_refused"), 2);
    snprintf(code, sizeof code, "receiver=otlp/grpc code=%d reason=\"not protobuf\"\n",
             RPC_INVALID_ARGUMENT);
    ck_assert_msg(strstr(text, code) != NULL, "%s", text);
    snprintf(code, sizeof code, "receiver=otlp/http code=%d reason=\"\"\n", RPC_UNAUTHENTICATED);
    ck_assert_msg(strstr(text, code) != NULL, "%s", text);
}
END_TEST

START_TEST(overload_is_told_when_it_begins_however_many_requests_meet_it)
{
    log_configure(LOG_INFO, LOG_LOGFMT);
    const char *text = logged_by(put_off);
    ck_assert_uint_ge(lines_with(text, "event=requests_put_off"), 1);
    ck_assert_uint_lt(lines_with(text, "event=requests_put_off"), 10); /* one a minute more */
    ck_assert_uint_eq(lines_with(text, "event=request_refused"), 0);
    ck_assert(strstr(text, "receiver=otlp/grpc reason=\"the queue is full\"\n") != NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("accept");
    TCase *tcase = tcase_create("accept");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_is_taken_in_is_the_pipelines_and_counted);
    tcase_add_test(tcase, a_durable_call_is_answered_by_the_commit);
    tcase_add_test(tcase, a_busy_intake_is_asked_again_and_counts_as_overload_when_given_up);
    tcase_add_test(tcase, nothing_to_take_in_is_answered_at_once_and_not_submitted);
    tcase_add_test(tcase, rejected_log_records_are_no_refused_spans);
    tcase_add_test(tcase, a_message_that_has_to_wait_counts_nothing);
    tcase_add_test(tcase, a_sender_is_told_how_many_were_rejected_and_why);
    tcase_add_test(tcase, a_refused_request_leaves_a_line_with_who_refused_it_and_why);
    tcase_add_test(tcase, overload_is_told_when_it_begins_however_many_requests_meet_it);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
