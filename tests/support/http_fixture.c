/* The fake pipeline is one thread: what is submitted waits in `held` until it is let go. */
#include "tests/support/http_fixture.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/otlp/wire.h"
#include "tests/support/waiting.h"

static struct http_fixture fixture;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool is_ending;
static struct request *held[FAKE_HELD_MAX];

static void answer(struct request *request)
{
    if (request->on_durable)
        request->on_durable(request, fixture.durable_status);
    request_release(request);
}

static void *pipeline_thread(void *context)
{
    (void)context;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!is_ending && (fixture.held == 0 || fixture.is_holding))
            pthread_cond_wait(&changed, &lock);
        if (is_ending && fixture.held == 0)
            break;
        struct request *request = held[--fixture.held];
        pthread_mutex_unlock(&lock);
        answer(request);
        pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static enum status fake_submit(void *context, struct request *request, int64_t *ret_retry_ms)
{
    (void)context;
    pthread_mutex_lock(&lock);
    fixture.seen.submits++;
    enum status status = fixture.busy_left > 0 ? STATUS_BUSY : fixture.submit_status;
    fixture.busy_left -= fixture.busy_left > 0;
    *ret_retry_ms = fixture.retry_ms;
    bool is_inside = fixture.is_answered_inside;
    if (status == STATUS_OK) {
        ck_assert_uint_gt(request->held_bytes, 0);
        fixture.seen.spans += request->gated.span_count;
        fixture.seen.logs += request->gated.log_count;
        buffer_clear(&fixture.last_body);
        buffer_append_bytes(&fixture.last_body, request_body(request));
        fixture.seen.last_encoding = request->encoding;
        fixture.seen.had_call = request->on_durable != NULL;
        ck_assert_uint_lt(fixture.held, FAKE_HELD_MAX);
        if (!is_inside)
            held[fixture.held++] = request;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    if (status == STATUS_OK && is_inside)
        answer(request);
    return status;
}

static bool fake_has_room(void *context, size_t body_bytes)
{
    (void)context;
    pthread_mutex_lock(&lock);
    fixture.seen.room_asks++;
    if (body_bytes > fixture.seen.room_asked)
        fixture.seen.room_asked = body_bytes;
    bool has_room = fixture.has_room && fixture.roomless_left == 0;
    fixture.roomless_left -= fixture.roomless_left > 0;
    pthread_mutex_unlock(&lock);
    return has_room;
}

bool http_fixture_may_wait(void *context)
{
    (void)context;
    return true;
}

struct http_fixture *http_fixture_setup(void)
{
    fixture = (struct http_fixture){.has_room = true, .retry_ms = 1500};
    fixture.config = (struct http_receiver_config){.endpoint = "127.0.0.1:0",
                                                   .max_message_bytes = 1024 * 1024,
                                                   .max_connections = 64,
                                                   .gate = wire_gate_limits_default,
                                                   .limits = &fixture.limits};
    fixture.intake = (struct intake){.submit = fake_submit,
                                     .has_room = fake_has_room,
                                     .pool = request_pool_create(16),
                                     .ack_durable = true};
    is_ending = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, pipeline_thread, NULL), 0);
    return &fixture;
}

void http_fixture_start(void)
{
    struct error error = {0};
    fixture.receiver = http_receiver_create(&fixture.config, &fixture.intake, &fixture.counters);
    ck_assert_ptr_nonnull(fixture.receiver);
    ck_assert_msg(fixture.receiver->operations->start(fixture.receiver, &error) == STATUS_OK, "%s",
                  error.text);
}

void http_fixture_stop(int64_t grace_ms)
{
    fixture.receiver->operations->stop(fixture.receiver, grace_ms);
}

void http_fixture_teardown(void)
{
    http_fixture_hold(false);
    if (fixture.receiver)
        http_fixture_stop(2000);
    pthread_mutex_lock(&lock);
    is_ending = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    if (fixture.receiver)
        fixture.receiver->operations->destroy(fixture.receiver);
    request_pool_destroy(fixture.intake.pool);
    buffer_finish(&fixture.last_body);
}

struct http_seen http_fixture_seen(void)
{
    pthread_mutex_lock(&lock);
    struct http_seen seen = fixture.seen;
    pthread_mutex_unlock(&lock);
    return seen;
}

struct buffer http_fixture_last_body(void)
{
    struct buffer copy = {0};
    pthread_mutex_lock(&lock);
    buffer_append_bytes(&copy, buffer_bytes(&fixture.last_body));
    pthread_mutex_unlock(&lock);
    return copy;
}

bool http_fixture_last_was(const struct buffer *body)
{
    struct buffer last = http_fixture_last_body();
    bool is_same = bytes_equal(buffer_bytes(&last), buffer_bytes(body));
    buffer_finish(&last);
    return is_same;
}

void http_fixture_set_room(bool has_room)
{
    pthread_mutex_lock(&lock);
    fixture.has_room = has_room;
    pthread_mutex_unlock(&lock);
}

void http_fixture_hold(bool is_holding)
{
    pthread_mutex_lock(&lock);
    fixture.is_holding = is_holding;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static size_t held_count(void)
{
    pthread_mutex_lock(&lock);
    size_t count = fixture.held;
    pthread_mutex_unlock(&lock);
    return count;
}

bool http_fixture_wait_held(size_t count)
{
    WAIT_UNTIL(held_count() == count);
    return held_count() == count;
}

bool http_fixture_wait_limit(enum http_limit limit, uint64_t count)
{
    const struct counter *counter = &fixture.limits.limits[limit];
    WAIT_UNTIL(counter_get(counter) >= count);
    return counter_get(counter) == count;
}

uint64_t http_fixture_code(int code)
{
    return counter_get(&fixture.counters.requests[code]);
}

/* --- the client --- */

int http_connect(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_receiver_port(fixture.receiver)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    struct timeval patience = {.tv_sec = patiently_ms(PATIENCE_MS) / 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

static bool send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

void http_send(int fd, const void *data, size_t size)
{
    ck_assert(send_all(fd, data, size));
}

void http_send_lossy(int fd, const void *data, size_t size)
{
    (void)send_all(fd, data, size);
}

void http_send_text(int fd, const char *text)
{
    http_send(fd, text, strlen(text));
}

/* Byte by byte, so that nothing of a next answer is taken. */
static bool read_head(int fd, struct http_answer_read *answer)
{
    size_t size = 0;
    while (size + 1 < sizeof answer->head) {
        if (recv(fd, answer->head + size, 1, 0) != 1)
            return false;
        answer->head[++size] = 0;
        if (size >= 4 && memcmp(answer->head + size - 4, "\r\n\r\n", 4) == 0)
            return sscanf(answer->head, "HTTP/1.%*d %u", &answer->status) == 1;
    }
    return false;
}

struct http_answer_read http_read(int fd)
{
    struct http_answer_read answer = {0};
    do {
        if (!read_head(fd, &answer)) {
            answer.status = 0;
            return answer;
        }
    } while (answer.status == 100);
    size_t size = (size_t)strtoul(http_header(&answer, "Content-Length"), NULL, 10);
    while (answer.body.size < size) {
        char piece[4096];
        size_t wanted = size - answer.body.size;
        ssize_t got = recv(fd, piece, wanted < sizeof piece ? wanted : sizeof piece, 0);
        ck_assert_int_gt(got, 0);
        buffer_append(&answer.body, piece, (size_t)got);
    }
    return answer;
}

const char *http_header(const struct http_answer_read *answer, const char *name)
{
    static _Thread_local char value[256];
    size_t size = strlen(name);
    value[0] = 0;
    for (const char *line = answer->head; (line = strstr(line, "\r\n"));) {
        line += 2;
        if (strncasecmp(line, name, size) == 0 && line[size] == ':') {
            const char *from = line + size + 1 + strspn(line + size + 1, " ");
            snprintf(value, sizeof value, "%.*s", (int)strcspn(from, "\r"), from);
        }
    }
    return value;
}

bool http_says(const struct http_answer_read *answer, const char *text)
{
    return answer->body.size > 0 &&
           memmem(answer->body.data, answer->body.size, text, strlen(text)) != NULL;
}

bool http_is_closed(int fd, int64_t within_ms)
{
    char byte;
    int64_t end_ms = clock_monotonic_ms() + within_ms;
    for (int64_t left; (left = end_ms - clock_monotonic_ms()) > 0;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        if (poll(&polled, 1, (int)left) == 1 && recv(fd, &byte, 1, 0) <= 0)
            return true;
    }
    return false;
}

struct http_answer_read http_post(int fd, const char *path, const char *type, const char *headers,
                                  struct bytes body)
{
    struct buffer request = {0};
    buffer_printf(&request,
                  "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                  "Content-Length: %zu\r\n%s\r\n",
                  path, type, body.size, headers);
    buffer_append_bytes(&request, body);
    http_send_lossy(fd, request.data, request.size);
    buffer_finish(&request);
    return http_read(fd);
}

struct http_answer_read http_post_once(const char *path, const char *type, const char *headers,
                                       struct bytes body)
{
    int fd = http_connect();
    struct http_answer_read answered = http_post(fd, path, type, headers, body);
    close(fd);
    return answered;
}

/* --- requests --- */

struct buffer make_spans(int good, int bad)
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

struct buffer make_log(void)
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
