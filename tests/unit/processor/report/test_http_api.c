/* link: report net base */
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "processor/report/http_api.h"

enum { PATIENCE_MS = 20000, CALLS_MAX = 8 };

static struct http_api *server;
static struct metrics *metrics;
static char text[1 << 16]; /* the last answer, headers and all */
static struct http_api_call *_Atomic waiting[CALLS_MAX];
static _Atomic int waiting_count;

/* --- a service with one of each --- */

static unsigned echo(void *context, struct http_api_call *call)
{
    (void)context;
    struct bytes body = http_api_body(call);
    buffer_printf(http_api_body_to(call), "{\"bytes\":%zu,\"by\":\"%s\"}", body.size,
                  http_api_caller(call)->name);
    return 200;
}

static unsigned echo_id(void *context, struct http_api_call *call)
{
    (void)context;
    struct bytes id = http_api_id(call), say = http_query_get(http_api_query(call), "say");
    buffer_printf(http_api_body_to(call), "id=%.*s say=%.*s", (int)id.size, (const char *)id.data,
                  (int)say.size, say.size ? (const char *)say.data : "");
    return 200;
}

static unsigned page(void *context, struct http_api_call *call)
{
    (void)context;
    buffer_append_text(http_api_body_to(call), "<p>");
    http_api_set_type(call, "text/html");
    http_api_set_etag(call, "\"one\"");
    return 200;
}

static unsigned later(void *context, struct http_api_call *call)
{
    (void)context;
    waiting[atomic_fetch_add(&waiting_count, 1)] = call;
    return HTTP_LATER;
}

static unsigned login(void *context, struct http_api_call *call)
{
    (void)context;
    ck_assert_ptr_null(http_api_caller(call));
    return 204;
}

enum { MAY_READ = 1, MAY_WRITE = 2 };

static const char *const item_parameters[] = {"say", NULL};

static const struct http_api_route routes[] = {
    {HTTP_GET, "/", 0, 0, page, NULL},
    {HTTP_POST, "/session", 0, 4096, login, NULL},
    {HTTP_GET, "/items/*", MAY_READ | MAY_WRITE, 0, echo_id, item_parameters},
    {HTTP_POST, "/items/*/reveal", MAY_WRITE, 0, echo_id, NULL},
    {HTTP_POST, "/echo", MAY_WRITE, 0, echo, NULL},
    {HTTP_POST, "/later", MAY_WRITE, 0, later, NULL},
};

/* "Bearer reader", "Bearer writer". */
static bool identify(void *context, struct bytes authorization, struct http_caller *ret_caller)
{
    (void)context;
    *ret_caller = (struct http_caller){.key = 1, .rights = MAY_READ, .name = "reader"};
    if (bytes_equal_text(authorization, "Bearer writer"))
        *ret_caller = (struct http_caller){.key = 2, .rights = MAY_WRITE, .name = "writer"};
    return ret_caller->key == 2 || bytes_equal_text(authorization, "Bearer reader");
}

static struct http_api_config usual(void)
{
    return (struct http_api_config){.endpoint = "127.0.0.1:0",
                                    .routes = routes,
                                    .route_count = sizeof routes / sizeof routes[0],
                                    .identify = identify,
                                    .posts_per_second = 100000};
}

static void serve(struct http_api_config config)
{
    struct error error = {0};
    server = http_api_create(&config, &error);
    ck_assert_msg(server != NULL, "%s", error.text);
    ck_assert_msg(http_api_start(server, &error) == STATUS_OK, "%s", error.text);
    metrics = metrics_create();
    http_api_register(server, metrics);
}

static void setup(void)
{
    waiting_count = 0;
    serve(usual());
}

static void teardown(void)
{
    metrics_destroy(metrics);
    http_api_destroy(server);
    server = NULL;
}

/* --- a client --- */

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_api_port(server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void write_all(int fd, const char *from, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, from, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server may have heard enough */
        from += sent, size -= (size_t)sent;
    }
}

/* Everything until the server closes. Returns the status; 0: none came. */
static int read_answer(int fd)
{
    size_t size = 0;
    int status = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (size < sizeof text - 1 && poll(&ready, 1, PATIENCE_MS) == 1) {
        ssize_t got = read(fd, text + size, sizeof text - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    text[size] = 0;
    close(fd);
    const char *line = text;
    while (sscanf(line, "HTTP/1.1 %d", &status) == 1 && status == 100)
        line = strstr(line, "\r\n\r\n") + 4;
    return status;
}

static int begin(const char *method, const char *target, const char *headers, const char *body)
{
    char head[4096];
    int fd = dial();
    int size = snprintf(
        head, sizeof head, "%s %s HTTP/1.1\r\nConnection: close\r\n%s%s%s%s\r\n", method, target,
        strstr(headers, "Host:") ? "" : "Host: 127.0.0.1\r\n", headers,
        body && !strstr(headers, "-Type:") ? "Content-Type: application/json\r\n" : "", "");
    head[size - 2] = 0;
    write_all(fd, head, strlen(head));
    char length[64];
    int more = body && !strstr(headers, "Transfer-") && !strstr(headers, "Length:")
                   ? snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", strlen(body))
                   : snprintf(length, sizeof length, "\r\n");
    write_all(fd, length, (size_t)more);
    if (body)
        write_all(fd, body, strlen(body));
    return fd;
}

static int ask(const char *method, const char *target, const char *headers, const char *body)
{
    return read_answer(begin(method, target, headers, body));
}

#define WRITER "Authorization: Bearer writer\r\n"
#define READER "Authorization: Bearer reader\r\n"

static bool counts(const char *line)
{
    struct buffer rendered = {0};
    metrics_render(metrics, &rendered);
    buffer_append_byte(&rendered, 0);
    bool is_there = strstr((const char *)rendered.data, line) != NULL;
    buffer_finish(&rendered);
    return is_there;
}

/* --- what it does --- */

START_TEST(a_body_reaches_its_handler)
{
    ck_assert_int_eq(ask("POST", "/echo", WRITER, "{\"a\":1}"), 200);
    ck_assert_ptr_nonnull(strstr(text, "{\"bytes\":7,\"by\":\"writer\"}"));
    ck_assert_int_eq(ask("POST", "/echo", WRITER "Transfer-Encoding: chunked\r\n",
                         "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                     200);
    ck_assert_ptr_nonnull(strstr(text, "\"bytes\":5"));
}
END_TEST

START_TEST(a_path_has_a_place_for_an_id)
{
    ck_assert_int_eq(ask("GET", "/items/ab12?say=h%20i", READER, NULL), 200);
    ck_assert_ptr_nonnull(strstr(text, "id=ab12 say=h i"));
    ck_assert_int_eq(ask("POST", "/items/ab12/reveal", WRITER, "{}"), 200);
    ck_assert_int_eq(ask("GET", "/items/ab12?sya=h", READER, NULL), 400);
    ck_assert_ptr_nonnull(strstr(text, "unknown parameter sya; known are say"));
    ck_assert_int_eq(ask("GET", "/items/", READER, NULL), 404);
    ck_assert_int_eq(ask("GET", "/items/a/b", READER, NULL), 404);
}
END_TEST

START_TEST(every_answer_says_what_a_browser_may_do_with_it)
{
    static const char *const headers[] = {
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
        "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n",
        "Cross-Origin-Opener-Policy: same-origin\r\n",
        "Cross-Origin-Resource-Policy: same-origin\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Referrer-Policy: no-referrer\r\n",
    };
    static const char *const targets[] = {"/", "/nowhere", "/items/1"};
    for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
        ck_assert_int_ne(ask("GET", targets[t], READER, NULL), 0);
        for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
            ck_assert_msg(strstr(text, headers[i]) != NULL, "%s: %s", targets[t], headers[i]);
        ck_assert_ptr_null(strstr(text, "Access-Control"));
        ck_assert_ptr_null(strstr(text, "Set-Cookie"));
    }
}
END_TEST

START_TEST(data_is_not_stored_and_the_page_is_asked_for_by_its_mark)
{
    ck_assert_int_eq(ask("GET", "/items/1", READER, NULL), 200);
    ck_assert_ptr_nonnull(strstr(text, "Cache-Control: no-store\r\n"));
    ck_assert_int_eq(ask("GET", "/", "", NULL), 200);
    ck_assert_ptr_nonnull(strstr(text, "ETag: \"one\"\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "Cache-Control: no-cache\r\n"));
    ck_assert_int_eq(ask("GET", "/", "If-None-Match: \"one\"\r\n", NULL), 304);
    ck_assert_int_eq(ask("GET", "/", "If-None-Match: \"two\"\r\n", NULL), 200);
}
END_TEST

START_TEST(head_is_a_get_without_its_body)
{
    ck_assert_int_eq(ask("HEAD", "/", "", NULL), 200);
    ck_assert_ptr_null(strstr(text, "<p>"));
    ck_assert_ptr_nonnull(strstr(text, "Content-Length: 3\r\n"));
}
END_TEST

START_TEST(rights_are_asked_for_before_the_body_is_read)
{
    ck_assert_int_eq(ask("POST", "/echo", "", "{}"), 401);
    ck_assert_ptr_nonnull(strstr(text, "WWW-Authenticate: Bearer\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "{\"error\":\"no session\"}"));
    ck_assert_int_eq(ask("POST", "/echo", "Authorization: Bearer x\r\n", "{}"), 401);
    ck_assert_int_eq(ask("POST", "/echo", READER, "{}"), 403);
    ck_assert_int_eq(ask("GET", "/items/1", READER, NULL), 200);
    ck_assert(counts("flywheel_http_refused_total{reason=\"login\"} 2"));
    ck_assert(counts("flywheel_http_refused_total{reason=\"role\"} 1"));
}
END_TEST

START_TEST(what_a_foreign_page_makes_a_browser_ask_is_refused)
{
    ck_assert_int_eq(ask("POST", "/echo", WRITER "Origin: http://evil.example\r\n", "{}"), 403);
    ck_assert_int_eq(ask("POST", "/echo", WRITER "Sec-Fetch-Site: cross-site\r\n", "{}"), 403);
    ck_assert_int_eq(ask("POST", "/echo", WRITER "Sec-Fetch-Site: none\r\n", "{}"), 403);
    ck_assert_int_eq(ask("GET", "/", "Sec-Fetch-Site: none\r\n", NULL), 200);
    ck_assert_int_eq(ask("GET", "/", "Host: evil.example\r\n", NULL), 403);
    ck_assert_int_eq(ask("GET", "http://evil.example/", "", NULL), 403);
    ck_assert_int_eq(ask("OPTIONS", "/echo", "Origin: http://evil.example\r\n", NULL), 403);
    ck_assert_ptr_null(strstr(text, "Access-Control"));
    ck_assert(counts("flywheel_http_refused_total{reason=\"origin\"} 4"));
    ck_assert(counts("flywheel_http_refused_total{reason=\"host\"} 2"));
}
END_TEST

START_TEST(a_body_that_is_not_json_is_refused_by_its_type)
{
    ck_assert_int_eq(ask("POST", "/echo", WRITER "Content-Type: text/plain\r\n", "{}"), 415);
    ck_assert_int_eq(ask("POST", "/echo", WRITER "Content-Type: application/jsonp\r\n", "{}"), 415);
    ck_assert_int_eq(ask("POST", "/echo",
                         WRITER "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
                         "{}"),
                     415);
    ck_assert_int_eq(
        ask("POST", "/echo", WRITER "Content-Type: application/json; charset=utf-8\r\n", "{}"),
        200);
}
END_TEST

START_TEST(a_body_beyond_the_limit_is_refused)
{
    char *large = malloc(HTTP_BODY_BYTES_MAX + 2);
    memset(large, 'x', HTTP_BODY_BYTES_MAX + 1);
    large[HTTP_BODY_BYTES_MAX + 1] = 0;
    ck_assert_int_eq(ask("POST", "/echo", WRITER, large), 413);
    large[HTTP_BODY_BYTES_MAX] = 0;
    ck_assert_int_eq(ask("POST", "/echo", WRITER, large), 200);
    large[4097] = 0;
    ck_assert_int_eq(ask("POST", "/session", "", large), 413);
    large[4096] = 0;
    ck_assert_int_eq(ask("POST", "/session", "", large), 204);
    free(large);
    ck_assert_int_eq(ask("POST", "/echo", WRITER "Content-Length: 1073741824\r\n", "{"), 413);
    ck_assert_int_eq(ask("POST", "/echo", WRITER "Content-Length: 99999999999999999999\r\n", "{"),
                     413);
}
END_TEST

START_TEST(a_request_whose_end_is_not_sure_is_refused)
{
    ck_assert_int_eq(
        ask("POST", "/echo", WRITER "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "{}"),
        400);
    ck_assert_int_eq(
        ask("POST", "/echo", WRITER "Content-Length: 2\r\nContent-Length: 3\r\n", "{}"), 400);
    ck_assert_int_eq(ask("GET", "/", "Host: 127.0.0.1\r\nHost: localhost\r\n", NULL), 400);
    ck_assert_int_eq(ask("GET", "/items/1", READER "Content-Length: 2\r\n", "{}"), 400);
}
END_TEST

START_TEST(a_token_in_a_url_is_refused_on_every_route)
{
    ck_assert_int_eq(ask("GET", "/?token=abc", "", NULL), 400);
    ck_assert_int_eq(ask("GET", "/items/1?code=abc", READER, NULL), 400);
    ck_assert_int_eq(ask("GET", "/nowhere?TOKEN=abc", "", NULL), 400);
    ck_assert_ptr_null(strstr(text, "abc"));
}
END_TEST

START_TEST(a_path_says_which_methods_it_has)
{
    ck_assert_int_eq(ask("GET", "/echo", WRITER, NULL), 405);
    ck_assert_ptr_nonnull(strstr(text, "Allow: POST\r\n"));
    ck_assert_int_eq(ask("DELETE", "/items/1", READER, NULL), 405);
    ck_assert_ptr_nonnull(strstr(text, "Allow: GET, HEAD\r\n"));
    ck_assert_int_eq(ask("GET", "/nowhere", READER, NULL), 404);
}
END_TEST

static struct http_api_call *wait_for_call(int number)
{
    for (int i = 0; i < PATIENCE_MS && atomic_load(&waiting_count) <= number; i++)
        usleep(1000);
    for (int i = 0; i < PATIENCE_MS && !waiting[number]; i++)
        usleep(1000);
    ck_assert_ptr_nonnull(waiting[number]);
    return waiting[number];
}

START_TEST(an_answer_may_come_later_and_from_another_thread)
{
    int first = begin("POST", "/later", WRITER, "{}");
    struct http_api_call *call = wait_for_call(0);
    ck_assert_int_eq(ask("GET", "/items/1", READER, NULL), 200); /* nobody waits for that */
    buffer_append_text(http_api_body_to(call), "committed");
    http_api_answer(call, 202);
    ck_assert_int_eq(read_answer(first), 202);
    ck_assert_ptr_nonnull(strstr(text, "committed"));
}
END_TEST

START_TEST(a_client_that_leaves_meanwhile_costs_its_call_alone)
{
    close(begin("POST", "/later", WRITER, "{}"));
    http_api_answer(wait_for_call(0), 200);
    ck_assert_int_eq(ask("POST", "/echo", WRITER, "{}"), 200);
}
END_TEST

START_TEST(more_than_may_wait_are_told_to_come_again)
{
    teardown();
    struct http_api_config config = usual();
    config.max_waiting = 2;
    serve(config);
    int first = begin("POST", "/later", WRITER, "{}");
    wait_for_call(0);
    int second = begin("POST", "/later", WRITER, "{}");
    wait_for_call(1);
    ck_assert_int_eq(ask("POST", "/later", WRITER, "{}"), 503);
    ck_assert_ptr_nonnull(strstr(text, "Retry-After: 1\r\n"));
    ck_assert_int_eq(ask("GET", "/items/1", READER, NULL), 200);
    http_api_answer(waiting[0], 200);
    http_api_answer(waiting[1], 200);
    ck_assert_int_eq(read_answer(first), 200);
    ck_assert_int_eq(read_answer(second), 200);
    ck_assert(counts("flywheel_http_refused_total{reason=\"busy\"} 1"));
}
END_TEST

START_TEST(an_answer_that_does_not_come_in_time_is_503_and_may_still_come)
{
    teardown();
    struct http_api_config config = usual();
    config.answer_ms = 50;
    serve(config);
    ck_assert_int_eq(ask("POST", "/later", WRITER, "{}"), 503);
    buffer_append_text(http_api_body_to(wait_for_call(0)), "too late");
    http_api_answer(waiting[0], 200);
    ck_assert_int_eq(ask("POST", "/echo", WRITER, "{}"), 200);
    ck_assert(counts("flywheel_http_refused_total{reason=\"late\"} 1"));
}
END_TEST

START_TEST(a_stop_answers_all_that_wait)
{
    int first = begin("POST", "/later", WRITER, "{}");
    wait_for_call(0);
    http_api_stop(server, 50);
    ck_assert_int_eq(read_answer(first), 503);
    http_api_answer(waiting[0], 200); /* until the server is destroyed */
}
END_TEST

START_TEST(a_request_that_does_not_arrive_is_cut)
{
    teardown();
    struct http_api_config config = usual();
    config.request_ms = config.idle_ms = 100;
    serve(config);
    int silent = dial();
    int slow = begin("POST", "/echo", WRITER "Content-Length: 100\r\n", "{");
    ck_assert_int_eq(read_answer(slow), 0);
    ck_assert_int_eq(read_answer(silent), 0);
    ck_assert(counts("flywheel_http_refused_total{reason=\"slow\"} 1"));
    ck_assert(counts("flywheel_http_refused_total{reason=\"idle\"} 1"));
}
END_TEST

START_TEST(a_token_has_so_many_requests_a_second_and_so_many_connections)
{
    teardown();
    struct http_api_config config = usual();
    config.posts_per_second = 5;
    config.connections_each = 2;
    serve(config);
    int limited = 0;
    for (int i = 0; i < 100; i++)
        limited += ask("POST", "/echo", WRITER, "{}") == 429;
    ck_assert_int_gt(limited, 0);
    ck_assert_int_eq(ask("GET", "/items/1", READER, NULL), 200); /* another token */
    int held[2];
    for (int i = 0; i < 2; i++) {
        held[i] = dial();
        write_all(held[i], "GET /items/1 HTTP/1.1\r\nHost: [::1]\r\n" READER "\r\n",
                  strlen("GET /items/1 HTTP/1.1\r\nHost: [::1]\r\n" READER "\r\n"));
        ck_assert_int_gt(read(held[i], text, sizeof text), 0);
    }
    ck_assert_int_eq(ask("GET", "/items/1", READER, NULL), 429);
    close(held[0]);
    close(held[1]);
}
END_TEST

START_TEST(connections_beyond_the_limit_are_closed_at_once)
{
    teardown();
    struct http_api_config config = usual();
    config.max_connections = 4;
    serve(config);
    int held[8];
    for (int i = 0; i < 8; i++)
        held[i] = dial();
    int closed = 0;
    for (int i = 0; i < 8; i++) {
        struct pollfd ready = {.fd = held[i], .events = POLLIN};
        closed += poll(&ready, 1, i < 4 ? 0 : PATIENCE_MS) == 1;
    }
    ck_assert_int_eq(closed, 4);
    for (int i = 0; i < 8; i++)
        close(held[i]);
}
END_TEST

START_TEST(behind_a_proxy_others_are_refused)
{
    teardown();
    struct http_api_config config = usual();
    config.proxies[0] = BYTES_LITERAL("10.0.0.0/8");
    config.proxy_count = 1;
    serve(config);
    ck_assert_int_eq(ask("GET", "/", "", NULL), 403);
    teardown();
    config.proxies[0] = BYTES_LITERAL("127.0.0.0/8");
    serve(config);
    ck_assert_int_eq(ask("GET", "/", "", NULL), 200);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_api");
    TCase *tests = tcase_create("http_api");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_body_reaches_its_handler);
    tcase_add_test(tests, a_path_has_a_place_for_an_id);
    tcase_add_test(tests, every_answer_says_what_a_browser_may_do_with_it);
    tcase_add_test(tests, data_is_not_stored_and_the_page_is_asked_for_by_its_mark);
    tcase_add_test(tests, head_is_a_get_without_its_body);
    tcase_add_test(tests, rights_are_asked_for_before_the_body_is_read);
    tcase_add_test(tests, what_a_foreign_page_makes_a_browser_ask_is_refused);
    tcase_add_test(tests, a_body_that_is_not_json_is_refused_by_its_type);
    tcase_add_test(tests, a_body_beyond_the_limit_is_refused);
    tcase_add_test(tests, a_request_whose_end_is_not_sure_is_refused);
    tcase_add_test(tests, a_token_in_a_url_is_refused_on_every_route);
    tcase_add_test(tests, a_path_says_which_methods_it_has);
    tcase_add_test(tests, an_answer_may_come_later_and_from_another_thread);
    tcase_add_test(tests, a_client_that_leaves_meanwhile_costs_its_call_alone);
    tcase_add_test(tests, more_than_may_wait_are_told_to_come_again);
    tcase_add_test(tests, an_answer_that_does_not_come_in_time_is_503_and_may_still_come);
    tcase_add_test(tests, a_stop_answers_all_that_wait);
    tcase_add_test(tests, a_request_that_does_not_arrive_is_cut);
    tcase_add_test(tests, a_token_has_so_many_requests_a_second_and_so_many_connections);
    tcase_add_test(tests, connections_beyond_the_limit_are_closed_at_once);
    tcase_add_test(tests, behind_a_proxy_others_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
