/* link: emit base */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/emit/file/emitter.h"
#include "processor/emit/outgoing.h"
#include "tests/support/waiting.h"

static char directory[64], path[96];
static bool is_stream;
static struct emitter_counters counters;

/* What the emitter said, from its thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t acknowledged[4096], settled_sequence, settled_inode, settled_length;
static size_t acknowledged_count;
static char settles[16][40];
static size_t settles_count;

static void on_acknowledged(void *context, uint64_t sequence)
{
    (void)context;
    (void)pthread_mutex_lock(&lock);
    acknowledged[acknowledged_count++ % 4096] = sequence;
    (void)pthread_mutex_unlock(&lock);
}

static void on_settled(void *context, uint64_t sequence, uint64_t inode, uint64_t length)
{
    (void)context;
    (void)pthread_mutex_lock(&lock);
    settled_sequence = sequence;
    settled_inode = inode;
    settled_length = length;
    (void)pthread_mutex_unlock(&lock);
}

static void on_settles(void *context, struct bytes record_id, struct bytes line)
{
    (void)context;
    ck_assert(line.size > record_id.size && line.data[line.size - 1] == '}');
    ck_assert_uint_lt(settles_count, 16);
    (void)snprintf(settles[settles_count++], sizeof settles[0], "%.*s", (int)record_id.size,
                   (const char *)record_id.data);
}

static void setup(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    (void)snprintf(directory, sizeof directory, "/tmp/flywheel-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/records.jsonl", directory);
    acknowledged_count = settles_count = 0;
    is_stream = false;
    settled_sequence = settled_inode = settled_length = 0;
    counters = (struct emitter_counters){0};
}

static void teardown(void)
{
    char rotated[104];
    (void)snprintf(rotated, sizeof rotated, "%s.1", path);
    (void)unlink(rotated);
    (void)unlink(path);
    (void)rmdir(directory);
}

static struct emitter *start(const char *at, uint64_t inode, uint64_t length)
{
    struct file_emitter_config config = {.path = at,
                                         .is_stream = is_stream,
                                         .inode = inode,
                                         .length = length,
                                         .settles = on_settles};
    struct emit_acknowledge acknowledge = {.acknowledged = on_acknowledged,
                                           .file_settled = on_settled};
    struct error error = {0};
    struct emitter *emitter = file_emitter_create(&config, &acknowledge, &counters, &error);
    ck_assert_ptr_nonnull(emitter);
    ck_assert_msg(emitter->operations->start(emitter, &error) == STATUS_OK, "%s", error.text);
    return emitter;
}

static struct emit_item *make_item(uint64_t sequence, size_t padding)
{
    char id[64];
    int size = snprintf(id, sizeof id, "{\"record_id\":\"id-%llu\",\"x\":\"",
                        (unsigned long long)sequence);
    struct buffer payload = {0}, frame = {0};
    buffer_append(&payload, id, (size_t)size);
    for (size_t i = 0; i < padding; i++)
        buffer_append_byte(&payload, 'x');
    buffer_append_text(&payload, "\"}");
    struct outgoing record = {.key = BYTES_LITERAL("key"), .payload = buffer_bytes(&payload)};
    outgoing_encode(&record, &frame);
    struct emit_item *item = malloc(sizeof *item + frame.size);
    *item = (struct emit_item){.sequence = sequence, .size = frame.size};
    memcpy(item->frame, frame.data, frame.size);
    buffer_finish(&payload);
    buffer_finish(&frame);
    return item;
}

static void send_items(struct emitter *emitter, uint64_t from, uint64_t to, size_t padding)
{
    for (uint64_t i = from; i <= to; i++)
        ck_assert_int_eq(emitter->operations->send(emitter, make_item(i, padding)), STATUS_OK);
}

static size_t count_acknowledged(void)
{
    (void)pthread_mutex_lock(&lock);
    size_t count = acknowledged_count;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

static void wait_acknowledged(size_t count)
{
    WAIT_UNTIL(count_acknowledged() >= count);
    ck_assert_uint_eq(count_acknowledged(), count);
}

static void stop(struct emitter *emitter)
{
    emitter->operations->stop(emitter, 5000);
    emitter->operations->destroy(emitter);
}

static char *read_file(const char *at, size_t *ret_size)
{
    static char text[1 << 20];
    FILE *file = fopen(at, "rb");
    ck_assert_ptr_nonnull(file);
    *ret_size = fread(text, 1, sizeof text - 1, file);
    text[*ret_size] = 0;
    (void)fclose(file);
    return text;
}

/* The ids of the lines of a file as "1 2 3 "; each line is whole. */
static const char *ids_of(const char *at)
{
    static char ids[4096];
    size_t size, used = 0;
    char *text = read_file(at, &size);
    ck_assert(size == 0 || text[size - 1] == '\n');
    ids[0] = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long long id;
        ck_assert_msg(sscanf(line, "{\"record_id\":\"id-%llu\"", &id) == 1, "%s", line);
        ck_assert_str_eq(line + strlen(line) - 2, "\"}");
        used += (size_t)snprintf(ids + used, sizeof ids - used, "%llu ", id);
    }
    return ids;
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static struct stat stat_of(const char *at)
{
    struct stat result;
    ck_assert_int_eq(stat(at, &result), 0);
    return result;
}

START_TEST(records_are_whole_lines_and_acknowledged_in_order)
{
    struct emitter *emitter = start(path, 0, 0);
    send_items(emitter, 1, 200, 10);
    stop(emitter);
    ck_assert_uint_eq(acknowledged_count, 200);
    for (size_t i = 0; i < 200; i++)
        ck_assert_uint_eq(acknowledged[i], i + 1);
    struct stat stat = stat_of(path);
    ck_assert_uint_eq(stat.st_mode & 0777, 0600);
    ck_assert_uint_eq(settled_inode, stat.st_ino);
    ck_assert_uint_eq(settled_length, (uint64_t)stat.st_size);
    ck_assert_uint_eq(settled_sequence, 200);
    ck_assert_uint_eq(counter_get(&counters.sent_records), 200);
    ck_assert(strncmp(ids_of(path), "1 2 3 4 ", 8) == 0);
}
END_TEST

START_TEST(lines_past_the_known_length_settle_and_a_torn_one_is_cut)
{
    write_file(
        "{\"record_id\":\"id-1\"}\n{\"record_id\":\"id-2\"}\n{\"a\":1,\"record_id\":\"id-3\"}\n"
        "not json\n{\"record_id\":\"id-4\",\"x");
    struct emitter *emitter = start(path, stat_of(path).st_ino, 21);
    ck_assert_uint_eq(settles_count, 2);
    ck_assert_str_eq(settles[0], "id-2");
    ck_assert_str_eq(settles[1], "id-3");
    send_items(emitter, 4, 4, 0);
    stop(emitter);
    size_t size;
    ck_assert_str_eq(read_file(path, &size), "{\"record_id\":\"id-1\"}\n{\"record_id\":\"id-2\"}\n"
                                             "{\"a\":1,\"record_id\":\"id-3\"}\nnot json\n"
                                             "{\"record_id\":\"id-4\",\"x\":\"\"}\n");
    ck_assert_uint_eq(settled_length, size);
}
END_TEST

START_TEST(a_line_with_a_hole_settles_nothing_and_is_cut_with_all_behind_it)
{
    static const char text[] =
        "{\"record_id\":\"id-1\"}\n{\"record_id\":\"id-2\",\"x\":\"\0\0\0\"}\n"
        "{\"record_id\":\"id-3\"}\n";
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, sizeof text - 1, file), sizeof text - 1);
    ck_assert_int_eq(fclose(file), 0);
    struct emitter *emitter = start(path, stat_of(path).st_ino, 0);
    ck_assert_uint_eq(settles_count, 1);
    ck_assert_str_eq(settles[0], "id-1");
    send_items(emitter, 2, 3, 0);
    stop(emitter);
    size_t size;
    ck_assert_str_eq(read_file(path, &size), "{\"record_id\":\"id-1\"}\n"
                                             "{\"record_id\":\"id-2\",\"x\":\"\"}\n"
                                             "{\"record_id\":\"id-3\",\"x\":\"\"}\n");
}
END_TEST

START_TEST(a_tail_longer_than_a_chunk_is_read_line_by_line)
{
    struct emitter *emitter = start(path, 0, 0);
    send_items(emitter, 1, 5, 50000);
    stop(emitter);
    settles_count = 0;
    ck_assert_int_eq(truncate(path, stat_of(path).st_size - 7), 0);
    stop(start(path, stat_of(path).st_ino, 0));
    ck_assert_uint_eq(settles_count, 4);
    ck_assert_str_eq(settles[3], "id-4");
    ck_assert_str_eq(ids_of(path), "1 2 3 4 ");
}
END_TEST

START_TEST(an_unknown_or_shorter_file_is_continued_at_its_end_and_what_it_holds_is_settled)
{
    write_file("{\"record_id\":\"id-7\",\"x\":\"\"}\n{\"record_id\":\"id-8\",\"x");
    struct emitter *emitter = start(path, stat_of(path).st_ino + 1, 0);
    send_items(emitter, 9, 9, 0);
    stop(emitter);
    ck_assert_uint_eq(settles_count, 1);
    ck_assert_str_eq(ids_of(path), "7 9 ");
    emitter = start(path, stat_of(path).st_ino, 1 << 20);
    send_items(emitter, 10, 10, 0);
    stop(emitter);
    ck_assert_uint_eq(settles_count, 1 + 2);
    ck_assert_str_eq(ids_of(path), "7 9 10 ");
}
END_TEST

START_TEST(somebody_elses_last_line_is_ended_and_not_cut)
{
    write_file("notes without end");
    struct emitter *emitter = start(path, 0, 0);
    send_items(emitter, 1, 1, 0);
    stop(emitter);
    size_t size;
    ck_assert_str_eq(read_file(path, &size),
                     "notes without end\n{\"record_id\":\"id-1\",\"x\":\"\"}\n");
    ck_assert_uint_eq(settled_length, size);
}
END_TEST

START_TEST(a_rotated_file_is_reopened_and_a_truncated_one_is_followed)
{
    char rotated[104];
    (void)snprintf(rotated, sizeof rotated, "%s.1", path);
    struct emitter *emitter = start(path, 0, 0);
    send_items(emitter, 1, 2, 0);
    wait_acknowledged(2);
    ck_assert_int_eq(rename(path, rotated), 0);
    send_items(emitter, 3, 3, 0);
    wait_acknowledged(3);
    ck_assert_str_eq(ids_of(rotated), "1 2 ");
    ck_assert_str_eq(ids_of(path), "3 ");
    ck_assert_int_eq(truncate(path, 0), 0);
    send_items(emitter, 4, 4, 0);
    stop(emitter);
    ck_assert_str_eq(ids_of(path), "4 ");
    ck_assert_uint_eq(settled_inode, stat_of(path).st_ino);
    ck_assert_uint_eq(settled_length, (uint64_t)stat_of(path).st_size);
}
END_TEST

START_TEST(a_full_disk_is_waited_out_and_leaves_no_half_line)
{
    struct rlimit limit = {20000, RLIM_INFINITY};
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct emitter *emitter = start(path, 0, 0);
    send_items(emitter, 1, 1, 15000);
    wait_acknowledged(1);
    send_items(emitter, 2, 3, 9000);
    WAIT_UNTIL(counter_get(&counters.send_failures) > 0);
    ck_assert_uint_eq(count_acknowledged(), 1);
    WAIT_UNTIL(strcmp(ids_of(path), "1 ") == 0); /* the half line is gone between attempts */
    limit.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    wait_acknowledged(3);
    stop(emitter);
    ck_assert_str_eq(ids_of(path), "1 2 3 ");
}
END_TEST

START_TEST(what_cannot_be_written_in_the_grace_time_is_not_acknowledged)
{
    is_stream = true;
    struct emitter *emitter = start("/dev/full", 0, 0);
    send_items(emitter, 1, 3, 0);
    int64_t before = clock_monotonic_ms();
    emitter->operations->stop(emitter, 200);
    ck_assert_int_lt(clock_monotonic_ms() - before, patiently_ms(PATIENCE_MS));
    emitter->operations->destroy(emitter);
    ck_assert_uint_eq(acknowledged_count, 0);
}
END_TEST

START_TEST(a_full_queue_is_busy_and_takes_nothing)
{
    is_stream = true;
    struct emitter *emitter = start("/dev/full", 0, 0);
    size_t taken = 0;
    struct emit_item *item = make_item(1, 700000);
    while (emitter->operations->send(emitter, item) == STATUS_OK) {
        ck_assert_uint_lt(++taken, 100);
        item = make_item(taken + 1, 700000);
    }
    ck_assert_uint_ge(taken, 40);
    free(item);
    emitter->operations->stop(emitter, 0);
    emitter->operations->destroy(emitter);
}
END_TEST

START_TEST(a_path_that_cannot_be_opened_is_a_startup_error)
{
    struct file_emitter_config config = {.path = "/nowhere/at/all.jsonl", .settles = on_settles};
    struct emit_acknowledge acknowledge = {.acknowledged = on_acknowledged,
                                           .file_settled = on_settled};
    struct error error = {0};
    struct emitter *emitter = file_emitter_create(&config, &acknowledge, &counters, &error);
    ck_assert_int_eq(emitter->operations->start(emitter, &error), STATUS_FATAL);
    ck_assert(error.is_set && strstr(error.text, "/nowhere/at/all.jsonl"));
    emitter->operations->destroy(emitter);
}
END_TEST

static enum exit_code refusal_of(const char *at)
{
    struct file_emitter_config config = {.path = at, .settles = on_settles};
    struct emit_acknowledge acknowledge = {.acknowledged = on_acknowledged,
                                           .file_settled = on_settled};
    struct error error = {0};
    struct emitter *emitter = file_emitter_create(&config, &acknowledge, &counters, &error);
    ck_assert_int_eq(emitter->operations->start(emitter, &error), STATUS_FATAL);
    ck_assert_msg(strstr(error.text, at) && strstr(error.text, "regular"), "%s", error.text);
    emitter->operations->destroy(emitter);
    return error.exit_code;
}

START_TEST(what_is_not_a_regular_file_is_refused_unless_it_is_declared)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(refusal_of(path), EXIT_CONFIG);
    ck_assert_int_eq(refusal_of("/dev/null"), EXIT_CONFIG);
    is_stream = true;
    struct emitter *emitter = start("/dev/null", 0, 0);
    send_items(emitter, 1, 3, 0);
    wait_acknowledged(3);
    stop(emitter);
}
END_TEST

START_TEST(a_file_that_becomes_a_pipe_takes_nothing)
{
    struct emitter *emitter = start(path, 0, 0);
    send_items(emitter, 1, 1, 0);
    wait_acknowledged(1);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    send_items(emitter, 2, 2, 0);
    WAIT_UNTIL(counter_get(&counters.send_failures) > 0);
    ck_assert_ptr_nonnull(strstr(atomic_load(&counters.trouble), "regular"));
    ck_assert_int_eq(unlink(path), 0);
    wait_acknowledged(2);
    ck_assert_ptr_null(atomic_load(&counters.trouble));
    stop(emitter);
    ck_assert_str_eq(ids_of(path), "2 ");
}
END_TEST

START_TEST(a_pipe_takes_records_only_while_somebody_reads_it)
{
    enum { RECORDS = 3, PADDING = 60000 }; /* more than a pipe holds */
    static char text[RECORDS * (PADDING + 100)];
    size_t size = 0, lines = 0;
    is_stream = true;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    struct emitter *emitter = start(path, 0, 0);
    send_items(emitter, 1, RECORDS, PADDING);
    WAIT_UNTIL(atomic_load(&counters.trouble) != NULL);
    ck_assert_uint_eq(count_acknowledged(), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_ge(reader, 0);
    uint64_t failures = counter_get(&counters.send_failures);
    WAIT_UNTIL(counter_get(&counters.send_failures) > failures + 1); /* full, and goes on later */
    ck_assert_uint_lt(count_acknowledged(), RECORDS);
    while (lines < RECORDS) {
        ssize_t got = read(reader, text + size, sizeof text - size);
        for (ssize_t i = 0; i < got; i++)
            lines += text[size + (size_t)i] == '\n';
        size += got > 0 ? (size_t)got : 0;
        pause_ms(1);
    }
    wait_acknowledged(RECORDS);
    ck_assert_uint_eq(size, RECORDS * (strlen("{\"record_id\":\"id-1\",\"x\":\"\"}\n") + PADDING));
    stop(emitter);
    ck_assert_int_eq(close(reader), 0);
}
END_TEST

START_TEST(a_pipe_that_nobody_empties_does_not_hold_up_the_stop)
{
    is_stream = true;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_ge(reader, 0);
    struct emitter *emitter = start(path, 0, 0);
    send_items(emitter, 1, 3, 60000);
    int64_t before = clock_monotonic_ms();
    emitter->operations->stop(emitter, 200);
    ck_assert_int_lt(clock_monotonic_ms() - before, patiently_ms(PATIENCE_MS));
    emitter->operations->destroy(emitter);
    ck_assert_uint_lt(acknowledged_count, 3);
    ck_assert_int_eq(close(reader), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file emitter");
    TCase *cases = tcase_create("file");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, records_are_whole_lines_and_acknowledged_in_order);
    tcase_add_test(cases, lines_past_the_known_length_settle_and_a_torn_one_is_cut);
    tcase_add_test(cases, a_line_with_a_hole_settles_nothing_and_is_cut_with_all_behind_it);
    tcase_add_test(cases, a_tail_longer_than_a_chunk_is_read_line_by_line);
    tcase_add_test(cases,
                   an_unknown_or_shorter_file_is_continued_at_its_end_and_what_it_holds_is_settled);
    tcase_add_test(cases, somebody_elses_last_line_is_ended_and_not_cut);
    tcase_add_test(cases, a_rotated_file_is_reopened_and_a_truncated_one_is_followed);
    tcase_add_test(cases, a_full_disk_is_waited_out_and_leaves_no_half_line);
    tcase_add_test(cases, what_cannot_be_written_in_the_grace_time_is_not_acknowledged);
    tcase_add_test(cases, a_full_queue_is_busy_and_takes_nothing);
    tcase_add_test(cases, a_path_that_cannot_be_opened_is_a_startup_error);
    tcase_add_test(cases, what_is_not_a_regular_file_is_refused_unless_it_is_declared);
    tcase_add_test(cases, a_file_that_becomes_a_pipe_takes_nothing);
    tcase_add_test(cases, a_pipe_takes_records_only_while_somebody_reads_it);
    tcase_add_test(cases, a_pipe_that_nobody_empties_does_not_hold_up_the_stop);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
