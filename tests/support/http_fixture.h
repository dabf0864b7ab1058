/* The HTTP receiver on a real port, with an intake that does as it is told, and a client that sends
 * bytes exactly as the test says. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/receive/http/receiver.h"

enum { FAKE_HELD_MAX = 1024 };

/* What the pipeline has seen. */
struct http_seen {
    uint32_t submits, spans, logs, room_asks;
    size_t room_asked; /* the largest */
    enum request_encoding last_encoding;
    bool had_call;
};

/* Set before http_fixture_start; from then on by the functions below. */
struct http_fixture {
    struct http_receiver_config config;
    struct receiver_counters counters;
    struct http_receiver_counters limits;
    struct receiver *receiver;
    struct intake intake;
    /* What the fake pipeline does. */
    bool is_holding; /* answers wait until it is false */
    bool has_room;
    bool is_answered_inside; /* on_durable before submit returns */
    enum status submit_status, durable_status;
    int64_t retry_ms;
    uint32_t roomless_left, busy_left; /* no room, or busy, for so many askings more */
    /* Under a lock: */
    struct http_seen seen;
    struct buffer last_body;
    size_t held;
};

/* One at a time. `setup` gives defaults, of which 1 MiB of message is one. */
struct http_fixture *http_fixture_setup(void);
void http_fixture_start(void);
void http_fixture_stop(int64_t grace_ms);
void http_fixture_teardown(void);
struct http_seen http_fixture_seen(void);
/* A copy, the caller's. */
struct buffer http_fixture_last_body(void);
bool http_fixture_last_was(const struct buffer *body);
void http_fixture_hold(bool is_holding);
void http_fixture_set_room(bool has_room);
/* For `intake.may_wait`: what has no room waits. */
bool http_fixture_may_wait(void *context);
/* Waits until the pipeline holds so many; false after 5 s. */
bool http_fixture_wait_held(size_t count);
/* Waits until a limit was hit so often; false after 5 s. */
bool http_fixture_wait_limit(enum http_limit limit, uint64_t count);
uint64_t http_fixture_code(int code);

/* --- the client: everything ends the test when it fails --- */

struct http_answer_read {
    unsigned status; /* 0: the connection ended without an answer */
    char head[4096];
    struct buffer body;
};

int http_connect(void);
void http_send(int fd, const void *data, size_t size);
/* Sends what can be sent; a peer that has closed is no failure. */
void http_send_lossy(int fd, const void *data, size_t size);
void http_send_text(int fd, const char *text);
/* Reads one answer with its body; an answer 100 is passed over and noted. */
struct http_answer_read http_read(int fd);
/* The value of a header of the answer, or "". */
const char *http_header(const struct http_answer_read *answer, const char *name);
bool http_says(const struct http_answer_read *answer, const char *text);
/* Does the peer close within so many ms? */
bool http_is_closed(int fd, int64_t within_ms);
/* A whole POST; `headers` are complete lines, or "". */
struct http_answer_read http_post(int fd, const char *path, const char *type, const char *headers,
                                  struct bytes body);
/* The same on a connection of its own. */
struct http_answer_read http_post_once(const char *path, const char *type, const char *headers,
                                       struct bytes body);

/* `good` spans, then `bad` ones whose trace id is all zero. */
struct buffer make_spans(int good, int bad);
struct buffer make_log(void);
