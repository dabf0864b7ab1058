/* link: command otlp base */
/* The PATH arguments: what is read, what is passed over, in which order, and what is said when it
 * can't be. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/command/replay/input.h"

static char folder[64];
static char seen[64 * 1024]; /* "t:name:size " for each request */
static struct error error;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/flywheel-input-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    seen[0] = 0;
    error = (struct error){0};
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_folder(const char *name)
{
    static char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make_file(const char *name, const char *content, size_t size)
{
    FILE *to = fopen(in_folder(name), "wb");
    ck_assert_ptr_nonnull(to);
    ck_assert_uint_eq(fwrite(content, 1, size, to), size);
    fclose(to);
}

static enum status note(void *context, const struct input_request *request, struct error *ret_error)
{
    (void)ret_error;
    const char *name = request->name;
    if (strncmp(name, folder, strlen(folder)) == 0)
        name += strlen(folder) + 1;
    size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%c:%s:%zu ",
             request->signal == WIRE_GATE_TRACES ? 't' : 'l', name, request->body.size);
    return *(enum status *)context;
}

static enum status read_path(const char *path)
{
    enum status result = STATUS_OK;
    char *paths[] = {(char *)(uintptr_t)path};
    return input_read(paths, 1, note, &result, &error);
}

START_TEST(a_folder_is_read_in_name_order_by_suffix)
{
    make_file("b-01.otlp.pb", "xx", 2);
    make_file("a-02.otlp-logs.pb", "x", 1);
    make_file("a-01.otlp.pb", "xxx", 3);
    make_file("a-03.otlp-metrics.pb", "x", 1);
    make_file("a-01.json", "{}", 2);
    make_file("expected.json", "{}", 2);
    make_file("c-01.rest-body.json", "{}", 2);
    make_file("README.md", "x", 1);
    make_file(".hidden.pb", "x", 1);
    ck_assert_int_eq(read_path(folder), STATUS_OK);
    ck_assert_str_eq(seen, "t:a-01.otlp.pb:3 l:a-02.otlp-logs.pb:1 t:b-01.otlp.pb:2 ");
}
END_TEST

static enum status note_line(void *context, const struct input_line *line, struct error *ret_error)
{
    (void)context;
    (void)ret_error;
    size_t used = strlen(seen);
    if (memmem(line->text.data, line->text.size, "resourceSpans", 13))
        return STATUS_NOT_FOUND;
    snprintf(seen + used, sizeof seen - used, "line %llu:%zu ", (unsigned long long)line->number,
             line->text.size);
    return STATUS_OK;
}

START_TEST(lines_of_json_are_read_one_by_one_when_somebody_reads_lines)
{
    enum status result = STATUS_OK;
    char *paths[] = {folder};
    make_file("a.jsonl", "{\"x\":1}\n\n{\"resourceSpans\":[]}\n {\"xx\":1}", 39);
    make_file("b.pb", "xx", 2);
    ck_assert_int_eq(input_read_lines(paths, 1, note, note_line, &result, &error), STATUS_OK);
    ck_assert_str_eq(seen, "line 1:7 t:a.jsonl:3:0 line 4:8 t:b.pb:2 ");
    seen[0] = 0;
    ck_assert_int_eq(read_path(folder), STATUS_OK);
    ck_assert_str_eq(seen, "t:b.pb:2 "); /* nobody asked for lines */
    make_file("c.jsonl", "{\"resourceSpans\":[]}\n{\"resourceSpans\":[]}\n", 42);
    seen[0] = 0;
    ck_assert_int_eq(read_path(in_folder("c.jsonl")), STATUS_OK); /* by its name */
    ck_assert_str_eq(seen, "t:c.jsonl:1:0 t:c.jsonl:2:0 ");
    make_file("d.jsonl", "{\"x\":1}\n", 8);
    ck_assert_int_eq(read_path(in_folder("d.jsonl")), STATUS_FATAL);
    ck_assert_ptr_nonnull(strstr(error.text, "d.jsonl:1"));
}
END_TEST

START_TEST(sub_folders_are_read_in_their_place)
{
    ck_assert_int_eq(mkdir(in_folder("b"), 0700), 0);
    ck_assert_int_eq(mkdir(in_folder("b/inner"), 0700), 0);
    make_file("a.pb", "1", 1);
    make_file("b/z.pb", "22", 2);
    make_file("b/inner/y.pb", "333", 3);
    make_file("c.pb", "4444", 4);
    ck_assert_int_eq(read_path(folder), STATUS_OK);
    ck_assert_str_eq(seen, "t:a.pb:1 t:b/inner/y.pb:3 t:b/z.pb:2 t:c.pb:4 ");
}
END_TEST

START_TEST(folders_nested_too_deep_are_an_error)
{
    ck_assert_int_eq(mkdir(in_folder("a"), 0700), 0);
    ck_assert_int_eq(symlink("..", in_folder("a/loop")), 0);
    ck_assert_int_eq(read_path(folder), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "nested deeper"));
}
END_TEST

START_TEST(json_is_converted_and_its_signal_is_in_it)
{
    static const char spans[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
        "\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"0102030405060708\"}]}]}]}";
    static const char logs[] = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":"
                               "{\"stringValue\":\"say \\\"resourceSpans\\\"\"}}]}]}]}";
    make_file("a.otlp.json", spans, sizeof spans - 1);
    make_file("b.otlp.json-body", logs, sizeof logs - 1);
    make_file("c.otlp.json-body", "{\"resourceMetrics\":[]}", 22);
    ck_assert_msg(read_path(folder) == STATUS_OK, "%s", error.text);
    ck_assert_str_eq(seen, "t:a.otlp.json:34 l:b.otlp.json-body:29 ");
}
END_TEST

START_TEST(a_named_file_is_told_by_its_first_byte)
{
    make_file("spans", "\x0a\x00", 2);
    make_file("text", "  {\"resourceSpans\":[]}", 22);
    make_file("other", "{\"answer\":42}", 13);
    ck_assert_int_eq(read_path(in_folder("spans")), STATUS_OK);
    ck_assert_msg(read_path(in_folder("text")) == STATUS_OK, "%s", error.text);
    ck_assert_str_eq(seen, "t:spans:2 t:text:0 ");
    ck_assert_int_eq(read_path(in_folder("other")), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "/other: not an OTLP request"));
}
END_TEST

START_TEST(what_can_not_be_read_is_named)
{
    ck_assert_int_eq(read_path(in_folder("absent.pb")), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "absent.pb: No such file"));
    char absent[] = "absent.pb", *const paths[] = {folder, absent};
    error = (struct error){0};
    ck_assert_int_eq(input_find(paths, 1, &error), STATUS_OK);
    ck_assert_int_eq(input_find(paths, 2, &error), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "absent.pb: No such file"));
    error = (struct error){0};
    make_file("bad.otlp.json", "{\"resourceSpans\":[{]", 20);
    ck_assert_int_eq(read_path(folder), STATUS_FATAL);
    ck_assert_ptr_nonnull(strstr(error.text, "bad.otlp.json: not the JSON mapping"));
}
END_TEST

START_TEST(a_file_over_the_limit_is_refused)
{
    make_file("large.pb", "x", 1);
    ck_assert_int_eq(truncate(in_folder("large.pb"), INPUT_BYTES_MAX + 1), 0);
    ck_assert_int_eq(read_path(folder), STATUS_FATAL);
    ck_assert_ptr_nonnull(strstr(error.text, "large.pb: larger than 64 MiB"));
    ck_assert_str_eq(seen, "");
}
END_TEST

START_TEST(the_callback_may_end_the_reading)
{
    make_file("a.pb", "1", 1);
    make_file("b.pb", "1", 1);
    enum status result = STATUS_BUSY;
    char *paths[] = {folder, folder};
    ck_assert_int_eq(input_read(paths, 2, note, &result, &error), STATUS_BUSY);
    ck_assert_str_eq(seen, "t:a.pb:1 ");
}
END_TEST

static void stream(const char *content, size_t size)
{
    make_file("stream", content, size);
    ck_assert_ptr_nonnull(freopen(in_folder("stream"), "rb", stdin));
}

START_TEST(a_stream_has_a_length_before_each_request)
{
    char content[1 + 3 + 1 + 2 + 300] = "\x03"
                                        "abc";
    content[4] = 0; /* an empty request */
    content[5] = (char)(0x80 | (300 & 0x7f));
    content[6] = 300 >> 7;
    stream(content, sizeof content);
    ck_assert_msg(read_path("-") == STATUS_OK, "%s", error.text);
    ck_assert_str_eq(seen, "t:standard input:3 t:standard input:0 t:standard input:300 ");
}
END_TEST

START_TEST(a_stream_that_is_cut_short_is_an_error)
{
    stream("\x03"
           "abc\x03"
           "ab",
           7);
    ck_assert_int_eq(read_path("-"), STATUS_FATAL);
    ck_assert_str_eq(seen, "t:standard input:3 ");
    ck_assert_ptr_nonnull(strstr(error.text, "standard input: request 2 is cut short"));
    error = (struct error){0};
    stream("\xff\xff\xff\xff\x7f", 5); /* 32 GiB */
    ck_assert_int_eq(read_path("-"), STATUS_FATAL);
    ck_assert_ptr_nonnull(strstr(error.text, "larger than 64 MiB"));
    error = (struct error){0};
    stream("\x80\x80\x80\x80\x80\x01", 6);
    ck_assert_int_eq(read_path("-"), STATUS_FATAL);
}
END_TEST

START_TEST(the_recorded_corpus_is_read)
{
    ck_assert_msg(read_path(TEST_DATA "/corpus") == STATUS_OK, "%s", error.text);
    int traces = 0, logs = 0;
    for (const char *at = seen; *at; at = strchr(at, ' ') + 1)
        *at == 't' ? traces++ : logs++;
    ck_assert_int_gt(traces, 100);
    ck_assert_int_gt(logs, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("input");
    TCase *tests = tcase_create("input");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_folder_is_read_in_name_order_by_suffix);
    tcase_add_test(tests, lines_of_json_are_read_one_by_one_when_somebody_reads_lines);
    tcase_add_test(tests, sub_folders_are_read_in_their_place);
    tcase_add_test(tests, folders_nested_too_deep_are_an_error);
    tcase_add_test(tests, json_is_converted_and_its_signal_is_in_it);
    tcase_add_test(tests, a_named_file_is_told_by_its_first_byte);
    tcase_add_test(tests, what_can_not_be_read_is_named);
    tcase_add_test(tests, a_file_over_the_limit_is_refused);
    tcase_add_test(tests, the_callback_may_end_the_reading);
    tcase_add_test(tests, a_stream_has_a_length_before_each_request);
    tcase_add_test(tests, a_stream_that_is_cut_short_is_an_error);
    tcase_add_test(tests, the_recorded_corpus_is_read);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
