/* link: receive base */
/* TLS ends here: what goes in on one side comes out on the other, whole and in order, however
 * slowly either reads; what may not in is refused and counted. The receiver is an echo. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "processor/net/tls/front.h"
#include "tests/support/certificates.h"
#include "tests/support/waiting.h"

enum { ECHO_MAX = 64 };

static char directory[] = "flywheel-tls-XXXXXX";
static struct test_ca ca, other_ca;
static struct tls *tls;
static struct tls_front *front;
static struct tls_front_counters counters;
static pthread_t echoes[ECHO_MAX];
static _Atomic uint32_t echo_count;
static int listener, port;

static const char *path(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *to = paths[next++ % 8];
    snprintf(to, sizeof paths[0], "%s/%s", directory, name);
    return to;
}

static bool write_all(int to, const char *from, size_t size)
{
    while (size > 0) {
        ssize_t count = send(to, from, size, MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, 1000);
            continue;
        }
        if (count <= 0)
            return false;
        from += count;
        size -= (size_t)count;
    }
    return true;
}

/* Says back what it hears, until it hears the end; then it closes. */
static void *echo(void *context)
{
    int connection = (int)(intptr_t)context;
    char block[3000];
    for (;;) {
        ssize_t count = recv(connection, block, sizeof block, 0);
        if (count < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = connection, .events = POLLIN}, 1, 1000);
            continue;
        }
        if (count <= 0 || !write_all(connection, block, (size_t)count))
            break;
    }
    close(connection);
    return NULL;
}

static void secured(void *context, int connection)
{
    (void)context;
    uint32_t index = atomic_fetch_add(&echo_count, 1);
    ck_assert_uint_lt(index, ECHO_MAX);
    ck_assert_int_eq(pthread_create(&echoes[index], NULL, echo, (void *)(intptr_t)connection), 0);
}

static void start_front(int64_t handshake_ms)
{
    struct error error = {0};
    struct tls_front_config config = {"test", "h2", handshake_ms, 0};
    front = tls_front_create(&config, tls, &counters, secured, NULL, &error);
    ck_assert_msg(front != NULL, "%s", error.text);
}

static struct tls *load(bool asks_for_clients, const char *cert, const char *key)
{
    struct error error = {0};
    struct tls_files files = {cert, key, asks_for_clients ? path("ca.pem") : NULL};
    struct tls *loaded = tls_create(&files, &error);
    ck_assert_msg(loaded != NULL, "%s", error.text);
    return loaded;
}

static void set_up(void)
{
    snprintf(directory, sizeof directory, "flywheel-tls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    test_ca_init(&ca, "ca", path("ca.pem"));
    test_ca_init(&other_ca, "other", path("other.pem"));
    test_ca_issue(&ca, &(struct test_subject){.name = "localhost"}, path("server.pem"),
                  path("server.key"));
    test_ca_issue(&ca, &(struct test_subject){.name = "client"}, path("client.pem"),
                  path("client.key"));
    memset(&counters, 0, sizeof counters);
    atomic_store(&echo_count, 0);
    tls = load(true, path("server.pem"), path("server.key"));
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 64), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    port = address.sin_port;
}

static void tear_down(void)
{
    tls_front_destroy(front);
    front = NULL;
    for (uint32_t i = 0; i < atomic_load(&echo_count); i++)
        pthread_join(echoes[i], NULL);
    tls_destroy(tls);
    test_ca_finish(&ca);
    test_ca_finish(&other_ca);
    close(listener);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    ck_assert_int_eq(system(command), 0);
}

/* A connection whose other end the front has. */
static int connect_front(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = (in_port_t)port};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ck_assert_int_ge(accepted, 0);
    tls_front_add(front, accepted);
    return client;
}

struct client {
    int socket;
    SSL_CTX *context;
    SSL *session;
};

struct client_options {
    const char *cert, *key, *protocols;
    int max_version;
};

/* Handshakes and asks for one byte back, since TLS 1.3 clients are done before they are refused. */
static bool greets(struct client *client)
{
    char byte = 'x', answer = 0;
    return SSL_connect(client->session) == 1 && SSL_write(client->session, &byte, 1) == 1 &&
           SSL_read(client->session, &answer, 1) == 1 && answer == 'x';
}

static struct client begin_client(const struct client_options *options)
{
    struct client client = {.socket = connect_front(), .context = SSL_CTX_new(TLS_client_method())};
    ck_assert_int_eq(SSL_CTX_load_verify_file(client.context, path("ca.pem")), 1);
    SSL_CTX_set_verify(client.context, SSL_VERIFY_PEER, NULL);
    if (options->max_version) {
        SSL_CTX_set_security_level(client.context, 0);
        SSL_CTX_set_min_proto_version(client.context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(client.context, options->max_version);
    }
    if (options->cert) {
        ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(client.context, options->cert), 1);
        ck_assert_int_eq(
            SSL_CTX_use_PrivateKey_file(client.context, options->key, SSL_FILETYPE_PEM), 1);
    }
    if (options->protocols)
        SSL_CTX_set_alpn_protos(client.context, (const unsigned char *)options->protocols,
                                (unsigned)strlen(options->protocols));
    client.session = SSL_new(client.context);
    SSL_set_fd(client.session, client.socket);
    return client;
}

static void end_client(struct client *client)
{
    SSL_free(client->session);
    SSL_CTX_free(client->context);
    close(client->socket);
    ERR_clear_error();
}

static struct client good_client(void)
{
    struct client client = begin_client(&(struct client_options){
        .cert = path("client.pem"), .key = path("client.key"), .protocols = "\2h2"});
    ck_assert(greets(&client));
    return client;
}

static bool is_served(const struct client_options *options)
{
    struct client client = begin_client(options);
    bool is_served = greets(&client);
    end_client(&client);
    return is_served;
}

static uint64_t wait_for(const struct counter *counter, uint64_t value)
{
    WAIT_UNTIL(counter_get(counter) >= value);
    return counter_get(counter);
}

START_TEST(a_client_with_a_certificate_is_served)
{
    start_front(PATIENCE_MS);
    struct client client = good_client();
    const unsigned char *protocol;
    unsigned size;
    SSL_get0_alpn_selected(client.session, &protocol, &size);
    ck_assert(size == 2 && memcmp(protocol, "h2", 2) == 0);
    end_client(&client);
    ck_assert_uint_eq(counter_get(&counters.opened), 1);
    ck_assert_uint_eq(counter_get(&counters.refused), 0);
}
END_TEST

START_TEST(whoever_shows_no_good_certificate_is_refused)
{
    test_ca_issue(&other_ca, &(struct test_subject){.name = "client"}, path("foreign.pem"),
                  path("foreign.key"));
    test_ca_issue(&ca, &(struct test_subject){"client", -30, -1}, path("old.pem"), path("old.key"));
    test_ca_issue(&ca, &(struct test_subject){"client", 1, 30}, path("early.pem"),
                  path("early.key"));
    start_front(PATIENCE_MS);
    ck_assert(!is_served(&(struct client_options){0}));
    ck_assert(!is_served(&(struct client_options){path("foreign.pem"), path("foreign.key"), 0, 0}));
    ck_assert(!is_served(&(struct client_options){path("old.pem"), path("old.key"), 0, 0}));
    ck_assert(!is_served(&(struct client_options){path("early.pem"), path("early.key"), 0, 0}));
    ck_assert_uint_eq(wait_for(&counters.refused, 4), 4);
    ck_assert_uint_eq(atomic_load(&echo_count), 0);
}
END_TEST

START_TEST(old_protocols_and_other_ones_are_refused)
{
    start_front(PATIENCE_MS);
    struct client_options options = {.cert = path("client.pem"), .key = path("client.key")};
    options.max_version = TLS1_1_VERSION;
    ck_assert(!is_served(&options));
    options.max_version = 0;
    options.protocols = "\10http/1.1";
    ck_assert(!is_served(&options));
    options.max_version = TLS1_2_VERSION;
    options.protocols = "\10http/1.1\2h2";
    ck_assert(is_served(&options));
    ck_assert_uint_eq(wait_for(&counters.refused, 2), 2);
}
END_TEST

START_TEST(plaintext_is_refused_and_a_port_check_is_nothing)
{
    static const char *const texts[] = {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                        "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff garbage"};
    start_front(PATIENCE_MS);
    for (int i = 0; i < 3; i++) {
        int client = connect_front();
        char byte[64];
        ck_assert(write_all(client, texts[i], strlen(texts[i])));
        shutdown(client, SHUT_WR);
        while (recv(client, byte, sizeof byte, 0) > 0)
            ;
        close(client);
    }
    ck_assert_uint_eq(wait_for(&counters.refused, 3), 3);
    int client = connect_front();
    char byte;
    shutdown(client, SHUT_WR);
    while (recv(client, &byte, 1, 0) > 0) /* an alert */
        ;
    close(client);
    ck_assert_uint_eq(counter_get(&counters.refused), 3);
}
END_TEST

START_TEST(a_handshake_that_takes_too_long_is_cut)
{
    start_front(3000);
    int silent = connect_front(), trickling = connect_front();
    struct client good = good_client();
    /* The beginning of a ClientHello of 512 bytes: nothing is wrong with it but its pace. */
    static const uint8_t hello[20] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
    for (size_t i = 0; i < sizeof hello; i++) {
        pause_ms(200);
        (void)send(trickling, &hello[i], 1, MSG_NOSIGNAL);
    }
    ck_assert_uint_eq(wait_for(&counters.refused_slowly, 2), 2);
    char byte;
    ck_assert_int_le(recv(silent, &byte, 1, 0), 0);
    close(silent);
    close(trickling);
    end_client(&good);
}
END_TEST

struct transfer {
    struct client *client;
    const char *data;
    size_t size;
};

static const char *send_all(const struct transfer *transfer)
{
    for (size_t at = 0; at < transfer->size;) {
        size_t left = transfer->size - at, sent = 0, piece = left < 50000 ? left : 50000;
        if (SSL_write_ex(transfer->client->session, transfer->data + at, piece, &sent) != 1)
            return "the writer was cut";
        at += sent;
    }
    return NULL;
}

/* In pieces that the buffers on the way hold, since one thread writes and reads. */
START_TEST(much_data_comes_back_whole_and_in_order)
{
    enum { SIZE = 4 << 20, PIECE = 100000 };
    start_front(PATIENCE_MS);
    struct client client = good_client();
    char *data = malloc(SIZE), *back = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i * 2654435761u >> 13);
    size_t received = 0;
    for (size_t at = 0; at < SIZE; at += PIECE) {
        struct transfer piece = {&client, data + at, SIZE - at < PIECE ? SIZE - at : PIECE};
        ck_assert_ptr_null(send_all(&piece));
        if (at % (10 * PIECE) == 0)
            pause_ms(20); /* a client that reads slowly */
        while (received < at + piece.size) {
            size_t count = 0;
            ck_assert_int_eq(SSL_read_ex(client.session, back + received, SIZE - received, &count),
                             1);
            received += count;
        }
    }
    ck_assert_int_eq(memcmp(data, back, SIZE), 0);
    end_client(&client);
    free(data);
    free(back);
}
END_TEST

START_TEST(a_client_that_does_not_read_stops_its_own_echo_only)
{
    enum { SIZE = 64 << 20 };
    start_front(PATIENCE_MS);
    struct client greedy = good_client(), good = good_client();
    struct timeval patience = {.tv_sec = 0, .tv_usec = 300000};
    setsockopt(greedy.socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    char *data = calloc(1, SIZE);
    ck_assert_ptr_nonnull(send_all(&(struct transfer){&greedy, data, SIZE})); /* it is stopped */
    char byte = 'y', answer = 0;
    ck_assert_int_eq(SSL_write(good.session, &byte, 1), 1);
    ck_assert_int_eq(SSL_read(good.session, &answer, 1), 1);
    ck_assert_int_eq(answer, 'y');
    free(data);
    end_client(&greedy);
    end_client(&good);
}
END_TEST

START_TEST(what_the_receiver_said_last_arrives_before_the_end)
{
    enum { SIZE = 300000 };
    start_front(PATIENCE_MS);
    struct client client = good_client();
    char *data = calloc(1, SIZE), block[4096];
    ck_assert_ptr_null(send_all(&(struct transfer){&client, data, SIZE / 3}));
    SSL_shutdown(client.session);
    size_t received = 0, count = 0;
    while (SSL_read_ex(client.session, block, sizeof block, &count) == 1)
        received += count;
    ck_assert_uint_eq(received, SIZE / 3);
    ck_assert_int_eq(SSL_get_shutdown(client.session) & SSL_RECEIVED_SHUTDOWN,
                     SSL_RECEIVED_SHUTDOWN);
    free(data);
    end_client(&client);
}
END_TEST

START_TEST(new_connections_get_new_certificates_and_old_ones_keep_theirs)
{
    start_front(PATIENCE_MS);
    struct client before = good_client();
    test_ca_issue(&ca, &(struct test_subject){.name = "renewed"}, path("new.pem"), path("new.key"));
    tls_apply(tls, load(true, path("new.pem"), path("new.key")));
    struct client after = good_client();
    char name[64];
    X509 *shown = SSL_get1_peer_certificate(after.session);
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    ck_assert_str_eq(name, "renewed");
    X509_free(shown);
    char byte = 'y', answer = 0;
    ck_assert_int_eq(SSL_write(before.session, &byte, 1), 1);
    ck_assert_int_eq(SSL_read(before.session, &answer, 1), 1);
    end_client(&before);
    end_client(&after);
}
END_TEST

START_TEST(connections_come_and_go)
{
    start_front(PATIENCE_MS);
    for (int i = 0; i < 40; i++) {
        struct client client = good_client();
        if (i % 2)
            SSL_shutdown(client.session);
        end_client(&client);
    }
    ck_assert_uint_eq(counter_get(&counters.opened), 40);
}
END_TEST

START_TEST(clients_that_stay_do_not_hold_up_the_end)
{
    start_front(PATIENCE_MS);
    struct client open = good_client();
    int silent = connect_front();
    int64_t from_ms = clock_monotonic_ms();
    tls_front_destroy(front);
    front = NULL;
    ck_assert_int_lt(clock_monotonic_ms() - from_ms, PATIENCE_MS / 2); /* no handshake's limit */
    end_client(&open);
    close(silent);
}
END_TEST

/* --- what certificates may be --- */

static void expect_error(const char *cert, const char *key, const char *client_ca,
                         const char *named, const char *says)
{
    struct error error = {0};
    struct tls_files files = {cert, key, client_ca};
    ck_assert_ptr_null(tls_create(&files, &error));
    ck_assert_msg(strncmp(error.text, named, strlen(named)) == 0, "%s", error.text);
    ck_assert_msg(strstr(error.text, says) != NULL, "%s", error.text);
}

static void write_text(const char *to, const char *text)
{
    FILE *file = fopen(to, "w");
    fputs(text, file);
    fclose(file);
}

START_TEST(files_that_cannot_be_used_are_named_with_the_reason)
{
    const char *cert = path("server.pem"), *key = path("server.key");
    char old[128], other_key[128];
    snprintf(old, sizeof old, "%s", path("old.pem"));
    snprintf(other_key, sizeof other_key, "%s", path("client.key"));
    test_ca_issue(&ca, &(struct test_subject){"localhost", -30, -1}, old, path("old.key"));
    expect_error(old, path("old.key"), NULL, old, "has expired on 20");
    test_ca_issue(&ca, &(struct test_subject){"localhost", 1, 30}, old, path("old.key"));
    expect_error(old, path("old.key"), NULL, old, "is valid from");
    cert = path("server.pem"), key = path("server.key");
    expect_error(cert, other_key, NULL, other_key, "does not belong to the certificate");
    expect_error("no-such.pem", key, NULL, "no-such.pem", "cannot be read");
    expect_error(cert, "no-such.key", NULL, "no-such.key", "cannot be read");
    expect_error(cert, key, "no-such-ca.pem", "no-such-ca.pem", "cannot be read");
    cert = path("server.pem"), key = path("server.key");
    write_text(path("text.pem"), "this is no certificate\n");
    char text[128];
    snprintf(text, sizeof text, "%s", path("text.pem"));
    expect_error(text, key, NULL, text, "is no usable certificate");
    expect_error(cert, text, NULL, text, "is no usable private key");
    expect_error(cert, key, text, text, "holds no usable certificate");
    expect_error(cert, cert, NULL, cert, "is no usable private key");
}
END_TEST

START_TEST(an_expired_client_ca_is_refused_when_it_is_the_only_one)
{
    char old[128];
    snprintf(old, sizeof old, "%s", path("old.pem"));
    test_ca_issue(&ca, &(struct test_subject){"old ca", -30, -1}, old, path("old.key"));
    expect_error(path("server.pem"), path("server.key"), old, old, "has expired on");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_front");
    TCase *tests = tcase_create("tls_front");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_client_with_a_certificate_is_served);
    tcase_add_test(tests, whoever_shows_no_good_certificate_is_refused);
    tcase_add_test(tests, old_protocols_and_other_ones_are_refused);
    tcase_add_test(tests, plaintext_is_refused_and_a_port_check_is_nothing);
    tcase_add_test(tests, a_handshake_that_takes_too_long_is_cut);
    tcase_add_test(tests, much_data_comes_back_whole_and_in_order);
    tcase_add_test(tests, a_client_that_does_not_read_stops_its_own_echo_only);
    tcase_add_test(tests, what_the_receiver_said_last_arrives_before_the_end);
    tcase_add_test(tests, new_connections_get_new_certificates_and_old_ones_keep_theirs);
    tcase_add_test(tests, connections_come_and_go);
    tcase_add_test(tests, clients_that_stay_do_not_hold_up_the_end);
    tcase_add_test(tests, files_that_cannot_be_used_are_named_with_the_reason);
    tcase_add_test(tests, an_expired_client_ca_is_refused_when_it_is_the_only_one);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
