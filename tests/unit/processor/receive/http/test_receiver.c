/* link: receive otlp base */
/* What a sender may rely on: answers to good requests and to bad ones, in both encodings. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "processor/base/inflate.h"
#include "processor/otlp/messages.h"
#include "tests/support/http_fixture.h"
#include "tests/support/waiting.h"

enum { OK = 0, INVALID_ARGUMENT = 3, RESOURCE_EXHAUSTED = 8, UNIMPLEMENTED = 12, UNAVAILABLE = 14 };

static const char protobuf[] = "application/x-protobuf";
static const char json[] = "application/json";
static struct http_fixture *fixture;

static void setup(void)
{
    fixture = http_fixture_setup();
}

static void expect(struct http_answer_read answer, unsigned status, const char *text)
{
    ck_assert_msg(answer.status == status, "%u instead of %u: %.*s", answer.status, status,
                  (int)answer.body.size, answer.body.size ? (const char *)answer.body.data : "");
    if (text)
        ck_assert_msg(http_says(&answer, text), "\"%s\" is not in %.*s", text,
                      (int)answer.body.size, (const char *)answer.body.data);
    buffer_finish(&answer.body);
}

START_TEST(spans_and_logs_are_taken_and_acknowledged)
{
    http_fixture_start();
    struct buffer spans = make_spans(25, 0), logs = make_log();
    int fd = http_connect();
    struct http_answer_read answer =
        http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans));
    ck_assert_uint_eq(answer.status, 200);
    ck_assert_str_eq(http_header(&answer, "Content-Type"), protobuf);
    ck_assert_uint_eq(answer.body.size, 0); /* partial_success stays unset */
    ck_assert(http_fixture_last_was(&spans));
    ck_assert(http_fixture_seen().had_call);
    /* The same connection goes on. */
    expect(http_post(fd, "/v1/logs", protobuf, "", buffer_bytes(&logs)), 200, NULL);
    close(fd);
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_seen().spans, 25);
    ck_assert_uint_eq(http_fixture_seen().logs, 1);
    ck_assert_uint_eq(counter_get(&fixture->counters.accepted_spans), 25);
    ck_assert_uint_eq(counter_get(&fixture->counters.accepted_logs), 1);
    ck_assert_uint_eq(http_fixture_code(OK), 2);
    buffer_finish(&spans);
    buffer_finish(&logs);
}
END_TEST

static const char one_span[] =
    "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
    "\"5B8EFFF798038103D269B633813FC60C\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"chat\","
    "\"startTimeUnixNano\":\"1544712660000000000\",\"endTimeUnixNano\":1544712661000000000,"
    "\"unknown\":[1]}]}]}]}";

START_TEST(json_is_taken_and_handed_over_as_protobuf)
{
    http_fixture_start();
    struct bytes body = BYTES_LITERAL(one_span);
    expect(http_post_once("/v1/traces", "application/json; charset=utf-8", "", body), 200, "{}");
    ck_assert_uint_eq(http_fixture_seen().spans, 1);
    ck_assert_int_eq(http_fixture_seen().last_encoding, REQUEST_IDENTITY);
    struct arena arena;
    struct gated_request gated;
    arena_init(&arena, 1 << 20);
    struct buffer last = http_fixture_last_body();
    ck_assert(wire_gate(buffer_bytes(&last), WIRE_GATE_TRACES, &wire_gate_limits_default, &arena,
                        &gated) == STATUS_OK);
    ck_assert_uint_eq(gated.spans[0].trace_id[0], 0x5b);
    buffer_finish(&last);
    arena_finish(&arena);
    /* Likewise when it is compressed. */
    struct buffer packed = {0};
    ck_assert(deflate_gzip(body, &packed) == STATUS_OK);
    expect(http_post_once("/v1/traces", "Application/JSON", "Content-Encoding: gzip\r\n",
                          buffer_bytes(&packed)),
           200, "{}");
    ck_assert_uint_eq(http_fixture_seen().spans, 2);
    ck_assert_int_eq(http_fixture_seen().last_encoding, REQUEST_IDENTITY);
    buffer_finish(&packed);
}
END_TEST

START_TEST(gzip_is_inflated_and_kept_as_received)
{
    http_fixture_start();
    struct buffer spans = make_spans(1000, 0), packed = {0};
    ck_assert(deflate_gzip(buffer_bytes(&spans), &packed) == STATUS_OK);
    expect(
        http_post_once("/v1/traces", protobuf, "Content-Encoding: GZip\r\n", buffer_bytes(&packed)),
        200, NULL);
    ck_assert_int_eq(http_fixture_seen().last_encoding, REQUEST_GZIP);
    ck_assert(http_fixture_last_was(&spans));
    ck_assert_uint_gt(http_fixture_seen().room_asked,
                      spans.size); /* the claim of the trailer counts */
    buffer_finish(&spans);
    buffer_finish(&packed);
}
END_TEST

START_TEST(an_empty_body_is_an_empty_request)
{
    http_fixture_start();
    int fd = http_connect();
    expect(http_post(fd, "/v1/traces", protobuf, "", bytes_of("", 0)), 200, NULL);
    expect(http_post(fd, "/v1/traces", protobuf, "Content-Encoding: gzip\r\n", bytes_of("", 0)),
           200, NULL);
    expect(http_post(fd, "/v1/logs", json, "", BYTES_LITERAL("{}")), 200, "{}");
    expect(http_post(fd, "/v1/logs", json, "", bytes_of("", 0)), 400, "JSON");
    /* No length and no chunks: no body. */
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\n"
                       "Content-Type: application/x-protobuf\r\n\r\n");
    expect(http_read(fd), 200, NULL);
    ck_assert_uint_eq(http_fixture_seen().submits, 0);
    close(fd);
}
END_TEST

START_TEST(paths_are_as_configured)
{
    static const char *const paths[] = {"/v1/traces", "/api/public/otel/v1/traces"};
    fixture->config.trace_paths = paths;
    fixture->config.trace_path_count = 2;
    http_fixture_start();
    int fd = http_connect();
    struct bytes none = bytes_of("", 0);
    expect(http_post(fd, "/v1/traces", protobuf, "", none), 200, NULL);
    expect(http_post(fd, "/api/public/otel/v1/traces", protobuf, "", none), 200, NULL);
    expect(http_post(fd, "/v1/traces?x=1", protobuf, "", none), 200, NULL);
    expect(http_post(fd, "/v1/traces/", json, "", none), 404, "no such path");
    expect(http_post(fd, "/v1/trace%73", json, "", none), 404, "no such path");
    expect(http_post(fd, "/v1/traces%00", json, "", none), 404, "no such path");
    expect(http_post(fd, "/tracer/v1/traces", json, "", none), 404, "\"code\":12");
    expect(http_post(fd, "/v1/metrics", json, "", BYTES_LITERAL("{}")), 404, "metrics");
    close(fd);
}
END_TEST

START_TEST(other_methods_and_types_are_refused_in_the_type_of_the_request)
{
    http_fixture_start();
    int fd = http_connect();
    http_send_text(fd,
                   "GET /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n");
    struct http_answer_read answer = http_read(fd);
    ck_assert_str_eq(http_header(&answer, "Allow"), "POST");
    ck_assert_str_eq(http_header(&answer, "Content-Type"), json);
    expect(answer, 405, "\"code\":12");
    expect(http_post(fd, "/v1/traces", "text/plain", "", BYTES_LITERAL("x")), 415, "Content-Type");
    expect(http_post(fd, "/v1/traces", "application/x-protobuffer", "", BYTES_LITERAL("x")), 415,
           NULL);
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    expect(http_read(fd), 415, "Content-Type");
    answer = http_post(fd, "/v1/traces", json, "Content-Encoding: zstd\r\n", BYTES_LITERAL("x"));
    ck_assert_str_eq(http_header(&answer, "Accept-Encoding"), "gzip, identity");
    expect(answer, 415, "Content-Encoding");
    expect(http_post(fd, "/v1/traces", json, "Content-Encoding: deflate\r\n", BYTES_LITERAL("x")),
           415, NULL);
    expect(http_post(fd, "/v1/traces", json, "Content-Encoding: identity\r\n", BYTES_LITERAL("{}")),
           200, NULL);
    close(fd);
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_code(UNIMPLEMENTED), 6);
}
END_TEST

START_TEST(bad_data_is_400_with_a_status_of_the_same_encoding)
{
    http_fixture_start();
    int fd = http_connect();
    struct bytes garbage = BYTES_LITERAL("\xff\xff\xff garbage");
    struct http_answer_read answer = http_post(fd, "/v1/traces", protobuf, "", garbage);
    ck_assert_str_eq(http_header(&answer, "Content-Type"), protobuf);
    ck_assert_str_eq(http_header(&answer, "Retry-After"), "");
    ck_assert_uint_ge(answer.body.size, 3);
    ck_assert_uint_eq(answer.body.data[0], 0x08); /* Status.code */
    ck_assert_uint_eq(answer.body.data[1], INVALID_ARGUMENT);
    expect(answer, 400, "not a well-formed export request");
    answer = http_post(fd, "/v1/traces", json, "", BYTES_LITERAL("{\"resourceSpans\":[{"));
    ck_assert_str_eq(http_header(&answer, "Content-Type"), json);
    expect(answer, 400, "{\"code\":3,\"message\":\"");
    expect(http_post(fd, "/v1/traces", protobuf, "Content-Encoding: gzip\r\n", garbage), 400,
           "gzip");
    struct buffer spans = make_spans(3, 0), packed = {0};
    ck_assert(deflate_gzip(buffer_bytes(&spans), &packed) == STATUS_OK);
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&packed)), 400,
           "no Content-Encoding says so");
    packed.size -= 9; /* torn */
    expect(
        http_post(fd, "/v1/traces", protobuf, "Content-Encoding: gzip\r\n", buffer_bytes(&packed)),
        400, "gzip");
    close(fd);
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_seen().submits, 0);
    ck_assert_uint_eq(http_fixture_code(INVALID_ARGUMENT), 5);
    buffer_finish(&spans);
    buffer_finish(&packed);
}
END_TEST

START_TEST(good_spans_of_a_bad_batch_are_kept)
{
    http_fixture_start();
    struct buffer spans = make_spans(3, 2);
    struct http_answer_read answer =
        http_post_once("/v1/traces", protobuf, "", buffer_bytes(&spans));
    struct arena arena;
    int64_t rejected = 0;
    struct bytes text;
    arena_init(&arena, 1 << 16);
    ck_assert(message_read_response(buffer_bytes(&answer.body), WIRE_GATE_TRACES, &arena, &rejected,
                                    &text) == STATUS_OK);
    ck_assert_int_eq(rejected, 2);
    arena_finish(&arena);
    expect(answer, 200, wire_gate_reject_names[WIRE_GATE_BAD_TRACE_ID]);
    static const char no_id[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"00\",\"spanId\":\"01\"},"
        "{\"name\":\"x\"}]}]}]}";
    expect(http_post_once("/v1/traces", json, "", BYTES_LITERAL(no_id)), 200,
           "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"rejected: 2 ");
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_seen().spans, 3);
    ck_assert_uint_eq(http_fixture_seen().submits, 1);
    ck_assert_uint_eq(counter_get(&fixture->counters.refused_spans[WIRE_GATE_BAD_TRACE_ID]), 4);
    buffer_finish(&spans);
}
END_TEST

START_TEST(overload_is_503_with_the_time_to_retry)
{
    fixture->submit_status = STATUS_BUSY;
    fixture->retry_ms = 2500;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    int fd = http_connect();
    struct http_answer_read answer =
        http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans));
    ck_assert_str_eq(http_header(&answer, "Retry-After"), "3"); /* whole seconds, upward */
    expect(answer, 503, "google.rpc.RetryInfo");
    answer = http_post(fd, "/v1/traces", json, "", BYTES_LITERAL(one_span));
    expect(answer, 503, "\"retryDelay\":\"2.5s\"");
    close(fd);
    http_fixture_stop(1000);
    ck_assert_uint_eq(counter_get(&fixture->counters.refused_overload), 6);
    ck_assert_uint_eq(counter_get(&fixture->counters.accepted_spans), 0);
    ck_assert_uint_eq(http_fixture_code(UNAVAILABLE), 2);
    buffer_finish(&spans);
}
END_TEST

START_TEST(without_room_a_body_is_refused_and_the_connection_lives_on)
{
    fixture->has_room = false;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    int fd = http_connect();
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 503, NULL);
    ck_assert_uint_eq(http_fixture_seen().room_asked, spans.size);
    http_fixture_set_room(true);
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 200, NULL);
    close(fd);
    ck_assert_uint_eq(http_fixture_seen().submits, 1);
    buffer_finish(&spans);
}
END_TEST

/* Before the body and behind it: the answer comes late, and it is no refusal. */
START_TEST(a_client_without_room_is_held_back_and_then_served)
{
    fixture->intake.may_wait = http_fixture_may_wait;
    fixture->intake.wait_ms = 60000;
    fixture->roomless_left = 10;
    fixture->busy_left = 3;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    int fd = http_connect();
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 200, NULL);
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 200, NULL);
    close(fd);
    ck_assert_uint_eq(http_fixture_seen().submits, 5);
    http_fixture_stop(1000);
    ck_assert_uint_eq(counter_get(&fixture->counters.accepted_spans), 10);
    ck_assert_uint_eq(counter_get(&fixture->counters.refused_overload), 0);
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_wait_that_has_been_long_enough_ends_with_a_retryable_refusal)
{
    fixture->intake.may_wait = http_fixture_may_wait;
    fixture->intake.wait_ms = 30;
    fixture->has_room = _i == 1;
    fixture->submit_status = _i == 1 ? STATUS_BUSY : STATUS_OK;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    int fd = http_connect();
    struct http_answer_read answer =
        http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans));
    ck_assert_str_ne(http_header(&answer, "Retry-After"), "");
    expect(answer, 503, NULL);
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 503, NULL);
    close(fd);
    http_fixture_stop(1000);
    ck_assert_uint_eq(counter_get(&fixture->counters.refused_overload), _i == 1 ? 10 : 0);
    ck_assert_uint_eq(request_pool_held_bytes(fixture->intake.pool), 0);
    buffer_finish(&spans);
}
END_TEST

/* And neither does one that waits hold up another connection. */
START_TEST(a_stop_waits_for_no_room)
{
    fixture->intake.may_wait = http_fixture_may_wait;
    fixture->intake.wait_ms = 600000;
    fixture->has_room = _i == 1;
    fixture->submit_status = _i == 1 ? STATUS_BUSY : STATUS_OK;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0), head = {0};
    int fd = http_connect();
    buffer_printf(&head,
                  "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  protobuf, spans.size);
    http_send(fd, head.data, head.size);
    http_send(fd, spans.data, spans.size);
    WAIT_UNTIL(http_fixture_seen().room_asks > 0 && (_i == 0 || http_fixture_seen().submits > 0));
    expect(http_post_once("/elsewhere", protobuf, "", buffer_bytes(&spans)), 404, NULL);
    http_fixture_stop(600000);
    expect(http_read(fd), 503, NULL);
    close(fd);
    ck_assert_uint_eq(request_pool_held_bytes(fixture->intake.pool), 0);
    buffer_finish(&head);
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_commit_that_fails_is_answered_retryably)
{
    fixture->durable_status = STATUS_BUSY;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    struct http_answer_read answer =
        http_post_once("/v1/traces", protobuf, "", buffer_bytes(&spans));
    ck_assert_str_eq(http_header(&answer, "Retry-After"), "1");
    expect(answer, 503, "could not be stored");
    buffer_finish(&spans);
}
END_TEST

START_TEST(with_ack_memory_nobody_waits_for_the_commit)
{
    fixture->intake.ack_durable = false;
    fixture->is_holding = true;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    expect(http_post_once("/v1/traces", protobuf, "", buffer_bytes(&spans)), 200, NULL);
    ck_assert(!http_fixture_seen().had_call);
    buffer_finish(&spans);
}
END_TEST

START_TEST(an_answer_that_comes_inside_submit_is_not_lost)
{
    fixture->is_answered_inside = true;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    int fd = http_connect();
    for (int i = 0; i < 50; i++)
        expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 200, NULL);
    close(fd);
    buffer_finish(&spans);
}
END_TEST

static void post_chunked(int fd, struct bytes body, size_t step)
{
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                       "Content-Type: application/x-protobuf\r\n\r\n");
    for (size_t at = 0; at < body.size; at += step) {
        size_t size = body.size - at < step ? body.size - at : step;
        char line[32];
        snprintf(line, sizeof line, "%zx;extension\r\n", size);
        http_send_lossy(fd, line, strlen(line));
        http_send_lossy(fd, body.data + at, size);
        http_send_lossy(fd, "\r\n", 2);
    }
    http_send_lossy(fd, "0\r\n\r\n", 5);
}

START_TEST(chunked_bodies_are_taken)
{
    http_fixture_start();
    struct buffer spans = make_spans(200, 0);
    int fd = http_connect();
    post_chunked(fd, buffer_bytes(&spans), 777);
    expect(http_read(fd), 200, NULL);
    ck_assert(http_fixture_last_was(&spans));
    post_chunked(fd, buffer_bytes(&spans), 1 << 20);
    expect(http_read(fd), 200, NULL);
    close(fd);
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_client_that_asks_first_is_told_to_go_on_or_not)
{
    http_fixture_start();
    struct buffer spans = make_spans(10, 0);
    int fd = http_connect();
    char head[256];
    snprintf(head, sizeof head,
             "POST /v1/traces HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
             "Content-Type: application/x-protobuf\r\nContent-Length: %zu\r\n\r\n",
             spans.size);
    http_send_text(fd, head);
    char go_on[64] = {0};
    ck_assert_int_gt(recv(fd, go_on, sizeof go_on - 1, 0), 0);
    ck_assert_ptr_nonnull(strstr(go_on, "100 Continue"));
    http_send(fd, spans.data, spans.size);
    expect(http_read(fd), 200, NULL);
    close(fd);
    fd = http_connect();
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                       "Content-Type: application/json\r\nContent-Length: 1048577\r\n\r\n");
    expect(http_read(fd), 413, "limit"); /* without a byte of body */
    close(fd);
    buffer_finish(&spans);
}
END_TEST

START_TEST(pipelined_and_half_closed_requests_are_answered_in_order)
{
    http_fixture_start();
    int fd = http_connect();
    struct buffer all = {0};
    for (int i = 0; i < 20; i++)
        buffer_printf(&all,
                      "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                      "Content-Length: %zu\r\n\r\n%s",
                      i % 4 == 3 ? "/nowhere" : "/v1/traces", sizeof one_span - 1, one_span);
    http_send(fd, all.data, all.size);
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    for (int i = 0; i < 20; i++)
        expect(http_read(fd), i % 4 == 3 ? 404 : 200, NULL);
    close(fd);
    ck_assert_uint_eq(http_fixture_seen().spans, 15);
    buffer_finish(&all);
}
END_TEST

/* RFC 9112, section 6.3. */
START_TEST(a_length_that_may_be_read_two_ways_is_refused_and_ends_the_connection)
{
    static const char *const heads[] = {
        "Content-Length: 2\r\nContent-Length: 60\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 2\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length : 2\r\n",
        "Content-Length: 2, 2\r\n",
    };
    http_fixture_start();
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char head[512], more[1024];
        int fd = http_connect();
        snprintf(head, sizeof head,
                 "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n%s\r\n",
                 heads[i]);
        http_send_text(fd, head);
        expect(http_read(fd), 400, NULL);
        while (recv(fd, more, sizeof more, 0) > 0)
            continue; /* until the server has ended it */
        close(fd);
    }
    ck_assert_uint_eq(http_fixture_seen().spans, 0);
}
END_TEST

START_TEST(a_target_in_absolute_form_is_served)
{
    http_fixture_start();
    int fd = http_connect();
    expect(http_post(fd, "http://collector.example:4318/v1/traces", json, "",
                     bytes_of(one_span, sizeof one_span - 1)),
           200, NULL);
    expect(http_post(fd, "HTTPS://collector.example", json, "", BYTES_LITERAL("{}")), 404, NULL);
    close(fd);
    ck_assert_uint_eq(http_fixture_seen().spans, 1);
}
END_TEST

START_TEST(what_cannot_be_taken_becomes_a_dead_letter)
{
    char directory[] = "/tmp/flywheel-letters-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(directory));
    struct error error = {0};
    struct dead_letter_config letters = {
        .receiver = "otlp", .directory = directory, .letters_max = 100, .bytes_max = 1 << 20};
    struct dead_letter *dead = dead_letter_create(&letters, &error);
    ck_assert_msg(dead != NULL, "%s", error.text);
    fixture->config.dead_letter = dead;
    http_fixture_start();
    int fd = http_connect();
    expect(http_post(fd, "/v1/traces", protobuf, "", BYTES_LITERAL("\xff garbage")), 400, NULL);
    expect(http_post(fd, "/v1/logs", json, "", BYTES_LITERAL("[1")), 400, NULL);
    expect(http_post(fd, "/v1/logs", json, "", BYTES_LITERAL("{}")), 200, NULL);
    expect(http_post(fd, "/v1/none", json, "", BYTES_LITERAL("[1")), 404, NULL);
    struct buffer spans = make_spans(2, 1); /* good spans of it are taken all the same */
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 200, "bad_trace_id");
    buffer_finish(&spans);
    close(fd);
    http_fixture_stop(1000);
    WAIT_UNTIL(dead_letter_kept(dead) >= 3);
    ck_assert_uint_eq(dead_letter_kept(dead), 3);
    dead_letter_destroy(dead, 1000);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_receiver");
    TCase *tests = tcase_create("http_receiver");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, http_fixture_teardown);
    tcase_add_test(tests, spans_and_logs_are_taken_and_acknowledged);
    tcase_add_test(tests, json_is_taken_and_handed_over_as_protobuf);
    tcase_add_test(tests, gzip_is_inflated_and_kept_as_received);
    tcase_add_test(tests, an_empty_body_is_an_empty_request);
    tcase_add_test(tests, paths_are_as_configured);
    tcase_add_test(tests, other_methods_and_types_are_refused_in_the_type_of_the_request);
    tcase_add_test(tests, bad_data_is_400_with_a_status_of_the_same_encoding);
    tcase_add_test(tests, good_spans_of_a_bad_batch_are_kept);
    tcase_add_test(tests, overload_is_503_with_the_time_to_retry);
    tcase_add_test(tests, without_room_a_body_is_refused_and_the_connection_lives_on);
    tcase_add_test(tests, a_client_without_room_is_held_back_and_then_served);
    tcase_add_loop_test(tests, a_wait_that_has_been_long_enough_ends_with_a_retryable_refusal, 0,
                        2);
    tcase_add_loop_test(tests, a_stop_waits_for_no_room, 0, 2);
    tcase_add_test(tests, a_commit_that_fails_is_answered_retryably);
    tcase_add_test(tests, with_ack_memory_nobody_waits_for_the_commit);
    tcase_add_test(tests, an_answer_that_comes_inside_submit_is_not_lost);
    tcase_add_test(tests, chunked_bodies_are_taken);
    tcase_add_test(tests, a_client_that_asks_first_is_told_to_go_on_or_not);
    tcase_add_test(tests, pipelined_and_half_closed_requests_are_answered_in_order);
    tcase_add_test(tests, a_length_that_may_be_read_two_ways_is_refused_and_ends_the_connection);
    tcase_add_test(tests, a_target_in_absolute_form_is_served);
    tcase_add_test(tests, what_cannot_be_taken_becomes_a_dead_letter);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
