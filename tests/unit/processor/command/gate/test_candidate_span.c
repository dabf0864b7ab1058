/* link: command otlp base */
/* An answer in a line becomes spans: what is refused, and that nothing is made up. */
#include <check.h>
#include <stdlib.h>

#include "processor/command/gate/candidate_span.h"
#include "processor/otlp/otlp_json.h"

static const char id[] = "6ba7b810-9dad-51d1-80b4-00c04fd430c8";
static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 16 << 20);
}

static void teardown(void)
{
    arena_finish(&arena);
}

static enum status read_line(const char *members, struct candidate_line *ret_line,
                             const char **ret_problem)
{
    struct buffer text = {0};
    buffer_printf(&text, "{\"row_id\":\"%s\"%s}", id, members);
    enum status status =
        candidate_line_read(arena_copy(&arena, buffer_bytes(&text)), &arena, ret_line, ret_problem);
    buffer_finish(&text);
    return status;
}

START_TEST(what_is_no_answer_is_refused_by_what_is_wrong)
{
    static const struct {
        const char *members, *problem;
    } cases[] = {
        {"", "output"},
        {",\"output\":7", "output"},
        {",\"output\":\"x\",\"error\":{}", "error"},
        {",\"output\":\"x\",\"contexts\":\"y\"", "contexts"},
        {",\"output\":\"x\",\"contexts\":[{\"id\":\"y\"}]", "contexts"},
        {",\"output\":\"x\",\"contexts\":[[\"y\"]]", "contexts"},
        {",\"output\":\"x\",\"tool_calls\":[{}]", "tool_calls"},
        {",\"output\":\"x\",\"tool_calls\":{}", "tool_calls"},
        {",\"output\":\"x\",\"scores\":[]", "scores"},
        {",\"output\":\"x\",\"scores\":{\"A\":true}", "scores"},
        {",\"output\":\"x\",\"snapshot\":1", "snapshot"},
    };
    struct candidate_line line;
    const char *problem;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(read_line(cases[i].members, &line, &problem), STATUS_MALFORMED);
        ck_assert_msg(strstr(problem, cases[i].problem) != NULL, "%s: %s", cases[i].members,
                      problem);
    }
    ck_assert_int_eq(candidate_line_read(BYTES_LITERAL("[1]"), &arena, &line, &problem),
                     STATUS_MALFORMED);
    ck_assert_int_eq(
        candidate_line_read(BYTES_LITERAL("{\"row_id\":\"cut"), &arena, &line, &problem),
        STATUS_MALFORMED);
    ck_assert_int_eq(
        candidate_line_read(BYTES_LITERAL("{\"resourceSpans\":[]}"), &arena, &line, &problem),
        STATUS_NOT_FOUND); /* of somebody else */
}
END_TEST

static struct buffer written(const char *members)
{
    struct candidate_line line;
    const char *problem;
    struct buffer json = {0};
    static const uint8_t trace[CANDIDATE_TRACE_ID_SIZE] = {1};
    ck_assert_int_eq(read_line(members, &line, &problem), STATUS_OK);
    candidate_line_write(&line, BYTES_LITERAL("What \"is\" it?"),
                         BYTES_LITERAL("[{\"role\":\"user\",\"text\":\"before\"}]"), trace, 1700,
                         &json);
    ck_assert(!json.failed);
    return json;
}

static size_t count_of(const struct buffer *json, const char *part)
{
    size_t count = 0;
    struct bytes rest = buffer_bytes(json);
    for (const uint8_t *at; (at = memmem(rest.data, rest.size, part, strlen(part))) != NULL;
         count++)
        rest = bytes_of(at + 1, rest.size - (size_t)(at + 1 - rest.data));
    return count;
}

START_TEST(an_answer_is_a_root_span_with_what_it_names_below)
{
    struct buffer wire = {0},
                  json = written(
                      ",\"output\":\"It \\n is\",\"contexts\":[\"one\",{\"id\":\"d\",\"text\":"
                      "\"two\"}],\"tool_calls\":[\"a\",{\"name\":\"b\",\"arguments\":{\"x\":1}"
                      ",\"result\":\"y\"}],\"scores\":{\"G\":0.5,\"L\":\"good\"}");
    struct refused_parts parts = {0};
    ck_assert_int_eq(
        otlp_json_to_wire(buffer_bytes(&json), WIRE_GATE_TRACES, &arena, &wire, &parts), STATUS_OK);
    ck_assert_uint_eq(count_of(&json, "\"traceId\""), 4); /* root, documents, two tools */
    ck_assert_uint_eq(count_of(&json, "\"parentSpanId\""), 3);
    ck_assert_uint_eq(count_of(&json, "\"gen_ai.evaluation.result\""), 2);
    ck_assert_uint_eq(count_of(&json, "flywheel.row_id"), 1);
    buffer_finish(&wire);
    buffer_finish(&json);
}
END_TEST

START_TEST(what_was_not_said_is_not_made_up)
{
    struct buffer json = written(",\"output\":\"x\",\"contexts\":null,\"tool_calls\":null,"
                                 "\"scores\":null");
    ck_assert_uint_eq(count_of(&json, "\"traceId\""), 1);
    ck_assert_uint_eq(count_of(&json, "startTime"), 0); /* so there is no duration */
    ck_assert_uint_eq(count_of(&json, "events"), 0);
    ck_assert_uint_eq(count_of(&json, "status"), 0);
    buffer_finish(&json);
    json = written(",\"error\":\"it timed out\"");
    ck_assert_uint_eq(count_of(&json, "gen_ai.output.messages"), 0);
    ck_assert_uint_eq(count_of(&json, "\"code\":2"), 1);
    buffer_finish(&json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate candidate");
    TCase *tests = tcase_create("spans");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_is_no_answer_is_refused_by_what_is_wrong);
    tcase_add_test(tests, an_answer_is_a_root_span_with_what_it_names_below);
    tcase_add_test(tests, what_was_not_said_is_not_made_up);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
