/* Points of a curve against a count of all samples at each threshold. */
/* link: base m */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/base/curve.h"

static struct curve curve;

static bool fires(double value, double threshold, bool is_above)
{
    return is_above ? value >= threshold : value <= threshold;
}

START_TEST(each_point_is_what_a_rule_at_that_value_would_say)
{
    static struct curve_sample samples[200];
    srand48(3);
    for (int round = 0; round < 200; round++) {
        size_t count = (size_t)(1 + lrand48() % 200);
        bool is_above = lrand48() % 2;
        for (size_t i = 0; i < count; i++)
            samples[i] = (struct curve_sample){.value = (double)(lrand48() % 30) / 10,
                                               .weight = 1 + 99 * drand48(),
                                               .is_bad = lrand48() % 3 == 0};
        curve_make(samples, count, is_above, &curve);
        ck_assert_uint_eq(curve.count, curve.distinct);
        for (uint32_t p = 0; p < curve.count; p++) {
            const struct curve_point *point = &curve.points[p];
            double fired = 0, hits = 0, bad = 0, all = 0;
            size_t number = 0;
            for (size_t i = 0; i < count; i++) {
                double weight = samples[i].weight;
                bool has_fired = fires(samples[i].value, point->value, is_above);
                all += weight;
                bad += samples[i].is_bad ? weight : 0;
                fired += has_fired ? weight : 0;
                hits += has_fired && samples[i].is_bad ? weight : 0;
                number += has_fired;
            }
            ck_assert_uint_eq(point->fired, number);
            ck_assert_double_eq_tol(point->precision, hits / fired, 1e-12);
            ck_assert_double_eq_tol(point->recall, bad > 0 ? hits / bad : 0, 1e-12);
            ck_assert_double_eq_tol(point->fired_share, fired / all, 1e-12);
        }
    }
}
END_TEST

START_TEST(more_values_than_points_are_merged_and_the_last_one_fires_on_all)
{
    enum { MANY = 3000 };
    struct curve_sample *samples = calloc(MANY, sizeof *samples);
    ck_assert_ptr_nonnull(samples);
    for (int i = 0; i < MANY; i++)
        samples[i] = (struct curve_sample){.value = i, .weight = 1, .is_bad = i < 100};
    curve_make(samples, MANY, false, &curve);
    ck_assert_uint_eq(curve.distinct, MANY);
    ck_assert(curve.count > 400 && curve.count <= CURVE_POINTS_MAX);
    ck_assert_uint_eq(curve.points[curve.count - 1].fired, MANY);
    for (uint32_t i = 1; i < curve.count; i++)
        ck_assert_double_lt(curve.points[i].fired_share - curve.points[i - 1].fired_share, 0.01);
    free(samples);
}
END_TEST

START_TEST(nothing_has_no_point)
{
    curve_make(NULL, 0, false, &curve);
    ck_assert_uint_eq(curve.count, 0);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("curve");
    tcase_add_test(all, each_point_is_what_a_rule_at_that_value_would_say);
    tcase_add_test(all, more_values_than_points_are_merged_and_the_last_one_fires_on_all);
    tcase_add_test(all, nothing_has_no_point);
    Suite *suite = suite_create("curve");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
