/* `review`, `dataset` and the results pipeline: what a file comes to. */
#include <check.h>
#include <stdlib.h>

#include "pipelines/config/load.h"
#include "pipelines/config/print/print.h"

#define RESULTS "service: { pipelines: { results: {} } }\n"
#define RULES                                                                                      \
    "rules:\n"                                                                                     \
    "  - { name: a, measure: spans, fail_above: 9, labels: [over_budget, wrong_tool] }\n"          \
    "  - { name: b, measure: errors, fail_above: 0, labels: [broken], queue: refusals }\n"

static struct pipeline_config *load(const char *text)
{
    struct error error = {0};
    struct pipeline_config *config = config_load_text("p.yaml", bytes_of_text(text), &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    return config;
}

static void refuses(const char *text, const char *expected)
{
    struct error error = {0};
    ck_assert_msg(!config_load_text("p.yaml", bytes_of_text(text), &error), "accepted: %s", text);
    ck_assert_str_eq(error.text, expected);
}

static const struct review_queue_settings *queue(const struct pipeline_config *config,
                                                 const char *name)
{
    return review_settings_queue(&config->review, bytes_of_text(name));
}

static void assert_label(const struct pipeline_config *config, uint32_t index, const char *id,
                         enum label_implies implies)
{
    const struct review_label *label = &config->review.labels.items[index];
    ck_assert_msg(bytes_equal_text(label->id, id), "%.*s", (int)label->id.size,
                  (const char *)label->id.data);
    ck_assert_int_eq(label->implies, implies);
}

START_TEST(without_labels_there_are_four_and_then_those_of_the_rules)
{
    struct pipeline_config *config = load(RULES);
    const struct label_set *labels = &config->review.labels;
    ck_assert_uint_eq(labels->count, 6);
    assert_label(config, 0, "unsupported_claim", LABEL_IMPLIES_FAIL);
    assert_label(config, 1, "wrong_tool", LABEL_IMPLIES_FAIL);
    assert_label(config, 2, "missing_context", LABEL_IMPLIES_FAIL);
    assert_label(config, 3, "acceptable_refusal", LABEL_IMPLIES_PASS);
    assert_label(config, 4, "over_budget", LABEL_IMPLIES_FAIL);
    assert_label(config, 5, "broken", LABEL_IMPLIES_FAIL);
    ck_assert_int_eq(label_set_find(labels, BYTES_LITERAL("hallucination")), 0);
    ck_assert_int_eq(label_set_find(labels, BYTES_LITERAL("broke")), -1);
    config_destroy(config);
}
END_TEST

START_TEST(labels_of_the_file_are_all_that_there_are)
{
    struct pipeline_config *config =
        load(RULES "review: { labels: [{ id: Falsch, implies: fail, formerly: [wrong] }, "
                   "{ id: unclear, name: Unclear }] }");
    ck_assert_uint_eq(config->review.labels.count, 2);
    assert_label(config, 0, "Falsch", LABEL_IMPLIES_FAIL);
    assert_label(config, 1, "unclear", LABEL_IMPLIES_NOTHING);
    ck_assert_int_eq(label_set_find(&config->review.labels, BYTES_LITERAL("wrong")), 0);
    config_destroy(config);
}
END_TEST

START_TEST(rules_with_more_labels_than_there_is_room_for_still_load)
{
    struct buffer text = {0};
    buffer_append_text(&text, "rules:\n");
    for (int i = 0; i < 40; i++)
        buffer_printf(&text, "  - { name: r%d, measure: spans, fail_above: 9, labels: [l%d] }\n", i,
                      i);
    buffer_append_byte(&text, 0);
    struct pipeline_config *config = load((const char *)text.data);
    ck_assert_uint_eq(config->review.labels.count, REVIEW_LABELS_MAX);
    config_destroy(config);
    buffer_finish(&text);
}
END_TEST

START_TEST(the_digest_of_labels_follows_what_reviewers_see)
{
    static const char *const texts[] = {
        "review: { labels: [{ id: a, implies: fail }, { id: b }] }",
        "review: { labels: [{ id: b }, { id: a, implies: fail }] }",
        "review: { labels: [{ id: a, implies: pass }, { id: b }] }",
        "review: { labels: [{ id: a, implies: fail, name: A }, { id: b }] }",
        "review: { labels: [{ id: a, implies: fail, description: A }, { id: b }] }",
    };
    uint8_t digests[5][32];
    for (int i = 0; i < 5; i++) {
        struct pipeline_config *config = load(texts[i]);
        memcpy(digests[i], config->review.labels.sha256, 32);
        config_destroy(config);
        for (int j = 0; j < i; j++)
            ck_assert(memcmp(digests[i], digests[j], 32) != 0);
    }
    struct pipeline_config *same =
        load("review: { labels: [{ id: a, implies: fail, formerly: [z] }, { id: b }] }");
    ck_assert_mem_eq(same->review.labels.sha256, digests[0], 32);
    config_destroy(same);
}
END_TEST

START_TEST(a_queue_has_what_it_does_not_say_from_every_queue)
{
    struct pipeline_config *config =
        load(RULES "review: { queues: { refusals: { reviewers: 2, order: priority, require: "
                   "[label] }, '*': { reviewers: 3, lease: 1m, due: 2h, instructions: Look. } } }");
    ck_assert_uint_eq(config->review.queue_count, 3);
    ck_assert_uint_eq(queue(config, "refusals")->reviewers, 2);
    ck_assert_int_eq(queue(config, "refusals")->lease_ms, 60000);
    ck_assert_int_eq(queue(config, "refusals")->due_ms, 2 * 3600000);
    ck_assert_uint_eq(queue(config, "refusals")->require, REQUIRE_VERDICT | REQUIRE_LABEL);
    ck_assert_uint_eq(queue(config, "review")->reviewers, 3);
    ck_assert(bytes_equal_text(queue(config, "review")->name, "*"));
    ck_assert(bytes_equal_text(queue(config, "review")->instructions, "Look."));
    ck_assert_double_eq(queue(config, "review")->overlap, 0.2);
    config_destroy(config);
}
END_TEST

START_TEST(the_control_queue_is_served_as_a_sample_unless_it_says_otherwise)
{
    struct pipeline_config *config = load("review: { queues: { '*': { order: priority } } }");
    ck_assert_int_eq(queue(config, "control")->order, ORDER_SAMPLE);
    ck_assert_int_eq(queue(config, "review")->order, ORDER_PRIORITY);
    config_destroy(config);
    config = load("review: { queues: { control: { reviewers: 2 } } }");
    ck_assert_int_eq(queue(config, "control")->order, ORDER_SAMPLE);
    ck_assert_uint_eq(queue(config, "control")->reviewers, 2);
    config_destroy(config);
    config = load("review: { queues: { control: { order: priority } } }");
    ck_assert_int_eq(queue(config, "control")->order, ORDER_PRIORITY);
    config_destroy(config);
}
END_TEST

START_TEST(a_results_pipeline_that_says_nothing_writes_rows_and_audit_to_files)
{
    struct pipeline_config *config = load("state: { directory: d }\n" RESULTS);
    ck_assert(config->review.is_present && !config->reads_results);
    ck_assert_uint_eq(config->exporter_count, 3);
    ck_assert_str_eq(config->exporters[0].name, "file/annotations");
    ck_assert_str_eq(config->exporters[1].path, "d/rows.jsonl");
    ck_assert_str_eq(config->exporters[2].path, "d/audit.jsonl");
    ck_assert(!config->exporters[0].takes_no_records && !config->exporters[0].takes_rows);
    ck_assert(config->exporters[1].takes_rows && config->exporters[1].takes_no_records);
    ck_assert_uint_eq(config->dataset.topics, 0); /* a file */
    ck_assert(config->exporters[2].takes_audit && config->exporters[2].takes_no_records);
    ck_assert_uint_eq(config->dataset.exporters, 2);
    ck_assert_uint_eq(config->review.audit_exporters, 4);
    ck_assert_str_eq(config->review.endpoint, "127.0.0.1:8322");
    ck_assert_ptr_null(config->review.reviewers_file);
    config_destroy(config);
    config = load("rules: []");
    ck_assert(!config->review.is_present);
    ck_assert_uint_eq(config->exporter_count, 1);
    config_destroy(config);
}
END_TEST

START_TEST(records_keep_their_exporter_beside_those_of_results)
{
    struct pipeline_config *config =
        load("receivers: { otlp: {}, kafka/results: { adjudicators: [lee] } }\n"
             "exporters: { kafka/rows: { topic: dataset-rows }, kafka/annotations: {}, file/audit: "
             "{ path: a } }\n"
             "service: { pipelines: { results: { exporters: [kafka/rows], audit: [file/audit] } } "
             "}");
    ck_assert_uint_eq(config->exporter_count, 3);
    ck_assert_str_eq(config->exporters[0].name, "kafka/annotations");
    ck_assert_str_eq(config->exporters[1].name, "kafka/rows");
    ck_assert_uint_eq(config->dataset.exporters, 2);
    ck_assert(config->reads_results);
    ck_assert_str_eq(config->results_topic.topic, "review-results");
    ck_assert(bytes_equal_text(config->review.adjudicators[0], "lee"));
    config_destroy(config);
    config = load("service: { pipelines: { results: { exporters: [], audit: [] } } }");
    ck_assert_uint_eq(config->exporter_count, 1);
    ck_assert_uint_eq(config->dataset.exporters | config->review.audit_exporters, 0);
    config_destroy(config);
}
END_TEST

START_TEST(the_ruleset_does_not_change_with_the_review)
{
    struct pipeline_config *plain = load(RULES);
    struct pipeline_config *reviewed =
        load(RULES RESULTS "review: { consensus: majority, mix: 0.5, queues: { '*': { reviewers: 3 "
                           "} } }\ndataset: { name: other, train_share: 0.5 }");
    ck_assert_mem_eq(plain->ruleset.sha256, reviewed->ruleset.sha256, 32);
    config_destroy(plain);
    config_destroy(reviewed);
}
END_TEST

START_TEST(a_reload_takes_labels_queues_and_consensus_and_nothing_else)
{
    struct pipeline_config *running = load(RULES RESULTS);
    struct pipeline_config *reloaded =
        load(RULES RESULTS "review: { labels: [{ id: a }], queues: { '*': { reviewers: 3 } }, "
                           "consensus: majority }");
    struct pipeline_config *other =
        load(RULES RESULTS "review: { mix: 0.5, reviewers_file: r, http: { endpoint: "
                           "127.0.0.1:0 } }\ndataset: { retain: 7d }\nlimits: { audit: 2GiB }");
    struct buffer differences = {0};
    config_print_restart_differences(running, reloaded, &differences);
    ck_assert_uint_eq(differences.size, 0);
    config_print_restart_differences(running, other, &differences);
    buffer_append_byte(&differences, 0);
    ck_assert_str_eq((char *)differences.data,
                     "limits.audit\nreview.reviewers_file\nreview.http.endpoint\nreview.mix\n"
                     "dataset.retain\n");
    buffer_finish(&differences);
    config_destroy(running);
    config_destroy(reloaded);
    config_destroy(other);
}
END_TEST

START_TEST(labels_and_queues_that_cannot_be_are_refused)
{
    refuses("review: { labels: [{ name: A }] }", "p.yaml:1:20: this label has no id: add one");
    refuses("review: { labels: [{ id: a }, { id: a }] }",
            "p.yaml:1:37: another label has, or once had, the id a: rename one of them");
    refuses("review: { labels: [{ id: a, formerly: [b] }, { id: b }] }",
            "p.yaml:1:52: another label has, or once had, the id b: rename one of them");
    refuses("review: { labels: [{ id: a }, { id: b, formerly: [a] }] }",
            "p.yaml:1:50: the id a is a label's already: it can't be a former one");
    refuses("limits: { labels: 1 }\nreview: { labels: [{ id: a }, { id: b }] }",
            "p.yaml:2:19: more than 1 labels (limits.labels): remove some");
    refuses("review: { labels: [{ id: a, implies: bad }] }",
            "p.yaml:1:38: implies must be one of: nothing, pass, fail");
    refuses("review: { queues: { 'A B': {} } }",
            "p.yaml:1:21: the name of a queue must be \"*\", or 1 to 64 of the characters a-z, "
            "0-9, `_`, `.` and `-`");
    refuses("review: { queues: { '*': { reviewers: 9 } } }",
            "p.yaml:1:39: reviewers must be between 1 and 8");
    refuses("review: { queues: { '*': { reviewer: 2 } } }",
            "p.yaml:1:28: unknown key reviewer; did you mean reviewers?");
    refuses("review: { queues: { '*': { require: [label, colour] } } }",
            "p.yaml:1:37: an entry of require must be one of: verdict, label, comment");
    refuses("review: { consensus: majority }",
            "p.yaml:1:22: a majority needs a queue with three reviewers or more: set "
            "review.queues.\"*\".reviewers, or leave consensus out");
}
END_TEST

START_TEST(exporters_of_rows_and_audit_take_nothing_else)
{
    refuses("exporters: { file/a: {}, file/b: {} }\n"
            "service: { pipelines: { results: { exporters: [file/a], audit: [file/a] } } }",
            "p.yaml:2:64: file/a takes rows already: give the audit trail another exporter");
    refuses("exporters: { file/a: {}, file/b: {} }\n"
            "service: { pipelines: { traces: { exporters: [file/a] }, results: { exporters: "
            "[file/a] } } }",
            "p.yaml:2:46: file/a takes rows: give records another exporter");
    refuses("exporters: { kafka/rows: {} }\n"
            "service: { pipelines: { results: { exporters: [kafka/rows] } } }",
            "p.yaml:2:34: kafka/rows would write rows among the records: set its topic to "
            "dataset-rows, or another one");
    refuses("exporters: { kafka/rows: { topic: r, encoding: protobuf } }\n"
            "service: { pipelines: { results: { exporters: [kafka/rows] } } }",
            "p.yaml:2:47: kafka/rows takes rows, which is json: leave encoding out");
    refuses("service: { pipelines: { results: { receivers: [kafka/result] } } }",
            "p.yaml:1:48: there is no receiver of that name: define it under receivers");
    refuses("receivers: { otlp: {}, kafka/results: {} }",
            "p.yaml:1:24: no pipeline reads results: add `results: {}` to service.pipelines");
}
END_TEST

START_TEST(a_listener_that_strangers_reach_is_refused)
{
    static const char far[] = RESULTS "review: { http: { endpoint: '0.0.0.0:8322' } }";
    static const char known[] =
        RESULTS "review: { reviewers_file: r, http: { endpoint: '0.0.0.0:8322' } }";
    refuses(far, "p.yaml:2:29: the review listener is off loopback and does not know its "
                 "reviewers: set review.reviewers_file, or listen on 127.0.0.1");
    refuses(known, "p.yaml:2:48: the review listener is off loopback without TLS: set "
                   "review.http.tls, or review.http.behind_proxy where something in front speaks "
                   "it");
    config_destroy(load(RESULTS "review: { reviewers_file: r, http: { endpoint: '0.0.0.0:8322', "
                                "tls: { cert_file: c, key_file: k } } }"));
    config_destroy(load(RESULTS "review: { reviewers_file: r, http: { endpoint: '0.0.0.0:8322', "
                                "behind_proxy: { from: [10.0.0.0/8, '::1'], url: "
                                "'https://review.example.com' } } }"));
    config_destroy(load("review: { http: { endpoint: '0.0.0.0:8322' } }")); /* nothing listens */
}
END_TEST

START_TEST(a_proxy_is_named_whole_and_a_port_once)
{
    refuses(RESULTS "review: { http: { behind_proxy: { from: [10.0.0.0/8] } } }",
            "p.yaml:2:33: behind_proxy needs both from and url");
    refuses(RESULTS "review: { http: { behind_proxy: { from: [10.0.0.1/8], url: 'https://x' } } }",
            "p.yaml:2:41: 10.0.0.1/8 is no range of addresses: write it like 10.0.0.0/8 or "
            "192.0.2.7");
    refuses(RESULTS "review: { http: { behind_proxy: { from: [10.0.0.0/8], url: x } } }",
            "p.yaml:2:60: url must begin with https:// or http://");
    refuses(RESULTS "review: { http: { tls: { cert_file: c } } }",
            "p.yaml:2:24: tls needs both cert_file and key_file");
    refuses(RESULTS "review: { http: { endpoint: '127.0.0.1:8321' } }",
            "p.yaml:2:29: service.telemetry.http listens there: use another port");
}
END_TEST

START_TEST(the_map_holds_what_review_may_keep)
{
    static const char small[] = "limits: { journal: 64MiB, outbox: 16MiB, late_bytes: 0, review: "
                                "64MiB, dataset: 64MiB, audit: 16MiB }\nstate: { map_size: "
                                "256MiB }\n";
    config_destroy(load(small));
    struct buffer text = {0};
    buffer_append_text(&text, small);
    buffer_append_text(&text, RESULTS);
    buffer_append_byte(&text, 0);
    refuses((const char *)text.data,
            "p.yaml:2:20: map_size must be at least 2.5 times limits.journal, limits.outbox, "
            "limits.late_bytes, limits.review, limits.dataset and limits.audit together: set "
            "state.map_size to 560MiB or lower the limits");
    buffer_finish(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("review");
    TCase *tests = tcase_create("review");
    tcase_add_test(tests, without_labels_there_are_four_and_then_those_of_the_rules);
    tcase_add_test(tests, labels_of_the_file_are_all_that_there_are);
    tcase_add_test(tests, rules_with_more_labels_than_there_is_room_for_still_load);
    tcase_add_test(tests, the_digest_of_labels_follows_what_reviewers_see);
    tcase_add_test(tests, a_queue_has_what_it_does_not_say_from_every_queue);
    tcase_add_test(tests, the_control_queue_is_served_as_a_sample_unless_it_says_otherwise);
    tcase_add_test(tests, a_results_pipeline_that_says_nothing_writes_rows_and_audit_to_files);
    tcase_add_test(tests, records_keep_their_exporter_beside_those_of_results);
    tcase_add_test(tests, the_ruleset_does_not_change_with_the_review);
    tcase_add_test(tests, a_reload_takes_labels_queues_and_consensus_and_nothing_else);
    tcase_add_test(tests, labels_and_queues_that_cannot_be_are_refused);
    tcase_add_test(tests, exporters_of_rows_and_audit_take_nothing_else);
    tcase_add_test(tests, a_listener_that_strangers_reach_is_refused);
    tcase_add_test(tests, a_proxy_is_named_whole_and_a_port_once);
    tcase_add_test(tests, the_map_holds_what_review_may_keep);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
