/* What is valid but surely not meant: text of a file, and the exact warnings for it. */
#include <check.h>

#include "pipelines/config/load.h"

#define BUDGET "selection: { budget: { per_hour: 5 } }\n"

static void warns(const char *text, const char *lines)
{
    struct error error = {0};
    struct config_findings findings = {.error_count = 0};
    struct pipeline_config *config =
        config_load_text_findings("p.yaml", bytes_of_text(text), &findings, &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    buffer_append_byte(&findings.warnings, 0);
    ck_assert_str_eq((const char *)findings.warnings.data, lines);
    config_findings_finish(&findings);
    config_destroy(config);
}

START_TEST(thresholds_that_no_value_or_every_value_crosses)
{
    warns(
        BUDGET "rules:\n"
               "  - { name: a, measure: [score.X, groundedness.lexical], fail_below: 70 }\n"
               "  - { name: b, measure: errors, fail_below: 0 }\n"
               "  - { name: c, measure: refusal, borderline_above: 1 }\n"
               "  - { name: d, measure: loop, fail_above: -0.5 }\n"
               "  - { name: e, measure: loop, fail_below: 1, borderline_below: 1 }\n"
               "  - { name: f, measure: errors, fail_above: 0 }\n"
               "  - { name: g, measure: duration_ms, borderline_above: 9, fail_above: 9 }\n",
        "p.yaml:3:70: warning: fail_below 70: every value of groundedness.lexical (0..1) is below "
        "that\n"
        "p.yaml:4:45: warning: fail_below 0: no value of errors (0..) is below that\n"
        "p.yaml:5:52: warning: borderline_above 1: no value of refusal (0 or 1) is above that\n"
        "p.yaml:6:43: warning: fail_above -0.5: every value of loop (0..1) is above that\n"
        "p.yaml:7:64: warning: borderline_below is where the rule fails: nothing is ever "
        "borderline\n"
        "p.yaml:9:56: warning: borderline_above is where the rule fails: nothing is ever "
        "borderline\n");
}
END_TEST

START_TEST(rules_that_can_never_have_a_value)
{
    warns(BUDGET "rules:\n"
                 "  - { name: a, measure: trajectory.exact, fail_below: 1 }\n"
                 "  - { name: b, measure: [output.contract, trajectory.recall], fail_below: 1 }\n"
                 "  - { name: c, measure: [output.contract, loop], fail_below: 0.5 }\n",
          "p.yaml:3:25: warning: this rule can never have a value: set "
          "measurements.trajectory.reference\n"
          "p.yaml:4:25: warning: this rule can never have a value: set "
          "measurements.trajectory.reference\n");
    warns(BUDGET "measurements: { output_contract: { json: true } }\n"
                 "rules: [{ name: a, measure: output.contract, fail_below: 1 }]\n",
          "");
}
END_TEST

START_TEST(names_of_scores_that_are_nearly_others)
{
    warns(BUDGET "trajectory: { await: { scores: [Quality, Tone] } }\n"
                 "rules:\n"
                 "  - { name: a, measure: [score.Helpful, score.Qualty], fail_below: 0.5 }\n"
                 "  - { name: b, measure: score.Helpfull, fail_below: 0.5 }\n"
                 "  - { name: c, measure: score.loop, fail_below: 0.5 }\n"
                 "  - { name: d, measure: score.help_ful, fail_below: 0.5 }\n"
                 "  - { name: e, measure: errors, fail_above: 0, when: score.Recal1 > 0 }\n"
                 "  - { name: f, measure: score.Recal5, fail_below: 0.5 }\n",
          "p.yaml:2:33: warning: no rule reads score.Quality: waiting for it only delays verdicts\n"
          "p.yaml:2:42: warning: no rule reads score.Tone: waiting for it only delays verdicts\n"
          "p.yaml:4:41: warning: score.Qualty is nearly Quality, which is awaited: is it "
          "misspelled?\n"
          "p.yaml:5:25: warning: score.Helpfull is nearly score.Helpful, which is named too: is "
          "one misspelled?\n"
          "p.yaml:6:25: warning: score.loop is what an evaluator attached: our own measurement is "
          "loop\n");
}
END_TEST

START_TEST(settings_that_nothing_reads)
{
    warns(
        "measurements:\n"
        "  loop: { exempt: [poll] }\n"
        "  trajectory: { reference: [search], arguments: { exact: [search, transfer, '*'] } }\n"
        "  tool_selection: { required: [search] }\n"
        "trajectory: { await: { timeout: 5s }, conversation_idle: 5m }\n"
        "exporters: { file/a: , file/b: { path: b.jsonl } }\n"
        "service: { trace_url: 'https://x/{trace_id}', pipelines: { traces: { exporters: [file/a] "
        "} } }\n"
        "state: { directory: $DATA }\n"
        "rules: [{ name: a, measure: errors, fail_above: 0 }]\n",
        "p.yaml:1:1: warning: there is no selection.budget: where everything fails, everything "
        "becomes review work; write selection: { budget: { per_hour: 500, per_signature_per_hour: "
        "20 } }\n"
        "p.yaml:2:3: warning: no rule names loop: this setting is not used\n"
        "p.yaml:3:3: warning: no rule names trajectory.*: this setting is not used\n"
        "p.yaml:3:67: warning: no reference names the tool transfer: how its arguments are "
        "compared is never asked\n"
        "p.yaml:4:3: warning: no rule names tool_selection.accuracy: this setting is not used\n"
        "p.yaml:5:24: warning: there are no trajectory.await.scores to wait for: this setting is "
        "not used\n"
        "p.yaml:5:39: warning: trajectory.scope is not conversation: this setting is not used\n"
        "p.yaml:6:24: warning: no pipeline names file/b: it is not used\n"
        "p.yaml:8:21: warning: this is taken as it stands: for the variable write ${env:NAME}\n");
}
END_TEST

START_TEST(the_files_of_this_program_have_no_warning)
{
    const char *files[] = {NULL,
                           SOURCE_ROOT "/pipelines/default.yaml",
                           SOURCE_ROOT "/pipelines/banking-support.yaml",
                           SOURCE_ROOT "/pipelines/relay.yaml",
                           SOURCE_ROOT "/pipelines/kafka.yaml",
                           SOURCE_ROOT "/pipelines/results.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct error error = {0};
        struct config_findings findings = {.error_count = 0};
        struct pipeline_config *config = config_load_findings(files[i], &findings, &error);
        ck_assert_msg(config != NULL, "%s", error.text);
        buffer_append_byte(&findings.warnings, 0);
        ck_assert_str_eq((const char *)findings.warnings.data, "");
        config_findings_finish(&findings);
        config_destroy(config);
    }
}
END_TEST

#define RESULTS                                                                                    \
    BUDGET "rules: [{ name: a, measure: errors, fail_above: 0, labels: [broken] }]\n"              \
           "dataset: { retain: 400d }\n"

START_TEST(settings_of_a_review_that_is_not_there)
{
    warns(
        BUDGET "review: { mix: 0.2 }\ndataset: { train_share: 0.1 }\n",
        "p.yaml:2:1: warning: service.pipelines.results is not there: this setting is not used\n"
        "p.yaml:3:1: warning: service.pipelines.results is not there: this setting is not used\n");
    warns(RESULTS "service: { pipelines: { results: {} } }\n", "");
}
END_TEST

START_TEST(what_the_way_back_keeps_for_ever_or_can_never_prove_or_know)
{
    warns(BUDGET "service: { pipelines: { results: {} } }\n",
          "p.yaml:2:25: warning: rows hold people's texts and are kept for ever: set "
          "dataset.retain, such as 400d\n");
    warns(BUDGET
          "dataset: { retain: 0s, promote: never }\nservice: { pipelines: { results: {} } }\n",
          "");
    warns(RESULTS "service: { pipelines: { results: { audit: [] } } }\n",
          "p.yaml:4:36: warning: the audit trail has no exporter: nothing off this directory can "
          "prove that it was not rewritten\n");
    warns(RESULTS
          "exporters: { kafka/rows: { topic: r }, kafka/audit: { topic: a }, file/audit: {}, "
          "file/annotations: {} }\n"
          "service: { pipelines: { traces: { exporters: [file/annotations] }, results: { "
          "exporters: [kafka/rows], audit: [kafka/audit, file/audit] } } }\n",
          "p.yaml:5:79: warning: topics are not read when a backup is put back, so that versions "
          "of the dataset would be given twice: name a file exporter, too\n");
    warns("selection: { budget: { per_hour: 5, instances: 2 } }\n"
          "dataset: { retain: 1d, train_share: 0.1 }\nservice: { pipelines: { results: {} } }\n",
          "p.yaml:2:24: warning: clusters grow by arrival, so that two instances can put one "
          "question into both splits: use train_share with one instance\n");
    warns("rules: [{ name: a, measure: errors, fail_above: 0 }]\n"
          "selection: { pass: 0, unscored: 0, control_per_day: 0, budget: { per_hour: 5 } }\n"
          "dataset: { retain: 1d }\nservice: { pipelines: { results: {} } }\n",
          "p.yaml:2:1: warning: no passed run is ever reviewed (selection.pass is 0): there is no "
          "recall of rules, and no rate of what they miss\n"
          "p.yaml:2:1: warning: no unscored run is ever reviewed (selection.unscored is 0): "
          "nothing is known of them\n");
    warns(
        BUDGET "dataset: { retain: 1d, require_reviews: 3 }\n"
               "service: { pipelines: { results: {} } }\n",
        "p.yaml:2:24: warning: no queue has so many reviewers: without an adjudicator no decision "
        "becomes a row\n");
}
END_TEST

START_TEST(labels_and_queues_that_do_not_meet_the_rules)
{
    warns(RESULTS "review: { labels: [{ id: other }], queues: { refusal: { reviewers: 2 } } }\n"
                  "service: { pipelines: { results: {} } }\n",
          "p.yaml:4:11: warning: the label broken of the rule a is not among review.labels: "
          "reviewers can't give it\n"
          "p.yaml:4:46: warning: no rule sends runs to the queue refusal: it is not used\n");
}
END_TEST

START_TEST(what_a_results_pipeline_takes_by_itself_is_used)
{
    warns(RESULTS "receivers: { otlp: {}, kafka/results: {} }\n"
                  "exporters: { file/annotations: {}, file/rows: {} }\n"
                  "service: { pipelines: { traces: { receivers: [otlp], exporters: "
                  "[file/annotations] }, results: {} } }\n",
          "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_warnings");
    TCase *tests = tcase_create("config_warnings");
    tcase_add_test(tests, thresholds_that_no_value_or_every_value_crosses);
    tcase_add_test(tests, rules_that_can_never_have_a_value);
    tcase_add_test(tests, names_of_scores_that_are_nearly_others);
    tcase_add_test(tests, settings_that_nothing_reads);
    tcase_add_test(tests, the_files_of_this_program_have_no_warning);
    tcase_add_test(tests, settings_of_a_review_that_is_not_there);
    tcase_add_test(tests, what_the_way_back_keeps_for_ever_or_can_never_prove_or_know);
    tcase_add_test(tests, labels_and_queues_that_do_not_meet_the_rules);
    tcase_add_test(tests, what_a_results_pipeline_takes_by_itself_is_used);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
