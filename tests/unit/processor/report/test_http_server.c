/* link: report net base */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/report/http_server.h"
#include "processor/report/process_metrics.h"

static struct http_server *server;
static char answer_text[1 << 16]; /* the last answer, headers and all */
static char token_path[64];

static unsigned say_parameter(void *context, const struct http_query *query,
                              struct http_answer *answer)
{
    struct bytes value = http_query_get(query, "say");
    (void)context;
    answer->content_type = "application/json";
    if (!value.data)
        buffer_append_text(&answer->body, "(absent)");
    else
        buffer_printf(&answer->body, "(%.*s)", (int)value.size, (const char *)value.data);
    return value.data && bytes_equal_text(value, "teapot") ? 418 : 200;
}

static unsigned say_open(void *context, const struct http_query *query, struct http_answer *answer)
{
    (void)query;
    buffer_append_text(&answer->body, context);
    return 200;
}

static unsigned say_too_much(void *context, const struct http_query *query,
                             struct http_answer *answer)
{
    (void)context, (void)query;
    answer->body.failed = true;
    return 200;
}

static void serve_at(const char *endpoint, const char *token_file)
{
    static char open_text[] = "open\n";
    static const char *const parameters[] = {"say", "other", NULL};
    const struct http_route routes[] = {
        {.path = "/open", .is_open = true, .handle = say_open, .context = open_text},
        {.path = "/say", .handle = say_parameter, .parameters = parameters},
        {.path = "/fail", .handle = say_too_much},
    };
    const struct http_server_config config = {endpoint, token_file, routes, 3};
    struct error error = {0};
    server = http_server_create(&config, &error);
    ck_assert_msg(server != NULL, "%s", error.text);
    ck_assert_int_gt(http_server_port(server), 0);
}

static void teardown(void)
{
    http_server_destroy(server);
    server = NULL;
    if (token_path[0])
        unlink(token_path);
    token_path[0] = 0;
}

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)http_server_port(server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void write_text(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server may have heard enough */
        text += sent, size -= (size_t)sent;
    }
}

/* Everything until the server closes, or says nothing for `patience_ms`. */
static void read_answer(int fd, int patience_ms)
{
    size_t size = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (size < sizeof answer_text - 1 && poll(&ready, 1, patience_ms) == 1) {
        ssize_t got = read(fd, answer_text + size, sizeof answer_text - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
    }
    answer_text[size] = 0;
}

/* A small answer comes at once; the connection stays. */
static void read_packet(int fd)
{
    ssize_t got = read(fd, answer_text, sizeof answer_text - 1);
    answer_text[got > 0 ? got : 0] = 0;
}

static int ask_with(const char *method, const char *target, const char *headers)
{
    int status = 0, fd = dial();
    char text[8192];
    int size = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\n%sConnection: close\r\n\r\n", method,
                        target, headers);
    write_text(fd, text, (size_t)size);
    read_answer(fd, 5000);
    close(fd);
    return sscanf(answer_text, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static int ask(const char *method, const char *target)
{
    return ask_with(method, target, "Host: 127.0.0.1\r\n");
}

static const char *body(void)
{
    const char *end = strstr(answer_text, "\r\n\r\n");
    return end ? end + 4 : "";
}

static void write_token(const char *token)
{
    if (!token_path[0])
        strcpy(token_path, "/tmp/flywheel-token-XXXXXX");
    int fd = strstr(token_path, "XXXXXX") ? mkstemp(token_path) : creat(token_path, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, token, strlen(token)), (int)strlen(token));
    close(fd);
}

START_TEST(a_route_answers_with_its_type_and_careful_headers)
{
    serve_at("127.0.0.1:0", NULL);
    ck_assert_int_eq(ask("GET", "/say?say=hello"), 200);
    ck_assert_str_eq(body(), "(hello)");
    ck_assert_ptr_nonnull(strstr(answer_text, "Content-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(answer_text, "X-Content-Type-Options: nosniff\r\n"));
    ck_assert_ptr_nonnull(strstr(answer_text, "Cache-Control: no-store\r\n"));
    ck_assert_int_eq(ask("GET", "/open"), 200);
    ck_assert_str_eq(body(), "open\n");
    ck_assert_ptr_nonnull(strstr(answer_text, "Content-Type: text/plain; charset=utf-8\r\n"));
}
END_TEST

START_TEST(a_handler_chooses_the_status)
{
    serve_at("127.0.0.1:0", NULL);
    ck_assert_int_eq(ask("GET", "/say?say=teapot"), 418);
}
END_TEST

START_TEST(a_body_that_could_not_be_written_is_500)
{
    serve_at("127.0.0.1:0", NULL);
    ck_assert_int_eq(ask("GET", "/fail"), 500);
}
END_TEST

START_TEST(head_has_the_headers_and_no_body)
{
    serve_at("127.0.0.1:0", NULL);
    ck_assert_int_eq(ask("HEAD", "/open"), 200);
    ck_assert_ptr_nonnull(strstr(answer_text, "Content-Length: 5\r\n"));
    ck_assert_str_eq(body(), "");
}
END_TEST

START_TEST(other_methods_are_refused_and_told_which_are_allowed)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get"};
    serve_at("127.0.0.1:0", NULL);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        ck_assert_int_eq(ask(methods[i], "/open"), 405);
        ck_assert_ptr_nonnull(strstr(answer_text, "Allow: GET, HEAD\r\n"));
    }
    ck_assert_int_eq(ask_with("POST", "/open", "Host: a\r\nContent-Length: 100000\r\n"), 405);
    /* A body that nobody asked for is not waited for. */
    ck_assert_int_eq(ask_with("GET", "/open", "Host: a\r\nContent-Length: 100000\r\n"), 200);
}
END_TEST

START_TEST(an_unknown_path_is_one_line)
{
    serve_at("127.0.0.1:0", NULL);
    ck_assert_int_eq(ask("GET", "/nothing"), 404);
    ck_assert_str_eq(body(), "not found\n");
    ck_assert_int_eq(ask("GET", "/open/"), 404);
    ck_assert_int_eq(ask("GET", "/op"), 404);
}
END_TEST

START_TEST(parameters_are_unescaped)
{
    serve_at("127.0.0.1:0", NULL);
    ask("GET", "/say");
    ck_assert_str_eq(body(), "(absent)");
    ask("GET", "/say?say=");
    ck_assert_str_eq(body(), "()");
    ask("GET", "/say?other=1&say=a%2Cb%20c+d");
    ck_assert_str_eq(body(), "(a,b c d)");
}
END_TEST

START_TEST(long_requests_are_refused)
{
    static char target[4000], headers[7000];
    serve_at("127.0.0.1:0", NULL);
    memset(target, 'a', sizeof target - 1);
    memcpy(target, "/say?say=", 9);
    ck_assert_int_eq(ask("GET", target), 414);
    target[2000] = 0;
    ck_assert_int_eq(ask("GET", target), 200);
    /* More headers than a connection has memory for: refused or cut off, never served. */
    int fd = dial();
    memset(headers, 'h', sizeof headers - 1);
    memcpy(headers, "X-Long: ", 8);
    memcpy(headers + sizeof headers - 3, "\r\n", 3);
    write_text(fd, "GET /open HTTP/1.1\r\n", 20);
    for (int i = 0; i < 4; i++)
        write_text(fd, headers, strlen(headers));
    write_text(fd, "\r\n", 2);
    read_answer(fd, 5000);
    close(fd);
    ck_assert_ptr_null(strstr(answer_text, " 200 "));
    ck_assert_int_eq(ask("GET", "/open"), 200);
}
END_TEST

START_TEST(nonsense_is_survived)
{
    static const char *const texts[] = {"\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02\x00",
                                        "GET /say?say=%zz%00 HTTP/1.1\r\n: \r\n\r\n",
                                        "GET /%00/../open HTTP/9.9\r\nHost\r\n\r\n"};
    serve_at("127.0.0.1:0", NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int fd = dial();
        write_text(fd, texts[i], strlen(texts[i]));
        shutdown(fd, SHUT_WR);
        read_answer(fd, 200);
        close(fd);
        ck_assert_int_eq(ask("GET", "/open"), 200);
    }
}
END_TEST

START_TEST(off_loopback_without_a_token_only_open_routes_are_served)
{
    serve_at("0.0.0.0:0", NULL);
    ck_assert_int_eq(ask("GET", "/open"), 200);
    ck_assert_int_eq(ask("GET", "/say"), 403);
    ck_assert_int_eq(ask("HEAD", "/say"), 403);
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer x\r\n"), 403);
}
END_TEST

START_TEST(with_a_token_the_rest_is_served_to_who_shows_it)
{
    write_token("s3cret-token\n");
    serve_at("0.0.0.0:0", token_path);
    ck_assert_int_eq(ask("GET", "/open"), 200);
    ck_assert_int_eq(ask("GET", "/say"), 401);
    ck_assert_ptr_nonnull(strstr(answer_text, "WWW-Authenticate: Bearer\r\n"));
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer s3cret-token\r\n"), 200);
    ck_assert_int_eq(ask_with("GET", "/say", "authorization: bearer s3cret-token\r\n"), 200);
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer s3cret-toke\r\n"), 401);
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer s3cret-token2\r\n"), 401);
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer \r\n"), 401);
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Basic s3cret-token\r\n"), 401);
}
END_TEST

START_TEST(a_token_is_required_on_loopback_too)
{
    write_token("t");
    serve_at("127.0.0.1:0", token_path);
    ck_assert_int_eq(ask("GET", "/say"), 401);
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer t\r\n"), 200);
}
END_TEST

START_TEST(a_new_token_is_read_and_a_missing_one_keeps_the_old)
{
    struct error error = {0};
    write_token("old");
    serve_at("127.0.0.1:0", token_path);
    write_token("new");
    ck_assert_int_eq(http_server_reload_token(server, &error), STATUS_OK);
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer old\r\n"), 401);
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer new\r\n"), 200);
    unlink(token_path);
    ck_assert_int_eq(http_server_reload_token(server, &error), STATUS_FATAL);
    ck_assert_ptr_nonnull(strstr(error.text, token_path));
    ck_assert_int_eq(ask_with("GET", "/say", "Authorization: Bearer new\r\n"), 200);
}
END_TEST

START_TEST(a_length_that_may_be_read_two_ways_is_refused)
{
    static const char *const heads[] = {
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\ncontent-length: 0\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length : 0\r\n",
    };
    serve_at("127.0.0.1:0", NULL);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        ck_assert_msg(ask_with("GET", "/open", heads[i]) == 400, "%s", heads[i]);
    ck_assert_int_eq(ask_with("GET", "/open", "Content-Length: 0\r\n"), 200);
}
END_TEST

START_TEST(a_target_in_absolute_form_is_served)
{
    serve_at("127.0.0.1:0", NULL);
    ck_assert_int_eq(ask("GET", "http://localhost:1/open"), 200);
    ck_assert_int_eq(ask("GET", "HTTP://localhost/say?say=hello"), 200);
    ck_assert_str_eq(body(), "(hello)");
    ck_assert_int_eq(ask("GET", "http://localhost"), 404);
}
END_TEST

START_TEST(a_foreign_host_name_is_refused_on_loopback)
{
    serve_at("127.0.0.1:0", NULL);
    ck_assert_int_eq(ask_with("GET", "/say", "Host: evil.example\r\n"), 403);
    ck_assert_int_eq(ask_with("GET", "/say", "Host: localhost.evil.example:8321\r\n"), 403);
    ck_assert_int_eq(ask_with("GET", "/open", "Host: evil.example\r\n"), 200);
    ck_assert_int_eq(ask_with("GET", "/say", "Host: localhost:8321\r\n"), 200);
    ck_assert_int_eq(ask_with("GET", "/say", "Host: 10.0.0.1:8321\r\n"), 200);
    ck_assert_int_eq(ask_with("GET", "/say", "Host: [::1]:8321\r\n"), 200);
}
END_TEST

START_TEST(a_connection_serves_several_requests)
{
    serve_at("127.0.0.1:0", NULL);
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        write_text(fd, "GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n", 39);
        read_packet(fd);
        ck_assert_str_eq(body(), "open\n");
    }
    close(fd);
}
END_TEST

START_TEST(connections_are_limited_and_come_back)
{
    int idle[64];
    serve_at("127.0.0.1:0", NULL);
    for (int i = 0; i < 64; i++) {
        idle[i] = dial();
        write_text(idle[i], "GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n", 39);
        read_packet(idle[i]);
        ck_assert_str_eq(body(), "open\n");
    }
    int waiting = dial();
    write_text(waiting, "GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n", 39);
    read_answer(waiting, 200);
    ck_assert_str_eq(answer_text, "");
    for (int i = 0; i < 64; i++)
        close(idle[i]);
    close(waiting);
    ck_assert_int_eq(ask("GET", "/open"), 200);
}
END_TEST

static enum exit_code refused(const char *endpoint, const char *token_file, char text[1024])
{
    const struct http_server_config config = {endpoint, token_file, NULL, 0};
    struct error error = {0};
    struct http_server *second = http_server_create(&config, &error);
    ck_assert_ptr_null(second);
    strcpy(text, error.text);
    return error.exit_code;
}

START_TEST(a_port_in_use_is_told_and_temporary)
{
    char endpoint[64], text[1024];
    serve_at("127.0.0.1:0", NULL);
    snprintf(endpoint, sizeof endpoint, "127.0.0.1:%d", http_server_port(server));
    ck_assert_int_eq(refused(endpoint, NULL, text), EXIT_TEMPORARY);
    ck_assert_ptr_nonnull(strstr(text, endpoint));
    ck_assert_ptr_nonnull(strstr(text, "in use"));
}
END_TEST

START_TEST(endpoints_and_tokens_that_cannot_be_are_refused)
{
    char text[1024];
    static const char *const endpoints[] = {
        "", "8321", ":8321", "localhost:", "localhost:http", "localhost:123456", "[]:1"};
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        ck_assert_int_eq(refused(endpoints[i], NULL, text), EXIT_CONFIG);
    ck_assert_int_eq(refused("127.0.0.1:0", "/nonexistent/token", text), EXIT_CONFIG);
    ck_assert_ptr_nonnull(strstr(text, "/nonexistent/token"));
    write_token(" \n");
    ck_assert_int_eq(refused("127.0.0.1:0", token_path, text), EXIT_CONFIG);
    ck_assert_int_eq(refused("203.0.113.7:1", NULL, text), EXIT_TEMPORARY);
}
END_TEST

static double sample(const char *text, const char *name)
{
    char line[80];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(text, line);
    ck_assert_msg(at != NULL, "%s is missing", name);
    return strtod(at + strlen(line), NULL);
}

START_TEST(the_process_tells_of_itself)
{
    struct buffer buffer = {0};
    struct stat status;
    process_metrics_collect(NULL, &buffer);
    buffer_append_byte(&buffer, 0);
    const char *text = (const char *)buffer.data;
    double start = sample(text, "process_start_time_seconds");
    double resident = sample(text, "process_resident_memory_bytes");
    ck_assert(sample(text, "process_cpu_seconds_total") >= 0);
    ck_assert(resident > 1e5);
    ck_assert(sample(text, "process_virtual_memory_bytes") > resident);
    double fds = sample(text, "process_open_fds");
    ck_assert(fds >= 3 && fds <= sample(text, "process_max_fds"));
    ck_assert_int_eq(stat("/proc/self", &status), 0);
    ck_assert(start > (double)status.st_ctime - 60 && start < (double)status.st_ctime + 60);
    buffer_finish(&buffer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_server");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, a_route_answers_with_its_type_and_careful_headers);
    tcase_add_test(tests, a_handler_chooses_the_status);
    tcase_add_test(tests, a_body_that_could_not_be_written_is_500);
    tcase_add_test(tests, head_has_the_headers_and_no_body);
    tcase_add_test(tests, other_methods_are_refused_and_told_which_are_allowed);
    tcase_add_test(tests, an_unknown_path_is_one_line);
    tcase_add_test(tests, parameters_are_unescaped);
    tcase_add_test(tests, long_requests_are_refused);
    tcase_add_test(tests, nonsense_is_survived);
    tcase_add_test(tests, off_loopback_without_a_token_only_open_routes_are_served);
    tcase_add_test(tests, with_a_token_the_rest_is_served_to_who_shows_it);
    tcase_add_test(tests, a_token_is_required_on_loopback_too);
    tcase_add_test(tests, a_new_token_is_read_and_a_missing_one_keeps_the_old);
    tcase_add_test(tests, a_length_that_may_be_read_two_ways_is_refused);
    tcase_add_test(tests, a_target_in_absolute_form_is_served);
    tcase_add_test(tests, a_foreign_host_name_is_refused_on_loopback);
    tcase_add_test(tests, a_connection_serves_several_requests);
    tcase_add_test(tests, connections_are_limited_and_come_back);
    tcase_add_test(tests, a_port_in_use_is_told_and_temporary);
    tcase_add_test(tests, endpoints_and_tokens_that_cannot_be_are_refused);
    tcase_add_test(tests, the_process_tells_of_itself);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}
