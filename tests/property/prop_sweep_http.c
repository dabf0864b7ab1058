/* A live OTLP/HTTP receiver while memory or a call of any of its threads fails: the client gets an
 * answer or a closed connection, never a success for a request that was not taken, and the next
 * request is answered as if nothing had been. */
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/failing.h"
#include "tests/support/http_fixture.h"
#include "tests/support/trace_builder.h"

enum { ANSWER_MS = 2000 };

static struct trace_builder builder;

/* The client's calls go past the interposition. Returns the status; 0: closed, -1: no answer. */
static int post(int fd, struct bytes message)
{
    char answer[2048] = "";
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (syscall(SYS_sendto, fd, message.data, message.size, MSG_NOSIGNAL, NULL, 0) < 0)
        return 0;
    if (syscall(SYS_poll, &wait, 1, ANSWER_MS) <= 0)
        return -1;
    ssize_t size = syscall(SYS_recvfrom, fd, answer, sizeof answer - 1, 0, NULL, NULL);
    return size > 12 ? atoi(answer + 9) : 0;
}

static void message_of(struct buffer *to)
{
    char head[256];
    trace_span(&builder, &(struct span_spec){.trace = 1, .id = 1, .end_ms = 1700000000000});
    struct bytes body = trace_request(&builder);
    snprintf(head, sizeof head,
             "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
             "Content-Type: application/x-protobuf\r\nContent-Length: %zu\r\n\r\n",
             body.size);
    buffer_append_text(to, head);
    buffer_append_bytes(to, body);
}

static void sweep(const char *what, unsigned kinds)
{
    struct buffer message = {0};
    (void)http_fixture_setup();
    http_fixture_start();
    message_of(&message);
    uint32_t answered[600] = {0};
    struct failing_sweep sweep = failing_sweep(kinds, 1);
    while (failing_next(&sweep)) {
        uint32_t before = http_fixture_seen().submits;
        int fd = http_connect();
        failing_on();
        int status = post(fd, buffer_bytes(&message));
        failing_off();
        close(fd);
        ck_assert_msg(status >= 0, "%s: no answer at %ju", what, (uintmax_t)sweep.n);
        ck_assert(status != 200 || http_fixture_seen().submits == before + 1);
        ck_assert(status == 200 || failing_hit());
        answered[status < 600 ? status : 0]++;
        fd = http_connect();
        ck_assert_int_eq(post(fd, buffer_bytes(&message)), 200);
        close(fd);
    }
    printf("HTTP receiver, %s: %ju failures (closed %u, 200 %u, 500 %u, 503 %u)\n", what,
           (uintmax_t)(sweep.runs - 1), answered[0], answered[200], answered[500], answered[503]);
    http_fixture_stop(1000);
    http_fixture_teardown();
    buffer_finish(&message);
    trace_finish(&builder);
}

START_TEST(a_receiver_without_memory_answers_and_goes_on)
{
    sweep("memory", FAILING_MEMORY);
}
END_TEST

START_TEST(a_receiver_whose_calls_fail_goes_on)
{
    sweep("calls", FAILING_CALLS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_http");
    TCase *cases = tcase_create("failures");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, a_receiver_without_memory_answers_and_goes_on);
    tcase_add_test(cases, a_receiver_whose_calls_fail_goes_on);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
