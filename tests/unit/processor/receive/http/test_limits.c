/* link: receive otlp base */
/* What hostile and unlucky clients get: limits, deadlines, missing tokens, and the end. */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/inflate.h"
#include "tests/support/http_fixture.h"
#include "tests/support/waiting.h"

enum { CANCELLED = 1, DEADLINE_EXCEEDED = 4, UNAVAILABLE = 14, UNAUTHENTICATED = 16 };
enum { MESSAGE_MAX = 1024 * 1024 }; /* of the fixture */

static const char protobuf[] = "application/x-protobuf";
static struct http_fixture *fixture;

static void setup(void)
{
    fixture = http_fixture_setup();
}

static void expect(struct http_answer_read answer, unsigned status)
{
    ck_assert_msg(answer.status == status, "%u instead of %u: %.*s", answer.status, status,
                  (int)answer.body.size, answer.body.size ? (const char *)answer.body.data : "");
    buffer_finish(&answer.body);
}

static uint64_t hits(enum http_limit limit)
{
    return counter_get(&fixture->limits.limits[limit]);
}

static struct buffer zeroes(size_t size)
{
    struct buffer body = {0};
    ck_assert(buffer_reserve(&body, size));
    memset(body.data, 0, size);
    body.size = size;
    return body;
}

static struct buffer gzip_of(struct bytes body)
{
    struct buffer packed = {0};
    ck_assert(deflate_gzip(body, &packed) == STATUS_OK);
    return packed;
}

/* A body that is too large as it is, with a length, in chunks, and one that is too large only when
 * it is inflated. */
START_TEST(bodies_over_the_limit_are_413)
{
    http_fixture_start();
    struct buffer body = zeroes(MESSAGE_MAX + 1), packed = gzip_of(buffer_bytes(&body));
    expect(http_post_once("/v1/traces", protobuf, "", buffer_bytes(&body)), 413);
    int fd = http_connect();
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                       "Content-Type: application/x-protobuf\r\n\r\n100001\r\n");
    http_send(fd, body.data, body.size);
    http_send_text(fd, "\r\n0\r\n\r\n");
    expect(http_read(fd), 413);
    /* The connection goes on. */
    expect(
        http_post(fd, "/v1/traces", protobuf, "Content-Encoding: gzip\r\n", buffer_bytes(&packed)),
        413);
    expect(http_post(fd, "/v1/traces", "application/json", "Content-Encoding: gzip\r\n",
                     buffer_bytes(&packed)),
           413);
    close(fd);
    http_fixture_stop(1000);
    ck_assert_uint_eq(hits(HTTP_LIMIT_MESSAGE), 4);
    ck_assert_uint_eq(http_fixture_seen().submits, 0);
    buffer_finish(&body);
    buffer_finish(&packed);
}
END_TEST

START_TEST(a_body_exactly_at_the_limit_is_read)
{
    http_fixture_start();
    struct buffer body = {0};
    uint8_t head[] = {0x7a, 0xfb, 0xff, 0x3f}; /* field 15, unknown: the rest of the message */
    buffer_append(&body, head, sizeof head);
    struct buffer rest = zeroes(MESSAGE_MAX - sizeof head);
    buffer_append_bytes(&body, buffer_bytes(&rest));
    body.data[1] = (uint8_t)((rest.size & 0x7f) | 0x80);
    body.data[2] = (uint8_t)((rest.size >> 7 & 0x7f) | 0x80);
    body.data[3] = (uint8_t)(rest.size >> 14);
    ck_assert_uint_eq(body.size, MESSAGE_MAX);
    expect(http_post_once("/v1/traces", protobuf, "", buffer_bytes(&body)), 200);
    buffer_finish(&rest);
    buffer_finish(&body);
}
END_TEST

START_TEST(a_body_without_a_length_that_does_not_end_is_cut)
{
    http_fixture_start();
    int fd = http_connect();
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                       "Content-Type: application/x-protobuf\r\n\r\n");
    struct buffer piece = zeroes(0x10000);
    for (int i = 0; i < 100; i++) {
        http_send_lossy(fd, "10000\r\n", 7);
        http_send_lossy(fd, piece.data, piece.size);
        http_send_lossy(fd, "\r\n", 2);
    }
    ck_assert(http_is_closed(fd, patiently_ms(PATIENCE_MS)));
    close(fd);
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_code(CANCELLED), 1);
    ck_assert_uint_eq(counter_get(&fixture->limits.receiving_bytes), 0);
    buffer_finish(&piece);
}
END_TEST

START_TEST(what_a_client_sent_that_has_gone_is_not_held_for_request_time)
{
    http_fixture_start();
    struct buffer body = zeroes(MESSAGE_MAX / 2);
    for (int i = 0; i < 8; i++) {
        int fd = http_connect();
        http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n"
                           "Content-Type: application/x-protobuf\r\n\r\n");
        http_send(fd, body.data, body.size);
        close(fd);
    }
    WAIT_UNTIL(counter_get(&fixture->limits.receiving_bytes) == 0 &&
               http_fixture_code(CANCELLED) == 8);
    http_fixture_stop(1000);
    ck_assert_uint_eq(hits(HTTP_LIMIT_REQUEST), 0); /* 30 s have not passed */
    buffer_finish(&body);
}
END_TEST

/* 64 MiB of zeros in 64 KiB; 1 GiB in a MiB would be the same. */
START_TEST(a_gzip_bomb_costs_no_more_than_the_limit)
{
    struct rusage before, after;
    struct buffer body = zeroes((size_t)64 << 20), packed = gzip_of(buffer_bytes(&body));
    buffer_finish(&body);
    http_fixture_start();
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < 20; i++)
        expect(http_post_once("/v1/traces", protobuf, "Content-Encoding: gzip\r\n",
                              buffer_bytes(&packed)),
               413);
    getrusage(RUSAGE_SELF, &after);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 16 << 10); /* KiB */
    /* A trailer that lies about the size changes nothing. */
    packed.data[packed.size - 1] = packed.data[packed.size - 2] = 0;
    expect(
        http_post_once("/v1/traces", protobuf, "Content-Encoding: gzip\r\n", buffer_bytes(&packed)),
        413);
    buffer_finish(&packed);
}
END_TEST

START_TEST(bodies_that_are_arriving_share_a_budget)
{
    fixture->config.max_receiving_bytes = 100000;
    http_fixture_start();
    struct buffer body = zeroes(60000);
    int slow = http_connect(), quick = http_connect();
    http_send_text(slow, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 80000\r\n"
                         "Content-Type: application/x-protobuf\r\n\r\n");
    http_send(slow, body.data, 60000);
    WAIT_UNTIL(counter_get(&fixture->limits.receiving_bytes) >= 60000);
    ck_assert_uint_eq(counter_get(&fixture->limits.receiving_bytes), 60000);
    struct http_answer_read answer =
        http_post(quick, "/v1/traces", protobuf, "", buffer_bytes(&body));
    ck_assert_str_eq(http_header(&answer, "Retry-After"), "1");
    expect(answer, 503);
    ck_assert_uint_eq(hits(HTTP_LIMIT_RECEIVING), 1);
    /* Chunks are counted as they come. */
    http_send_text(quick, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                          "Content-Type: application/x-protobuf\r\n\r\nea60\r\n");
    http_send(quick, body.data, body.size);
    http_send_text(quick, "\r\n0\r\n\r\n");
    expect(http_read(quick), 503);
    ck_assert_uint_eq(hits(HTTP_LIMIT_RECEIVING), 2);
    /* What one gives back, another one may have. */
    http_send(slow, body.data, 20000);
    expect(http_read(slow), 400);
    expect(http_post(quick, "/v1/traces", protobuf, "", buffer_bytes(&body)), 400);
    ck_assert_uint_eq(counter_get(&fixture->limits.receiving_bytes), 0);
    close(slow);
    close(quick);
    buffer_finish(&body);
}
END_TEST

START_TEST(headers_over_the_limit_are_refused)
{
    fixture->config.max_header_bytes = 8192;
    http_fixture_start();
    struct buffer request = {0};
    buffer_append_text(&request, "POST /v1/traces HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 400; i++)
        buffer_printf(&request, "X-Long-%d: 0123456789012345678901234567890123456789\r\n", i);
    buffer_append_text(&request, "\r\n");
    int fd = http_connect();
    http_send_lossy(fd, request.data, request.size);
    struct http_answer_read answer = http_read(fd);
    ck_assert_msg(answer.status == 0 || answer.status == 431 || answer.status == 413, "%u",
                  answer.status);
    ck_assert(http_is_closed(fd, patiently_ms(PATIENCE_MS)));
    close(fd);
    buffer_finish(&answer.body);
    buffer_finish(&request);
    /* A request line that does not end. */
    struct buffer line = zeroes(20000);
    memset(line.data, 'a', line.size);
    fd = http_connect();
    http_send_lossy(fd, line.data, line.size);
    ck_assert(http_is_closed(fd, patiently_ms(PATIENCE_MS)));
    close(fd);
    buffer_finish(&line);
    expect(http_post_once("/v1/traces", protobuf, "", bytes_of("", 0)), 200);
}
END_TEST

START_TEST(broken_http_ends_the_connection_and_nothing_else)
{
    static const char *const broken[] = {
        "\r\n\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "POST /v1/traces\r\n\r\n",
        "POST /v1/traces HTTP/9.9\r\n\r\n",
        "POST /v1/traces HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "POST /v1/traces HTTP/1.1\r\nno colon\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    };
    fixture->config.idle_ms = 300;
    fixture->config.request_ms = 300;
    http_fixture_start();
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        int fd = http_connect();
        http_send_text(fd, broken[i]);
        ck_assert_msg(http_is_closed(fd, patiently_ms(PATIENCE_MS)), "%zu", i);
        close(fd);
    }
    expect(http_post_once("/v1/traces", protobuf, "", bytes_of("", 0)), 200);
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_seen().submits, 0);
}
END_TEST

/* A byte now and then buys no time. */
static void drip(int fd, const char *text)
{
    for (; *text && !http_is_closed(fd, 40); text++)
        http_send_lossy(fd, text, 1);
}

START_TEST(slow_clients_are_cut_wherever_they_dawdle)
{
    fixture->config.idle_ms = 1000;
    fixture->config.request_ms = 500;
    http_fixture_start();
    int64_t began_ms = clock_monotonic_ms();
    int fd = http_connect(); /* silent */
    ck_assert(http_is_closed(fd, patiently_ms(PATIENCE_MS)));
    ck_assert_int_ge(clock_monotonic_ms() - began_ms, 900);
    close(fd);
    ck_assert(http_fixture_wait_limit(HTTP_LIMIT_IDLE, 1));
    fd = http_connect(); /* in the request line */
    drip(fd, "POST /v1/traces/a/very/long/path HTTP/1.1\r\n");
    close(fd);
    ck_assert(http_fixture_wait_limit(HTTP_LIMIT_IDLE, 2));
    fd = http_connect(); /* in the headers */
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\n");
    drip(fd, "X-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n");
    close(fd);
    ck_assert(http_fixture_wait_limit(HTTP_LIMIT_REQUEST, 1));
    fd = http_connect(); /* in the body */
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n"
                       "Content-Type: application/json\r\n\r\n");
    drip(fd, "                                                 ");
    close(fd);
    ck_assert(http_fixture_wait_limit(HTTP_LIMIT_REQUEST, 2));
    expect(http_post_once("/v1/traces", protobuf, "", bytes_of("", 0)), 200);
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_code(DEADLINE_EXCEEDED), 1);
}
END_TEST

START_TEST(a_client_that_reads_no_answers_is_cut)
{
    fixture->config.request_ms = 300;
    http_fixture_start();
    int fd = http_connect();
    fcntl(fd, F_SETFL, O_NONBLOCK);
    static const char request[] = "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n";
    size_t at = 0; /* of what was sent in part */
    for (int i = 0; i < 200000 && hits(HTTP_LIMIT_REQUEST) == 0; i++) {
        ssize_t sent = send(fd, request + at, sizeof request - 1 - at, MSG_NOSIGNAL);
        if (sent < 0)
            pause_ms(1);
        else
            at = (at + (size_t)sent) % (sizeof request - 1);
    }
    ck_assert(http_fixture_wait_limit(HTTP_LIMIT_REQUEST, 1));
    close(fd);
}
END_TEST

START_TEST(connections_over_the_ceiling_are_closed_and_counted)
{
    fixture->config.max_connections = 8;
    http_fixture_start();
    int fds[12];
    for (int i = 0; i < 12; i++)
        fds[i] = http_connect();
    ck_assert(http_fixture_wait_limit(HTTP_LIMIT_CONNECTIONS, 4));
    ck_assert(http_is_closed(fds[11], patiently_ms(PATIENCE_MS)));
    expect(http_post(fds[0], "/v1/traces", protobuf, "", bytes_of("", 0)), 200);
    for (int i = 0; i < 12; i++)
        close(fds[i]);
    for (int i = 0; i < 1000; i++) { /* places become free again */
        struct http_answer_read answer =
            http_post_once("/v1/traces", protobuf, "", bytes_of("", 0));
        buffer_finish(&answer.body);
        if (answer.status == 200)
            return;
        pause_ms(20);
    }
    ck_abort_msg("no place became free");
}
END_TEST

START_TEST(a_client_that_goes_away_while_its_request_waits_harms_nobody)
{
    fixture->is_holding = true;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0), request = {0};
    buffer_printf(&request,
                  "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  protobuf, spans.size);
    buffer_append_bytes(&request, buffer_bytes(&spans));
    for (int i = 0; i < 20; i++) {
        int fd = http_connect();
        struct linger at_once = {.l_onoff = 1};
        http_send(fd, request.data, request.size);
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ck_assert(http_fixture_wait_held((size_t)i + 1));
        close(fd);
    }
    http_fixture_hold(false);
    expect(http_post_once("/v1/traces", protobuf, "", buffer_bytes(&spans)), 200);
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_seen().spans, 21 * 5);
    ck_assert_uint_eq(counter_get(&fixture->counters.accepted_spans), 21 * 5);
    buffer_finish(&request);
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_commit_that_does_not_come_is_answered_after_a_while)
{
    fixture->is_holding = true;
    fixture->config.commit_ms = 200;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    int fd = http_connect();
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 503);
    ck_assert_uint_eq(hits(HTTP_LIMIT_COMMIT), 1);
    http_fixture_hold(false); /* and now it comes */
    ck_assert(http_fixture_wait_held(0));
    expect(http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans)), 200);
    close(fd);
    buffer_finish(&spans);
}
END_TEST

START_TEST(clients_whose_commit_does_not_come_are_bounded)
{
    fixture->is_holding = true;
    fixture->config.commit_ms = 20;
    fixture->config.max_connections = 4;
    http_fixture_start();
    struct buffer spans = make_spans(1, 0);
    int fd = http_connect();
    for (int i = 0; i < 12; i++) {
        struct http_answer_read answer =
            http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans));
        if (answer.status == 503 && hits(HTTP_LIMIT_REQUESTS) > 0) {
            buffer_finish(&answer.body);
            break;
        }
        expect(answer, 503);
    }
    ck_assert_uint_eq(hits(HTTP_LIMIT_REQUESTS), 1);
    ck_assert_uint_eq(http_fixture_seen().submits, 8);
    close(fd);
    buffer_finish(&spans);
}
END_TEST

START_TEST(without_the_token_nothing_is_read)
{
    char path[] = "/tmp/flywheel-token-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_eq(write(file, "secret\n", 7), 7);
    close(file);
    struct error error = {0};
    struct auth *auth = auth_create(path, &error);
    ck_assert_msg(auth != NULL, "%s", error.text);
    fixture->config.auth = auth;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0);
    int fd = http_connect();
    struct http_answer_read answer =
        http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(&spans));
    ck_assert_str_eq(http_header(&answer, "WWW-Authenticate"), "Bearer");
    ck_assert(http_says(&answer, "bearer token"));
    expect(answer, 401);
    expect(http_post(fd, "/v1/traces", protobuf, "Authorization: Bearer wrong\r\n",
                     buffer_bytes(&spans)),
           401);
    expect(http_post(fd, "/nowhere", protobuf, "", bytes_of("", 0)), 401);
    ck_assert_uint_eq(http_fixture_seen().room_asks, 0);
    expect(http_post(fd, "/v1/traces", protobuf, "Authorization: Bearer secret\r\n",
                     buffer_bytes(&spans)),
           200);
    close(fd);
    fd = http_connect(); /* with a long body to come, the answer comes first */
    http_send_text(fd, "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    expect(http_read(fd), 401);
    ck_assert(http_is_closed(fd, patiently_ms(PATIENCE_MS)));
    close(fd);
    http_fixture_stop(1000);
    ck_assert_uint_eq(http_fixture_code(UNAUTHENTICATED), 4);
    fixture->receiver->operations->destroy(fixture->receiver);
    fixture->receiver = NULL;
    auth_destroy(auth);
    unlink(path);
    buffer_finish(&spans);
}
END_TEST

/* --- the end --- */

static void *let_go(void *context)
{
    (void)context;
    pause_ms(200);
    http_fixture_hold(false);
    return NULL;
}

START_TEST(stop_finishes_what_waits)
{
    fixture->is_holding = true;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0), request = {0};
    buffer_printf(&request,
                  "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  protobuf, spans.size);
    buffer_append_bytes(&request, buffer_bytes(&spans));
    int waiting = http_connect(), half = http_connect(), idle = http_connect();
    http_send(waiting, request.data, request.size);
    http_send(half, request.data, request.size - 10);
    ck_assert(http_fixture_wait_held(1));
    pthread_t helper;
    ck_assert_int_eq(pthread_create(&helper, NULL, let_go, NULL), 0);
    http_fixture_stop(5000); /* so long it waits for the half request */
    pthread_join(helper, NULL);
    struct http_answer_read answer = http_read(waiting);
    ck_assert_uint_eq(answer.status, 200);
    ck_assert(http_is_closed(waiting, patiently_ms(PATIENCE_MS)));
    ck_assert(http_is_closed(half, patiently_ms(PATIENCE_MS)));
    ck_assert(http_is_closed(idle, patiently_ms(PATIENCE_MS)));
    close(waiting);
    close(half);
    close(idle);
    buffer_finish(&answer.body);
    buffer_finish(&request);
    buffer_finish(&spans);
}
END_TEST

START_TEST(stop_answers_what_waits_too_long_and_the_pipeline_may_answer_later)
{
    fixture->is_holding = true;
    http_fixture_start();
    struct buffer spans = make_spans(5, 0), request = {0};
    buffer_printf(&request,
                  "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  protobuf, spans.size);
    buffer_append_bytes(&request, buffer_bytes(&spans));
    int fds[5];
    for (int i = 0; i < 5; i++) {
        fds[i] = http_connect();
        http_send(fds[i], request.data, request.size);
    }
    ck_assert(http_fixture_wait_held(5));
    int64_t began_ms = clock_monotonic_ms();
    http_fixture_stop(300);
    int64_t spent_ms = clock_monotonic_ms() - began_ms;
    ck_assert_int_ge(spent_ms, 290);
    ck_assert_int_lt(spent_ms, patiently_ms(PATIENCE_MS));
    for (int i = 0; i < 5; i++) {
        struct http_answer_read answer = http_read(fds[i]);
        ck_assert_str_eq(http_header(&answer, "Connection"), "close");
        expect(answer, 503);
        close(fds[i]);
    }
    buffer_finish(&request);
    buffer_finish(&spans);
} /* teardown lets the pipeline answer, and frees after that */
END_TEST

static _Atomic bool is_flood_over;

static void *flood(void *context)
{
    struct buffer *spans = context;
    uint64_t good = 0;
    while (!atomic_load(&is_flood_over)) {
        int fd = http_connect();
        for (int i = 0; i < 50; i++) {
            struct http_answer_read answer =
                http_post(fd, "/v1/traces", protobuf, "", buffer_bytes(spans));
            good += answer.status == 200;
            buffer_finish(&answer.body);
            if (answer.status != 200)
                break;
        }
        close(fd);
    }
    return (void *)(uintptr_t)good;
}

START_TEST(many_clients_at_once_each_get_their_answers)
{
    enum { CLIENTS = 6 };
    http_fixture_start();
    struct buffer spans = make_spans(20, 0);
    pthread_t clients[CLIENTS];
    is_flood_over = false;
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(pthread_create(&clients[i], NULL, flood, &spans), 0);
    WAIT_UNTIL(counter_get(&fixture->counters.accepted_spans) >= 150 * 20);
    atomic_store(&is_flood_over, true);
    uint64_t good = 0;
    for (int i = 0; i < CLIENTS; i++) {
        void *count;
        pthread_join(clients[i], &count);
        good += (uint64_t)(uintptr_t)count;
    }
    http_fixture_stop(1000);
    ck_assert_uint_gt(good, 100);
    ck_assert_uint_eq(good, http_fixture_code(0));
    ck_assert_uint_eq(good * 20, counter_get(&fixture->counters.accepted_spans));
    buffer_finish(&spans);
}
END_TEST

START_TEST(a_port_in_use_is_a_temporary_failure)
{
    http_fixture_start();
    char endpoint[32];
    struct error error = {0};
    snprintf(endpoint, sizeof endpoint, "127.0.0.1:%d", http_receiver_port(fixture->receiver));
    struct http_receiver_config config = fixture->config;
    config.endpoint = endpoint;
    struct receiver *second = http_receiver_create(&config, &fixture->intake, &fixture->counters);
    ck_assert(second->operations->start(second, &error) == STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_TEMPORARY);
    second->operations->stop(second, 0);
    second->operations->destroy(second);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_limits");
    TCase *tests = tcase_create("http_limits");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, http_fixture_teardown);
    tcase_add_test(tests, bodies_over_the_limit_are_413);
    tcase_add_test(tests, a_body_exactly_at_the_limit_is_read);
    tcase_add_test(tests, a_body_without_a_length_that_does_not_end_is_cut);
    tcase_add_test(tests, what_a_client_sent_that_has_gone_is_not_held_for_request_time);
    tcase_add_test(tests, a_gzip_bomb_costs_no_more_than_the_limit);
    tcase_add_test(tests, bodies_that_are_arriving_share_a_budget);
    tcase_add_test(tests, headers_over_the_limit_are_refused);
    tcase_add_test(tests, broken_http_ends_the_connection_and_nothing_else);
    tcase_add_test(tests, slow_clients_are_cut_wherever_they_dawdle);
    tcase_add_test(tests, a_client_that_reads_no_answers_is_cut);
    tcase_add_test(tests, connections_over_the_ceiling_are_closed_and_counted);
    tcase_add_test(tests, a_client_that_goes_away_while_its_request_waits_harms_nobody);
    tcase_add_test(tests, a_commit_that_does_not_come_is_answered_after_a_while);
    tcase_add_test(tests, clients_whose_commit_does_not_come_are_bounded);
    tcase_add_test(tests, without_the_token_nothing_is_read);
    tcase_add_test(tests, stop_finishes_what_waits);
    tcase_add_test(tests, stop_answers_what_waits_too_long_and_the_pipeline_may_answer_later);
    tcase_add_test(tests, many_clients_at_once_each_get_their_answers);
    tcase_add_test(tests, a_port_in_use_is_a_temporary_failure);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
