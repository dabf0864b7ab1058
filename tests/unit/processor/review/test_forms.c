/* link: review base */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/json/canonical.h"
#include "processor/review/forms_state.h"

#define ROW_ID "0f3b1c9e-6f0a-5d57-9d43-2a8a3f5f3c11"
#define TRACE "00112233445566778899aabbccddeeff"
/* A text that is code, a template and markup somewhere. */
#define HOSTILE "{{item.input}} ${x} \\\"=1+1\\\" <script>\xe2\x80\xae\\n\xf0\x9f\x98\x80"

static const char row_json[] =
    "{\"schema\":\"flywheel.row/v1\",\"row_id\":\"" ROW_ID "\",\"row_revision\":2,"
    "\"dataset\":\"bank\",\"dataset_version\":7,\"action\":\"add\",\"split\":\"train\","
    "\"regression\":true,\"severity\":\"critical\",\"source\":{\"trajectory_id\":\"" TRACE
    "\",\"trace_id\":\"" TRACE "\",\"root_span_id\":\"0011223344556677\","
    "\"record_id\":\"1f3b1c9e-6f0a-5d57-9d43-2a8a3f5f3c11\",\"record_revision\":1},"
    "\"input\":\"" HOSTILE "\",\"contexts\":[{\"id\":\"a\",\"text\":\"one " HOSTILE
    "\"},{\"id\":\"b\"},{\"text\":\"two\"}],\"history\":[{\"role\":\"user\",\"text\":\"Hello\"},"
    "{\"role\":\"assistant\",\"text\":\"Good day\"}],\"output\":\"no fee\","
    "\"expected_response\":\"A fee " HOSTILE "\",\"expected_kind\":\"facts\","
    "\"checks\":{\"must_include\":[[\"a fee\",\"fees\"]],\"must_not_include\":[],"
    "\"required_tools\":[],\"forbidden_tools\":[],\"volatile_numbers\":false},"
    "\"failure_mode\":\"wrong_tool\",\"labels\":[\"wrong_tool\",\"missing_context\"],"
    "\"verdict\":\"fail\",\"machine_verdict\":\"pass\",\"reviewer_status\":\"approved\","
    "\"reviewers\":2,\"agreement\":\"unanimous\",\"cohort\":{\"intent\":\"payoff\"},"
    "\"sha256\":\"00\"}";

static const char bare_json[] =
    "{\"schema\":\"flywheel.row/v1\",\"row_id\":\"" ROW_ID "\",\"source\":{\"trace_id\":\"" TRACE
    "\"},\"contexts\":[],\"labels\":[],\"verdict\":\"pass\"}";

static struct arena arena;
static struct buffer line;

static void begin(void)
{
    arena_init(&arena, 8 << 20);
}

static void end(void)
{
    arena_finish(&arena);
    buffer_finish(&line);
    line = (struct buffer){0};
}

static enum status try(const char *name, const char *json)
{
    const struct form *form = form_find(FORM_OF_ROW, bytes_of_text(name));
    ck_assert_msg(form, "%s", name);
    buffer_clear(&line);
    return form_write(form, bytes_of_text(json), false, &arena, &line);
}

static void write_as(const char *name, const char *json)
{
    struct buffer canonical = {0};
    ck_assert_int_eq(try(name, json), STATUS_OK);
    ck_assert_uint_eq(line.data[line.size - 1], '\n');
    ck_assert_msg(json_canonical(bytes_of(line.data, line.size - 1), &arena, &canonical),
                  "%s: no JSON, or a name stands twice: %.*s", name, (int)line.size,
                  (const char *)line.data);
    buffer_finish(&canonical);
}

/* What stands at "a/0/b" of the line, as JSON. */
static struct bytes at(const char *path)
{
    struct json_reader reader;
    struct json_value value;
    ck_assert(json_parse(buffer_bytes(&line), &arena, &reader, &value));
    char names[256], *rest = NULL;
    snprintf(names, sizeof names, "%s", path);
    for (char *name = strtok_r(names, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
        struct json_value outer = value;
        struct json_reader items;
        if (outer.type == JSON_OBJECT) {
            if (!json_member(&reader, &outer, name, &value))
                return bytes_of_text("absent");
            continue;
        }
        json_children(&reader, &outer, &items);
        for (long i = strtol(name, NULL, 10); i >= 0; i--)
            if (json_next(&items, &value) == JSON_END)
                return bytes_of_text("absent");
    }
    return value.raw;
}

static void has(const char *path, const char *json)
{
    struct bytes found = at(path);
    ck_assert_msg(bytes_equal_text(found, json), "%s: %.*s, not %s", path, (int)found.size,
                  (const char *)found.data, json);
}

#define STRING(text) "\"" text "\""

START_TEST(langfuse_finds_item_and_trace)
{
    write_as("langfuse", row_json);
    has("id", STRING(ROW_ID));
    has("datasetName", STRING("bank"));
    has("input/input", STRING(HOSTILE));
    has("input/history/1/text", STRING("Good day"));
    has("input/contexts/2/text", STRING("two"));
    has("expectedOutput", STRING("A fee " HOSTILE));
    has("sourceTraceId", STRING(TRACE));
    has("sourceObservationId", STRING("0011223344556677"));
    has("metadata/output", STRING("no fee"));
    has("metadata/checks/must_include", "[[\"a fee\",\"fees\"]]");
    has("metadata/cohort/intent", STRING("payoff"));
    has("metadata/dataset_version", "7");
    write_as("langfuse", bare_json);
    has("expectedOutput", "absent");
    has("sourceObservationId", "absent");
}
END_TEST

START_TEST(langsmith_evaluates_outputs)
{
    write_as("langsmith", row_json);
    has("id", STRING(ROW_ID));
    has("inputs/input", STRING(HOSTILE));
    has("outputs/expected_response", STRING("A fee " HOSTILE));
    has("outputs/checks/must_include/0/1", STRING("fees"));
    has("metadata/verdict", STRING("fail"));
    has("metadata/output", STRING("no fee"));
    has("split", STRING("train"));
    has("source_run_id", "absent");
}
END_TEST

START_TEST(phoenix_has_input_and_output_always)
{
    write_as("phoenix", row_json);
    has("id", STRING(ROW_ID));
    has("input/input", STRING(HOSTILE));
    has("output/expected_response", STRING("A fee " HOSTILE));
    has("splits", STRING("train"));
    has("span_id", STRING("0011223344556677"));
    write_as("phoenix", bare_json);
    has("output", "{}");
    has("input", "{\"contexts\":[]}");
    has("span_id", "absent");
}
END_TEST

START_TEST(futureagi_has_every_column_in_every_row)
{
    write_as("futureagi", row_json);
    has("id", STRING(ROW_ID));
    has("cells/0", "{\"column_name\":\"row_id\",\"value\":" STRING(ROW_ID) "}");
    has("cells/1/value", STRING("7"));
    has("cells/3", "{\"column_name\":\"input\",\"value\":" STRING(HOSTILE) "}");
    has("cells/5/value", STRING("one " HOSTILE "\\n\\ntwo"));
    has("cells/13", "{\"column_name\":\"labels\",\"value\":"
                    "\"[\\\"wrong_tool\\\",\\\"missing_context\\\"]\"}");
    has("cells/21/column_name", STRING("record_id"));
    has("cells/22", "absent");
    write_as("futureagi", bare_json);
    has("cells/3", "{\"column_name\":\"input\",\"value\":\"\"}");
    has("cells/21", "{\"column_name\":\"record_id\",\"value\":\"\"}");
}
END_TEST

START_TEST(a_cell_that_is_too_long_is_cut_and_says_so)
{
    struct buffer json = {0};
    buffer_append_text(&json, "{\"schema\":\"flywheel.row/v1\",\"source\":{},\"input\":\"");
    for (int i = 0; i < 65536; i++)
        buffer_append_text(&json, i < 65535 ? "\xc3\xa9" : "z\",\"output\":\"");
    for (int i = 0; i < 65535; i++)
        buffer_append_text(&json, "\xe2\x82\xac");
    buffer_append_text(&json, "\"}");
    buffer_append_byte(&json, 0);
    write_as("futureagi", (const char *)json.data);
    static const char mark[] = "\xc3\xa9 [cut: it has 65536 characters]\"";
    struct bytes input = at("cells/3/value");
    ck_assert(input.size > sizeof mark);
    ck_assert_mem_eq(input.data + input.size - (sizeof mark - 1), mark, sizeof mark - 1);
    /* e acute has two bytes; the mark but its first character, and the quotes, one a character */
    ck_assert_uint_eq((input.size - (sizeof mark - 1) + 1) / 2 + sizeof mark - 4, 65535);
    ck_assert_uint_eq(at("cells/6/value").size, 3 * 65535 + 2);
    buffer_finish(&json);
}
END_TEST

START_TEST(label_studio_predicts_what_was_decided)
{
    write_as("label-studio", row_json);
    has("data/record_id", STRING("1f3b1c9e-6f0a-5d57-9d43-2a8a3f5f3c11"));
    has("data/row_id", STRING(ROW_ID));
    has("data/input", STRING(HOSTILE));
    has("data/output", STRING("no fee"));
    has("predictions/0/model_version", STRING("flywheel"));
    has("predictions/0/result/0",
        "{\"from_name\":\"verdict\",\"to_name\":\"output\",\"type\":\"choices\","
        "\"value\":{\"choices\":[\"fail\"]}}");
    has("predictions/0/result/1/value/choices", "[\"wrong_tool\",\"missing_context\"]");
    has("predictions/0/result/2/value/text", "[" STRING("A fee " HOSTILE) "]");
    has("predictions/1", "absent");
    has("meta/failure_mode", STRING("wrong_tool"));
    write_as("label-studio", bare_json);
    has("data/input", "\"\"");
    has("data/history", "[]");
    has("predictions/0/result/0/value/choices", "[\"pass\"]");
    has("predictions/0/result/1", "absent");
}
END_TEST

START_TEST(openai_evals_have_every_text)
{
    write_as("openai-evals", row_json);
    has("item/input", STRING(HOSTILE));
    has("item/expected_response", STRING("A fee " HOSTILE));
    has("item/context", STRING("one " HOSTILE "\\n\\ntwo"));
    has("item/failure_mode", STRING("wrong_tool"));
    has("item/row_id", STRING(ROW_ID));
    has("item/must_include", "[[\"a fee\",\"fees\"]]");
    has("item/messages/0", "{\"role\":\"user\",\"content\":\"Hello\"}");
    has("item/messages/2", "{\"role\":\"user\",\"content\":" STRING(HOSTILE) "}");
    has("item/messages/3", "absent");
    struct bytes schema = form_item_schema(form_find(FORM_OF_ROW, BYTES_LITERAL("openai-evals")));
    struct json_reader reader;
    struct json_value value;
    ck_assert(json_parse(schema, &arena, &reader, &value) && value.type == JSON_OBJECT);
    ck_assert(!form_item_schema(form_find(FORM_OF_ROW, BYTES_LITERAL("phoenix"))).data);
}
END_TEST

START_TEST(messages_end_with_the_approved_answer)
{
    write_as("messages", row_json);
    has("messages/0/content", STRING("Hello"));
    has("messages/1/role", STRING("assistant"));
    has("messages/2", "{\"role\":\"user\",\"content\":" STRING(HOSTILE) "}");
    has("messages/3", "{\"role\":\"assistant\",\"content\":" STRING("A fee " HOSTILE) "}");
    has("messages/4", "absent");
    ck_assert_int_eq(try("messages", bare_json), STATUS_NOT_FOUND);
    ck_assert_uint_eq(line.size, 0);
    ck_assert(form_is_for_training(form_find(FORM_OF_ROW, BYTES_LITERAL("messages"))));
    ck_assert(!form_is_for_training(form_find(FORM_OF_ROW, BYTES_LITERAL("langfuse"))));
}
END_TEST

START_TEST(what_is_no_row_has_no_form)
{
    ck_assert_int_eq(try("langfuse", "{\"schema\":\"flywheel.row/v1\",\"action\":\"retire\"}"),
                     STATUS_NOT_FOUND);
    ck_assert_int_eq(try("langfuse", "{\"schema\":\"flywheel.review/v1\"}"), STATUS_MALFORMED);
    ck_assert_int_eq(try("langfuse", "[]"), STATUS_MALFORMED);
    ck_assert_int_eq(try("langfuse", "hello"), STATUS_MALFORMED);
    ck_assert_int_eq(try("langfuse", "{\"schema\":\"flywheel.row/v1\",\"source\":{}"),
                     STATUS_MALFORMED);
    ck_assert_uint_eq(line.size, 0);
    ck_assert(!form_find(FORM_OF_ROW, BYTES_LITERAL("parquet")));
    ck_assert(!form_find(FORM_OF_ROW, BYTES_LITERAL("")));
}
END_TEST

START_TEST(names_are_listed)
{
    form_names(FORM_OF_ROW, &line);
    ck_assert(bytes_equal_text(buffer_bytes(&line),
                               "langfuse, langsmith, phoenix, futureagi, label-studio, "
                               "openai-evals, messages"));
}
END_TEST

/* --- the engine, with a form of its own --- */

static const struct form_rule alternatives[] = {{.to = "", .from = "", .how = form_lines},
                                                FORM_END};
static const struct form_rule engine_rules[] = {
    FORM_CONSTANT("score", "0"),
    {.to = "facts", .from = "checks/must_include", .how = form_items, .rules = alternatives},
    {.to = "tags", .from = "labels", .how = form_items},
    FORM_COPY("tags/[]", "split"),
    {.to = "empty", .from = "checks/required_tools", .how = form_items, .otherwise = "null"},
    {.to = "judged", .from = "machine_verdict", .how = form_as_is, .is_machine = true},
    {.to = "a/b/c", .from = "output", .how = form_text, .when = "verdict=fail"},
    {.to = "a/b/d", .from = "output", .how = form_text, .when = "!labels"},
    {.to = "a/e", .from = "reviewers", .how = form_text},
    {.to = "if", .from = "severity", .how = form_constant, .constant = "true"},
    {.to = "if_not", .from = "comment", .how = form_constant, .constant = "true"},
    FORM_END,
};
static const struct form engine = {
    .name = "engine", .schema = "flywheel.row/v1", .rules = engine_rules};

START_TEST(rules_are_carried_out_in_their_order)
{
    struct bytes json = bytes_of_text(row_json);
    ck_assert_int_eq(form_write(&engine, json, false, &arena, &line), STATUS_OK);
    static const char seen[] =
        "{\"score\":0,\"facts\":[\"a fee\\n\\nfees\"],"
        "\"tags\":[\"wrong_tool\",\"missing_context\",\"train\"],\"empty\":null,"
        "\"judged\":\"pass\",\"a\":{\"b\":{\"c\":\"no fee\"},\"e\":\"2\"},\"if\":true}\n";
    ck_assert_msg(bytes_equal_text(buffer_bytes(&line), seen), "%.*s", (int)line.size,
                  (const char *)line.data);
    buffer_clear(&line);
    ck_assert_int_eq(form_write(&engine, json, true, &arena, &line), STATUS_OK);
    has("judged", "absent");
    has("score", "0");
}
END_TEST

START_TEST(too_little_memory_is_told)
{
    struct arena small;
    arena_init(&small, 8 << 20);
    struct buffer narrow = {.limit = 64};
    const struct form *form = form_find(FORM_OF_ROW, BYTES_LITERAL("langfuse"));
    ck_assert_int_eq(form_write(form, bytes_of_text(row_json), false, &small, &narrow),
                     STATUS_BUSY);
    buffer_finish(&narrow);
    arena_finish(&small);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forms");
    TCase *tests = tcase_create("forms");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, langfuse_finds_item_and_trace);
    tcase_add_test(tests, langsmith_evaluates_outputs);
    tcase_add_test(tests, phoenix_has_input_and_output_always);
    tcase_add_test(tests, futureagi_has_every_column_in_every_row);
    tcase_add_test(tests, a_cell_that_is_too_long_is_cut_and_says_so);
    tcase_add_test(tests, label_studio_predicts_what_was_decided);
    tcase_add_test(tests, openai_evals_have_every_text);
    tcase_add_test(tests, messages_end_with_the_approved_answer);
    tcase_add_test(tests, what_is_no_row_has_no_form);
    tcase_add_test(tests, names_are_listed);
    tcase_add_test(tests, rules_are_carried_out_in_their_order);
    tcase_add_test(tests, too_little_memory_is_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
