/* The probe of an own port, with hand-made listeners and hand-made time. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <poll.h>
#include <unistd.h>

#include "pipelines/daemon/probe.h"
#include "tests/support/waiting.h"

static int listener, port;
static int64_t now_ms;

static void listen_on(const char *address)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t size = sizeof own;
    ck_assert_int_eq(inet_pton(AF_INET, address, &own.sin_addr), 1);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&own, sizeof own), 0);
    ck_assert_int_eq(listen(listener, 16), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&own, &size), 0);
    port = ntohs(own.sin_port);
    now_ms = 1000000;
}

/* Waits for what the kernel does with the connection, if there is one. */
static void settle(const struct probe *probe, short events)
{
    if (probe->connection >= 0)
        (void)poll(&(struct pollfd){.fd = probe->connection, .events = events}, 1, PATIENCE_MS);
}

/* One probe from begin to end, `answers` by an end of the connection; how the probe sees it. */
static bool probe_once(struct probe *probe, bool answers)
{
    now_ms += PROBE_EVERY_MS;
    (void)probe_turn(probe, now_ms);
    settle(probe, POLLOUT);
    (void)probe_turn(probe, now_ms + 10);
    if (answers) {
        int connection = accept(listener, NULL, NULL);
        ck_assert_int_ge(connection, 0);
        close(connection);
        settle(probe, POLLIN);
    }
    return probe_turn(probe, now_ms + PROBE_PATIENCE_MS);
}

START_TEST(a_port_that_answers_is_fine)
{
    struct probe probe;
    listen_on("127.0.0.1");
    probe_init(&probe, "test", "127.0.0.1:1", port);
    for (int i = 0; i < 5; i++)
        ck_assert(probe_once(&probe, true));
    ck_assert_uint_eq(probe.failures, 0);
    ck_assert_int_eq(probe.connection, -1);
    probe_finish(&probe);
    close(listener);
}
END_TEST

START_TEST(all_interfaces_are_probed_by_loopback)
{
    static const char *const endpoints[] = {"0.0.0.0:1", ":1"};
    listen_on("0.0.0.0");
    for (int i = 0; i < 2; i++) {
        struct probe probe;
        probe_init(&probe, "test", endpoints[i], port);
        ck_assert(i == 1 || probe_once(&probe, true));
        probe_finish(&probe);
    }
    close(listener);
}
END_TEST

START_TEST(a_port_where_nobody_accepts_fails_after_three_probes_and_recovers)
{
    struct probe probe;
    listen_on("127.0.0.1");
    probe_init(&probe, "test", "127.0.0.1:1", port);
    ck_assert(probe_once(&probe, false));
    ck_assert(probe_once(&probe, false));
    ck_assert(!probe_once(&probe, false));
    ck_assert(!probe_once(&probe, false));
    for (int i = 0; i < 4; i++)
        close(accept(listener, NULL, NULL));
    ck_assert(probe_once(&probe, true));
    ck_assert_uint_eq(probe.failures, 0);
    probe_finish(&probe);
    close(listener);
}
END_TEST

START_TEST(a_port_where_nobody_listens_fails)
{
    struct probe probe;
    listen_on("127.0.0.1");
    close(listener);
    probe_init(&probe, "test", "127.0.0.1:1", port);
    for (int i = 0; i < PROBE_FAILURES_MAX; i++)
        ck_assert(probe_once(&probe, false) == (i + 1 < PROBE_FAILURES_MAX));
    probe_finish(&probe);
}
END_TEST

START_TEST(between_probes_nothing_is_done)
{
    struct probe probe;
    listen_on("127.0.0.1");
    probe_init(&probe, "test", "127.0.0.1:1", port);
    ck_assert(probe_once(&probe, true));
    for (int64_t ms = 0; ms < PROBE_EVERY_MS; ms += 1000) {
        ck_assert(probe_turn(&probe, now_ms + ms));
        ck_assert_int_eq(probe.connection, -1);
    }
    probe_finish(&probe);
    close(listener);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe");
    TCase *tests = tcase_create("probe");
    tcase_add_test(tests, a_port_that_answers_is_fine);
    tcase_add_test(tests, all_interfaces_are_probed_by_loopback);
    tcase_add_test(tests, a_port_where_nobody_accepts_fails_after_three_probes_and_recovers);
    tcase_add_test(tests, a_port_where_nobody_listens_fails);
    tcase_add_test(tests, between_probes_nothing_is_done);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
