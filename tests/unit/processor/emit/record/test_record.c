/* link: emit base */
/* The record of a small run against tests/data/golden/review_record.json (FLYWHEEL_UPDATE_GOLDEN=1
 * writes it anew), then what a record does when it must say less. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/json/json.h"
#include "processor/base/text/utf8.h"
#include "processor/emit/record/record.h"
#include "processor/emit/record/shorten.h"
#include "processor/otlp/wire.h"

#define TEXT(text) BYTES_LITERAL(text)
enum { STEPS = 4 };

static struct arena arena, record_arena;
static struct buffer json, link_wire;
static struct redaction_policy policy;
static struct span spans[STEPS];
static struct step steps[STEPS];
static struct trajectory trajectory;
static struct agent_run run;
static struct document documents[2];
static struct rule rules[4];
static struct evaluation evaluations[4];
static struct evidence evidence[3];
static struct feedback feedback[1];
static struct verdict_report report;
static struct bytes names[8], values[2];
static struct dimension dimensions[2];
static uint8_t ruleset[32];
static struct review_input input;
static struct review_record record;

static const uint64_t second = 1000000000, start_ns = 1790000000u * UINT64_C(1000000000);

static void make_spans(void)
{
    static const struct {
        uint8_t id, parent;
        uint32_t start_ms, end_ms;
        uint8_t status;
    } rows[STEPS] = {{0x11, 0, 0, 4250, 0},
                     {0x22, 0x11, 10, 350, 1},
                     {0x33, 0x11, 400, 402, 2},
                     {0x44, 0x11, 500, 4000, 0}};
    /* One link, twice: field 13, with trace_id 1 and span_id 2. */
    for (int i = 0; i < 2; i++) {
        struct buffer link = {0};
        uint8_t id[16];
        memset(id, 0xab, sizeof id);
        wire_put_bytes(&link, 1, bytes_of(id, 16));
        wire_put_bytes(&link, 2, bytes_of(id, 8));
        wire_put_bytes(&link_wire, 13, buffer_bytes(&link));
        buffer_finish(&link);
    }
    for (int i = 0; i < STEPS; i++) {
        spans[i] = (struct span){.start_ns = start_ns + rows[i].start_ms * UINT64_C(1000000),
                                 .end_ns = start_ns + rows[i].end_ms * UINT64_C(1000000) + 5,
                                 .status = rows[i].status,
                                 .has_parent = rows[i].parent != 0};
        memset(spans[i].id, rows[i].id, SPAN_ID_SIZE);
        memset(spans[i].parent_id, rows[i].parent, SPAN_ID_SIZE);
    }
    spans[0].wire = buffer_bytes(&link_wire);
    trajectory = (struct trajectory){
        .trigger = CLOSE_ROOT, .spans = spans, .span_count = STEPS, .received_ms = 0};
    memset(trajectory.id, 0x5a, TRACE_ID_SIZE);
    ck_assert(trajectory_order(&trajectory, &arena));
}

static void make_steps(void)
{
    for (int i = 0; i < STEPS; i++)
        steps[i] = (struct step){.span = &trajectory.spans[i],
                                 .is_counted = true,
                                 .is_own = true,
                                 .tokens_input = -1,
                                 .tokens_output = -1,
                                 .cost_usd = -1,
                                 .ttft_ns = -1};
    steps[0].kind = STEP_AGENT;
    steps[0].name = TEXT("invoke_agent mortgage");
    steps[1].kind = STEP_RETRIEVER;
    steps[1].name = TEXT("search");
    steps[1].input = TEXT("payoff for jo@example.com");
    steps[2].kind = STEP_TOOL;
    steps[2].name = TEXT("execute_tool lookup_payoff");
    steps[2].tool = TEXT("lookup_payoff");
    steps[2].arguments = TEXT("{\"account\":\"7\"}");
    steps[2].error = TEXT("timeout");
    steps[3].kind = STEP_LLM;
    steps[3].name = TEXT("chat gpt-x");
    steps[3].model = TEXT("gpt-x");
    steps[3].output = TEXT("The payoff is 12.");
    steps[3].tokens_input = 120;
    steps[3].tokens_output = 9;
}

static void make_run(void)
{
    documents[0] = (struct document){.id = TEXT("doc-1"),
                                     .text = TEXT("Write to jo@example.com."),
                                     .has_score = true,
                                     .score = 0.25,
                                     .span = 1};
    documents[1] = (struct document){.text = TEXT("Second"), .span = 1};
    feedback[0] = (struct feedback){.name = TEXT("thumbs"),
                                    .has_value = true,
                                    .value = -1,
                                    .text = TEXT("wrong"),
                                    .is_negative = true};
    names[0] = TEXT("gpt-x");
    names[1] = TEXT("openai");
    names[2] = TEXT("lookup_payoff");
    names[3] = TEXT("stop");
    names[4] = TEXT("timeout");
    names[5] = TEXT("unsupported_claim");
    run = (struct agent_run){
        .trajectory = &trajectory,
        .steps = steps,
        .step_count = STEPS,
        .conversation_id = TEXT("conv-1"),
        .service = TEXT("bank"),
        .environment = TEXT("prod"),
        .release = TEXT("1.4.0"),
        .agent_name = TEXT("mortgage"),
        .models = {&names[0], 1},
        .providers = {&names[1], 1},
        .tools = {&names[2], 1},
        .finish_reasons = {&names[3], 1},
        .errors = {&names[4], 1},
        .tokens_input = 120,
        .tokens_output = 9,
        .cost_usd = 0.0015,
        .ttft_ns = 120500000,
        .dropped_attributes = 2,
        .feedback = feedback,
        .feedback_count = 1,
        .has_content = true,
        .input = TEXT("What is my payoff?"),
        .output = TEXT("\xc3\x9c"
                       "ber jo@example.com: 12."),
        .input_span = 0,
        .output_span = 3,
        .documents = documents,
        .document_count = 2,
    };
}

static void make_report(void)
{
    rules[0] = (struct rule){.name = TEXT("ungrounded"),
                             .has_fail_below = true,
                             .fail_below = 0.7,
                             .has_borderline_below = true,
                             .borderline_below = 0.8,
                             .priority = 1,
                             .queue = TEXT("review")};
    rules[1] = (struct rule){.name = TEXT("slow"),
                             .has_fail_above = true,
                             .fail_above = 60000,
                             .has_borderline_above = true,
                             .borderline_above = 20000};
    rules[2] = (struct rule){.name = TEXT("wrong_tool"),
                             .has_fail_below = true,
                             .fail_below = 0.5,
                             .has_fail_above = true,
                             .fail_above = 2};
    rules[3] =
        (struct rule){.name = TEXT("odd"), .has_borderline_above = true, .borderline_above = 3};
    /* "Über jo@example.com: 12.": the address is bytes 6 to 20, "12" bytes 22 to 24. */
    evidence[0] = (struct evidence){NO_SPAN, FIELD_OUTPUT, 0, 5};
    evidence[1] = (struct evidence){NO_SPAN, FIELD_OUTPUT, 8, 24};
    evidence[2] = (struct evidence){0, FIELD_CONTEXT, 0, 24};
    evaluations[0] = (struct evaluation){.rule = &rules[0],
                                         .measurement = TEXT("groundedness.lexical"),
                                         .outcome = OUTCOME_FAIL,
                                         .has_value = true,
                                         .value = 0.5,
                                         .explanation = TEXT("1 of 2 claims is not supported"),
                                         .evidence = evidence,
                                         .evidence_count = 3,
                                         .evaluator_id = TEXT("groundedness.lexical"),
                                         .evaluator_version = TEXT("1")};
    evaluations[1] = (struct evaluation){.rule = &rules[1],
                                         .measurement = TEXT("duration_ms"),
                                         .outcome = OUTCOME_PASS,
                                         .has_value = true,
                                         .value = 4250.000005};
    evaluations[2] = (struct evaluation){.rule = &rules[2],
                                         .measurement = TEXT("score.ToolSelectionAccuracy"),
                                         .outcome = OUTCOME_NA,
                                         .na_reason = "not_imported",
                                         .evaluator_type = EVALUATOR_IMPORTED};
    evaluations[3] = (struct evaluation){.rule = &rules[3],
                                         .measurement = TEXT("errors"),
                                         .outcome = OUTCOME_BORDERLINE,
                                         .has_value = true,
                                         .value = 4};
    report = (struct verdict_report){.verdict = VERDICT_FAIL,
                                     .evaluations = evaluations,
                                     .evaluation_count = 4,
                                     .labels = {&names[5], 1},
                                     .worst = &rules[0],
                                     .signature = "0123456789abcdef"};
}

static void setup(void)
{
    arena_init(&arena, 64u << 20);
    arena_init(&record_arena, 512u << 20);
    json = link_wire = (struct buffer){0};
    policy = (struct redaction_policy){.content = REDACT_REDACTED};
    for (int i = 0; i < MASK_KINDS; i++)
        policy.builtin[i] = true;
    make_spans();
    make_steps();
    make_run();
    make_report();
    memset(ruleset, 0x0f, sizeof ruleset);
    dimensions[0].name = TEXT("intent");
    dimensions[1].name = TEXT("locale");
    values[0] = TEXT("mortgage payoff");
    values[1] = TEXT("de-DE");
    input = (struct review_input){.run = &run,
                                  .report = &report,
                                  .revision = 1,
                                  .reason = SELECT_RULE,
                                  .inclusion_probability = 1,
                                  .dimensions = dimensions,
                                  .dimension_values = values,
                                  .dimension_count = 2,
                                  .ruleset_sha256 = ruleset,
                                  .redaction = &policy,
                                  .arena = &record_arena};
}

static void teardown(void)
{
    buffer_finish(&json);
    buffer_finish(&link_wire);
    arena_finish(&arena);
    arena_finish(&record_arena);
}

static void write_record(void)
{
    buffer_clear(&json);
    ck_assert_int_eq(review_record_write(&input, &json, &record), STATUS_OK);
    ck_assert_uint_le(json.size, REVIEW_RECORD_MAX);
    ck_assert(utf8_is_valid(buffer_bytes(&json)));
}

/* The value at a path of member names, "" when it is not there. Elements are numbers. */
static struct bytes value_at(const char *path)
{
    struct json_reader reader;
    struct json_value value;
    ck_assert(json_parse(buffer_bytes(&json), &record_arena, &reader, &value));
    while (*path) {
        char name[64] = {0};
        size_t size = strcspn(path, ".");
        memcpy(name, path, size);
        path += size + (path[size] == '.');
        if (value.type == JSON_ARRAY) {
            struct json_reader children;
            json_children(&reader, &value, &children);
            for (int i = atoi(name); i >= 0; i--)
                if (json_next(&children, &value) == JSON_END)
                    return TEXT("");
        } else if (!json_member(&reader, &value, name, &value)) {
            return TEXT("");
        }
    }
    return value.type == JSON_STRING || value.type == JSON_NUMBER ? value.text : value.raw;
}

static void check_value(const char *path, const char *expected)
{
    struct bytes value = value_at(path);
    ck_assert_msg(bytes_equal_text(value, expected), "%s is \"%.*s\", not \"%s\"", path,
                  (int)value.size, (const char *)value.data, expected);
}

static bool contains(const char *text)
{
    return memmem(json.data, json.size, text, strlen(text)) != NULL;
}

START_TEST(a_record_is_the_golden_one_byte_for_byte)
{
    static const char path[] = TEST_DATA "/golden/review_record.json";
    write_record();
    if (getenv("FLYWHEEL_UPDATE_GOLDEN")) {
        FILE *file = fopen(path, "wb");
        ck_assert_ptr_nonnull(file);
        ck_assert_uint_eq(fwrite(json.data, 1, json.size, file), json.size);
        ck_assert_int_eq(fputc('\n', file), '\n');
        ck_assert_int_eq(fclose(file), 0);
    }
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    char golden[16384];
    size_t size = fread(golden, 1, sizeof golden, file);
    (void)fclose(file);
    ck_assert_uint_gt(size, 1);
    size--; /* the newline */
    for (size_t i = 0; i < size && i < json.size; i++)
        ck_assert_msg(golden[i] == (char)json.data[i], "differs at byte %zu: %.60s", i,
                      (const char *)json.data + i);
    ck_assert_uint_eq(size, json.size);
}
END_TEST

START_TEST(the_keys_stand_in_the_order_of_the_schema)
{
    static const char *const keys[] = {
        "schema",      "record_id",     "revision",  "supersedes",   "queue",
        "priority",    "summary",   "content_digest", "source",    "trajectory_id", "scope",
        "completeness", "time",         "agent",     "cohort",       "input",
        "output",      "expected",      "contexts",  "steps",        "verdict",
        "labels",      "evaluations",   "selection", "ruleset",      "usage",
        "signals",     "redaction",     "truncation",
    };
    run.expected = TEXT("12");
    input.supersedes = "00000000-0000-5000-8000-000000000000";
    write_record();
    struct json_reader reader, members;
    struct json_value value, member;
    ck_assert(json_parse(buffer_bytes(&json), &record_arena, &reader, &value));
    json_children(&reader, &value, &members);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        ck_assert_int_ne(json_next(&members, &member), JSON_END);
        ck_assert_msg(bytes_equal_text(member.key, keys[i]), "%s is not next", keys[i]);
    }
    ck_assert_int_eq(json_next(&members, &member), JSON_END);
}
END_TEST

START_TEST(evidence_counts_code_points_of_the_text_as_it_leaves)
{
    write_record();
    check_value("output", "\xc3\x9c"
                          "ber [EMAIL]: 12.");
    check_value("evaluations.0.evidence.0.start", "0");
    check_value("evaluations.0.evidence.0.end", "4");
    check_value("evaluations.0.evidence.1.start", "5"); /* inside the mask: its start */
    check_value("evaluations.0.evidence.1.end", "16");
    check_value("evaluations.0.evidence.2.end", "17"); /* "Write to [EMAIL]." */
    check_value("evaluations.0.evidence.0.pointer", "/output");
    check_value("evaluations.0.evidence.1.quote", "[EMAIL]: 12");
    check_value("evaluations.0.evidence.2.pointer", "/contexts/0/text");
    check_value("evaluations.0.evidence.2.quote", "Write to [EMAIL].");
    check_value("evaluations.0.evidence.2.field", "context");
    check_value("evaluations.0.evidence.0.span_id", "4444444444444444");
}
END_TEST

START_TEST(the_direction_that_decided_states_its_thresholds)
{
    write_record();
    check_value("evaluations.0.direction", "below");
    check_value("evaluations.0.margin", "-0.19999999999999996");
    check_value("evaluations.1.direction", "above");
    check_value("evaluations.1.fail", "60000");
    check_value("evaluations.2.direction", "below"); /* na: the first configured */
    check_value("evaluations.2.margin", "");
    check_value("evaluations.3.fail", "");
    check_value("evaluations.3.margin", "");
    evaluations[2].has_value = true;
    evaluations[2].value = 1.9;
    evaluations[2].outcome = OUTCOME_PASS;
    write_record();
    check_value("evaluations.2.direction", "above"); /* the nearer end */
    evaluations[2].value = 0.1;
    evaluations[2].outcome = OUTCOME_FAIL;
    write_record();
    check_value("evaluations.2.direction", "below");
}
END_TEST

START_TEST(none_and_metadata_leave_texts_out_and_keep_names)
{
    for (policy.content = REDACT_NONE; policy.content <= REDACT_METADATA; policy.content++) {
        write_record();
        ck_assert(!contains("payoff?") && !contains("jo@") && !contains("account") &&
                  !contains("claims") && !contains("Second") && !contains("\"wrong\""));
        check_value("input", "");
        check_value("steps.2.error", "");
        check_value("signals.errors", "[]");
        check_value("steps.2.tool", "lookup_payoff");
        check_value("steps.3.model", "gpt-x");
        check_value("evaluations.0.evidence", "[]");
        check_value("contexts.0.id", "doc-1");
        check_value("redaction.policy", redaction_content_names[policy.content]);
    }
}
END_TEST

START_TEST(names_and_cohorts_are_masked_too)
{
    values[0] = TEXT("jo@example.com");
    steps[1].name = TEXT("search jo@example.com");
    names[4] = TEXT("no user jo@example.com");
    write_record();
    ck_assert(!contains("jo@example.com"));
    check_value("cohort.intent", "[EMAIL]");
    check_value("signals.errors.0", "no user [EMAIL]");
}
END_TEST

START_TEST(the_conversation_is_hashed_when_session_ids_are)
{
    policy.hash[policy.hash_count++] = TEXT("session.id");
    policy.hash_key = TEXT("k");
    write_record();
    ck_assert_uint_eq(value_at("source.conversation_id").size, 32);
    check_value("redaction.counts.hashed_fields", "1");
}
END_TEST

START_TEST(the_reason_of_the_selection_sets_queue_priority_and_stratum)
{
    static const struct {
        enum selection_reason reason;
        const char *queue, *priority, *stratum;
    } rows[] = {
        {SELECT_RULE, "review", "1", "fail"},
        {SELECT_CONTROL, "control", "9", "control"},
        {SELECT_NEW_COHORT, "control", "9", "fail"},
        {SELECT_FEEDBACK, "review", "1", "fail"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        input.reason = rows[i].reason;
        write_record();
        check_value("queue", rows[i].queue);
        check_value("priority", rows[i].priority);
        check_value("selection.stratum", rows[i].stratum);
        check_value("selection.reason", selection_reason_names[rows[i].reason]);
    }
    input.reason = SELECT_UNSCORED;
    report.worst = NULL;
    report.verdict = VERDICT_UNSCORED;
    write_record();
    check_value("queue", "control");
    check_value("priority", "9");
    check_value("selection.stratum", "unscored");
}
END_TEST

START_TEST(the_summary_is_a_sentence_of_what_decided_most_urgent_first)
{
    write_record();
    check_value("summary", "groundedness 0.50 is below 0.70");
    evaluations[1].outcome = OUTCOME_FAIL;
    evaluations[1].value = 72000;
    rules[1].priority = 2;
    rules[2].priority = 1; /* as urgent as the first, and later in the file */
    evaluations[2] = (struct evaluation){.rule = &rules[2],
                                         .measurement = TEXT("tool_selection.accuracy"),
                                         .outcome = OUTCOME_FAIL,
                                         .has_value = true,
                                         .explanation = TEXT("lookup_payoff was not called")};
    write_record();
    check_value("summary", "groundedness 0.50 is below 0.70; lookup_payoff was not called; "
                           "duration 72000 ms is above 60000 ms");
    policy.content = REDACT_METADATA;
    write_record();
    check_value("summary", "groundedness 0.50 is below 0.70; tool_selection.accuracy 0.00 is below "
                           "0.50; duration 72000 ms is above 60000 ms");
}
END_TEST

START_TEST(a_summary_tells_value_and_threshold_apart_and_knows_each_verdict)
{
    evaluations[0].value = 0.69999;
    write_record();
    check_value("summary", "groundedness 0.69999 is below 0.70000");
    report.verdict = VERDICT_BORDERLINE;
    write_record();
    check_value("summary", "errors 4 is above 3 (borderline)");
    report.verdict = VERDICT_PASS;
    evaluations[0].outcome = OUTCOME_PASS;
    evaluations[0].value = 0.93;
    evaluations[0].judges = true;
    write_record();
    check_value("summary", "groundedness 0.93 is at least 0.70");
    report.verdict = VERDICT_UNSCORED;
    evaluations[2].is_missing = true;
    write_record();
    check_value("summary", "No rule that can pass this run had a value: the awaited "
                           "score.ToolSelectionAccuracy did not come");
}
END_TEST

START_TEST(a_trace_url_has_the_id_filled_in_and_none_leaves_no_url)
{
    write_record();
    check_value("source.url", "");
    input.trace_url = "https://traces.example.com/{trace_id}?focus={trace_id}";
    write_record();
    check_value("source.url", "https://traces.example.com/5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a?focus="
                              "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
}
END_TEST

START_TEST(a_record_id_names_one_content)
{
    char first[37];
    write_record();
    memcpy(first, record.record_id, sizeof first);
    ck_assert_int_eq(first[14], '5');
    write_record();
    ck_assert_str_eq(record.record_id, first);
    input.revision = 2;
    write_record();
    ck_assert_str_ne(record.record_id, first);
    input.revision = 1;
    trajectory.trigger = CLOSE_IDLE;
    write_record();
    ck_assert_str_ne(record.record_id, first);
    trajectory.trigger = CLOSE_ROOT;
    trajectory.spans[3].id[0] = 0x45;
    write_record();
    ck_assert_str_ne(record.record_id, first);
}
END_TEST

START_TEST(the_kafka_side_names_the_record)
{
    write_record();
    struct outgoing out = review_record_outgoing(&record, buffer_bytes(&json), VERDICT_FAIL), back;
    ck_assert(bytes_equal_text(out.key, "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"));
    struct buffer frame = {0};
    outgoing_encode(&out, &frame);
    ck_assert_int_eq(outgoing_decode(buffer_bytes(&frame), &back), STATUS_OK);
    ck_assert_uint_eq(back.header_count, 7);
    ck_assert_str_eq(back.headers[6].name, "traceparent");
    ck_assert(bytes_equal_text(back.headers[6].value,
                               "00-5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a-1111111111111111-01"));
    ck_assert(bytes_equal_text(back.headers[2].value, "fail"));
    ck_assert(bytes_equal_text(back.headers[4].value, "1"));
    buffer_finish(&frame);
}
END_TEST

START_TEST(without_a_root_times_are_those_of_all_spans)
{
    trajectory.spans[0].has_parent = true;
    memset(trajectory.spans[0].parent_id, 0x77, SPAN_ID_SIZE);
    trajectory.spans[3].end_ns = start_ns + 9 * second + 1;
    trajectory.spans[1].start_ns = 0;
    ck_assert(trajectory_order(&trajectory, &arena));
    for (uint32_t i = 0; i < STEPS; i++)
        steps[i].span = &trajectory.spans[i];
    write_record();
    check_value("completeness.root_seen", "false");
    check_value("source.root_span_id", "");
    check_value("time.duration_ms", "9000.000001");
    check_value("steps.0.start_ms", "0");
    check_value("steps.1.start_ms", ""); /* stands with its parent */
    check_value("steps.1.duration_ms", "");
    check_value("steps.2.duration_ms", "2.000005");
}
END_TEST

START_TEST(a_time_of_0_is_left_out)
{
    trajectory.spans[0].start_ns = 0;
    trajectory.spans[3].end_ns = 0;
    write_record();
    check_value("time.start", "");
    check_value("time.end", "2026-09-21T14:13:24.250000005Z");
    check_value("time.duration_ms", "");
    check_value("steps.0.start_ms", "");
    check_value("steps.0.duration_ms", "");
    check_value("steps.1.start_ms", ""); /* there is nothing that it would be relative to */
    check_value("steps.1.duration_ms", "340.000005");
    check_value("steps.3.duration_ms", "");
    trajectory.spans[0].end_ns = 0;
    trajectory.is_conversation = true;
    write_record();
    check_value("time.start", "2026-09-21T14:13:20.010000000Z");
    check_value("steps.1.start_ms", "0");
}
END_TEST

static struct bytes long_text(size_t size, const char *pattern)
{
    uint8_t *data = arena_alloc(&arena, size);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)pattern[i % strlen(pattern)];
    return bytes_of(data, size);
}

START_TEST(a_large_record_cuts_contexts_first_then_steps_then_messages)
{
    documents[0].text = long_text(500000, "context ");
    documents[1].text = long_text(300000, "context ");
    steps[1].output = long_text(200000, "output ");
    run.input = long_text(100000, "input ");
    write_record();
    ck_assert_uint_gt(json.size, REVIEW_RECORD_MAX - 1000);
    check_value("truncation.0.field", "contexts[0].text");
    check_value("truncation.0.original_bytes", "500000");
    check_value("truncation.1.field", "contexts[1].text"); /* both to the common cap */
    check_value("truncation.2", "");
    ck_assert_uint_eq(value_at("steps.1.output").size, 200000);
    steps[1].output = long_text(900000, "output ");
    write_record();
    check_value("truncation.2.field", "steps[1].output");
    check_value("truncation.3", "");
    ck_assert_uint_eq(value_at("input").size, 100000);
    run.input = long_text(900000, "input ");
    write_record();
    check_value("truncation.0.field", "input");
    check_value("truncation.4", "");
    ck_assert_uint_eq(value_at("contexts.0.text").size, 64);
}
END_TEST

START_TEST(a_cut_never_splits_a_code_point_or_an_escape)
{
    documents[0].text = long_text(700001, "\xe2\x82\xac");
    steps[1].output = long_text(3000000, "\x01\"\n\xff");
    write_record(); /* checks the UTF-8 */
    ck_assert(contains("truncation\":[{\"field\":\"contexts[0].text\",\"original_bytes\":700001}"));
    run.input = long_text(900000, "\xf0\x9f\x98\x80");
    write_record();
}
END_TEST

START_TEST(reasons_stay_whole_while_contents_can_give)
{
    evaluations[0].explanation = long_text(3000, "because ");
    steps[1].output = long_text(5000000, "output ");
    write_record();
    ck_assert_uint_eq(value_at("evaluations.0.explanation").size, 3000);
}
END_TEST

START_TEST(ten_thousand_steps_fit_and_the_middle_is_said_to_be_missing)
{
    enum { MANY = 10000 };
    struct span *many = arena_zalloc(&arena, MANY, sizeof *many);
    struct step *many_steps = arena_zalloc(&arena, MANY, sizeof *many_steps);
    for (uint32_t i = 0; i < MANY; i++) {
        many[i] = spans[i == 0 ? 0 : 3];
        many[i].start_ns = start_ns + i;
        put_be32(many[i].id, i + 1);
        many[i].has_parent = i > 0;
        memcpy(many[i].parent_id, many[0].id, SPAN_ID_SIZE);
        many_steps[i] = steps[3];
        many_steps[i].input = long_text(1000, "x");
    }
    trajectory.spans = many;
    trajectory.span_count = MANY;
    ck_assert(trajectory_order(&trajectory, &arena));
    run.steps = many_steps;
    run.step_count = MANY;
    write_record();
    ck_assert_uint_gt(json.size, REVIEW_RECORD_MAX / 2);
    check_value("completeness.spans", "10000");
    ck_assert(contains("{\"field\":\"steps\",\"original_bytes\":"));
    ck_assert(contains("\"span_id\":\"0000000111111111\"")); /* the first and the last are there */
    ck_assert(contains("\"span_id\":\"0000271044444444\""));
    size_t size = json.size;
    write_record();
    ck_assert_uint_eq(json.size, size);
}
END_TEST

START_TEST(hostile_lists_and_names_are_bounded)
{
    enum { MANY = 5000 };
    struct bytes *items = arena_zalloc(&arena, MANY, sizeof *items);
    for (int i = 0; i < MANY; i++)
        items[i] = long_text(500, "\x01");
    run.tools = run.models = run.providers = run.errors = run.finish_reasons =
        (struct bytes_list){items, MANY};
    steps[0].name = long_text(100000, "\x02");
    write_record();
    ck_assert(contains("{\"field\":\"agent.tools\",\"original_bytes\":2500000}"));
    ck_assert(contains("{\"field\":\"steps[0].name\",\"original_bytes\":100000}"));
}
END_TEST

/* The same encoder for a topic that takes less. */
static void write_within(size_t bytes_max)
{
    input.bytes_max = bytes_max;
    write_record();
    input.bytes_max = 0;
}

/* content_digest of the record as `input` now makes it. */
static struct bytes content_digest(size_t bytes_max)
{
    write_within(bytes_max);
    return arena_copy(&arena, value_at("content_digest"));
}

START_TEST(history_is_the_newest_that_fits_before_the_output)
{
    struct turn turns[] = {{true, TEXT("jo@example.com asks")}, {false, TEXT("It is 12.")}};
    struct bytes without = content_digest(0);
    run.history = turns;
    run.history_count = 2;
    write_record();
    check_value("history.0.role", "user");
    check_value("history.0.text", "[EMAIL] asks");
    check_value("history.1.role", "assistant");
    check_value("truncation.0", "");
    ck_assert(!bytes_equal(without, content_digest(0)));
    turns[0].text = long_text(20000, "old ");
    write_record();
    ck_assert_uint_eq(value_at("history.0.text").size, 16 * 1024 - strlen("It is 12."));
    check_value("truncation.0.field", "history");
    turns[1].text = long_text(16 * 1024, "new ");
    write_record();
    check_value("history.0.role", "assistant");
    check_value("history.1.role", "");
    policy.content = REDACT_NONE;
    write_record();
    check_value("history.0.role", "");
}
END_TEST

static struct bytes shortened(struct buffer *to, struct bytes whole, size_t bytes_max)
{
    struct arena scratch;
    arena_init(&scratch, 64u << 20);
    buffer_clear(to);
    ck_assert_int_eq(review_record_shorten(whole, bytes_max, &scratch, to), STATUS_OK);
    arena_finish(&scratch);
    ck_assert_uint_le(to->size, bytes_max);
    return buffer_bytes(to);
}

START_TEST(a_record_that_is_cut_later_is_as_if_it_had_been_written_so)
{
    static const size_t limits[] = {700000, 400000, 100000, 40000, 16384, 6000};
    struct buffer whole = {0}, cut = {0};
    documents[0].text = long_text(200000, "context \n");
    documents[1].text = long_text(30000, "\xe2\x82\xac");
    steps[1].output = long_text(300000, "output \"quoted\" ");
    steps[2].arguments = long_text(20000, "\x01");
    run.input = long_text(9000, "input ");
    evaluations[0].explanation = long_text(3000, "because ");
    write_record();
    check_value("truncation.0", "");
    buffer_append_bytes(&whole, buffer_bytes(&json));
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        write_within(limits[i]);
        ck_assert_uint_le(json.size, limits[i]);
        ck_assert_msg(
            bytes_equal(shortened(&cut, buffer_bytes(&whole), limits[i]), buffer_bytes(&json)),
            "at %zu: %.*s", limits[i], (int)cut.size, (const char *)cut.data);
    }
    buffer_finish(&whole);
    buffer_finish(&cut);
}
END_TEST

START_TEST(what_is_cut_twice_keeps_the_size_it_had_at_first)
{
    struct buffer once = {0}, twice = {0};
    documents[0].text = long_text(500000, "context ");
    run.input = long_text(9000, "input ");
    write_record();
    (void)shortened(&once, buffer_bytes(&json), 100000);
    (void)shortened(&twice, buffer_bytes(&once), 5000);
    json.size = 0;
    buffer_append_bytes(&json, buffer_bytes(&twice));
    check_value("truncation.0.field", "input");
    check_value("truncation.0.original_bytes", "9000");
    check_value("truncation.1.field", "contexts[0].text");
    check_value("truncation.1.original_bytes", "500000");
    check_value("truncation.2", "");
    buffer_finish(&once);
    buffer_finish(&twice);
}
END_TEST

START_TEST(what_cannot_be_cut_or_is_no_record_is_refused_and_leaves_nothing)
{
    struct buffer to = {0};
    struct arena scratch;
    arena_init(&scratch, 64u << 20);
    write_record();
    ck_assert_int_eq(review_record_shorten(buffer_bytes(&json), 300, &scratch, &to),
                     STATUS_MALFORMED);
    ck_assert_int_eq(
        review_record_shorten(TEXT("{\"schema\":\"flywheel.alert/v1\"}"), 5, &scratch, &to),
        STATUS_MALFORMED);
    ck_assert_int_eq(review_record_shorten(TEXT("not json"), 5, &scratch, &to), STATUS_MALFORMED);
    ck_assert_uint_eq(to.size, 0);
    buffer_finish(&to);
    arena_finish(&scratch);
}
END_TEST

START_TEST(thousands_of_steps_that_are_cut_later_lose_the_same_ones)
{
    enum { MANY = 2000 };
    struct buffer whole = {0}, cut = {0};
    struct span *many = arena_zalloc(&arena, MANY, sizeof *many);
    struct step *many_steps = arena_zalloc(&arena, MANY, sizeof *many_steps);
    for (uint32_t i = 0; i < MANY; i++) {
        many[i] = spans[i == 0 ? 0 : 3];
        many[i].start_ns = start_ns + i;
        put_be32(many[i].id, i + 1);
        many[i].has_parent = i > 0;
        memcpy(many[i].parent_id, many[0].id, SPAN_ID_SIZE);
        many_steps[i] = steps[3];
    }
    trajectory.spans = many;
    trajectory.span_count = MANY;
    ck_assert(trajectory_order(&trajectory, &arena));
    run.steps = many_steps;
    run.step_count = MANY;
    static struct evidence places[3];
    for (int i = 0; i < 3; i++)
        places[i] = (struct evidence){(uint32_t)(int[]){3, 1000, 1999}[i], FIELD_STEP_OUTPUT, 4, 10};
    evaluations[0].evidence = places;
    write_record();
    check_value("truncation.0", "");
    check_value("evaluations.0.evidence.1.pointer", "/steps/1000/output");
    buffer_append_bytes(&whole, buffer_bytes(&json));
    write_within(50000);
    check_value("evaluations.0.evidence.0.pointer", "/steps/3/output");
    check_value("evaluations.0.evidence.1.pointer", ""); /* its step was left out */
    char path[64];
    struct bytes last = value_at("evaluations.0.evidence.2.pointer");
    ck_assert_int_eq(
        snprintf(path, sizeof path, "%.*s", (int)(last.size - 1), (const char *)last.data + 1),
        (int)last.size - 1);
    for (char *at = path; *at; at++)
        *at = *at == '/' ? '.' : *at;
    memcpy(strrchr(path, '.'), ".span_id", sizeof ".span_id");
    ck_assert(bytes_equal(value_at(path), value_at("evaluations.0.evidence.2.span_id")));
    ck_assert(bytes_equal(shortened(&cut, buffer_bytes(&whole), 50000), buffer_bytes(&json)));
    ck_assert(contains("{\"field\":\"steps\",\"original_bytes\":"));
    buffer_finish(&whole);
    buffer_finish(&cut);
}
END_TEST

START_TEST(a_content_digest_is_of_what_a_reviewer_reads_whole)
{
    documents[0].text = long_text(50000, "context ");
    struct bytes first = content_digest(0);
    ck_assert_uint_eq(first.size, 64);
    ck_assert(bytes_equal(first, content_digest(20000)));
    feedback[0].text = TEXT("really wrong");
    evaluations[0].value = 0.6;
    input.revision = 2;
    spans[0].end_ns++;
    ck_assert(bytes_equal(first, content_digest(0)));
    const struct bytes before[] = {run.output, steps[2].arguments, documents[0].text};
    run.output = TEXT("another answer");
    ck_assert(!bytes_equal(first, content_digest(0)));
    run.output = before[0];
    steps[2].arguments = TEXT("{}");
    ck_assert(!bytes_equal(first, content_digest(0)));
    steps[2].arguments = before[1];
    documents[0].text = long_text(50001, "context "); /* beyond what a small record shows */
    ck_assert(!bytes_equal(first, content_digest(20000)));
    documents[0].text = before[2];
    ck_assert(bytes_equal(first, content_digest(0)));
    steps[2].kind = STEP_EVALUATOR; /* what it says comes late, and is no part of the run */
    struct bytes without = content_digest(0);
    steps[2].output = TEXT("0.3");
    ck_assert(bytes_equal(without, content_digest(0)));
}
END_TEST

START_TEST(a_limit_below_what_can_be_cut_is_missed_and_not_fatal)
{
    write_within(200);
    ck_assert_uint_gt(json.size, 200);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("review record");
    TCase *cases = tcase_create("record");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_record_is_the_golden_one_byte_for_byte);
    tcase_add_test(cases, the_keys_stand_in_the_order_of_the_schema);
    tcase_add_test(cases, evidence_counts_code_points_of_the_text_as_it_leaves);
    tcase_add_test(cases, the_direction_that_decided_states_its_thresholds);
    tcase_add_test(cases, none_and_metadata_leave_texts_out_and_keep_names);
    tcase_add_test(cases, names_and_cohorts_are_masked_too);
    tcase_add_test(cases, the_conversation_is_hashed_when_session_ids_are);
    tcase_add_test(cases, the_reason_of_the_selection_sets_queue_priority_and_stratum);
    tcase_add_test(cases, the_summary_is_a_sentence_of_what_decided_most_urgent_first);
    tcase_add_test(cases, a_summary_tells_value_and_threshold_apart_and_knows_each_verdict);
    tcase_add_test(cases, a_content_digest_is_of_what_a_reviewer_reads_whole);
    tcase_add_test(cases, history_is_the_newest_that_fits_before_the_output);
    tcase_add_test(cases, a_trace_url_has_the_id_filled_in_and_none_leaves_no_url);
    tcase_add_test(cases, a_record_id_names_one_content);
    tcase_add_test(cases, the_kafka_side_names_the_record);
    tcase_add_test(cases, without_a_root_times_are_those_of_all_spans);
    tcase_add_test(cases, a_time_of_0_is_left_out);
    tcase_add_test(cases, a_large_record_cuts_contexts_first_then_steps_then_messages);
    tcase_add_test(cases, a_cut_never_splits_a_code_point_or_an_escape);
    tcase_add_test(cases, reasons_stay_whole_while_contents_can_give);
    tcase_add_test(cases, ten_thousand_steps_fit_and_the_middle_is_said_to_be_missing);
    tcase_add_test(cases, hostile_lists_and_names_are_bounded);
    tcase_add_test(cases, a_record_that_is_cut_later_is_as_if_it_had_been_written_so);
    tcase_add_test(cases, what_is_cut_twice_keeps_the_size_it_had_at_first);
    tcase_add_test(cases, what_cannot_be_cut_or_is_no_record_is_refused_and_leaves_nothing);
    tcase_add_test(cases, thousands_of_steps_that_are_cut_later_lose_the_same_ones);
    tcase_add_test(cases, a_limit_below_what_can_be_cut_is_missed_and_not_fatal);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
