/* From a closed trajectory to its verdict: a pure function, whatever order the spans came in. */
#include "pipelines/decide/judge.h"
#include "processor/emit/outgoing.h"
#include "tests/support/shard_fixture.h"

enum { SECOND = 1000 };

static struct bytes payload_of(const struct closed *closed)
{
    struct outgoing outgoing;
    ck_assert_uint_gt(closed->selection.record.frame.size, 0);
    ck_assert_int_eq(outgoing_decode(closed->selection.record.frame, &outgoing), STATUS_OK);
    return outgoing.payload;
}

static bool contains(struct bytes text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static void add(struct shard_fixture *fixture, uint32_t id, uint64_t start_ms, const char *text,
                double score)
{
    trace_resource(&fixture->builder, id % 2 ? "agent" : "tools");
    trace_span(&fixture->builder, &(struct span_spec){.trace = 7,
                                                      .id = id,
                                                      .parent = id == 1 ? 0 : 1,
                                                      .start_ms = 1700000000000 + start_ms,
                                                      .end_ms = 1700000000500 + start_ms,
                                                      .text_key = "input.value",
                                                      .text = text,
                                                      .score_name = score < 0 ? NULL : "Quality",
                                                      .score = score});
}

/* Spans 1 to 6 in the order of the digits, each in a request of its own or all in one. */
static void give_in_order(struct shard_fixture *fixture, const char *order, bool is_one_request)
{
    static const double scores[] = {-1, 0.9, -1, 0.3, -1, 0.6}; /* of spans 1-6; none on the root */
    for (const char *at = order; *at; at++) {
        uint32_t id = (uint32_t)(*at - '0');
        add(fixture, id, id * 3, id == 1 ? "why was I charged twice" : NULL, scores[id - 1]);
        if (!is_one_request || !at[1])
            (void)shard_fixture_give(fixture, 0, WIRE_GATE_TRACES, NULL);
    }
    shard_fixture_tick(fixture, 7 * SECOND);
}

START_TEST(the_record_is_the_same_for_every_order_of_arrival)
{
    static const char *const orders[] = {"123456", "654321", "315264", "3152645261", "111234566"};
    struct buffer first = {0};
    for (size_t i = 0; i < 2 * sizeof(orders) / sizeof(orders[0]); i++) {
        struct shard_fixture fixture;
        shard_fixture_begin(&fixture, 1 + (uint32_t)i % 3, "");
        give_in_order(&fixture, orders[i / 2], i % 2);
        struct bytes payload = payload_of(shard_fixture_closed(&fixture));
        if (i == 0)
            buffer_append_bytes(&first, payload);
        ck_assert(bytes_equal(buffer_bytes(&first), payload));
        shard_fixture_end(&fixture);
    }
    ck_assert(contains(buffer_bytes(&first), "charged twice"));
    ck_assert(contains(buffer_bytes(&first), "\"trigger\":\"root\""));
    buffer_finish(&first);
}
END_TEST

START_TEST(selection_says_which_verdicts_become_records)
{
    static const struct {
        double score;
        enum verdict verdict;
        bool has_record;
    } cases[] = {{0.1, VERDICT_FAIL, true},
                 {0.6, VERDICT_BORDERLINE, true},
                 {0.9, VERDICT_PASS, false},
                 {-1, VERDICT_UNSCORED, false}};
    for (int is_all = 0; is_all < 2; is_all++)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct shard_fixture fixture;
            shard_fixture_begin(&fixture, 1, "");
            if (is_all)
                shard_emit_all(fixture.shards[0]);
            shard_fixture_build(&fixture, 1, cases[i].score);
            (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
            shard_fixture_tick(&fixture, 7 * SECOND);
            const struct closed *closed = shard_fixture_closed(&fixture);
            ck_assert_int_eq(closed->verdict, cases[i].verdict);
            ck_assert((closed->selection.record.frame.size > 0) == (cases[i].has_record || is_all));
            ck_assert((closed->selection.skipped == SKIP_NONE) == cases[i].has_record);
            shard_fixture_end(&fixture);
        }
}
END_TEST

START_TEST(dimension_values_are_masked_even_where_texts_are_left_out)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    struct pipeline_config *config = fixture.config;
    config->redaction.content = REDACT_NONE;
    shard_fixture_restart(&fixture, 1);
    trace_resource(&fixture.builder, "jane.doe@example.com");
    shard_fixture_build(&fixture, 1, 0.1);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, 7 * SECOND);
    struct bytes value = shard_fixture_closed(&fixture)->dimension_values[0];
    ck_assert_uint_gt(value.size, 0);
    ck_assert(!contains(value, "jane"));
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(an_event_time_in_the_future_is_the_time_of_receipt)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    add(&fixture, 1, 3600000, NULL, 0.9); /* an hour ahead */
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    uint64_t received_ms = fixture.wall_ms;
    shard_fixture_tick(&fixture, 7 * SECOND);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert(closed->is_skewed);
    ck_assert_uint_eq(closed->event_ms, received_ms);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(what_cannot_be_read_is_unscored_with_unknown_dimensions)
{
    struct pipeline_config *config;
    struct shard_fixture fixture;
    struct open_trajectory open = {.span_count = 3, .accepted_spans = 5, .received_ms = 9};
    struct judge judge;
    shard_fixture_begin(&fixture, 1, "");
    config = fixture.config;
    ck_assert(judge_init(&judge, config));
    struct judgement judgement = {
        .open = &open, .trigger = CLOSE_BYTES, .effects = fixture.effects[0]};
    ck_assert_int_eq(judge_decide(&judge, &judgement, true), STATUS_OK);
    const struct closed *closed = judgement.closed;
    ck_assert_int_eq(closed->verdict, VERDICT_UNSCORED);
    ck_assert_uint_eq(closed->duplicates, 2);
    ck_assert_uint_eq(closed->event_ms, 9);
    ck_assert_int_eq(closed->outcomes[0], OUTCOME_NA);
    ck_assert(bytes_equal(closed->dimension_values[0], BYTES_LITERAL("unknown")));
    judge_finish(&judge);
    shard_fixture_end(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("judge");
    TCase *cases = tcase_create("judge");
    tcase_add_test(cases, the_record_is_the_same_for_every_order_of_arrival);
    tcase_add_test(cases, selection_says_which_verdicts_become_records);
    tcase_add_test(cases, dimension_values_are_masked_even_where_texts_are_left_out);
    tcase_add_test(cases, an_event_time_in_the_future_is_the_time_of_receipt);
    tcase_add_test(cases, what_cannot_be_read_is_unscored_with_unknown_dimensions);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
