/* What stays of a decided trajectory for the late window, as bytes and back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/decide/summary.h"

static struct summary_rule rules[3];
static struct bytes values[4];

static struct summary typical(void)
{
    rules[0] = (struct summary_rule){summary_rule_name(BYTES_LITERAL("ungrounded")),
                                     OUTCOME_FAIL,
                                     1,
                                     true,
                                     false,
                                     true,
                                     false,
                                     0.25};
    rules[1] = (struct summary_rule){summary_rule_name(BYTES_LITERAL("wrong_tool")),
                                     OUTCOME_NA,
                                     0,
                                     false,
                                     true,
                                     false,
                                     false,
                                     0};
    rules[2] = (struct summary_rule){summary_rule_name(BYTES_LITERAL("slow")),
                                     OUTCOME_PASS,
                                     7,
                                     true,
                                     false,
                                     false,
                                     false,
                                     1234.5};
    values[0] = BYTES_LITERAL("mortgage payoff");
    values[1] = BYTES_LITERAL("en-US");
    values[2] = BYTES_LITERAL("unknown");
    values[3] = BYTES_LITERAL("lookup>answer");
    return (struct summary){.decisions = 2,
                            .revision = 2,
                            .spans = 12,
                            .late_spans = 1,
                            .has_record_id = {true, false},
                            .record_ids = {{1, 2, 3}},
                            .ruleset = {9, 8, 7},
                            .rules = rules,
                            .rule_count = 3,
                            .dimension_values = values,
                            .dimension_count = 4};
}

START_TEST(a_summary_comes_back_as_it_was)
{
    struct summary summary = typical(), back;
    struct buffer encoded = {0};
    struct arena arena;
    arena_init(&arena, 1 << 16);
    summary.contribution = BYTES_LITERAL("carried");
    summary.has_record_id[1] = true;
    summary.record_ids[1][15] = 77;
    summary_encode(&summary, &encoded);
    ck_assert_int_eq(summary_decode(buffer_bytes(&encoded), &arena, &back), STATUS_OK);
    ck_assert_uint_eq(back.decisions, 2);
    ck_assert_uint_eq(back.spans, 12);
    ck_assert_uint_eq(back.late_spans, 1);
    ck_assert(back.has_record_id[0] && back.record_ids[0][2] == 3 && back.record_ids[1][15] == 77);
    ck_assert_uint_eq(back.ruleset[1], 8);
    ck_assert(!summary_differs(&summary, &back));
    ck_assert(back.rules[1].is_when_false && !back.rules[1].has_value);
    ck_assert_uint_eq(back.rules[2].measure, 7);
    ck_assert(bytes_equal_text(back.dimension_values[3], "lookup>answer"));
    ck_assert(bytes_equal_text(back.contribution, "carried"));
    ck_assert_ptr_eq(summary_find_rule(&back, BYTES_LITERAL("slow")), &back.rules[2]);
    ck_assert_ptr_null(summary_find_rule(&back, BYTES_LITERAL("another")));
    buffer_finish(&encoded);
    arena_finish(&arena);
}
END_TEST

START_TEST(a_changed_value_outcome_or_rule_is_a_difference_and_the_order_is_not)
{
    struct summary before = typical(), now = before;
    struct summary_rule changed[3];
    now.rules = changed;
    memcpy(changed, rules, sizeof changed);
    changed[0] = rules[2];
    changed[2] = rules[0];
    ck_assert(!summary_differs(&before, &now));
    changed[0].value = 1234.25;
    ck_assert(summary_differs(&before, &now));
    memcpy(changed, rules, sizeof changed);
    changed[1].outcome = OUTCOME_ERROR;
    ck_assert(summary_differs(&before, &now));
    memcpy(changed, rules, sizeof changed);
    changed[1].name++;
    ck_assert(summary_differs(&before, &now));
    now.rule_count = 2;
    ck_assert(summary_differs(&before, &now));
}
END_TEST

/* What a row of the late window costs; the README states it. */
START_TEST(a_typical_summary_has_about_a_hundred_bytes)
{
    struct summary summary = typical();
    struct buffer encoded = {0};
    summary.has_record_id[0] = false;
    summary_encode(&summary, &encoded);
    ck_assert_uint_eq(encoded.size, 100);
    buffer_finish(&encoded);
}
END_TEST

START_TEST(a_cut_or_foreign_summary_is_malformed_and_none_is_not_found)
{
    struct summary summary = typical(), back;
    struct buffer encoded = {0};
    struct arena arena;
    arena_init(&arena, 1 << 20);
    summary_encode(&summary, &encoded);
    ck_assert_int_eq(summary_decode(bytes_of("", 0), &arena, &back), STATUS_NOT_FOUND);
    for (size_t size = 1; size < encoded.size; size++) {
        uint8_t *exact = malloc(size);
        memcpy(exact, encoded.data, size);
        ck_assert_int_eq(summary_decode(bytes_of(exact, size), &arena, &back), STATUS_MALFORMED);
        free(exact);
    }
    for (size_t i = 0; i < encoded.size * 256; i++) {
        uint8_t kept = encoded.data[i / 256];
        encoded.data[i / 256] = (uint8_t)i;
        arena_reset(&arena);
        (void)!summary_decode(buffer_bytes(&encoded), &arena, &back);
        encoded.data[i / 256] = kept;
    }
    buffer_finish(&encoded);
    arena_finish(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("summary");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_summary_comes_back_as_it_was);
    tcase_add_test(all, a_changed_value_outcome_or_rule_is_a_difference_and_the_order_is_not);
    tcase_add_test(all, a_typical_summary_has_about_a_hundred_bytes);
    tcase_add_test(all, a_cut_or_foreign_summary_is_malformed_and_none_is_not_found);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
