/* link: base */
#include <check.h>
#include <math.h>

#include "processor/base/metrics.h"

static const struct metric_family spans = {"flywheel_spans_total", METRIC_COUNTER, "Spans seen."};
static const struct metric_family age = {"flywheel_age_seconds", METRIC_GAUGE, "Age\\of\nthings."};
static const struct metric_family took = {"flywheel_took_seconds", METRIC_HISTOGRAM, "Time taken."};

static const char *rendered(struct metrics *metrics)
{
    static char text[8192];
    struct buffer buffer = {0};
    metrics_render(metrics, &buffer);
    ck_assert_uint_lt(buffer.size, sizeof text);
    memcpy(text, buffer.data, buffer.size);
    text[buffer.size] = 0;
    buffer_finish(&buffer);
    return text;
}

START_TEST(series_of_one_name_and_label_set_are_summed)
{
    struct counter shards[3] = {{0}};
    struct metrics *metrics = metrics_create();
    for (int i = 0; i < 3; i++) {
        metrics_add(metrics, &spans, i < 2 ? "kind=\"a\"" : "kind=\"b\"", &shards[i], 1);
        counter_add(&shards[i], 10 + (uint64_t)i);
    }
    ck_assert_str_eq(rendered(metrics), "# HELP flywheel_spans_total Spans seen.\n"
                                        "# TYPE flywheel_spans_total counter\n"
                                        "flywheel_spans_total{kind=\"a\"} 21\n"
                                        "flywheel_spans_total{kind=\"b\"} 12\n");
    metrics_destroy(metrics);
}
END_TEST

START_TEST(a_scale_is_applied_and_help_is_escaped)
{
    struct counter ms = {1500 + 3};
    struct metrics *metrics = metrics_create();
    metrics_add(metrics, &age, "", &ms, 1e-3);
    ck_assert_str_eq(rendered(metrics), "# HELP flywheel_age_seconds Age\\\\of\\nthings.\n"
                                        "# TYPE flywheel_age_seconds gauge\n"
                                        "flywheel_age_seconds 1.503\n");
    metrics_destroy(metrics);
}
END_TEST

START_TEST(a_family_is_described_once_wherever_it_is_registered)
{
    struct counter a = {1}, b = {2}, c = {3};
    static const struct metric_family again = {"flywheel_spans_total", METRIC_COUNTER,
                                               "Spans seen."};
    struct metrics *metrics = metrics_create();
    metrics_add(metrics, &spans, "", &a, 1);
    metrics_add(metrics, &age, "", &b, 1);
    metrics_add(metrics, &again, "x=\"1\"", &c, 1);
    const char *text = rendered(metrics);
    const char *first = strstr(text, "# TYPE flywheel_spans_total");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "# TYPE flywheel_spans_total"));
    ck_assert(strstr(text, "{x=\"1\"} 3") < strstr(text, "# HELP flywheel_age_seconds"));
    metrics_destroy(metrics);
}
END_TEST

START_TEST(histogram_buckets_are_cumulative)
{
    struct histogram histogram = {0};
    metrics_observe_us(&histogram, 0);
    metrics_observe_us(&histogram, 1000); /* bounds are inclusive */
    metrics_observe_us(&histogram, 1001);
    metrics_observe_us(&histogram, 999000000);
    struct metrics *metrics = metrics_create();
    metrics_add_histogram(metrics, &took, "shard=\"0\"", &histogram);
    const char *text = rendered(metrics);
    ck_assert_ptr_nonnull(strstr(text,
                                 "# TYPE flywheel_took_seconds histogram\n"
                                 "flywheel_took_seconds_bucket{shard=\"0\",le=\"0.001\"} 2\n"
                                 "flywheel_took_seconds_bucket{shard=\"0\",le=\"0.0025\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(text, "flywheel_took_seconds_bucket{shard=\"0\",le=\"120\"} 3\n"
                                       "flywheel_took_seconds_bucket{shard=\"0\",le=\"+Inf\"} 4\n"
                                       "flywheel_took_seconds_sum{shard=\"0\"} 999.002001\n"
                                       "flywheel_took_seconds_count{shard=\"0\"} 4\n"));
    metrics_destroy(metrics);
}
END_TEST

START_TEST(a_histogram_without_labels_has_only_le)
{
    struct histogram histogram = {0};
    struct metrics *metrics = metrics_create();
    metrics_add_histogram(metrics, &took, "", &histogram);
    const char *text = rendered(metrics);
    ck_assert_ptr_nonnull(strstr(text, "\nflywheel_took_seconds_bucket{le=\"60\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nflywheel_took_seconds_sum 0\n"));
    metrics_destroy(metrics);
}
END_TEST

static void collect(void *context, struct buffer *to)
{
    struct buffer labels = {0};
    metrics_append_label(&labels, "rule", bytes_of_text(context));
    metrics_append_label(&labels, "outcome", BYTES_LITERAL("fail"));
    buffer_append_byte(&labels, 0);
    metrics_write_family(to, &age);
    metrics_write_sample(to, age.name, (const char *)labels.data, 0.25);
    metrics_write_sample(to, age.name, "", INFINITY);
    buffer_finish(&labels);
}

START_TEST(collectors_write_after_the_series_with_escaped_labels)
{
    struct counter a = {1};
    struct metrics *metrics = metrics_create();
    metrics_add_collector(metrics, collect, "a\"b\\c\nd\xff\xc3\xa9");
    metrics_add(metrics, &spans, "", &a, 1);
    ck_assert_ptr_nonnull(strstr(
        rendered(metrics),
        "flywheel_spans_total 1\n# HELP flywheel_age_seconds Age\\\\of\\nthings.\n"
        "# TYPE flywheel_age_seconds gauge\n"
        "flywheel_age_seconds{rule=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\xc3\xa9\",outcome=\"fail\"} 0.25\n"
        "flywheel_age_seconds +Inf\n"));
    metrics_destroy(metrics);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");
    tcase_add_test(tests, series_of_one_name_and_label_set_are_summed);
    tcase_add_test(tests, a_scale_is_applied_and_help_is_escaped);
    tcase_add_test(tests, a_family_is_described_once_wherever_it_is_registered);
    tcase_add_test(tests, histogram_buckets_are_cumulative);
    tcase_add_test(tests, a_histogram_without_labels_has_only_le);
    tcase_add_test(tests, collectors_write_after_the_series_with_escaped_labels);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
