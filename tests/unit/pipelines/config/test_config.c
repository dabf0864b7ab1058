/* Pipeline files that load: values, defaults, printing, digest. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "processor/score/rules.h"
#include "pipelines/config/load.h"
#include "pipelines/config/options.h"
#include "pipelines/config/print/print.h"
#include "pipelines/config/print/reference.h"

static struct pipeline_config *load(const char *text)
{
    struct error error = {0};
    struct pipeline_config *config = config_load_text("p.yaml", bytes_of_text(text), &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    return config;
}

static struct buffer print(const struct pipeline_config *config)
{
    struct buffer text = {0};
    config_print(config, &text);
    buffer_append_byte(&text, 0);
    ck_assert(!text.failed);
    return text;
}

static struct buffer read_whole(const char *path)
{
    struct buffer text = {0};
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    while (buffer_reserve(&text, 4096)) {
        size_t got = fread(text.data + text.size, 1, 4096, file);
        text.size += got;
        if (got == 0)
            break;
    }
    fclose(file);
    return text;
}

/* A key for the files that hash identifiers; the path is in FLYWHEEL_TEST_KEY_FILE. */
static char key_path[] = "/tmp/flywheel-test-key-XXXXXX";

static void make_key(void)
{
    int file = mkstemp(key_path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, "0123456789abcdef\n", 17), 17);
    close(file);
    setenv("FLYWHEEL_TEST_KEY_FILE", key_path, 1);
}

static void remove_key(void)
{
    unlink(key_path);
}

START_TEST(each_pipeline_file_of_the_project_loads)
{
    DIR *folder = opendir(SOURCE_ROOT "/pipelines");
    ck_assert_ptr_nonnull(folder);
    int loaded = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t size = strlen(entry->d_name);
        if (size < 5 || strcmp(entry->d_name + size - 5, ".yaml") != 0)
            continue;
        char path[1024];
        snprintf(path, sizeof path, "%s/pipelines/%s", SOURCE_ROOT, entry->d_name);
        struct error error = {0};
        struct pipeline_config *config = config_load(path, &error);
        ck_assert_msg(config != NULL, "%s", error.text);
        ck_assert(config->ruleset.rule_count > 0 || config->relay.is_present);
        config_destroy(config);
        loaded++;
    }
    closedir(folder);
    ck_assert_int_ge(loaded, 2);
}
END_TEST

START_TEST(the_embedded_default_is_default_yaml)
{
    struct error error = {0};
    struct pipeline_config *embedded = config_load(NULL, &error);
    struct pipeline_config *file = config_load(SOURCE_ROOT "/pipelines/default.yaml", &error);
    ck_assert_msg(embedded && file, "%s", error.text);
    ck_assert_mem_eq(embedded->ruleset.sha256, file->ruleset.sha256, 32);
    config_destroy(embedded);
    config_destroy(file);
}
END_TEST

START_TEST(rules_alone_are_a_pipeline_file_and_the_rest_has_its_defaults)
{
    struct pipeline_config *config =
        load("rules: [{ name: slow, measure: duration_ms, fail_above: 10 }]");
    ck_assert(config->reads_otlp && !config->reads_kafka);
    ck_assert(config->otlp.has_grpc && !config->otlp.has_http);
    ck_assert_str_eq(config->otlp.grpc_endpoint, "127.0.0.1:4317");
    ck_assert(config->otlp.grpc_ack_durable);
    ck_assert_uint_eq(config->otlp.grpc_max_message_bytes, 64u << 20);
    ck_assert_int_eq(config->assembly.settle_ms, 6000);
    ck_assert_int_eq(config->assembly.idle_timeout_ms, 300000);
    ck_assert_uint_eq(config->limits.span_bytes, 4u << 20);
    ck_assert_uint_eq(config->limits.connections, 1024);
    ck_assert_uint_eq(config->exporter_count, 1);
    ck_assert_int_eq(config->exporters[0].kind, EXPORTER_FILE);
    ck_assert_str_eq(config->exporters[0].path, "./flywheel-data/annotations.jsonl");
    ck_assert_str_eq(config->state.directory, "./flywheel-data");
    ck_assert_uint_eq(config->grouping_count, 4);
    ck_assert_uint_eq(config->dimension_count, 7);
    ck_assert_uint_ge(config->shards, 1);
    ck_assert_double_eq(config->selection.share[VERDICT_PASS], 0.01);
    ck_assert_int_eq(config->redaction.content, REDACT_REDACTED);
    ck_assert(config->redaction.builtin[MASK_EMAIL] && config->redaction.builtin[MASK_SECRET]);
    const struct rule *rule = &config->ruleset.rules[0];
    ck_assert(rule->has_fail_above && !rule->has_fail_below);
    ck_assert_uint_eq(rule->priority, 5);
    ck_assert(bytes_equal_text(rule->queue, "review"));
    ck_assert(!rule_may_judge(rule, 0));
    config_destroy(config);
}
END_TEST

START_TEST(an_empty_file_asks_for_the_defaults)
{
    struct pipeline_config *config = load("# nothing\n");
    ck_assert_uint_eq(config->ruleset.rule_count, 0);
    ck_assert(config->reads_otlp);
    config_destroy(config);
}
END_TEST

START_TEST(a_file_with_every_part_is_read)
{
    struct buffer text = read_whole(TEST_DATA "/config/everything.yaml");
    struct error error = {0};
    struct pipeline_config *config = config_load_text("all.yaml", buffer_bytes(&text), &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    ck_assert(config->otlp.has_http && config->reads_kafka);
    ck_assert_uint_eq(config->otlp.http_path_count, 3);
    ck_assert_str_eq(config->otlp.http_paths[2], "/api/public/otel/v1/traces");
    ck_assert_str_eq(config->kafka.dead_letter_topic, "otlp_spans.dead");
    ck_assert_str_eq(config->kafka.group_instance_id, "");
    ck_assert_uint_eq(config->budget.per_hour, 500);
    ck_assert_uint_eq(config->regression.per_hour, 100);
    ck_assert_uint_eq(config->regression.per_row_per_hour, 5);
    ck_assert_uint_eq(config->regression.rows_max, 20000);
    ck_assert_uint_eq(config->selection.control_per_day, 0);
    ck_assert_uint_eq(config->selection.new_cohort, 5);
    ck_assert_uint_eq(config->ruleset.measurements.required_count, 1);
    ck_assert(bytes_equal_text(config->ruleset.measurements.required[0].value, "mortgage payoff"));
    ck_assert(bytes_equal_text(config->ruleset.measurements.allowed[0].value, "*"));
    ck_assert_double_eq(config->ruleset.measurements.prices[0].output, 10);
    ck_assert_uint_eq(config->pinned_count, 1);
    ck_assert_uint_eq(config->alert_count, 1);
    ck_assert_uint_eq(config->alerts[0].pinned, 0);
    ck_assert_double_eq(config->alerts[0].min_pass_rate, 0.92);
    ck_assert_int_eq(config->alerts[0].window_ms, 24 * 3600 * 1000);
    ck_assert_double_eq(config->alerts[0].usual_fail_rate, 0.05);
    ck_assert_uint_eq(config->alerts[0].burn_count, 1);
    ck_assert_double_eq(config->alerts[0].burns[0].factor, 6);
    ck_assert_int_eq(config->alerts[0].burns[0].short_ms, 30 * 60 * 1000);
    ck_assert_uint_eq(config->redaction.hash_count, 2);
    ck_assert(bytes_equal_text(config->redaction.hash_key, "0123456789abcdef"));
    ck_assert_uint_eq(config->redaction.custom_count, 1);
    ck_assert_uint_eq(config->exporter_count, 4);
    ck_assert_str_eq(config->exporters[0].name, "kafka/annotations");
    ck_assert(config->review.is_present && config->reads_results);
    ck_assert(bytes_equal_text(config->results.exporters[0], "kafka/rows"));
    ck_assert_uint_eq(config->dataset.exporters, 1u << 1 | 1u << 2);
    ck_assert_uint_eq(config->review.audit_exporters, 1u << 3);
    config_destroy(config);
    buffer_finish(&text);
}
END_TEST

START_TEST(the_printed_configuration_loads_again_and_prints_the_same)
{
    const char *files[] = {
        SOURCE_ROOT "/pipelines/default.yaml", SOURCE_ROOT "/pipelines/banking-support.yaml",
        SOURCE_ROOT "/pipelines/relay.yaml",   SOURCE_ROOT "/pipelines/kafka.yaml",
        SOURCE_ROOT "/pipelines/results.yaml", TEST_DATA "/config/everything.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct buffer text = read_whole(files[i]);
        struct error unavailable = {0}, error = {0};
        struct pipeline_config *first =
            config_load_all(files[i], buffer_bytes(&text), &unavailable, &error);
        ck_assert_msg(first != NULL, "%s", error.text);
        struct buffer printed = print(first);
        struct pipeline_config *second = config_load_all(
            "printed.yaml", bytes_of(printed.data, printed.size - 1), &unavailable, &error);
        ck_assert_msg(second != NULL, "%s", error.text);
        ck_assert_mem_eq(first->ruleset.sha256, second->ruleset.sha256, 32);
        struct buffer again = print(second);
        ck_assert_str_eq((char *)printed.data, (char *)again.data);
        buffer_finish(&text);
        buffer_finish(&printed);
        buffer_finish(&again);
        config_destroy(first);
        config_destroy(second);
    }
}
END_TEST

START_TEST(texts_that_yaml_would_read_otherwise_survive_printing)
{
    struct pipeline_config *first = load(
        "redaction: { mask: [\"a\\\"b\\\\\\\\c\", '$${env:X}', '# no: comment', '~x ', "
        "\"\\u0085|é\"] }\n"
        "measurements: { tool_selection: { required: { '${x}': ['- a', 'null', 'a: b'] } } }\n");
    struct buffer printed = print(first);
    struct pipeline_config *second = load((char *)printed.data);
    ck_assert_mem_eq(first->ruleset.sha256, second->ruleset.sha256, 32);
    ck_assert(bytes_equal_text(second->redaction_regexes[1], "${env:X}"));
    ck_assert(bytes_equal_text(second->ruleset.measurements.required[0].value, "${x}"));
    ck_assert(bytes_equal_text(second->ruleset.measurements.required[0].tools.items[1], "null"));
    buffer_finish(&printed);
    config_destroy(first);
    config_destroy(second);
}
END_TEST

START_TEST(secrets_are_masked_when_printed)
{
    setenv("FLYWHEEL_TEST_SECRET", "hunter2", 1);
    struct pipeline_config *config = load(
        "exporters:\n"
        "  kafka/a:\n"
        "    tls: {}\n"
        "    auth: { sasl: { mechanism: PLAIN, username: me, password: "
        "'${env:FLYWHEEL_TEST_SECRET}' } }\n"
        "    properties: { ssl.key.password: hunter2, sasl.oauthbearer.client.secret: hunter2, "
        "sasl.oauthbearer.config: 'principal=me secret=hunter2', ssl.keystore.passphrase: hunter2, "
        "of.a.later.release: hunter2, linger.ms: '5', topic.message.timeout.ms: '7' }\n");
    struct buffer printed = print(config);
    ck_assert_ptr_null(strstr((char *)printed.data, "hunter2"));
    ck_assert_ptr_nonnull(strstr((char *)printed.data, "password: \"********\""));
    ck_assert_ptr_nonnull(strstr((char *)printed.data, "linger.ms: 5"));
    ck_assert_ptr_nonnull(strstr((char *)printed.data, "topic.message.timeout.ms: 7"));
    ck_assert_ptr_nonnull(strstr((char *)printed.data, "of.a.later.release: \"********\""));
    buffer_finish(&printed);
    config_destroy(config);
}
END_TEST

START_TEST(tls_and_sasl_become_properties_of_the_kafka_client)
{
    struct pipeline_config *config =
        load("exporters:\n"
             "  kafka/a:\n"
             "    brokers: ['b1:9092', 'b2:9092']\n"
             "    tls: { ca_file: /ca.pem, insecure_skip_verify: true }\n"
             "    auth: { sasl: { mechanism: SCRAM-SHA-256, username: me, password: p } }\n"
             "    properties: { linger.ms: 5 }\n");
    const char *const expected[] = {"linger.ms",
                                    "5",
                                    "security.protocol",
                                    "SASL_SSL",
                                    "ssl.ca.location",
                                    "/ca.pem",
                                    "enable.ssl.certificate.verification",
                                    "false",
                                    "sasl.mechanism",
                                    "SCRAM-SHA-256",
                                    "sasl.username",
                                    "me",
                                    "sasl.password",
                                    "p"};
    ck_assert_str_eq(config->exporters[0].brokers, "b1:9092,b2:9092");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        ck_assert_str_eq(config->exporters[0].properties[i], expected[i]);
    ck_assert_ptr_null(config->exporters[0].properties[sizeof expected / sizeof expected[0]]);
    config_destroy(config);
}
END_TEST

static void digest_of(const char *text, uint8_t to[32])
{
    struct pipeline_config *config = load(text);
    memcpy(to, config->ruleset.sha256, 32);
    config_destroy(config);
}

START_TEST(the_digest_ignores_formatting_key_order_and_written_defaults)
{
    uint8_t a[32], b[32];
    digest_of("rules:\n"
              "  - name: r\n"
              "    measure: score.X\n"
              "    when: intent == \"a\"   and spans>3\n"
              "    fail_below: 0.50\n"
              "selection: { pass: 0.5, fail: 1 }\n"
              "measurements: { cost_usd: { prices: { a: {input: 1, output: 2}, b*: {output: 4, "
              "input: 3} } } }\n",
              a);
    digest_of("# a comment\n"
              "measurements: { cost_usd: { prices: { 'b*': {input: 3, output: 4}, a: {input: 1, "
              "output: 2} } } }\n"
              "selection: { fail: 1.0, pass: 0.50 }\n"
              "rules: [ { fail_below: 5e-1, priority: 5, queue: review, measure: [score.X], "
              "when: '(intent == \"a\") and (spans > 3.0)', name: r, judges: true } ]\n"
              "trajectory: { settle: 1s }\n"
              "state: { directory: /elsewhere }\n",
              b);
    ck_assert_mem_eq(a, b, 32);
}
END_TEST

START_TEST(the_digest_sees_every_part_that_decides_a_record)
{
    const char *variants[] = {
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]",
        "rules: [{ name: q, measure: score.X, fail_below: 0.5 }]",
        "rules: [{ name: r, measure: score.Y, fail_below: 0.5 }]",
        "rules: [{ name: r, measure: score.X, fail_below: 0.6 }]",
        "rules: [{ name: r, measure: score.X, fail_above: 0.5 }]",
        "rules: [{ name: r, measure: score.X, borderline_below: 0.5 }]",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5, labels: [l] }]",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5, priority: 1 }]",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5, queue: q }]",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5, judges: false }]",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5, when: spans > 1 }]",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5, when: spans > 2 }]",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]\nselection: { pass: 0.2 }",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]\nredaction: { content: full }",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]\nredaction: { mask: [email] }",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]\nredaction: { mask: [x] }",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]\nredaction: { allow: [x] }",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]\ncohorts: { dimensions: { intent: "
        "[x] } }",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]\nmeasurements: { loop: { exempt: "
        "[poll] } }",
        "rules: [{ name: r, measure: score.X, fail_below: 0.5 }]\nmeasurements: { groundedness: { "
        "support: 0.5 } }",
    };
    enum { VARIANTS = sizeof variants / sizeof variants[0] };
    uint8_t digests[VARIANTS][32];
    for (int i = 0; i < VARIANTS; i++) {
        digest_of(variants[i], digests[i]);
        for (int j = 0; j < i; j++)
            ck_assert_msg(memcmp(digests[i], digests[j], 32) != 0, "%s = %s", variants[i],
                          variants[j]);
    }
}
END_TEST

START_TEST(the_environment_and_files_are_substituted_in_values)
{
    setenv("FLYWHEEL_TEST_PORT", "5000", 1);
    unsetenv("FLYWHEEL_TEST_UNSET");
    char text[1024];
    snprintf(text, sizeof text,
             "receivers: { otlp: { protocols: { grpc: { endpoint: "
             "'127.0.0.1:${env:FLYWHEEL_TEST_PORT}' } } } }\n"
             "trajectory: { settle: '${env:FLYWHEEL_TEST_UNSET:-9s}' }\n"
             "exporters: { file/a: { path: '$${x} $y ${file:%s}' } }\n",
             key_path);
    struct pipeline_config *config = load(text);
    ck_assert_str_eq(config->otlp.grpc_endpoint, "127.0.0.1:5000");
    ck_assert_int_eq(config->assembly.settle_ms, 9000);
    ck_assert_str_eq(config->exporters[0].path, "${x} $y 0123456789abcdef");
    config_destroy(config);
}
END_TEST

START_TEST(what_is_substituted_is_not_substituted_again)
{
    setenv("FLYWHEEL_TEST_NESTED", "${env:HOME}", 1);
    struct pipeline_config *config = load("state: { directory: '${env:FLYWHEEL_TEST_NESTED}' }");
    ck_assert_str_eq(config->state.directory, "${env:HOME}");
    config_destroy(config);
}
END_TEST

START_TEST(a_file_exporter_without_a_path_follows_the_data_directory)
{
    struct pipeline_config *config = load("state: { directory: /var/lib/flywheel }");
    ck_assert_str_eq(config->exporters[0].path, "/var/lib/flywheel/annotations.jsonl");
    config_destroy(config);
}
END_TEST

START_TEST(an_alert_pins_its_cohort_once)
{
    struct pipeline_config *config =
        load("cohorts:\n"
             "  pinned: [{ intent: a }, { intent: b, release: '1' }]\n"
             "  alerts:\n"
             "    - { cohort: { release: '1', intent: b }, min_pass_rate: 0.9 }\n"
             "    - { cohort: { intent: c }, min_pass_rate: 0.8, window: 1h }\n");
    ck_assert_uint_eq(config->pinned_count, 3);
    ck_assert_uint_eq(config->alerts[0].pinned, 1);
    ck_assert_uint_eq(config->alerts[1].pinned, 2);
    ck_assert(bytes_equal_text(config->pinned[1].values[0], "1")); /* as [release, intent] */
    ck_assert(bytes_equal_text(config->pinned[1].values[1], "b"));
    ck_assert_uint_eq(config->alerts[0].min_n, 50);
    /* Below 95 % other factors: with 0.9 the budget is spent at most 10 times too fast, with 0.8 5. */
    ck_assert_uint_eq(config->alerts[0].burn_count, 2);
    ck_assert_double_eq(config->alerts[0].burns[0].factor, 3);
    ck_assert_uint_eq(config->alerts[1].burn_count, 2);
    config_destroy(config);
}
END_TEST

START_TEST(a_derived_dimension_exists_where_a_grouping_names_it)
{
    struct pipeline_config *config = load("cohorts: { group_by: [[intent], [tool_path, intent]] }");
    ck_assert_uint_eq(config->dimension_count, 6);
    ck_assert(bytes_equal_text(config->dimension_names[5], "tool_path"));
    ck_assert_uint_eq(config->dimensions[5].source_count, 0);
    config_destroy(config);
}
END_TEST

START_TEST(default_groupings_need_their_dimensions)
{
    struct pipeline_config *config = load("cohorts: { dimensions: { tenant: ['*'] } }");
    ck_assert_uint_eq(config->grouping_count, 2); /* model_route and tool_path */
    config_destroy(config);
}
END_TEST

START_TEST(only_what_a_reload_cannot_apply_is_a_difference)
{
    struct pipeline_config *a =
        load("rules: []\nservice: { telemetry: { logs: { level: info } } }");
    struct pipeline_config *b = load("selection: { pass: 0.3 }\n"
                                     "rules: [{ name: r, measure: spans, fail_above: 1 }]\n"
                                     "service: { telemetry: { logs: { level: debug } } }");
    struct pipeline_config *c = load("trajectory: { settle: 1s }\n"
                                     "cohorts: { dimensions: { intent: [x] } }\n"
                                     "exporters: { kafka/a: { topic: t } }\n");
    struct buffer differences = {0};
    config_print_restart_differences(a, b, &differences);
    ck_assert_uint_eq(differences.size, 0);
    config_print_restart_differences(a, c, &differences);
    buffer_append_byte(&differences, 0);
    ck_assert_str_eq((char *)differences.data,
                     "trajectory.settle\ncohorts.dimensions\ncohorts.group_by\nexporters\n"
                     "service.pipelines.traces.exporters\n");
    buffer_finish(&differences);
    config_destroy(a);
    config_destroy(b);
    config_destroy(c);
}
END_TEST

START_TEST(prices_are_tried_exact_first_then_the_longest_prefix)
{
    struct pipeline_config *config =
        load("measurements: { cost_usd: { prices: { 'gpt-*': {input: 1, output: 1}, 'gpt-4*': "
             "{input: 2, output: 2}, gpt-4o: {input: 3, output: 3} } } }");
    const struct model_price *prices = config->ruleset.measurements.prices;
    ck_assert(bytes_equal_text(prices[0].model, "gpt-4o"));
    ck_assert(bytes_equal_text(prices[1].model, "gpt-4*"));
    ck_assert(bytes_equal_text(prices[2].model, "gpt-*"));
    config_destroy(config);
}
END_TEST

START_TEST(the_reference_page_is_up_to_date)
{
    struct buffer page = read_whole(SOURCE_ROOT "/pipelines/options.md"), reference = {0};
    config_reference(&reference);
    ck_assert_msg(bytes_equal(buffer_bytes(&page), buffer_bytes(&reference)),
                  "pipelines/options.md is stale: flywheel help options > pipelines/options.md");
    buffer_finish(&page);
    buffer_finish(&reference);
}
END_TEST

START_TEST(each_option_has_prose_and_belongs_to_a_section)
{
    const struct option *row;
    for (uint32_t i = 0; (row = config_option_at(&config_options, i)); i++) {
        ck_assert_msg(row->prose && row->prose[0], "%s", row->path);
        const char *dot = strrchr(row->path, '.');
        char parent[128] = "";
        if (dot && strcmp(row->path + config_option_object(row->path), dot) != 0)
            snprintf(parent, sizeof parent, "%.*s", (int)(dot - row->path), row->path);
        bool has_parent = parent[0] == 0;
        for (uint32_t j = 0; j < i; j++) {
            ck_assert_str_ne(config_option_at(&config_options, j)->path, row->path);
            has_parent =
                has_parent || strcmp(config_option_at(&config_options, j)->path, parent) == 0;
        }
        ck_assert_msg(has_parent, "%s", row->path);
        if (row->type == OPTION_CUSTOM)
            ck_assert_msg(row->print && row->type_text, "%s", row->path);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("config");
    tcase_add_unchecked_fixture(tests, make_key, remove_key);
    tcase_add_test(tests, each_pipeline_file_of_the_project_loads);
    tcase_add_test(tests, the_embedded_default_is_default_yaml);
    tcase_add_test(tests, rules_alone_are_a_pipeline_file_and_the_rest_has_its_defaults);
    tcase_add_test(tests, an_empty_file_asks_for_the_defaults);
    tcase_add_test(tests, a_file_with_every_part_is_read);
    tcase_add_test(tests, the_printed_configuration_loads_again_and_prints_the_same);
    tcase_add_test(tests, texts_that_yaml_would_read_otherwise_survive_printing);
    tcase_add_test(tests, secrets_are_masked_when_printed);
    tcase_add_test(tests, tls_and_sasl_become_properties_of_the_kafka_client);
    tcase_add_test(tests, the_digest_ignores_formatting_key_order_and_written_defaults);
    tcase_add_test(tests, the_digest_sees_every_part_that_decides_a_record);
    tcase_add_test(tests, the_environment_and_files_are_substituted_in_values);
    tcase_add_test(tests, what_is_substituted_is_not_substituted_again);
    tcase_add_test(tests, a_file_exporter_without_a_path_follows_the_data_directory);
    tcase_add_test(tests, an_alert_pins_its_cohort_once);
    tcase_add_test(tests, a_derived_dimension_exists_where_a_grouping_names_it);
    tcase_add_test(tests, default_groupings_need_their_dimensions);
    tcase_add_test(tests, only_what_a_reload_cannot_apply_is_a_difference);
    tcase_add_test(tests, prices_are_tried_exact_first_then_the_longest_prefix);
    tcase_add_test(tests, the_reference_page_is_up_to_date);
    tcase_add_test(tests, each_option_has_prose_and_belongs_to_a_section);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
