/* link: pipelines base */
#include <check.h>
#include <stdlib.h>

#include "pipelines/review/reading.h"

static const char record[] =
    "{\"schema\":\"flywheel.review/v1\",\"record_id\":\"r\",\"queue\":\"control\",\"priority\":9,"
    "\"summary\":\"SECRET summary\",\"source\":{\"trace_id\":\"SECRET\",\"service\":\"bank\","
    "\"url\":\"https://SECRET\"},\"trajectory_id\":\"SECRET\","
    "\"time\":{\"start\":\"2026-01-01T00:00:00Z\",\"end\":\"SECRET\",\"duration_ms\":5},"
    "\"input\":\"K\\u00f6nnen "
    "Sie?\",\"history\":[{\"role\":\"user\",\"text\":\"hi\",\"x\":\"SECRET\"}],"
    "\"output\":\"J\\u00e4. No fee applies! Done\","
    "\"expected\":\"SECRET\",\"contexts\":[{\"id\":\"c\",\"score\":0.123,\"text\":\"doc\","
    "\"span_id\":\"SECRET\"}],"
    "\"steps\":[{\"kind\":\"tool\",\"name\":\"lookup\",\"status\":\"ok\",\"output\":\"x\"},"
    "{\"kind\":\"evaluator\",\"name\":\"SECRET\"},{\"kind\":\"guardrail\",\"name\":\"SECRET\"}],"
    "\"verdict\":\"fail\",\"labels\":[\"SECRET\"],\"evaluations\":[{\"rule\":\"ungrounded\","
    "\"outcome\":\"fail\",\"value\":0.2,\"fail\":0.5,\"evaluator\":{\"id\":\"x\"}}],"
    "\"selection\":{\"reason\":\"SECRET\",\"signature\":\"SECRET\"},\"signals\":{\"feedback\":"
    "[{\"text\":\"SECRET\"}]},\"redaction\":{\"policy\":\"none\"},\"future\":\"SECRET\"}";

static struct arena arena;
static struct buffer text;
static struct json_writer writer;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
    text = (struct buffer){0};
    json_writer_init(&writer, &text);
}

static void teardown(void)
{
    arena_finish(&arena);
    buffer_finish(&text);
}

START_TEST(a_reading_has_what_was_said_and_nothing_that_the_machine_thinks_of_it)
{
    json_object_begin(&writer);
    ck_assert(reading_write(BYTES_LITERAL(record), &arena, &writer));
    json_object_end(&writer);
    buffer_append_byte(&text, 0);
    ck_assert_str_eq((const char *)text.data,
                     "{\"input\":\"K\\u00f6nnen Sie?\","
                     "\"output\":\"J\\u00e4. No fee applies! Done\","
                     "\"sentences\":[{\"start\":0,\"end\":3},{\"start\":4,\"end\":19},"
                     "{\"start\":20,\"end\":24}],"
                     "\"history\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                     "\"contexts\":[{\"id\":\"c\",\"text\":\"doc\"}],"
                     "\"steps\":[{\"kind\":\"tool\",\"name\":\"lookup\",\"output\":\"x\"}],"
                     "\"service\":\"bank\",\"started_at\":\"2026-01-01T00:00:00Z\","
                     "\"duration_ms\":5,\"content_off\":true}");
}
END_TEST

START_TEST(the_machine_says_verdict_and_rules)
{
    ck_assert(reading_write_machine(BYTES_LITERAL(record), &arena, &writer));
    buffer_append_byte(&text, 0);
    ck_assert_str_eq((const char *)text.data,
                     "{\"summary\":\"SECRET summary\",\"verdict\":\"fail\",\"labels\":[\"SECRET\"],"
                     "\"evaluations\":[{\"rule\":\"ungrounded\",\"outcome\":\"fail\",\"value\":0.2,"
                     "\"threshold\":0.5}]}");
    buffer_clear(&text);
    json_writer_init(&writer, &text);
    reading_write_links(BYTES_LITERAL(record), &arena, &writer);
    buffer_append_byte(&text, 0);
    ck_assert_str_eq((const char *)text.data, "[\"https://SECRET\"]");
}
END_TEST

START_TEST(a_question_is_cut_between_code_points)
{
    struct bytes question = reading_question(BYTES_LITERAL(record), &arena, 2);
    ck_assert(bytes_equal_text(question, "K\xc3\xb6"));
    question = reading_question(BYTES_LITERAL(record), &arena, 100);
    ck_assert(bytes_equal_text(question, "K\xc3\xb6nnen Sie?"));
    ck_assert_ptr_null(reading_question(BYTES_LITERAL("{}"), &arena, 100).data);
}
END_TEST

START_TEST(what_is_no_record_is_not_read)
{
    ck_assert(!reading_write(BYTES_LITERAL("[1]"), &arena, &writer));
    ck_assert(!reading_write(BYTES_LITERAL("{\"input\":"), &arena, &writer));
    ck_assert(!reading_write_machine(BYTES_LITERAL(""), &arena, &writer));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reading");
    TCase *tests = tcase_create("reading");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_reading_has_what_was_said_and_nothing_that_the_machine_thinks_of_it);
    tcase_add_test(tests, the_machine_says_verdict_and_rules);
    tcase_add_test(tests, a_question_is_cut_between_code_points);
    tcase_add_test(tests, what_is_no_record_is_not_read);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
