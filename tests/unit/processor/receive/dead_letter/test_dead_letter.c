/* link: receive otlp base */
/* Dead letters in a directory, and to a topic of a mock cluster. */
#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "tests/support/kafka_mock.h"
#include "tests/support/tsan_threads.h"
#include "tests/support/waiting.h"

static char directory[64], letters[96];

static void setup(void)
{
    (void)snprintf(directory, sizeof directory, "/tmp/flywheel-letters-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(letters, sizeof letters, "%s/dead", directory);
}

static void remove_all(const char *path)
{
    DIR *stream = opendir(path);
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        char name[512];
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        (void)unlink(name);
    }
    if (stream)
        closedir(stream);
    (void)rmdir(path);
}

static void teardown(void)
{
    (void)chmod(letters, 0700);
    remove_all(letters);
    remove_all(directory);
}

static struct dead_letter *open_bounded(uint32_t letters_max, size_t bytes_max)
{
    struct error error = {0};
    struct dead_letter_config config = {.receiver = "otlp",
                                        .directory = letters,
                                        .letters_max = letters_max,
                                        .bytes_max = bytes_max};
    struct dead_letter *dead = dead_letter_create(&config, &error);
    ck_assert_msg(dead != NULL, "%s", error.text);
    return dead;
}

static const struct dead_letter_reason malformed = {.reason = "malformed",
                                                    .detail = "not protobuf",
                                                    .receiver = "otlp/http",
                                                    .signal = "traces",
                                                    .encoding = "otlp_proto",
                                                    .compression = "gzip"};

static size_t count_files(const char *end)
{
    size_t count = 0;
    DIR *stream = opendir(letters);
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        size_t size = strlen(entry->d_name);
        count += entry->d_name[0] != '.' && size > strlen(end) &&
                 strcmp(entry->d_name + size - strlen(end), end) == 0;
    }
    if (stream)
        closedir(stream);
    return count;
}

/* The first file with that end, as text; empty when there is none. Its permissions are checked. */
static const char *read_file(const char *end)
{
    static char text[4096];
    text[0] = 0;
    DIR *stream = opendir(letters);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        size_t size = strlen(entry->d_name);
        if (size <= strlen(end) || strcmp(entry->d_name + size - strlen(end), end) != 0)
            continue;
        char name[512];
        struct stat status;
        (void)snprintf(name, sizeof name, "%s/%s", letters, entry->d_name);
        ck_assert_int_eq(stat(name, &status), 0);
        ck_assert_int_eq(status.st_mode & 0777, 0600);
        FILE *file = fopen(name, "r");
        ck_assert_ptr_nonnull(file);
        text[fread(text, 1, sizeof text - 1, file)] = 0;
        (void)fclose(file);
        break;
    }
    closedir(stream);
    return text;
}

START_TEST(a_letter_is_the_message_as_received_beside_what_is_known_of_it)
{
    struct dead_letter *dead = open_bounded(0, 0);
    struct dead_letter_reason reason = malformed;
    reason.topic = "otlp_spans";
    reason.partition = 3;
    reason.offset = 4711;
    reason.key = BYTES_LITERAL("5b8e\"ff");
    ck_assert(dead_letter_submit(dead, &reason, BYTES_LITERAL("the body")));
    WAIT_UNTIL(dead_letter_kept(dead) >= 1);
    ck_assert_uint_eq(dead_letter_kept(dead), 1);
    dead_letter_destroy(dead, PATIENCE_MS);
    ck_assert_str_eq(read_file(".letter"), "the body");
    const char *known = read_file(".json");
    ck_assert_ptr_nonnull(strstr(known, "\"schema\":\"flywheel.dead_letter/v1\""));
    ck_assert_ptr_nonnull(strstr(known, "\"reason\":\"malformed\",\"detail\":\"not protobuf\""));
    ck_assert_ptr_nonnull(strstr(known, "\"receiver\":\"otlp/http\",\"signal\":\"traces\""));
    ck_assert_ptr_nonnull(strstr(known, "\"encoding\":\"otlp_proto\",\"compression\":\"gzip\""));
    ck_assert_ptr_nonnull(
        strstr(known, "\"topic\":\"otlp_spans\",\"partition\":3,\"offset\":4711"));
    ck_assert_ptr_nonnull(strstr(known, "\"key\":\"5b8e\\\"ff\",\"bytes\":8}"));
}
END_TEST

START_TEST(what_is_queued_at_the_end_is_kept_within_the_grace)
{
    struct dead_letter *dead = open_bounded(0, 0);
    for (int i = 0; i < 100; i++)
        ck_assert(dead_letter_submit(dead, &malformed, BYTES_LITERAL("body")));
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(count_files(".letter"), 100);
    ck_assert_uint_eq(count_files(".json"), 100);
}
END_TEST

static void wait_lost(struct dead_letter *dead, enum dead_letter_loss loss, uint64_t count)
{
    WAIT_UNTIL(dead_letter_lost(dead, loss) >= count);
    ck_assert_uint_eq(dead_letter_lost(dead, loss), count);
}

START_TEST(a_full_directory_takes_no_more_letters_even_of_a_later_run)
{
    struct dead_letter *dead = open_bounded(3, 0);
    for (int i = 0; i < 5; i++)
        ck_assert(dead_letter_submit(dead, &malformed, BYTES_LITERAL("body")));
    wait_lost(dead, LETTER_BOUND, 2);
    ck_assert_uint_eq(dead_letter_kept(dead), 3);
    dead_letter_destroy(dead, PATIENCE_MS);
    dead = open_bounded(3, 0);
    ck_assert(dead_letter_submit(dead, &malformed, BYTES_LITERAL("body")));
    wait_lost(dead, LETTER_BOUND, 1);
    dead_letter_destroy(dead, PATIENCE_MS);
    ck_assert_uint_eq(count_files(".letter"), 3);
    ck_assert_uint_eq(count_files(".json"), 3);
}
END_TEST

START_TEST(the_bytes_of_the_directory_are_bounded)
{
    static uint8_t body[4000];
    struct dead_letter *dead = open_bounded(0, 10000);
    for (int i = 0; i < 4; i++)
        ck_assert(dead_letter_submit(dead, &malformed, bytes_of(body, sizeof body)));
    wait_lost(dead, LETTER_BOUND, 2);
    dead_letter_destroy(dead, PATIENCE_MS);
    ck_assert_uint_eq(count_files(".letter"), 2);
}
END_TEST

START_TEST(a_letter_that_is_too_large_to_be_held_is_lost_at_once)
{
    size_t size = (size_t)66 * 1024 * 1024;
    uint8_t *body = calloc(1, size);
    struct dead_letter *dead = open_bounded(0, 0);
    ck_assert(!dead_letter_submit(dead, &malformed, bytes_of(body, size)));
    ck_assert_uint_eq(dead_letter_lost(dead, LETTER_QUEUE_FULL), 1);
    ck_assert(dead_letter_submit(dead, &malformed, BYTES_LITERAL("small")));
    dead_letter_destroy(dead, PATIENCE_MS);
    ck_assert_uint_eq(count_files(".letter"), 1);
    free(body);
}
END_TEST

START_TEST(half_written_letters_of_a_crash_are_removed)
{
    char name[160];
    ck_assert_int_eq(mkdir(letters, 0700), 0);
    (void)snprintf(name, sizeof name, "%s/.letter-20260101T000000.000Z-1-000001.letter", letters);
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    (void)fclose(file);
    struct dead_letter *dead = open_bounded(1, 0);
    ck_assert_int_ne(access(name, F_OK), 0);
    dead_letter_destroy(dead, 0);
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_is_told_at_the_start)
{
    struct error error = {0};
    struct dead_letter_config config = {.receiver = "otlp", .directory = "/proc/no/such"};
    ck_assert_ptr_null(dead_letter_create(&config, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/proc/no/such"));
    ck_assert_int_eq(error.exit_code, EXIT_STATE_IO);
}
END_TEST

static void *submit_many(void *context)
{
    for (int i = 0; i < 200; i++)
        (void)dead_letter_submit(context, &malformed, BYTES_LITERAL("body"));
    return NULL;
}

START_TEST(every_letter_of_several_threads_is_kept_or_counted)
{
    struct dead_letter *dead = open_bounded(150, 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_many, dead), 0);
    for (int i = 0; i < 4; i++)
        (void)pthread_join(threads[i], NULL);
    uint64_t settled = 0;
    for (int i = 0; i < PATIENCE_MS && settled < 800; i++, pause_ms(1))
        settled = dead_letter_kept(dead) + dead_letter_lost(dead, LETTER_QUEUE_FULL) +
                  dead_letter_lost(dead, LETTER_BOUND) + dead_letter_lost(dead, LETTER_FAILED);
    ck_assert_uint_eq(settled, 800);
    ck_assert_uint_eq(dead_letter_kept(dead), 150);
    dead_letter_destroy(dead, PATIENCE_MS);
    ck_assert_uint_eq(count_files(".letter"), 150);
}
END_TEST

START_TEST(without_a_dead_letter_nothing_is_taken)
{
    ck_assert(!dead_letter_submit(NULL, &malformed, BYTES_LITERAL("body")));
    dead_letter_register_metrics(NULL, NULL);
    dead_letter_destroy(NULL, 0);
}
END_TEST

START_TEST(the_series_carry_the_receiver_and_the_reason)
{
    struct dead_letter *dead = open_bounded(0, 0);
    struct metrics *metrics = metrics_create();
    struct buffer text = {0};
    dead_letter_register_metrics(dead, metrics);
    metrics_render(metrics, &text);
    buffer_append_byte(&text, 0);
    ck_assert_ptr_nonnull(
        strstr((const char *)text.data, "flywheel_dead_letters_total{receiver=\"otlp\"} 0"));
    ck_assert_ptr_nonnull(
        strstr((const char *)text.data,
               "flywheel_dead_letters_lost_total{receiver=\"otlp\",reason=\"bound\"} 0"));
    buffer_finish(&text);
    metrics_destroy(metrics);
    dead_letter_destroy(dead, 0);
}
END_TEST

static struct kafka_mock mock;

static void setup_topic(void)
{
    kafka_mock_start(&mock);
    kafka_mock_add_topic(&mock, "dead", 1);
}

static void teardown_topic(void)
{
    kafka_mock_stop(&mock);
}

static struct dead_letter *open_topic(const char *brokers, const char *const *properties)
{
    struct error error = {0};
    struct dead_letter_config config = {
        .receiver = "otlp", .topic = "dead", .brokers = brokers, .properties = properties};
    struct dead_letter *dead = dead_letter_create(&config, &error);
    ck_assert_msg(dead != NULL, "%s", error.text);
    return dead;
}

START_TEST(letters_to_a_topic_are_kept_when_the_broker_has_them)
{
    /* What only a consumer knows may stand in the properties. */
    static const char *const properties[] = {"fetch.wait.max.ms", "100", NULL};
    struct dead_letter *dead = open_topic(mock.brokers, properties);
    for (int i = 0; i < 50; i++)
        ck_assert(dead_letter_submit(dead, &malformed, BYTES_LITERAL("body")));
    WAIT_UNTIL(dead_letter_kept(dead) >= 50);
    ck_assert_uint_eq(dead_letter_kept(dead), 50);
    dead_letter_destroy(dead, PATIENCE_MS);
}
END_TEST

START_TEST(a_refused_letter_is_counted_and_the_next_is_kept)
{
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct dead_letter *dead = open_topic(mock.brokers, NULL);
    ck_assert(dead_letter_submit(dead, &malformed, BYTES_LITERAL("body")));
    wait_lost(dead, LETTER_FAILED, 1);
    ck_assert(dead_letter_submit(dead, &malformed, BYTES_LITERAL("body")));
    WAIT_UNTIL(dead_letter_kept(dead) >= 1);
    ck_assert_uint_eq(dead_letter_kept(dead), 1);
    dead_letter_destroy(dead, PATIENCE_MS);
}
END_TEST

START_TEST(without_a_broker_letters_are_lost_after_a_while_and_the_end_is_not_delayed)
{
    struct dead_letter *dead = open_topic("127.0.0.1:1", NULL);
    size_t taken = 0;
    for (int i = 0; i < 1100; i++)
        taken += dead_letter_submit(dead, &malformed, BYTES_LITERAL("body"));
    ck_assert_uint_eq(taken, 1024);
    ck_assert_uint_eq(dead_letter_lost(dead, LETTER_QUEUE_FULL), 76);
    pause_ms(200);
    int64_t before_ms = clock_monotonic_ms();
    dead_letter_destroy(dead, 500);
    ck_assert_int_lt(clock_monotonic_ms() - before_ms, patiently_ms(PATIENCE_MS));
}
END_TEST

START_TEST(an_impossible_property_is_told_at_the_start)
{
    static const char *const properties[] = {"no.such", "1", NULL};
    struct error error = {0};
    struct dead_letter_config config = {
        .receiver = "otlp", .topic = "dead", .brokers = "127.0.0.1:1", .properties = properties};
    ck_assert_ptr_null(dead_letter_create(&config, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "no.such"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dead letter");
    TCase *cases = tcase_create("directory");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_letter_is_the_message_as_received_beside_what_is_known_of_it);
    tcase_add_test(cases, what_is_queued_at_the_end_is_kept_within_the_grace);
    tcase_add_test(cases, a_full_directory_takes_no_more_letters_even_of_a_later_run);
    tcase_add_test(cases, the_bytes_of_the_directory_are_bounded);
    tcase_add_test(cases, a_letter_that_is_too_large_to_be_held_is_lost_at_once);
    tcase_add_test(cases, half_written_letters_of_a_crash_are_removed);
    tcase_add_test(cases, a_directory_that_cannot_be_written_is_told_at_the_start);
    tcase_add_test(cases, every_letter_of_several_threads_is_kept_or_counted);
    tcase_add_test(cases, without_a_dead_letter_nothing_is_taken);
    tcase_add_test(cases, the_series_carry_the_receiver_and_the_reason);
    suite_add_tcase(suite, cases);
    TCase *topic = tcase_create("topic");
    tcase_add_checked_fixture(topic, setup_topic, teardown_topic);
    tcase_set_timeout(topic, 60);
    tcase_add_test(topic, letters_to_a_topic_are_kept_when_the_broker_has_them);
    tcase_add_test(topic, a_refused_letter_is_counted_and_the_next_is_kept);
    tcase_add_test(topic,
                   without_a_broker_letters_are_lost_after_a_while_and_the_end_is_not_delayed);
    tcase_add_test(topic, an_impossible_property_is_told_at_the_start);
    suite_add_tcase(suite, topic);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
