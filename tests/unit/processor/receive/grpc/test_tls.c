/* link: command receive otlp base */
/* The gRPC receiver behind TLS and tokens: who gets through, what strangers learn, what a reload
 * and a stop do. What certificates and handshakes may be is in net/tls/test_front. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/command/send/otlp_client.h"
#include "processor/otlp/wire.h"
#include "processor/receive/grpc/receiver.h"
#include "tests/support/certificates.h"
#include "tests/support/waiting.h"

enum { OK = 0, INVALID_ARGUMENT = 3, RESOURCE_EXHAUSTED = 8, UNAVAILABLE = 14, STRANGER = 16 };

static char directory[] = "flywheel-grpc-tls-XXXXXX";
static struct test_ca ca;
static struct tls *tls;
static struct auth *auth;
static struct buffer ca_pem, cert_pem, key_pem;
static struct request_pool *pool;
static struct intake intake;
static struct receiver_counters counters;
static struct grpc_receiver_counters limits;
static struct grpc_receiver_config config;
static struct receiver *receiver;
static char endpoint[64];
static _Atomic uint32_t submits, spans, rooms_asked;

static const char *path(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *to = paths[next++ % 4];
    snprintf(to, sizeof paths[0], "%s/%s", directory, name);
    return to;
}

static enum status take(void *context, struct request *request, int64_t *ret_retry_ms)
{
    (void)context, (void)ret_retry_ms;
    atomic_fetch_add(&submits, 1);
    atomic_fetch_add(&spans, request->gated.span_count);
    if (request->on_durable)
        request->on_durable(request, STATUS_OK);
    request_release(request);
    return STATUS_OK;
}

static bool has_room(void *context, size_t size)
{
    (void)context, (void)size;
    atomic_fetch_add(&rooms_asked, 1);
    return true;
}

static void read_file(const char *name, struct buffer *to)
{
    FILE *file = fopen(path(name), "r");
    char block[8192];
    size_t count = fread(block, 1, sizeof block, file);
    fclose(file);
    buffer_append(to, block, count);
    buffer_append_byte(to, 0);
}

static struct tls *load(const char *cert, const char *key)
{
    struct error error = {0};
    struct tls_files files = {path(cert), path(key), path("ca.pem")};
    struct tls *loaded = tls_create(&files, &error);
    ck_assert_msg(loaded != NULL, "%s", error.text);
    return loaded;
}

static void set_up(void)
{
    struct error error = {0};
    snprintf(directory, sizeof directory, "flywheel-grpc-tls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    test_ca_init(&ca, "ca", path("ca.pem"));
    test_ca_issue(&ca, &(struct test_subject){.name = "localhost"}, path("server.pem"),
                  path("server.key"));
    test_ca_issue(&ca, &(struct test_subject){.name = "client"}, path("client.pem"),
                  path("client.key"));
    read_file("ca.pem", &ca_pem);
    read_file("client.pem", &cert_pem);
    read_file("client.key", &key_pem);
    FILE *token = fopen(path("token"), "w");
    fputs("s3cret\n", token);
    fclose(token);
    tls = load("server.pem", "server.key");
    auth = auth_create(path("token"), &error);
    ck_assert_msg(auth != NULL, "%s", error.text);
    pool = request_pool_create(16);
    intake = (struct intake){.submit = take, .has_room = has_room, .pool = pool};
    memset(&counters, 0, sizeof counters);
    memset(&limits, 0, sizeof limits);
    config = (struct grpc_receiver_config){.endpoint = "127.0.0.1:0",
                                           .max_message_bytes = 4 * 1024 * 1024,
                                           .max_concurrent_streams = 100,
                                           .max_connections = 64,
                                           .calls = 8,
                                           .gate = wire_gate_limits_default,
                                           .tls = tls,
                                           .limits = &limits};
    atomic_store(&submits, 0);
    atomic_store(&spans, 0);
    atomic_store(&rooms_asked, 0);
}

static void start_receiver(void)
{
    struct error error = {0};
    receiver = grpc_receiver_create(&config, &intake, &counters);
    ck_assert_msg(receiver->operations->start(receiver, &error) == STATUS_OK, "%s", error.text);
    snprintf(endpoint, sizeof endpoint, "127.0.0.1:%d", grpc_receiver_port(receiver));
    grpc_receiver_set_serving(receiver, true);
}

static void tear_down(void)
{
    if (receiver) {
        receiver->operations->stop(receiver, 1000);
        receiver->operations->destroy(receiver);
    }
    receiver = NULL;
    tls_destroy(tls);
    auth_destroy(auth);
    request_pool_destroy(pool);
    test_ca_finish(&ca);
    buffer_finish(&ca_pem);
    buffer_finish(&cert_pem);
    buffer_finish(&key_pem);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
}

static struct otlp_client_config good(void)
{
    return (struct otlp_client_config){.endpoint = endpoint,
                                       .deadline_ms = PATIENCE_MS,
                                       .tls = {.ca = (const char *)ca_pem.data,
                                               .cert = (const char *)cert_pem.data,
                                               .key = (const char *)key_pem.data}};
}

static struct buffer make_spans(int count, size_t name_bytes)
{
    struct buffer scope = {0}, resource = {0}, request = {0};
    char *name = calloc(1, name_bytes + 1);
    memset(name, 'n', name_bytes);
    for (int i = 0; i < count; i++) {
        uint8_t trace_id[TRACE_ID_SIZE] = {1}, span_id[SPAN_ID_SIZE] = {1};
        put_be32(span_id + 4, (uint32_t)i);
        struct buffer span = {0};
        wire_put_bytes(&span, 1, bytes_of(trace_id, sizeof trace_id));
        wire_put_bytes(&span, 2, bytes_of(span_id, sizeof span_id));
        wire_put_bytes(&span, 5, bytes_of_text(name));
        wire_put_fixed64(&span, 7, 1700000000000000000u);
        wire_put_fixed64(&span, 8, 1700000001000000000u);
        wire_put_bytes(&scope, 2, buffer_bytes(&span));
        buffer_finish(&span);
    }
    wire_put_bytes(&resource, 2, buffer_bytes(&scope));
    wire_put_bytes(&request, 1, buffer_bytes(&resource));
    buffer_finish(&scope);
    buffer_finish(&resource);
    free(name);
    return request;
}

static int export_once(const struct otlp_client_config *how, struct bytes request)
{
    struct otlp_client *client = otlp_client_create(how);
    struct otlp_answer answer;
    otlp_client_export(client, WIRE_GATE_TRACES, request, &answer);
    otlp_answer_finish(&answer);
    otlp_client_destroy(client);
    return answer.code;
}

START_TEST(large_and_small_requests_arrive_whole)
{
    start_receiver();
    struct otlp_client_config how = good();
    struct otlp_client *client = otlp_client_create(&how);
    static const size_t sizes[] = {1, 1000, 16000, 17000, 300000, 3000000};
    uint32_t expected = 0;
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct buffer request = make_spans(1, sizes[i]);
            struct otlp_answer answer;
            otlp_client_export(client, WIRE_GATE_TRACES, buffer_bytes(&request), &answer);
            ck_assert_msg(answer.code == OK, "%zu: %s", sizes[i], answer.text);
            otlp_answer_finish(&answer);
            buffer_finish(&request);
            ck_assert_uint_eq(atomic_load(&spans), ++expected);
        }
    otlp_client_destroy(client);
    ck_assert_uint_eq(counter_get(&limits.tls.opened), 1);
}
END_TEST

static void *send_many(void *context)
{
    const struct otlp_client_config *how = context;
    struct otlp_client *client = otlp_client_create(how);
    struct buffer request = make_spans(50, 2000);
    intptr_t failures = 0;
    for (int i = 0; i < 40; i++) {
        struct otlp_answer answer;
        otlp_client_export(client, WIRE_GATE_TRACES, buffer_bytes(&request), &answer);
        failures += answer.code != OK;
        otlp_answer_finish(&answer);
    }
    otlp_client_destroy(client);
    buffer_finish(&request);
    return (void *)failures;
}

START_TEST(many_clients_are_served_at_once)
{
    enum { CLIENTS = 8 };
    start_receiver();
    struct otlp_client_config how = good();
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, send_many, &how), 0);
    for (int i = 0; i < CLIENTS; i++) {
        void *failures;
        pthread_join(threads[i], &failures);
        ck_assert_ptr_null(failures);
    }
    ck_assert_uint_eq(atomic_load(&spans), CLIENTS * 40 * 50);
}
END_TEST

START_TEST(strangers_do_not_reach_the_receiver)
{
    start_receiver();
    struct buffer request = make_spans(1, 10);
    struct otlp_client_config how = good();
    how.tls.cert = how.tls.key = NULL;
    ck_assert_int_eq(export_once(&how, buffer_bytes(&request)), UNAVAILABLE);
    how.tls.ca = NULL;
    ck_assert_int_eq(export_once(&how, buffer_bytes(&request)), UNAVAILABLE);
    ck_assert_uint_eq(atomic_load(&rooms_asked), 0);
    WAIT_UNTIL(counter_get(&limits.tls.refused) >= 2);
    ck_assert_uint_eq(counter_get(&limits.tls.opened), 0);
    struct otlp_client_config client = good();
    ck_assert_int_eq(export_once(&client, buffer_bytes(&request)), OK);
    buffer_finish(&request);
}
END_TEST

START_TEST(tls_to_a_plaintext_port_fails_and_harms_nobody)
{
    config.tls = NULL;
    start_receiver();
    struct buffer request = make_spans(1, 10);
    struct otlp_client_config how = good();
    ck_assert_int_eq(export_once(&how, buffer_bytes(&request)), UNAVAILABLE);
    how.tls.ca = how.tls.cert = how.tls.key = NULL;
    ck_assert_int_eq(export_once(&how, buffer_bytes(&request)), OK);
    buffer_finish(&request);
}
END_TEST

START_TEST(a_token_is_asked_for_before_the_body_is_read)
{
    static const char *const wrong[] = {NULL,     "",          "Bearer", "Bearer S3cret",
                                        "s3cret", "Basic cw=="};
    config.auth = auth;
    start_receiver();
    struct buffer request = make_spans(1, 100000);
    struct otlp_client_config how = good();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        how.authorization = wrong[i];
        ck_assert_int_eq(export_once(&how, buffer_bytes(&request)), STRANGER);
    }
    ck_assert_uint_eq(atomic_load(&rooms_asked), 0);
    /* One whose client left at once may count as cancelled. */
    ck_assert_uint_ge(counter_get(&counters.requests[STRANGER]) +
                          counter_get(&counters.requests[1]),
                      sizeof wrong / sizeof *wrong - 1);
    how.authorization = "Bearer s3cret";
    ck_assert_int_eq(export_once(&how, buffer_bytes(&request)), OK);
    buffer_finish(&request);
}
END_TEST

START_TEST(health_asks_for_no_token)
{
    config.auth = auth;
    start_receiver();
    struct otlp_client_config how = good();
    struct otlp_client *client = otlp_client_create(&how);
    struct otlp_answer answer;
    otlp_client_call(client, "/grpc.health.v1.Health/Check", BYTES_LITERAL(""), false, &answer);
    ck_assert_int_eq(answer.code, OK);
    ck_assert_uint_eq(wire_find_number(buffer_bytes(&answer.response), 1, 0), 1);
    otlp_answer_finish(&answer);
    otlp_client_destroy(client);
}
END_TEST

START_TEST(a_new_certificate_is_for_new_connections)
{
    start_receiver();
    struct buffer request = make_spans(1, 10);
    struct otlp_client_config how = good();
    struct otlp_client *open = otlp_client_create(&how);
    struct otlp_answer answer;
    otlp_client_export(open, WIRE_GATE_TRACES, buffer_bytes(&request), &answer);
    ck_assert_int_eq(answer.code, OK);
    otlp_answer_finish(&answer);
    /* The next set is signed by another CA: who trusts the first one only can't connect anew. */
    struct test_ca next;
    test_ca_init(&next, "next", path("next.pem"));
    test_ca_issue(&next, &(struct test_subject){.name = "localhost"}, path("server2.pem"),
                  path("server2.key"));
    tls_apply(tls, load("server2.pem", "server2.key"));
    otlp_client_export(open, WIRE_GATE_TRACES, buffer_bytes(&request), &answer);
    ck_assert_int_eq(answer.code, OK);
    otlp_answer_finish(&answer);
    otlp_client_destroy(open);
    ck_assert_int_eq(export_once(&how, buffer_bytes(&request)), UNAVAILABLE);
    struct buffer next_pem = {0};
    read_file("next.pem", &next_pem);
    how.tls.ca = (const char *)next_pem.data;
    ck_assert_int_eq(export_once(&how, buffer_bytes(&request)), OK);
    buffer_finish(&next_pem);
    buffer_finish(&request);
    test_ca_finish(&next);
}
END_TEST

START_TEST(limits_are_counted)
{
    start_receiver();
    struct otlp_client_config how = good();
    struct buffer large = make_spans(1, 5 * 1024 * 1024), garbage = {0};
    buffer_append_text(&garbage, "this is no protobuf");
    ck_assert_int_eq(export_once(&how, buffer_bytes(&garbage)), INVALID_ARGUMENT);
    (void)export_once(&how, buffer_bytes(&large)); /* core refuses it */
    how.is_gzip = true;
    ck_assert_int_eq(export_once(&how, buffer_bytes(&large)), RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(counter_get(&limits.limits[GRPC_LIMIT_MESSAGE]), 1);
    buffer_finish(&large);
    buffer_finish(&garbage);
}
END_TEST

START_TEST(what_cannot_be_decoded_becomes_a_dead_letter)
{
    struct error error = {0};
    char letters[128];
    snprintf(letters, sizeof letters, "%s", path("letters"));
    struct dead_letter *dead = dead_letter_create(
        &(struct dead_letter_config){
            .receiver = "otlp", .directory = letters, .letters_max = 10, .bytes_max = 1 << 20},
        &error);
    ck_assert_msg(dead != NULL, "%s", error.text);
    config.dead_letter = dead;
    start_receiver();
    struct otlp_client_config how = good();
    ck_assert_int_eq(export_once(&how, BYTES_LITERAL("no protobuf at all")), INVALID_ARGUMENT);
    struct buffer fine = make_spans(1, 10);
    ck_assert_int_eq(export_once(&how, buffer_bytes(&fine)), OK);
    buffer_finish(&fine);
    receiver->operations->stop(receiver, 1000);
    WAIT_UNTIL(dead_letter_kept(dead) > 0);
    ck_assert_uint_eq(dead_letter_kept(dead), 1);
    receiver->operations->destroy(receiver);
    receiver = NULL;
    dead_letter_destroy(dead, 1000);
}
END_TEST

START_TEST(an_idle_connection_is_ended_and_made_again)
{
    config.max_connection_idle_ms = 300;
    start_receiver();
    struct otlp_client_config how = good();
    struct otlp_client *client = otlp_client_create(&how);
    struct buffer request = make_spans(1, 10);
    for (int i = 0; i < 60 && counter_get(&limits.tls.opened) < 2; i++) {
        struct otlp_answer answer;
        otlp_client_export(client, WIRE_GATE_TRACES, buffer_bytes(&request), &answer);
        ck_assert_msg(answer.code == OK, "%s", answer.text);
        otlp_answer_finish(&answer);
        pause_ms(800);
    }
    ck_assert_uint_ge(counter_get(&limits.tls.opened), 2);
    otlp_client_destroy(client);
    buffer_finish(&request);
}
END_TEST

START_TEST(a_stop_lets_connected_clients_go)
{
    start_receiver();
    struct otlp_client_config how = good();
    struct otlp_client *client = otlp_client_create(&how);
    struct error error = {0};
    ck_assert_int_eq(otlp_client_connect(client, patiently_ms(PATIENCE_MS), &error), STATUS_OK);
    int64_t from_ms = clock_monotonic_ms();
    receiver->operations->stop(receiver, 2 * patiently_ms(PATIENCE_MS));
    receiver->operations->destroy(receiver);
    receiver = NULL;
    ck_assert_int_lt(clock_monotonic_ms() - from_ms, patiently_ms(PATIENCE_MS));
    otlp_client_destroy(client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grpc_tls");
    TCase *tests = tcase_create("grpc_tls");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, large_and_small_requests_arrive_whole);
    tcase_add_test(tests, many_clients_are_served_at_once);
    tcase_add_test(tests, strangers_do_not_reach_the_receiver);
    tcase_add_test(tests, tls_to_a_plaintext_port_fails_and_harms_nobody);
    tcase_add_test(tests, a_token_is_asked_for_before_the_body_is_read);
    tcase_add_test(tests, health_asks_for_no_token);
    tcase_add_test(tests, a_new_certificate_is_for_new_connections);
    tcase_add_test(tests, limits_are_counted);
    tcase_add_test(tests, what_cannot_be_decoded_becomes_a_dead_letter);
    tcase_add_test(tests, an_idle_connection_is_ended_and_made_again);
    tcase_add_test(tests, a_stop_lets_connected_clients_go);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
