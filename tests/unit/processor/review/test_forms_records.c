/* link: review base */
#include <check.h>
#include <stdlib.h>

#include "processor/base/json/json.h"
#include "processor/review/forms.h"

#define RECORD "1f3b1c9e-6f0a-5d57-9d43-2a8a3f5f3c11"
#define TRACE "00112233445566778899aabbccddeeff"

#define JSON(scope, source, texts)                                                                 \
    "{\"schema\":\"flywheel.review/v1\",\"record_id\":\"" RECORD                                   \
    "\",\"revision\":1,\"queue\":\"secret_queue\",\"priority\":3,\"summary\":\"secret summary\","  \
    "\"source\":{\"trace_id\":\"" TRACE "\",\"links\":[]" source "},\"trajectory_id\":\"" TRACE    \
    "\",\"scope\":\"" scope                                                                        \
    "\",\"time\":{\"start\":\"2026-11-30T08:00:00Z\",\"end\":\"2026-11-30T08:00:02Z\"}," texts     \
    "\"steps\":[{\"kind\":\"tool\",\"name\":\"get_quote\",\"arguments\":\"{\\\"loan\\\": 1}\","    \
    "\"output\":\"182\",\"error\":\"timeout\"},{\"kind\":\"evaluator\",\"name\":\"secret_judge\"," \
    "\"output\":\"bad\"},{\"kind\":\"guardrail\",\"name\":\"secret_guard\"}],\"verdict\":"         \
    "\"fail\","                                                                                    \
    "\"labels\":[\"secret_label\"],\"evaluations\":[{\"rule\":\"secret_rule\"}],"                  \
    "\"selection\":{\"signature\":\"secret_signature\"}}"
#define TEXTS                                                                                      \
    "\"input\":\"q {{x}}\",\"output\":\"a "                                                        \
    "<b>\",\"history\":[{\"role\":\"user\",\"text\":\"hi\"}],"                                     \
    "\"contexts\":[{\"id\":\"d1\",\"score\":0.5,\"text\":\"t\",\"span_id\":\"s\"},{\"span_id\":"   \
    "\"s\"}],"
#define WHOLE JSON("trace", ",\"service\":\"bank\"", TEXTS)
#define BARE JSON("trace", "", "\"contexts\":[],")
#define CONVERSATION JSON("conversation", ",\"conversation_id\":\"c-1\"", TEXTS)

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

static enum status try(const char *name, const char *json, bool is_blind)
{
    const struct form *form = form_find(FORM_OF_RECORD, bytes_of_text(name));
    ck_assert_msg(form, "%s", name);
    buffer_clear(&line);
    return form_write(form, bytes_of_text(json), is_blind, &arena, &line);
}

static void is_line(const char *expected)
{
    buffer_append_byte(&line, 0);
    ck_assert_str_eq((const char *)line.data, expected);
}

static bool holds(const char *text)
{
    buffer_append_byte(&line, 0);
    return strstr((const char *)line.data, text) != NULL;
}

#define READ_DATA "\"history\":[{\"role\":\"user\",\"text\":\"hi\"}]"
#define STEPS                                                                                      \
    "\"steps\":[{\"name\":\"tool get_quote\",\"text\":\"{\\\"loan\\\": 1}\\n-> 182\\nerror: "      \
    "timeout\"}]"

START_TEST(a_task_has_what_is_read_and_nothing_of_the_machine)
{
    ck_assert_int_eq(try("label-studio", WHOLE, true), STATUS_OK);
    is_line("{\"data\":{\"record_id\":\"" RECORD "\",\"input\":\"q {{x}}\"," READ_DATA
            ",\"output\":\"a <b>\",\"contexts\":[{\"id\":\"d1\",\"text\":\"t\"},{\"id\":\"\","
            "\"text\":\"\"}]," STEPS "},\"meta\":{\"from\":\"flywheel\",\"record_id\":\"" RECORD
            "\",\"trace_id\":\"" TRACE
            "\",\"service\":\"bank\",\"time\":{\"start\":\"2026-11-30T08:00:00Z\",\"end\":"
            "\"2026-11-30T08:00:02Z\"}}}\n");
}
END_TEST

START_TEST(every_form_is_blind)
{
    static const char *const forms[] = {"label-studio", "langfuse", "langsmith", "futureagi"};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(try(forms[i], WHOLE, true), STATUS_OK);
        ck_assert_msg(!holds("secret") && !holds("\"verdict\"") && !holds("fail"), "%s", forms[i]);
    }
}
END_TEST

START_TEST(an_open_queue_shows_the_verdict_and_predicts_it)
{
    ck_assert_int_eq(try("label-studio", WHOLE, false), STATUS_OK);
    ck_assert(holds("\"is_machine_shown\":true") && holds("secret_rule"));
    ck_assert(holds("\"predictions\":[{\"model_version\":\"flywheel\",\"result\":[{\"from_name\":"
                    "\"verdict\",\"to_name\":\"output\",\"type\":\"choices\",\"value\":{"
                    "\"choices\":[\"fail\"]}}]}]"));
    ck_assert(!holds("secret_judge") && !holds("secret_guard"));
}
END_TEST

START_TEST(what_a_record_lacks_is_empty)
{
    ck_assert_int_eq(try("label-studio", BARE, true), STATUS_OK);
    ck_assert(holds("\"input\":\"\",\"history\":[],\"output\":\"\",\"contexts\":[]"));
    ck_assert_int_eq(try("langsmith", BARE, true), STATUS_OK);
    ck_assert(holds("\"inputs\":{\"input\":\"\",\"steps\":") &&
              holds("\"outputs\":{\"output\":\"\"}"));
}
END_TEST

START_TEST(langfuse_queues_the_trace_or_the_session)
{
    ck_assert_int_eq(try("langfuse", WHOLE, true), STATUS_OK);
    is_line("{\"objectId\":\"" TRACE "\",\"objectType\":\"TRACE\",\"status\":\"PENDING\"}\n");
    ck_assert_int_eq(try("langfuse", CONVERSATION, true), STATUS_OK);
    is_line("{\"objectId\":\"c-1\",\"objectType\":\"SESSION\",\"status\":\"PENDING\"}\n");
}
END_TEST

START_TEST(langsmith_gets_a_run_under_the_record_id)
{
    ck_assert_int_eq(try("langsmith", WHOLE, true), STATUS_OK);
    ck_assert(holds("{\"id\":\"" RECORD "\",\"name\":\"review\",\"run_type\":\"chain\","
                    "\"start_time\":\"2026-11-30T08:00:00Z\""));
    ck_assert(holds(STEPS));
}
END_TEST

START_TEST(futureagi_knows_traces_by_their_uuids_and_no_conversations)
{
    ck_assert_int_eq(try("futureagi", WHOLE, true), STATUS_OK);
    is_line("{\"source_type\":\"trace\",\"source_id\":\"00112233-4455-6677-8899-aabbccddeeff\"}\n");
    ck_assert_int_eq(try("futureagi", CONVERSATION, true), STATUS_NOT_FOUND);
    ck_assert_uint_eq(line.size, 0);
}
END_TEST

START_TEST(what_is_no_record_has_no_form)
{
    ck_assert_int_eq(try("langfuse", "{\"schema\":\"flywheel.row/v1\"}", true), STATUS_MALFORMED);
    ck_assert_int_eq(try("langfuse", "[]", true), STATUS_MALFORMED);
    ck_assert_ptr_null(form_find(FORM_OF_RECORD, BYTES_LITERAL("opik")));
    ck_assert(form_is_list(form_find(FORM_OF_RECORD, BYTES_LITERAL("label-studio"))));
    ck_assert(!form_is_list(form_find(FORM_OF_RECORD, BYTES_LITERAL("langfuse"))));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forms_records");
    TCase *tests = tcase_create("forms_records");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_task_has_what_is_read_and_nothing_of_the_machine);
    tcase_add_test(tests, every_form_is_blind);
    tcase_add_test(tests, an_open_queue_shows_the_verdict_and_predicts_it);
    tcase_add_test(tests, what_a_record_lacks_is_empty);
    tcase_add_test(tests, langfuse_queues_the_trace_or_the_session);
    tcase_add_test(tests, langsmith_gets_a_run_under_the_record_id);
    tcase_add_test(tests, futureagi_knows_traces_by_their_uuids_and_no_conversations);
    tcase_add_test(tests, what_is_no_record_has_no_form);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
