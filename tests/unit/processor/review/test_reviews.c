/* link: review base */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/review/result_json.h"
#include "processor/review/reviews.h"

#define RECORD "1f3b1c9e-6f0a-5d57-9d43-2a8a3f5f3c11"
#define OTHER "2f3b1c9e-6f0a-5d57-9d43-2a8a3f5f3c11"
#define TRACE "00112233445566778899aabbccddeeff"

enum { RESULTS_MAX = 16, TOLD_MAX = 8 };

static struct label_set labels;
static struct arena arena;
static struct result results[RESULTS_MAX];
static char jsons[RESULTS_MAX][4096];
static uint32_t result_count;
static char told[TOLD_MAX][300];
static uint32_t told_count;
static struct reviews_counts counts;
static char passed_over[400];

static void begin(void)
{
    arena_init(&arena, 16 << 20);
    label_set_default(&labels);
    labels.items[0].name = BYTES_LITERAL("Unsupported claim");
    labels.items[0].formerly[0] = BYTES_LITERAL("hallucination");
    labels.items[0].formerly_count = 1;
    ck_assert(label_set_seal(&labels));
}

static void end(void)
{
    arena_finish(&arena);
}

static void tell(void *context, const char *file, uint64_t line, const char *reason)
{
    (void)context;
    if (told_count < TOLD_MAX)
        snprintf(told[told_count], sizeof told[0], "%s:%llu: %s", file, (unsigned long long)line,
                 reason);
    told_count++;
}

static bool take(void *context, const char *file, uint64_t line, struct bytes json)
{
    struct result_refusal refusal;
    (void)context, (void)file;
    ck_assert_uint_ge(line, 1);
    ck_assert_uint_lt(result_count, RESULTS_MAX);
    snprintf(jsons[result_count], sizeof jsons[0], "%.*s", (int)json.size, (const char *)json.data);
    ck_assert_msg(result_json_read(arena_copy(&arena, json), &labels, (struct bytes){0}, &arena,
                                   &results[result_count], &refusal),
                  "%s: %s", refusal.field, refusal.reason);
    result_count++;
    return true;
}

static enum status import_two(const char *tool, const char *one, const char *two)
{
    struct buffer names = {0};
    struct reviews *reviews =
        reviews_create(reviews_tool_find(bytes_of_text(tool)), &labels, tell, NULL);
    result_count = told_count = 0;
    enum status status = reviews_read(reviews, "one", bytes_of_text(one));
    if (two && status == STATUS_OK)
        status = reviews_read(reviews, "two", bytes_of_text(two));
    if (status == STATUS_OK)
        status = reviews_write(reviews, take, NULL);
    counts = *reviews_counts(reviews);
    reviews_passed_over(reviews, &names);
    snprintf(passed_over, sizeof passed_over, "%.*s", (int)names.size,
             names.data ? (const char *)names.data : "");
    buffer_finish(&names);
    reviews_destroy(reviews);
    return status;
}

static void import(const char *tool, const char *text)
{
    ck_assert_int_eq(import_two(tool, text, NULL), STATUS_OK);
}

static bool has_label(const struct result *result, const char *id)
{
    for (uint32_t i = 0; i < result->label_count; i++)
        if (bytes_equal_text(labels.items[result->labels[i]].id, id))
            return true;
    return false;
}

#define ck_assert_text(bytes, expected)                                                            \
    ck_assert_msg(bytes_equal_text(bytes, expected), "%.*s", (int)(bytes).size,                    \
                  (const char *)(bytes).data)

/* --- Label Studio --- */

#define TASK(meta, annotations)                                                                    \
    "[{\"id\":7,\"inner_id\":1,\"data\":{\"record_id\":\"" RECORD                                  \
    "\",\"output\":\"No fee \\\"applies\\\"\"},\"meta\":" meta                                     \
    ",\"predictions\":[],\"drafts\":[],"                                                           \
    "\"annotations\":[" annotations "]}]"
#define CHOICE(name, value)                                                                        \
    "{\"id\":\"x\",\"from_name\":\"" name "\",\"to_name\":\"output\",\"type\":\"choices\","        \
    "\"origin\":\"manual\",\"value\":{\"choices\":[" value "]}}"
#define TEXTAREA(name, value)                                                                      \
    "{\"id\":\"y\",\"from_name\":\"" name "\",\"to_name\":\"output\",\"type\":\"textarea\","       \
    "\"value\":{\"text\":[" value "]}}"
#define ANNOTATION(id, by, cancelled, at, result)                                                  \
    "{\"id\":" id ",\"completed_by\":" by ",\"was_cancelled\":" cancelled                          \
    ",\"created_at\":\"2026-11-30T08:00:00.000000Z\",\"updated_at\":\"" at                         \
    "\",\"lead_time\":12.5,\"result\":[" result "]}"
#define AT "2026-11-30T09:00:00.250000Z"
#define ASHA "{\"id\":3,\"email\":\"asha@bank.example\",\"first_name\":\"A\",\"last_name\":\"B\"}"

START_TEST(an_annotation_is_a_result)
{
    import(
        "label-studio",
        TASK(
            "{}",
            ANNOTATION(
                "41", ASHA, "false", AT,
                CHOICE("verdict", "\"fail\"") "," CHOICE(
                    "labels",
                    "\"Unsupported "
                    "claim\",\"wrong_tool\"") "," TEXTAREA("expected_response",
                                                           "\"A fee of 2 %.\"") "," TEXTAREA("must"
                                                                                             "_not"
                                                                                             "_inc"
                                                                                             "lud"
                                                                                             "e",
                                                                                             "\"no"
                                                                                             " fee"
                                                                                             "\","
                                                                                             "\"fr"
                                                                                             "ee"
                                                                                             "\"") "," TEXTAREA("comment",
                                                                                                                "\"see "
                                                                                                                "terms"
                                                                                                                "\""))));
    ck_assert_uint_eq(result_count, 1);
    ck_assert_uint_eq(told_count, 0);
    const struct result *result = &results[0];
    ck_assert_text(result->record_id, RECORD);
    ck_assert_text(result->reviewer, "import:asha@bank.example");
    ck_assert_int_eq(result->status, RESULT_COMPLETED);
    ck_assert_int_eq(result->verdict, REVIEW_FAIL);
    ck_assert(!result->has_first_verdict);
    ck_assert_uint_eq(result->label_count, 2);
    ck_assert(has_label(result, "unsupported_claim") && has_label(result, "wrong_tool"));
    ck_assert_text(result->expected_response, "A fee of 2 %.");
    ck_assert_uint_eq(result->must_not_include.count, 2);
    ck_assert_text(result->must_not_include.items[0].alternatives[0], "no fee");
    ck_assert_text(result->must_not_include.items[1].alternatives[0], "free");
    ck_assert_text(result->comment, "see terms");
    int64_t at_ms = 0;
    ck_assert_int_eq(clock_parse_rfc3339(BYTES_LITERAL(AT), &at_ms), STATUS_OK);
    ck_assert_int_eq(result->completed_ms, at_ms);
    ck_assert_int_eq(result->started_ms, at_ms - 12500);
}
END_TEST

START_TEST(the_same_export_has_the_same_ids_and_an_edited_one_another)
{
    char id[80], same[80];
    import("label-studio",
           TASK("{}", ANNOTATION("41", ASHA, "false", AT, CHOICE("verdict", "\"fail\""))));
    snprintf(id, sizeof id, "%.*s", (int)results[0].result_id.size, results[0].result_id.data);
    import("label-studio",
           TASK("{}", ANNOTATION("41", ASHA, "false", AT, CHOICE("verdict", "\"wrong\""))));
    snprintf(same, sizeof same, "%.*s", (int)results[0].result_id.size, results[0].result_id.data);
    ck_assert_str_eq(id, same);
    import("label-studio",
           TASK("{}", ANNOTATION("41", ASHA, "false", AT, CHOICE("verdict", "\"pass\""))));
    ck_assert(!bytes_equal_text(results[0].result_id, id));
    import("label-studio",
           TASK("{}", ANNOTATION("42", ASHA, "false", AT, CHOICE("verdict", "\"fail\""))));
    ck_assert(!bytes_equal_text(results[0].result_id, id));
}
END_TEST

START_TEST(each_annotator_has_a_result_and_the_newest_annotation_of_one_counts)
{
    import(
        "label-studio",
        TASK("{}",
             ANNOTATION("41", "3", "false", AT, CHOICE("verdict", "\"maybe\"")) "," ANNOTATION(
                 "42", "4", "false", AT,
                 CHOICE(
                     "verdict",
                     "\"pass\"")) "," ANNOTATION("43", "3", "false", "2026-11-30T10:00:00Z",
                                                 CHOICE(
                                                     "verdict",
                                                     "\"pass\"")) "," ANNOTATION("44", "3", "false",
                                                                                 "2026-11-30T09:30:"
                                                                                 "00Z",
                                                                                 CHOICE(
                                                                                     "verdict",
                                                                                     "\"fail\""))));
    ck_assert_uint_eq(result_count, 2);
    ck_assert_uint_eq(told_count, 0);
    ck_assert_text(results[0].reviewer, "import:label-studio/3");
    ck_assert_int_eq(results[0].verdict, REVIEW_PASS);
    ck_assert_text(results[1].reviewer, "import:label-studio/4");
}
END_TEST

START_TEST(a_cancelled_annotation_is_a_skip)
{
    import("label-studio", TASK("{}", ANNOTATION("41", ASHA, "true", AT,
                                                 CHOICE("skip_reason", "\"cannot_tell\""))));
    ck_assert_int_eq(results[0].status, RESULT_SKIPPED);
    ck_assert_int_eq(results[0].skip_cause, SKIPPED_CANNOT_TELL);
    import("label-studio", TASK("{}", ANNOTATION("41", ASHA, "true", AT, "")));
    ck_assert_int_eq(results[0].status, RESULT_SKIPPED);
}
END_TEST

START_TEST(a_task_of_ours_says_whether_the_verdict_was_shown)
{
    import("label-studio",
           TASK("{\"from\":\"flywheel\"}",
                ANNOTATION("41", ASHA, "false", AT,
                           CHOICE("verdict", "\"fail\"") "," CHOICE("labels", "\"wrong_tool\""))));
    ck_assert(results[0].has_first_verdict && results[0].first_verdict == REVIEW_FAIL);
    ck_assert_uint_eq(results[0].first_label_count, 1);
    import("label-studio",
           TASK("{\"from\":\"flywheel\",\"is_machine_shown\":true}",
                ANNOTATION("41", ASHA, "false", AT, CHOICE("verdict", "\"fail\""))));
    ck_assert(!results[0].has_first_verdict);
}
END_TEST

START_TEST(what_means_nothing_is_told_with_its_line)
{
    import(
        "label-studio",
        "[\n{\"data\":{\"record_id\":\"" RECORD
        "\"},\n\"annotations\":[\n" ANNOTATION("1", ASHA, "false", AT, CHOICE("verdict", "\"so so\"")) ",\n" ANNOTATION(
            "2", "5", "false", AT,
            CHOICE("verdict", "\"fail\"") "," CHOICE(
                "labels",
                "\"rude\"")) ",\n" ANNOTATION("3", "6", "false", AT,
                                              CHOICE(
                                                  "tone",
                                                  "\"nice\"")) ",\n" ANNOTATION("4", "7", "false",
                                                                                AT,
                                                                                CHOICE("verdict", "\"fail\"") "," CHOICE(
                                                                                    "labels",
                                                                                    "\"acceptable_"
                                                                                    "refusal\"")) "]}]");
    ck_assert_uint_eq(result_count, 0);
    ck_assert_uint_eq(told_count, 4);
    ck_assert_str_eq(told[0], "one:4: verdict: it is none of pass, fail, unsure and their like");
    ck_assert_str_eq(told[1], "one:5: labels: one of them is no label of review.labels");
    ck_assert_str_eq(told[2], "one:6: it has no verdict, and no label that implies one");
    ck_assert_msg(strncmp(told[3], "one:7: labels", 13) == 0, "%s", told[3]);
    ck_assert_str_eq(passed_over, "tone (1)");
    ck_assert_uint_eq(counts.refused, 4);
}
END_TEST

START_TEST(tasks_from_elsewhere_are_counted)
{
    import("label-studio", "[{\"data\":{\"text\":\"x\"},\"annotations\":[" ANNOTATION(
                               "1", ASHA, "false", AT, CHOICE("verdict", "\"fail\"")) "]}]");
    ck_assert_uint_eq(result_count, 0);
    ck_assert_uint_eq(told_count, 0);
    ck_assert_uint_eq(counts.of_others, 1);
    import("label-studio", "[{\"record_id\":\"" RECORD "\",\"verdict\":\"fail\",\"annotator\":1}]");
    ck_assert_uint_eq(counts.of_others, 1);
}
END_TEST

/* --- tools with a score a name --- */

#define SCORE(id, name, type, value, more)                                                         \
    "{\"id\":\"" id "\",\"traceId\":\"" TRACE "\",\"source\":\"ANNOTATION\",\"name\":\"" name      \
    "\",\"dataType\":\"" type "\",\"value\":" value                                                \
    ",\"authorUserId\":\"u1\",\"updatedAt\":\"2026-11-30T09:00:00.000Z\"" more "}"

START_TEST(scores_of_one_person_and_trace_are_one_result)
{
    import(
        "langfuse",
        "{\"data\":[" SCORE("s1", "verdict", "CATEGORICAL", "1", ",\"stringValue\":\"fail\",\"comment\":\"see terms\"") "," SCORE("s2", "hallucination", "BOOLEAN", "1", ",\"stringValue\":\"True\",\"comment\":\"see terms\"") "," SCORE(
            "s3", "wrong_tool", "BOOLEAN", "0",
            ",\"stringValue\":\"False\"") "," SCORE("s4", "output", "CORRECTION", "0",
                                                    ",\"stringValue\":\"A "
                                                    "fee.\"") "," SCORE("s5",
                                                                        "helpful"
                                                                        "ness",
                                                                        "NUMERI"
                                                                        "C",
                                                                        "0.7", "") ","
                                                                                   "{\""
                                                                                   "id"
                                                                                   "\":"
                                                                                   "\"s"
                                                                                   "6\""
                                                                                   ",\""
                                                                                   "tra"
                                                                                   "ceI"
                                                                                   "d\""
                                                                                   ":"
                                                                                   "\"" TRACE "\","
                                                                                   "\"s"
                                                                                   "our"
                                                                                   "ce"
                                                                                   "\":"
                                                                                   "\"E"
                                                                                   "VAL"
                                                                                   "\","
                                                                                   "\"n"
                                                                                   "ame"
                                                                                   "\":"
                                                                                   "\"v"
                                                                                   "erd"
                                                                                   "ict"
                                                                                   "\","
                                                                                   "\"v"
                                                                                   "alu"
                                                                                   "e\""
                                                                                   ":0}"
                                                                                   "],"
                                                                                   "\"m"
                                                                                   "eta"
                                                                                   "\":"
                                                                                   "{\""
                                                                                   "pag"
                                                                                   "e\""
                                                                                   ":1}"
                                                                                   "}");
    ck_assert_uint_eq(result_count, 1);
    const struct result *result = &results[0];
    ck_assert_text(result->trajectory_id, TRACE);
    ck_assert_text(result->reviewer, "import:langfuse/u1");
    ck_assert_int_eq(result->verdict, REVIEW_FAIL);
    ck_assert_uint_eq(result->label_count, 1);
    ck_assert(has_label(result, "unsupported_claim"));
    ck_assert_text(result->expected_response, "A fee.");
    ck_assert_text(result->comment, "see terms");
    ck_assert_uint_eq(counts.of_machines, 1);
    ck_assert_str_eq(passed_over, "helpfulness (1)");
}
END_TEST

START_TEST(scores_join_over_files_in_any_order)
{
#define FIRST SCORE("s1", "verdict", "NUMERIC", "0", "")
#define SECOND SCORE("s2", "wrong_tool", "NUMERIC", "1", "")
    char id[80];
    ck_assert_int_eq(import_two("langfuse", "[" FIRST "]", "[" SECOND "]"), STATUS_OK);
    ck_assert_uint_eq(result_count, 1);
    ck_assert(has_label(&results[0], "wrong_tool"));
    snprintf(id, sizeof id, "%.*s", (int)results[0].result_id.size, results[0].result_id.data);
    ck_assert_int_eq(import_two("langfuse", SECOND "\n" FIRST, NULL), STATUS_OK);
    ck_assert_text(results[0].result_id, id);
    ck_assert_int_eq(import_two("langfuse", "[" FIRST "," SECOND "]", "[" SECOND "]"), STATUS_OK);
    ck_assert_text(results[0].result_id, id);
}
END_TEST

START_TEST(labels_that_imply_one_verdict_are_one)
{
    import("langfuse", "[" SCORE("s2", "wrong_tool", "NUMERIC", "1", "") "]");
    ck_assert_uint_eq(result_count, 1);
    ck_assert_int_eq(results[0].verdict, REVIEW_FAIL);
    import("langfuse", "[" SCORE("s2", "wrong_tool", "NUMERIC", "0", "") "]");
    ck_assert_uint_eq(result_count, 0);
    ck_assert_uint_eq(told_count, 1);
}
END_TEST

START_TEST(the_third_version_of_scores_has_a_subject)
{
    import("langfuse", "{\"data\":[{\"id\":\"s1\",\"source\":\"ANNOTATION\",\"name\":\"verdict\","
                       "\"data_type\":\"CATEGORICAL\",\"value\":\"pass\",\"author_user_id\":\"u1\","
                       "\"subject\":{\"kind\":\"observation\",\"id\":\"o\",\"trace_id\":\"" TRACE
                       "\"},\"updated_at\":\"2026-11-30T09:00:00Z\"}]}");
    ck_assert_text(results[0].trajectory_id, TRACE);
    ck_assert_int_eq(results[0].verdict, REVIEW_PASS);
}
END_TEST

#define FEEDBACK(id, run, key, said)                                                               \
    "{\"id\":\"" id "\",\"run_id\":\"" run                                                         \
    "\",\"trace_id\":\"00112233-4455-6677-8899-aabbccddeeff"                                       \
    "\",\"key\":\"" key "\"," said ",\"created_at\":\"2026-11-30T08:00:00.1\",\"modified_at\":"    \
    "\"2026-11-30T09:00:00.123456\",\"feedback_source\":{\"type\":\"app\",\"user_id\":\"u\","      \
    "\"user_name\":\"asha\"}}"

START_TEST(feedback_finds_the_record_by_its_run)
{
    import(
        "langsmith",
        FEEDBACK("f1", RECORD, "verdict", "\"score\":0.0,\"value\":null,\"comment\":\"c\"") "\n" FEEDBACK(
            "f2", RECORD, "correct",
            "\"score\":1") "\n" FEEDBACK("f3", RECORD, "labels",
                                         "\"value\":\"wrong_tool\",\"score\":"
                                         "2") "\n" FEEDBACK("f4",
                                                            "0190aaaa-4444-"
                                                            "7333-8222-"
                                                            "000000000000",
                                                            "verdict",
                                                            "\"score\":1,"
                                                            "\"correction\":{"
                                                            "\"output\":\"A "
                                                            "fee.\"}") "\n"
                                                                       "{\"id"
                                                                       "\":"
                                                                       "\"f5"
                                                                       "\","
                                                                       "\"run"
                                                                       "_id\""
                                                                       ":"
                                                                       "\"" RECORD "\","
                                                                       "\"key"
                                                                       "\":"
                                                                       "\"ver"
                                                                       "dict"
                                                                       "\","
                                                                       "\"sco"
                                                                       "re\":"
                                                                       "1,"
                                                                       "\"fee"
                                                                       "dback"
                                                                       "_sour"
                                                                       "ce\":"
                                                                       "{\"ty"
                                                                       "pe\":"
                                                                       "\"mod"
                                                                       "el\"}"
                                                                       "}");
    ck_assert_uint_eq(result_count, 2);
    ck_assert_text(results[0].record_id, RECORD);
    ck_assert_text(results[0].reviewer, "import:asha");
    ck_assert_int_eq(results[0].verdict, REVIEW_FAIL);
    ck_assert(has_label(&results[0], "wrong_tool"));
    ck_assert_text(results[0].comment, "c");
    ck_assert_text(results[1].trajectory_id, TRACE);
    ck_assert_text(results[1].expected_response, "A fee.");
    ck_assert_uint_eq(counts.of_machines, 1);
    ck_assert_str_eq(passed_over, "correct (1)");
}
END_TEST

START_TEST(scores_of_futureagi_stand_alone_or_below_their_item)
{
    import("futureagi",
           "{\"status\":true,\"result\":[{\"id\":\"a\",\"source_type\":\"trace\",\"source_id\":"
           "\"00112233-4455-6677-8899-aabbccddeeff\",\"label_name\":\"Verdict\",\"value\":"
           "{\"value\":\"down\"},\"notes\":\"n\",\"score_source\":\"human\",\"annotator_email\":"
           "\"asha@bank.example\",\"created_at\":\"2026-11-30T09:00:00+00:00\"},"
           "{\"id\":\"b\",\"source_type\":\"trace\",\"source_id\":"
           "\"00112233-4455-6677-8899-aabbccddeeff\",\"label_name\":\"labels\",\"value\":"
           "{\"selected\":[\"Wrong tool\"]},\"score_source\":\"human\",\"annotator_email\":"
           "\"asha@bank.example\",\"created_at\":\"2026-11-30T09:00:00+00:00\"}]}");
    ck_assert_uint_eq(result_count, 1);
    ck_assert_text(results[0].trajectory_id, TRACE);
    ck_assert_int_eq(results[0].verdict, REVIEW_FAIL);
    ck_assert(has_label(&results[0], "wrong_tool"));
    ck_assert_text(results[0].comment, "n");
    import("futureagi",
           "[{\"source_type\":\"trace\",\"source_id\":\"" TRACE
           "\",\"status\":\"completed\",\"metadata\":{\"record_id\":\"" RECORD
           "\"},\"annotations\":[{\"label_name\":\"verdict\",\"value\":\"pass\",\"annotator_name\":"
           "\"Lee\",\"score_source\":\"human\"},{\"label_name\":\"verdict\",\"value\":\"fail\","
           "\"annotator_name\":\"Bo\",\"score_source\":\"human\"},{\"label_name\":\"verdict\","
           "\"value\":\"fail\",\"annotator_name\":null,\"score_source\":\"auto\"}]}]");
    ck_assert_uint_eq(result_count, 2);
    ck_assert_text(results[0].record_id, RECORD);
    ck_assert_text(results[0].reviewer, "import:Lee");
    ck_assert_int_eq(results[1].verdict, REVIEW_FAIL);
    ck_assert_uint_eq(counts.of_machines, 1);
}
END_TEST

START_TEST(the_later_of_two_scores_by_one_name_counts)
{
    import(
        "langfuse",
        "[" SCORE("s1", "verdict", "NUMERIC", "1",
                  "") ","
                      "{\"id\":\"s0\",\"traceId\":\"" TRACE
                      "\",\"source\":\"ANNOTATION\",\"name\":\"verdict\","
                      "\"dataType\":\"NUMERIC\",\"value\":0,\"authorUserId\":\"u1\",\"updatedAt\":"
                      "\"2026-11-29T09:00:00.000Z\"}]");
    ck_assert_uint_eq(result_count, 1);
    ck_assert_int_eq(results[0].verdict, REVIEW_PASS);
}
END_TEST

START_TEST(nobody_is_no_reviewer)
{
    import("langfuse", "[{\"id\":\"s1\",\"traceId\":\"" TRACE
                       "\",\"source\":\"ANNOTATION\",\"name\":\"verdict\",\"value\":0}]");
    ck_assert_uint_eq(result_count, 0);
    ck_assert_str_eq(told[0], "one:1: nobody is named who said it");
}
END_TEST

START_TEST(a_byte_order_mark_before_an_export_is_none_of_it)
{
    begin();
    import("label-studio",
           "\xef\xbb\xbf[{\"data\":{\"record_id\":\"" RECORD "\"},\"annotations\":[{\"id\":1,"
           "\"completed_by\":{\"id\":7},\"result\":[{\"from_name\":\"verdict\",\"value\":{"
           "\"choices\":[\"fail\"]}}]}]}]");
    ck_assert_uint_eq(result_count, 1);
    ck_assert_uint_eq(told_count, 0);
    end();
}
END_TEST

START_TEST(a_list_may_stand_in_two_envelopes)
{
    begin();
    import(
        "futureagi",
        "{\"status\":true,\"result\":{\"items\":[{\"source_type\":\"trace\",\"source_id\":\"" TRACE
        "\",\"annotations\":[{\"label_name\":\"verdict\",\"value\":\"fail\","
        "\"annotator_email\":\"asha@bank.example\"}]}],\"count\":1}}");
    ck_assert_uint_eq(result_count, 1);
    end();
}
END_TEST

START_TEST(an_annotator_without_a_number_is_nobody)
{
    begin();
    import("label-studio",
           "[{\"data\":{\"record_id\":\"" RECORD "\"},\"annotations\":[{\"id\":1,"
           "\"completed_by\":{\"id\":null},\"result\":[{\"from_name\":\"verdict\",\"value\":{"
           "\"choices\":[\"fail\"]}}]}]}]");
    ck_assert_uint_eq(result_count, 0);
    ck_assert_uint_eq(told_count, 1);
    end();
}
END_TEST

START_TEST(what_is_no_export_is_told)
{
    ck_assert_int_eq(import_two("langfuse", "id,name,value\ns1,verdict,1\n", NULL),
                     STATUS_MALFORMED);
    ck_assert_uint_eq(told_count, 1);
    ck_assert_int_eq(import_two("label-studio", "[1,2]", NULL), STATUS_MALFORMED);
    ck_assert_int_eq(import_two("label-studio", "[{\"data\":{},\"annotations\":[", NULL),
                     STATUS_MALFORMED);
    ck_assert_int_eq(import_two("label-studio", "", NULL), STATUS_OK);
    ck_assert_uint_eq(result_count, 0);
    ck_assert_ptr_null(reviews_tool_find(BYTES_LITERAL("argilla")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reviews");
    TCase *tests = tcase_create("reviews");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, an_annotation_is_a_result);
    tcase_add_test(tests, the_same_export_has_the_same_ids_and_an_edited_one_another);
    tcase_add_test(tests, each_annotator_has_a_result_and_the_newest_annotation_of_one_counts);
    tcase_add_test(tests, a_cancelled_annotation_is_a_skip);
    tcase_add_test(tests, a_task_of_ours_says_whether_the_verdict_was_shown);
    tcase_add_test(tests, what_means_nothing_is_told_with_its_line);
    tcase_add_test(tests, tasks_from_elsewhere_are_counted);
    tcase_add_test(tests, scores_of_one_person_and_trace_are_one_result);
    tcase_add_test(tests, scores_join_over_files_in_any_order);
    tcase_add_test(tests, labels_that_imply_one_verdict_are_one);
    tcase_add_test(tests, the_third_version_of_scores_has_a_subject);
    tcase_add_test(tests, feedback_finds_the_record_by_its_run);
    tcase_add_test(tests, scores_of_futureagi_stand_alone_or_below_their_item);
    tcase_add_test(tests, the_later_of_two_scores_by_one_name_counts);
    tcase_add_test(tests, nobody_is_no_reviewer);
    tcase_add_test(tests, a_byte_order_mark_before_an_export_is_none_of_it);
    tcase_add_test(tests, a_list_may_stand_in_two_envelopes);
    tcase_add_test(tests, an_annotator_without_a_number_is_nobody);
    tcase_add_test(tests, what_is_no_export_is_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
