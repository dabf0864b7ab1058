/* link: review base */
#include <check.h>
#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/review/result_json.h"

#define RECORD "\"record_id\":\"0f3b1c9e-6f0a-5d57-9d43-2a8a3f5f3c11\""
#define HEAD "\"schema\":\"flywheel.result/v1\"," RECORD ",\"reviewer\":\"asha\""
#define FAILED HEAD ",\"status\":\"completed\",\"verdict\":\"fail\""

static struct arena arena;
static struct label_set labels;
static struct result result;
static struct result_refusal refusal;

static bool read_owned(const char *json, const char *owner)
{
    arena_finish(&arena);
    arena_init(&arena, 8 << 20);
    label_set_default(&labels);
    ck_assert(label_set_seal(&labels));
    return result_json_read(bytes_of_text(json), &labels, bytes_of_text(owner), &arena, &result,
                            &refusal);
}

static void is_read(const char *json)
{
    ck_assert_msg(read_owned(json, NULL), "%s: %s", refusal.field, refusal.reason);
}

static void is_refused(const char *json, enum result_fault fault, const char *field)
{
    ck_assert_msg(!read_owned(json, NULL), "%s", json);
    ck_assert_msg(refusal.fault == fault, "%s: %s", json, result_fault_names[refusal.fault]);
    ck_assert_str_eq(refusal.field, field);
}

START_TEST(a_judgement_is_read_whole)
{
    is_read(
        "{" FAILED ",\"result_id\":\"r-1\",\"labels\":[\"wrong_tool\",\"unsupported_claim\"],"
        "\"must_not_include\":[[\"no fee\",\"without a fee\"],\"free of charge\"],"
        "\"must_include\":[[\"2 % fee\"]],\"expected_until\":\"2027-01-31\","
        "\"required_tools\":[\"payoff\"],\"evidence\":[{\"pointer\":\"/output/content\","
        "\"start\":3,\"end\":9,\"label\":\"unsupported_claim\"}],\"comment\":\"see page 2\","
        "\"started_at\":\"2026-11-30T12:00:00Z\",\"completed_at\":\"2026-11-30T13:01:00+01:00\","
        "\"first_verdict\":\"unsure\",\"anything_else\":{\"a\":[1]}}");
    ck_assert(bytes_equal_text(result.result_id, "r-1"));
    ck_assert(bytes_equal_text(result.reviewer, "asha"));
    ck_assert_int_eq(result.verdict, REVIEW_FAIL);
    ck_assert(result.has_first_verdict && result.first_verdict == REVIEW_UNSURE);
    ck_assert_uint_eq(result.label_count, 2);
    ck_assert(bytes_equal_text(labels.items[result.labels[0]].id, "unsupported_claim"));
    ck_assert(bytes_equal_text(labels.items[result.failure_mode].id, "unsupported_claim"));
    ck_assert_uint_eq(result.must_not_include.count, 2);
    ck_assert_uint_eq(result.must_not_include.items[0].count, 2);
    ck_assert(bytes_equal_text(result.must_not_include.items[1].alternatives[0], "free of charge"));
    ck_assert_uint_eq(result.evidence[0].end, 9);
    ck_assert_int_eq(result.completed_ms - result.started_ms, 60000);
    ck_assert(result.approve);
}
END_TEST

START_TEST(an_id_is_made_of_the_content_and_of_whose_it_is)
{
    struct bytes id;
    char first[UUID_TEXT_SIZE];
    is_read("{" FAILED ",\"labels\":[]}");
    memcpy(first, result.result_id.data, result.result_id.size);
    is_read("{ \"labels\" : [ ],\"verdict\":\"fail\",\"comment\":null," HEAD
            ",\"status\":\"completed\"}");
    id = result.result_id;
    ck_assert(bytes_equal(id, bytes_of(first, id.size)));

    const char *nameless = "{\"schema\":\"flywheel.result/v1\"," RECORD
                           ",\"status\":\"completed\",\"verdict\":\"fail\"}";
    ck_assert(read_owned(nameless, "asha"));
    memcpy(first, result.result_id.data, result.result_id.size);
    ck_assert(bytes_equal_text(result.reviewer, "asha"));
    ck_assert(read_owned(nameless, "lee"));
    ck_assert(!bytes_equal(result.result_id, bytes_of(first, result.result_id.size)));
}
END_TEST

START_TEST(what_is_missing_or_of_another_kind_is_named)
{
    is_refused("", RESULT_MALFORMED, "");
    is_refused("[]", RESULT_MALFORMED, "");
    is_refused("{" FAILED, RESULT_MALFORMED, "");
    is_refused("{" RECORD ",\"reviewer\":\"a\",\"status\":\"completed\",\"verdict\":\"pass\"}",
               RESULT_MALFORMED, "schema");
    is_refused("{\"schema\":\"flywheel.result/v2\"}", RESULT_MALFORMED, "schema");
    is_refused("{" HEAD "}", RESULT_MALFORMED, "status");
    is_refused("{" HEAD ",\"status\":\"done\"}", RESULT_MALFORMED, "status");
    is_refused("{" HEAD ",\"status\":\"completed\"}", RESULT_MALFORMED, "verdict");
    is_refused("{\"schema\":\"flywheel.result/v1\",\"reviewer\":\"a\",\"status\":\"skipped\"}",
               RESULT_MALFORMED, "record_id");
    is_refused("{\"schema\":\"flywheel.result/v1\"," RECORD ",\"status\":\"skipped\"}",
               RESULT_MALFORMED, "reviewer");
    is_refused("{" FAILED ",\"approve\":1}", RESULT_MALFORMED, "approve");
    is_refused("{" FAILED ",\"result_id\":\"a b\"}", RESULT_MALFORMED, "result_id");
    is_refused("{" FAILED ",\"result_id\":\"\"}", RESULT_MALFORMED, "result_id");
    is_refused("{" FAILED ",\"must_include\":[\"a\",[\"b\",3]]}", RESULT_MALFORMED,
               "must_include[1][1]");
    is_refused("{" FAILED ",\"must_include\":[[]]}", RESULT_MALFORMED, "must_include[0]");
    is_refused("{" FAILED ",\"expected_until\":\"2027-02-30\"}", RESULT_MALFORMED,
               "expected_until");
    is_refused("{" FAILED ",\"completed_at\":\"yesterday\"}", RESULT_MALFORMED, "completed_at");
    is_refused("{" FAILED ",\"evidence\":[{\"pointer\":\"/a\",\"start\":5,\"end\":4}]}",
               RESULT_MALFORMED, "evidence[0]");
    is_refused("{" FAILED ",\"verdict\":\"pass\"}", RESULT_MALFORMED, "");
    is_refused("{\"schema\":\"flywheel.result/v1\"," RECORD
               ",\"reviewer\":\"a\\u202eb\",\"status\":\"skipped\"}",
               RESULT_MALFORMED, "reviewer");
}
END_TEST

START_TEST(labels_must_be_known_and_agree_with_the_verdict)
{
    is_refused("{" FAILED ",\"labels\":[\"nonsense\"]}", RESULT_UNKNOWN_LABEL, "labels[0]");
    is_refused("{" FAILED ",\"labels\":[\"acceptable_refusal\"]}", RESULT_INCONSISTENT, "labels");
    is_refused("{" HEAD
               ",\"status\":\"completed\",\"verdict\":\"pass\",\"labels\":[\"wrong_tool\"]}",
               RESULT_INCONSISTENT, "labels");
    is_refused("{" FAILED ",\"labels\":[\"wrong_tool\"],\"failure_mode\":\"unsupported_claim\"}",
               RESULT_INCONSISTENT, "failure_mode");
    is_read("{" FAILED ",\"labels\":[\"wrong_tool\",\"wrong_tool\"]}");
    ck_assert_uint_eq(result.label_count, 1);
    is_read("{" HEAD ",\"status\":\"completed\",\"verdict\":\"pass\","
            "\"labels\":[\"acceptable_refusal\"]}");
    ck_assert_int_eq(result.failure_mode, -1);
}
END_TEST

START_TEST(who_cannot_tell_approves_nothing)
{
    is_read("{" HEAD ",\"status\":\"completed\",\"verdict\":\"unsure\",\"approve\":true}");
    ck_assert(!result.approve);
    is_read("{" FAILED ",\"approve\":false}");
    ck_assert(!result.approve);
}
END_TEST

/* {FAILED, "field": value} where the value is `count` times the element. */
static void with_many(struct buffer *to, const char *field, const char *element, uint32_t count)
{
    buffer_clear(to);
    buffer_printf(to, "{" FAILED ",\"%s\":[", field);
    for (uint32_t i = 0; i < count; i++)
        buffer_printf(to, "%s%s", i > 0 ? "," : "", element);
    buffer_append_text(to, "]}");
    buffer_append_byte(to, 0);
}

START_TEST(each_limit_is_held_and_named)
{
    struct buffer text = {0};
    with_many(&text, "must_include", "\"a\"", RESULT_CHECKS_MAX);
    is_read((const char *)text.data);
    with_many(&text, "must_include", "\"a\"", RESULT_CHECKS_MAX + 1);
    is_refused((const char *)text.data, RESULT_TOO_LARGE, "must_include");
    with_many(&text, "required_tools", "\"a\"", RESULT_TOOLS_MAX + 1);
    is_refused((const char *)text.data, RESULT_TOO_LARGE, "required_tools");
    with_many(&text, "evidence", "{\"pointer\":\"/a\"}", RESULT_EVIDENCE_MAX + 1);
    is_refused((const char *)text.data, RESULT_TOO_LARGE, "evidence");
    with_many(&text, "labels", "\"wrong_tool\"", RESULT_LABELS_MAX + 1);
    is_refused((const char *)text.data, RESULT_TOO_LARGE, "labels");

    buffer_clear(&text);
    buffer_append_text(&text, "{" FAILED ",\"comment\":\"");
    size_t head = text.size;
    for (int i = 0; i < COMMENT_BYTES_MAX; i++)
        buffer_append_byte(&text, 'x');
    buffer_append(&text, "\"}", 3);
    is_read((const char *)text.data);
    text.size -= 3;
    buffer_append(&text, "y\"}", 4);
    is_refused((const char *)text.data, RESULT_TOO_LARGE, "comment");
    text.size = head;
    for (int i = 0; i < RESULT_BYTES_MAX; i++)
        buffer_append_byte(&text, 'x');
    buffer_append(&text, "\"}", 3);
    is_refused((const char *)text.data, RESULT_TOO_LARGE, "");
    buffer_finish(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("result");
    TCase *tests = tcase_create("result");
    tcase_add_test(tests, a_judgement_is_read_whole);
    tcase_add_test(tests, an_id_is_made_of_the_content_and_of_whose_it_is);
    tcase_add_test(tests, what_is_missing_or_of_another_kind_is_named);
    tcase_add_test(tests, labels_must_be_known_and_agree_with_the_verdict);
    tcase_add_test(tests, who_cannot_tell_approves_nothing);
    tcase_add_test(tests, each_limit_is_held_and_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_finish(&arena);
    return failed != 0;
}
