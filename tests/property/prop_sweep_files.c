/* Memory and every call on files and sockets fail in turn: the file exporter, dead letters,
 * tokens, a configuration file, a backup, HTTP requests and the admin server. An error is
 * said in a sentence or waits and tries again; no file ends up with half a line, nothing
 * leaks, nothing hangs. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipelines/config/config.h"
#include "pipelines/config/load.h"
#include "processor/emit/file/emitter.h"
#include "processor/emit/outgoing.h"
#include "processor/net/auth.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/http/request.h"
#include "processor/report/http_server.h"
#include "tests/support/failing.h"
#include "tests/support/temp_store.h"

enum { RECORDS = 3, LIMIT = 1 << 20, GRACE_MS = 4000 };

static char directory[64], path[96];

static void set_up(void)
{
    snprintf(directory, sizeof directory, "/tmp/flywheel-sweep-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/file", directory);
}

static void tear_down(void)
{
    temp_directory_remove(directory);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

static void read_file(const char *from, struct buffer *to)
{
    char chunk[4096];
    FILE *file = fopen(from, "rb");
    for (size_t size; file && (size = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buffer_append(to, chunk, size);
    if (file)
        fclose(file);
}

static void report(const char *what, const struct failing_sweep *sweep)
{
    printf("%s: %ju failures\n", what, (uintmax_t)(sweep->runs - 1));
    ck_assert(!failing_works() || sweep->runs > 1);
}

/* --- the file exporter --- */

static _Atomic uint64_t acknowledged;

static void on_acknowledged(void *context, uint64_t sequence)
{
    (void)context, (void)sequence;
    atomic_fetch_add(&acknowledged, 1);
}

static void on_settled(void *context, uint64_t sequence, uint64_t inode, uint64_t length)
{
    (void)context, (void)sequence, (void)inode, (void)length;
}

static struct emit_item *item_of(uint64_t sequence)
{
    struct buffer frame = {0};
    struct outgoing record = {.key = BYTES_LITERAL("0123456789abcdef0123456789abcdef"),
                              .payload =
                                  BYTES_LITERAL("{\"record_id\":\"x\",\"verdict\":\"fail\"}")};
    outgoing_encode(&record, &frame);
    struct emit_item *item = malloc(sizeof *item + frame.size);
    ck_assert_ptr_nonnull(item);
    *item = (struct emit_item){.sequence = sequence, .size = frame.size};
    memcpy(item->frame, frame.data, frame.size);
    buffer_finish(&frame);
    return item;
}

/* Whole lines of ours only, each at most once. */
static uint64_t lines_of_file(void)
{
    struct buffer text = {0};
    uint64_t lines = 0;
    read_file(path, &text);
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    ck_assert_uint_eq(text.size, lines * (sizeof "{\"record_id\":\"x\",\"verdict\":\"fail\"}"));
    buffer_finish(&text);
    return lines;
}

static void run_emitter(struct emit_item **items, struct error *error)
{
    struct emitter_counters counters = {0};
    struct file_emitter_config config = {.path = path};
    struct emit_acknowledge acknowledge = {.acknowledged = on_acknowledged,
                                           .file_settled = on_settled};
    struct emitter *emitter = file_emitter_create(&config, &acknowledge, &counters, error);
    if (!emitter)
        return;
    if (emitter->operations->start(emitter, error) == STATUS_OK)
        for (int i = 0; i < RECORDS; i++)
            if (emitter->operations->send(emitter, items[i]) == STATUS_OK)
                items[i] = NULL;
    emitter->operations->stop(emitter, GRACE_MS);
    emitter->operations->destroy(emitter);
}

static void sweep_emitter(const char *what, unsigned kinds, uint64_t stride)
{
    struct failing_sweep sweep = failing_sweep(kinds, stride);
    while (failing_next(&sweep)) {
        struct error error = {0};
        struct emit_item *items[RECORDS];
        for (uint64_t i = 0; i < RECORDS; i++)
            items[i] = item_of(i + 1);
        unlink(path);
        atomic_store(&acknowledged, 0);
        failing_on();
        run_emitter(items, &error);
        failing_off();
        for (int i = 0; i < RECORDS; i++)
            free(items[i]);
        /* It did not start, or it has tried again until all were on disk. */
        ck_assert_msg(error.is_set || atomic_load(&acknowledged) == RECORDS, "%ju of %d at %ju",
                      (uintmax_t)atomic_load(&acknowledged), RECORDS, (uintmax_t)sweep.n);
        ck_assert(!error.is_set || failing_hit());
        ck_assert_uint_eq(lines_of_file(), error.is_set ? 0 : RECORDS);
    }
    report(what, &sweep);
}

START_TEST(the_file_exporter_tries_again_and_leaves_no_half_line)
{
    sweep_emitter("file exporter, memory", FAILING_MEMORY, 1);
    sweep_emitter("file exporter, calls", FAILING_CALLS, 1);
}
END_TEST

/* --- dead letters --- */

static bool run_letters(struct error *error, uint64_t *ret_kept, uint64_t *ret_lost)
{
    struct dead_letter_config config = {.receiver = "otlp", .directory = directory};
    struct dead_letter_reason reason = {
        .reason = "malformed", .detail = "not OTLP", .receiver = "otlp/http", .signal = "traces"};
    struct dead_letter *dead = dead_letter_create(&config, error);
    if (!dead)
        return false;
    uint64_t refused = 0;
    for (int i = 0; i < RECORDS; i++)
        refused += !dead_letter_submit(dead, &reason, BYTES_LITERAL("what came"));
    for (int i = 0; i < 3000 && dead_letter_kept(dead) + dead_letter_lost(dead, LETTER_FAILED) +
                                        dead_letter_lost(dead, LETTER_BOUND) + refused <
                                    RECORDS;
         i++)
        usleep(10000);
    *ret_kept = dead_letter_kept(dead);
    *ret_lost =
        refused + dead_letter_lost(dead, LETTER_FAILED) + dead_letter_lost(dead, LETTER_BOUND);
    dead_letter_destroy(dead, GRACE_MS);
    return true;
}

static void sweep_letters(const char *what, unsigned kinds)
{
    struct failing_sweep sweep = failing_sweep(kinds, 1);
    while (failing_next(&sweep)) {
        struct error error = {0};
        uint64_t kept = 0, lost = 0;
        failing_on();
        bool is_open = run_letters(&error, &kept, &lost);
        failing_off();
        ck_assert(is_open != error.is_set);
        ck_assert(is_open || failing_hit());
        if (is_open)
            ck_assert_msg(kept + lost == RECORDS, "kept %ju, lost %ju at %ju", (uintmax_t)kept,
                          (uintmax_t)lost, (uintmax_t)sweep.n);
        ck_assert(lost == 0 || failing_hit());
        tear_down();
        ck_assert_int_eq(mkdir(directory, 0700), 0);
    }
    report(what, &sweep);
}

START_TEST(a_dead_letter_is_kept_or_counted_as_lost)
{
    sweep_letters("dead letters, memory", FAILING_MEMORY);
    sweep_letters("dead letters, calls", FAILING_CALLS);
}
END_TEST

/* --- files that are read at the start --- */

static void sweep_token(unsigned kinds)
{
    struct failing_sweep sweep = failing_sweep(kinds, 1);
    while (failing_next(&sweep)) {
        struct error error = {0};
        failing_on();
        struct auth *auth = auth_create(path, &error);
        failing_off();
        ck_assert((auth != NULL) != error.is_set);
        ck_assert_int_eq(auth == NULL, failing_hit());
        ck_assert(!auth || auth_accepts(auth, BYTES_LITERAL("Bearer s3cret")));
        auth_destroy(auth);
    }
    report("token", &sweep);
}

START_TEST(a_token_that_can_not_be_read_lets_nobody_in)
{
    write_file("s3cret\n");
    sweep_token(FAILING_MEMORY);
    sweep_token(FAILING_CALLS);
}
END_TEST

START_TEST(a_configuration_file_that_can_not_be_read_is_said)
{
    struct failing_sweep sweep = failing_sweep(FAILING_CALLS, 1);
    while (failing_next(&sweep)) {
        struct error error = {0};
        failing_on();
        struct pipeline_config *config =
            config_load(SOURCE_ROOT "/pipelines/banking-support.yaml", &error);
        failing_off();
        ck_assert((config != NULL) != error.is_set);
        ck_assert(config != NULL || failing_hit());
        config_destroy(config);
    }
    report("configuration file", &sweep);
}
END_TEST

/* --- a backup --- */

START_TEST(a_backup_is_whole_or_said_to_have_failed)
{
    struct temp_store temp;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    struct failing_sweep sweep = failing_sweep(FAILING_CALLS | FAILING_MEMORY, 1);
    while (failing_next(&sweep)) {
        struct error error = {0};
        struct store *copy = NULL;
        tear_down();
        failing_on();
        enum status status = store_copy(temp.store, directory, &error);
        failing_off();
        ck_assert_int_eq(status == STATUS_OK, !error.is_set);
        ck_assert(status == STATUS_OK || failing_hit());
        if (status == STATUS_OK)
            ck_assert_int_eq(store_open(directory, 0, STORE_READER, &copy, &error), STATUS_OK);
        store_close(copy);
    }
    report("backup", &sweep);
    temp_store_finish(&temp);
}
END_TEST

/* --- HTTP --- */

static bool take_request(struct bytes json, struct http_body_result *result)
{
    struct http_plan plan = {.signal = WIRE_GATE_TRACES, .media = HTTP_JSON, .length = -1};
    struct request_pool *pool = request_pool_create(1);
    struct inflater *inflater = inflater_create();
    struct request *request = pool ? request_take(pool) : NULL;
    bool is_read = false;
    if (request && inflater) {
        buffer_append_bytes(&request->received, json);
        is_read =
            !request->received.failed &&
            http_body_read(&plan, inflater, LIMIT, &wire_gate_limits_default, request, result);
    }
    if (is_read) {
        struct buffer answer = {0};
        http_export_body(&answer, plan.media, plan.signal, &request->gated);
        buffer_finish(&answer);
    }
    if (request)
        request_release(request);
    inflater_destroy(inflater);
    if (pool)
        request_pool_destroy(pool);
    return is_read;
}

START_TEST(a_request_over_http_without_memory_is_to_be_sent_again)
{
    struct buffer json = {0};
    read_file(SOURCE_ROOT "/tests/fuzz/seeds/fuzz_otlp_json/every_field.json", &json);
    struct failing_sweep sweep = failing_sweep(FAILING_LIBRARIES, 1);
    while (failing_next(&sweep)) {
        struct http_body_result result = {0};
        failing_on();
        bool is_read = take_request(buffer_bytes(&json), &result);
        failing_off();
        ck_assert(is_read || failing_hit());
        /* Refused by the reader: retryably, because nothing is wrong with the request. */
        ck_assert_msg(is_read || result.reply.status == 0 || result.reply.status == 503,
                      "status %u at %ju", (unsigned)result.reply.status, (uintmax_t)sweep.n);
    }
    report("HTTP request", &sweep);
    buffer_finish(&json);
}
END_TEST

static unsigned say_ok(void *context, const struct http_query *query, struct http_answer *answer)
{
    (void)context, (void)query;
    buffer_append_text(&answer->body, "ok\n");
    return 200;
}

static void sweep_server(const char *what, unsigned kinds)
{
    struct http_route route = {"/livez", true, say_ok, NULL, NULL};
    struct http_server_config config = {
        .endpoint = "127.0.0.1:0", .token_file = path, .routes = &route, .route_count = 1};
    struct failing_sweep sweep = failing_sweep(kinds, 1);
    while (failing_next(&sweep)) {
        struct error error = {0};
        failing_on();
        struct http_server *server = http_server_create(&config, &error);
        failing_off();
        ck_assert((server != NULL) != error.is_set);
        ck_assert(server != NULL || failing_hit());
        http_server_destroy(server);
    }
    report(what, &sweep);
}

START_TEST(the_admin_server_listens_or_says_why_not)
{
    write_file("s3cret\n");
    sweep_server("admin server, memory", FAILING_MEMORY);
    sweep_server("admin server, calls", FAILING_CALLS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_files");
    TCase *cases = tcase_create("failures");
    tcase_set_timeout(cases, 240);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_file_exporter_tries_again_and_leaves_no_half_line);
    tcase_add_test(cases, a_dead_letter_is_kept_or_counted_as_lost);
    tcase_add_test(cases, a_token_that_can_not_be_read_lets_nobody_in);
    tcase_add_test(cases, a_configuration_file_that_can_not_be_read_is_said);
    tcase_add_test(cases, a_backup_is_whole_or_said_to_have_failed);
    tcase_add_test(cases, a_request_over_http_without_memory_is_to_be_sent_again);
    tcase_add_test(cases, the_admin_server_listens_or_says_why_not);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
