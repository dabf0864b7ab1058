/* Every mistake has its place and one sentence that says what to do: text of a file, and the exact
 * error for it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/config/config.h"
#include "pipelines/config/load.h"

struct mistake {
    const char *text, *error;
};

static void refuses(const struct mistake *mistakes, size_t count)
{
    unsetenv("FLYWHEEL_TEST_UNSET");
    for (size_t i = 0; i < count; i++) {
        struct error error = {0};
        struct bytes text = bytes_of_text(mistakes[i].text);
        struct pipeline_config *config = config_load_text("p.yaml", text, &error);
        ck_assert_msg(config == NULL, "accepted: %s", mistakes[i].text);
        ck_assert_str_eq(error.text, mistakes[i].error);
        ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
    }
}

START_TEST(what_is_not_plain_yaml_is_refused_with_its_place)
{
    static const struct mistake mistakes[] = {
        {"rulez: []", "p.yaml:1:1: unknown key rulez; did you mean rules?"},
        {"rules: []\nrules: []",
         "p.yaml:2:1: the key rules is already set in line 1: remove one of the two"},
        {"a: &x 1", "p.yaml:1:4: anchors and aliases are not allowed: repeat the value"},
        {"a: *x", "p.yaml:1:4: anchors and aliases are not allowed: repeat the value"},
        {"a: !!str 1", "p.yaml:1:4: tags (`!...`) are not allowed: write the value alone"},
        {"a: 1\n---\nb: 2", "p.yaml:2:1: a second document starts here: keep one per file"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
         "p.yaml:1:17: nested deeper than 16 levels: no setting is that deep"},
        {"? [a]\n: b", "p.yaml:1:3: a key must be a plain text: write `key: value`"},
        {"a: \"x", "p.yaml:1:6: not YAML: found unexpected end of stream: look at indentation, "
                   "quotes and brackets"},
        {"# \u00fc\nrules:\n\t- name: x",
         "p.yaml:3:1: not YAML: a tab stands here: indent with spaces"},
        {"just a text", "p.yaml:1:1: a pipeline file takes keys with values below it"},
        {"state: { directory: \"${env:FLYWHEEL_TEST_UNSET}\" }",
         "p.yaml:1:21: the environment variable FLYWHEEL_TEST_UNSET is not set: set it, or write "
         "${env:FLYWHEEL_TEST_UNSET:-default}"},
        {"state: { directory: \"${env:BAD NAME}\" }",
         "p.yaml:1:21: no environment variable has such a name: write ${env:NAME} with letters, "
         "digits and `_`"},
        {"state: { directory: \"${home}\" }",
         "p.yaml:1:21: unknown substitution: write ${env:NAME}, ${env:NAME:-default} or "
         "${file:PATH}, and $${ for a plain ${"},
        {"state: { directory: \"${env:X\" }",
         "p.yaml:1:21: a ${ without its }: close it, or write $${ for a plain ${"},
        {"state: { directory: \"${file:/nonexistent/x}\" }",
         "p.yaml:1:21: can't read the file /nonexistent/x: No such file or directory"},
        {"state: { directory: \"${file:/}\" }",
         "p.yaml:1:21: / is not a regular file of at most 64KiB"},
        {"state: { directory: \"\" }",
         "p.yaml:1:21: directory is empty: give it a value or leave the key out"},
        {"state: { directory: \"a\\0b\" }",
         "p.yaml:1:21: this text holds a NUL character: remove it"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

START_TEST(an_impossible_value_is_refused_with_what_would_do)
{
    static const struct mistake mistakes[] = {
        {"trajectory: { setle: 6s }", "p.yaml:1:15: unknown key setle; did you mean settle?"},
        {"trajectory: { settle: 6 sec }",
         "p.yaml:1:23: settle must be a duration: write it like 500ms, 2s, 15m or 24h"},
        {"trajectory: { settle: -1s }",
         "p.yaml:1:23: settle must be a duration: write it like 500ms, 2s, 15m or 24h"},
        {"trajectory: { settle: 2h }", "p.yaml:1:23: settle must be between 0s and 1h"},
        {"trajectory: { settle: }",
         "p.yaml:1:15: settle has no value: give it one or leave the key out"},
        {"trajectory: { settle: [6s] }", "p.yaml:1:23: settle takes one value, not a list"},
        {"trajectory: [6s]", "p.yaml:1:13: trajectory takes keys with values below it"},
        {"trajectory: { max_bytes: 1XB }",
         "p.yaml:1:26: max_bytes must be a size: write it like 64KiB, 16MiB or 1GiB"},
        {"trajectory: { max_bytes: 2GiB }", "p.yaml:1:26: max_bytes must be between 1KiB and 1GiB"},
        {"trajectory: { max_spans: 1.5 }", "p.yaml:1:26: max_spans must be a whole number"},
        {"trajectory: { max_spans: 99999999999999999999999 }",
         "p.yaml:1:26: max_spans must be a whole number"},
        {"selection: { fail: nan }", "p.yaml:1:20: fail must be a number"},
        {"selection: { fail: 1.5 }", "p.yaml:1:20: fail must be between 0 and 1"},
        {"receivers: { otlp: { allow_insecure: yes } }",
         "p.yaml:1:38: allow_insecure must be one of: false, true"},
        {"receivers: { otlp: { protocols: { grpc: { ack: maybe } } } }",
         "p.yaml:1:48: ack must be one of: memory, durable"},
        {"receivers: { otlp: { protocols: { grpc: { endpoint: nowhere } } } }",
         "p.yaml:1:53: endpoint must be host:port, such as 127.0.0.1:4317 or [::1]:4317"},
        {"receivers: { otlp: { protocols: { grpc: { endpoint: 0.0.0.0:4317 } } } }",
         "p.yaml:1:53: this endpoint is off loopback with neither tls nor auth: listen on "
         "127.0.0.1, or set receivers.otlp.tls (with client_ca_file, or with receivers.otlp.auth), "
         "or receivers.otlp.allow_insecure: true"},
        {"receivers: { otlp: { protocols: { http: { endpoint: '[::]:4318' } } } }",
         "p.yaml:1:53: this endpoint is off loopback with neither tls nor auth: listen on "
         "127.0.0.1, or set receivers.otlp.tls (with client_ca_file, or with receivers.otlp.auth), "
         "or receivers.otlp.allow_insecure: true"},
        {"receivers: { otlp: { tls: { client_ca_file: c } } }",
         "p.yaml:1:27: tls needs cert_file and key_file"},
        {"receivers: { otlp: { auth: {} } }", "p.yaml:1:28: auth needs bearer_token_file"},
        {"service: { telemetry: { http: { endpoint: '127.0.0.1:4317' } } }",
         "p.yaml:1:43: the OTLP receiver listens there: use another port"},
        {"service: { trace_url: 'javascript:alert(1)//{trace_id}' }",
         "p.yaml:1:23: trace_url must begin with https:// or http://"},
        {"service: { trace_url: 'https://traces.example.com' }",
         "p.yaml:1:23: trace_url must hold {trace_id}, where the id of the trace goes"},
        {"service: { telemetry: { logs: { level: loud } } }",
         "p.yaml:1:40: level must be one of: debug, info, warn, error"},
        {"state: { map_size: 1GiB }",
         "p.yaml:1:20: map_size must be at least 2.5 times limits.journal, limits.outbox and "
         "limits.late_bytes together: set state.map_size to 35840MiB or lower the limits"},
        {"limits: { journal: 40GiB }",
         "p.yaml:1:20: map_size must be at least 2.5 times limits.journal, limits.outbox and "
         "limits.late_bytes together: set state.map_size to 128000MiB or lower the limits"},
        {"limits: { memory: 16MiB }\ntrajectory: { max_bytes: 17MiB }",
         "p.yaml:2:26: max_bytes must not be above limits.memory / service.shards: one trajectory "
         "would fill a shard"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

START_TEST(a_rule_that_can_not_judge_is_refused)
{
    static const struct mistake mistakes[] = {
        {"rules: { name: x }", "p.yaml:1:8: rules takes a list: [one, two]"},
        {"rules:", "p.yaml:1:1: rules has no value: list the rules below it"},
        {"rules: [x]", "p.yaml:1:9: a rule takes keys with values below it"},
        {"rules: [{ name: r, measure: spans, fail_above: 1, colour: red }]",
         "p.yaml:1:51: unknown key colour; `flywheel help options` lists what is known"},
        {"rules: [{ measure: spans, fail_above: 1 }]",
         "p.yaml:1:9: this rule has no name: add one"},
        {"rules: [{ name: r, fail_above: 1 }]", "p.yaml:1:9: this rule has no measure: add one"},
        {"rules: [{ name: R1, measure: spans, fail_above: 1 }]",
         "p.yaml:1:17: name must be 1 to 64 of the characters a-z, 0-9, `_`, `.` and `-`"},
        {"rules:\n  - { name: r, measure: spans, fail_above: 1 }\n  - { name: r, measure: steps, "
         "fail_above: 1 }",
         "p.yaml:3:13: another rule is already named r: rename one of them"},
        {"rules: [{ name: r, measure: span, fail_above: 1 }]",
         "p.yaml:1:29: unknown measurement span; did you mean spans?"},
        {"rules: [{ name: r, measure: qwertyuiop, fail_above: 1 }]",
         "p.yaml:1:29: unknown measurement qwertyuiop; `flywheel help measurements` lists them"},
        {"rules: [{ name: r, measure: [], fail_above: 1 }]",
         "p.yaml:1:29: measure takes one measurement, or a list of at most 8"},
        {"rules: [{ name: r, measure: tool_path, fail_above: 1 }]",
         "p.yaml:1:29: tool_path is a text and has no threshold: compare it in `when`"},
        {"rules: [{ name: r, measure: spans }]",
         "p.yaml:1:9: a rule needs at least one of fail_below, borderline_below, borderline_above "
         "and fail_above"},
        {"rules: [{ name: r, measure: spans, fail_below: 0.9, borderline_below: 0.5 }]",
         "p.yaml:1:48: fail_below must not be above borderline_below"},
        {"rules: [{ name: r, measure: spans, borderline_above: 9, fail_above: 5 }]",
         "p.yaml:1:69: borderline_above must not be above fail_above"},
        {"rules: [{ name: r, measure: spans, fail_above: 1, priority: 0 }]",
         "p.yaml:1:61: priority must be between 1 and 9"},
        {"rules: [{ name: r, measure: spans, fail_above: 1, labels: wrong }]",
         "p.yaml:1:59: labels takes a list: [one, two]"},
        {"rules:\n  - name: r\n    measure: spans\n    fail_above: 1\n    when: intnet == \"a\"",
         "p.yaml:5:11: column 1: expected a measurement or a dimension, found `intnet`; nearest: "
         "`intent`"},
        {"rules: [{ name: r, measure: spans, fail_above: 1, when: 'spans >' }]",
         "p.yaml:1:57: column 8: expected a measurement, a dimension, an attribute or a value, "
         "found the end"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

START_TEST(cohorts_name_known_dimensions_and_one_grouping)
{
    static const struct mistake mistakes[] = {
        {"cohorts: { dimensions: { tool_path: [x] } }",
         "p.yaml:1:26: tool_path is derived, not read: remove it here"},
        {"cohorts: { dimensions: { Intent: [x] } }",
         "p.yaml:1:26: the name of a dimension must be 1 to 64 of the characters a-z, 0-9, `_`, "
         "`.` and `-`"},
        {"cohorts: { dimensions: { intent: [] } }",
         "p.yaml:1:34: a dimension needs an attribute key, or \"*\""},
        {"cohorts: { group_by: [[intnet]] }",
         "p.yaml:1:24: unknown dimension intnet; did you mean intent?"},
        {"cohorts: { group_by: [[zzzzzz]] }",
         "p.yaml:1:24: unknown dimension zzzzzz; add it to cohorts.dimensions"},
        {"cohorts: { group_by: [[]] }", "p.yaml:1:23: a grouping needs at least one dimension"},
        {"cohorts: { group_by: [[intent, intent]] }",
         "p.yaml:1:32: intent is in this grouping twice: remove one"},
        {"cohorts: { group_by: [[intent, release], [release, intent]] }",
         "p.yaml:1:42: this grouping is there already: remove one of the two"},
        {"cohorts: { pinned: [{ locale: de }] }",
         "p.yaml:1:21: a cohort has a value for each dimension of one grouping of group_by; these "
         "are there: [intent], [model_route], [tool_path], [release, intent]"},
        {"cohorts: { pinned: [{ intnet: a }] }",
         "p.yaml:1:23: unknown dimension intnet; did you mean intent?"},
        {"cohorts: { alerts: [{ cohort: { intent: a } }] }",
         "p.yaml:1:21: an alert needs both cohort and min_pass_rate"},
        {"cohorts: { alerts: [{ cohort: { intent: a }, min_pass_rate: 92 }] }",
         "p.yaml:1:61: min_pass_rate must be between 0 and 1"},
        {"cohorts: { alerts: [{ cohort: { intent: a }, min_pass_rate: 0.9, window: 36d }] }",
         "p.yaml:1:74: window must be between 1m and 35d"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

START_TEST(redaction_exporters_and_measurements_are_checked)
{
    static const struct mistake mistakes[] = {
        {"redaction: { mask: ['a('] }",
         "p.yaml:1:21: the pattern is wrong at character 3: missing closing parenthesis"},
        {"redaction: { hash: [user.id] }", "p.yaml:1:20: hash needs a key: set redaction.key_file"},
        {"redaction: { key_file: /nonexistent/key }",
         "p.yaml:1:24: can't read the file /nonexistent/key: No such file or directory"},
        {"redaction: { content: some }",
         "p.yaml:1:23: content must be one of: none, metadata, redacted, full"},
        {"exporters: { http/x: {} }",
         "p.yaml:1:14: unknown exporter http/x: name it kafka/NAME or file/NAME"},
        {"exporters: { file/a: { path: x }, file/b: { path: x } }",
         "p.yaml:1:12: file/a and file/b write to the same file: give one another path"},
        {"exporters: { kafka/a: { brokers: [nowhere] } }",
         "p.yaml:1:34: brokers must be a list of host:port"},
        {"exporters: { kafka/a: { properties: { bootstrap.servers: x } } }",
         "p.yaml:1:39: bootstrap.servers can't be set here: set brokers"},
        {"exporters: { kafka/a: { auth: { sasl: { mechanism: PLAIN } } } }",
         "p.yaml:1:14: auth.sasl needs mechanism, username and password"},
        {"exporters: { kafka/a: { tls: { cert_file: x } } }",
         "p.yaml:1:14: tls needs both cert_file and key_file, or neither"},
        {"exporters: { kafka/a: {} }\nservice: { pipelines: { traces: { exporters: [kafka/b] } } }",
         "p.yaml:2:47: there is no exporter of that name: define it under exporters; did you mean "
         "kafka/a?"},
        {"service: { pipelines: { traces: { exporters: [] } } }",
         "p.yaml:1:46: a pipeline needs at least one exporter"},
        {"service: { pipelines: { traces: { receivers: [kafka] } } }",
         "p.yaml:1:47: there is no receiver of that name: define it under receivers"},
        {"measurements: { tool_selection: { required: x } }",
         "p.yaml:1:45: tools are given as a list, or as lists by the value of the first dimension: "
         "{ \"*\": [tool] }"},
        {"measurements: { cost_usd: { prices: { m: { input: 1 } } } }",
         "p.yaml:1:42: a price needs both input and output, in USD per 10^6 tokens"},
        {"measurements: { cost_usd: { prices: { m: { input: 1, output: 1, cached: 1 } } } }",
         "p.yaml:1:65: a price has the keys input and output, no other"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

START_TEST(a_relay_has_one_topic_of_spans_and_stands_alone)
{
    static const struct mistake mistakes[] = {
        {"service: { pipelines: { relay: {} } }",
         "p.yaml:1:25: a relay needs exactly one exporter, kafka/NAME"},
        {"exporters: { kafka/a: {} }\nservice: { pipelines: { relay: {} } }",
         "p.yaml:2:25: kafka/a needs the topic of the spans here: set topic to otlp_spans, or "
         "another one"},
        {"exporters: { kafka/a: { topic: x } }\nservice: { pipelines: { relay: {}, traces: {} } }",
         "p.yaml:2:25: traces and relay do not go together in one process: start one for each"},
        {"exporters: { kafka/a: { topic: x }, kafka/b: { topic: y } }\n"
         "service: { pipelines: { relay: {} } }",
         "p.yaml:2:25: a relay needs exactly one exporter, kafka/NAME"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

START_TEST(a_feature_of_a_later_version_is_refused_when_nothing_else_is_wrong)
{
    static const struct mistake mistakes[] = {
        {"review: { hours: mon-fri }",
         "p.yaml:1:11: not available in this version: working hours; leave hours out"},
        {"receivers: { kafka: {} }\nrulez: []",
         "p.yaml:2:1: unknown key rulez; did you mean rules?"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

START_TEST(a_file_that_is_too_large_is_refused)
{
    static char text[1024 * 1024 + 2];
    memset(text, '#', sizeof text - 1);
    struct mistake mistake = {text, "p.yaml:1:1: the file is larger than 1MiB: split it"};
    refuses(&mistake, 1);
}
END_TEST

START_TEST(a_file_with_too_many_keys_or_values_is_refused)
{
    struct buffer keys = {0}, values = {0};
    for (int i = 0; i <= 1024; i++)
        buffer_printf(&keys, "k%d: 1\n", i);
    buffer_append_text(&values, "a: [");
    for (int i = 0; i < 100001; i++)
        buffer_append_text(&values, "1,");
    buffer_append_text(&values, "]");
    buffer_append_byte(&keys, 0);
    buffer_append_byte(&values, 0);
    struct mistake mistakes[] = {
        {(char *)keys.data, "p.yaml:1025:1: more than 1024 keys in one place: remove some"},
        {(char *)values.data,
         "p.yaml:1:200001: the file holds more than 100000 values: make it smaller"},
    };
    refuses(mistakes, 2);
    buffer_finish(&keys);
    buffer_finish(&values);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused)
{
    struct error error = {0};
    struct bytes text = BYTES_LITERAL("a: \xff\xfe");
    ck_assert_ptr_null(config_load_text("p.yaml", text, &error));
    ck_assert_str_eq(error.text, "p.yaml:1:1: not a text in UTF-8: invalid leading UTF-8 octet "
                                 "(byte 3)");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
    struct error error = {0};
    ck_assert_ptr_null(config_load("/nonexistent/p.yaml", &error));
    ck_assert_str_eq(error.text,
                     "can't read the pipeline file /nonexistent/p.yaml: No such file or directory");
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
}
END_TEST

START_TEST(a_value_from_the_environment_is_never_in_an_error)
{
    struct error error = {0};
    setenv("FLYWHEEL_TEST_SECRET", "hunter2", 1);
    struct bytes text = BYTES_LITERAL("trajectory: { settle: '${env:FLYWHEEL_TEST_SECRET}' }");
    ck_assert_ptr_null(config_load_text("p.yaml", text, &error));
    ck_assert_ptr_null(strstr(error.text, "hunter2"));
}
END_TEST

START_TEST(settings_that_ask_for_nothing_new_are_accepted)
{
    struct error error = {0};
    struct bytes text =
        BYTES_LITERAL("trajectory: { scope: conversation, single_instance: false }\n"
                      "selection: { new_cohort: 5, budget: { per_hour: 5 } }\n"
                      "exporters: { kafka/a: { encoding: json, emit: idempotent } }\n");
    struct pipeline_config *config = config_load_text("p.yaml", text, &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    config_destroy(config);
}
END_TEST

#define ALERT "cohorts: { alerts: [{ cohort: { intent: a }, min_pass_rate: 0.92, "
#define TOLD "service: { pipelines: { alerts: { exporters: "

START_TEST(an_alert_that_can_never_fire_or_be_told_is_refused)
{
    static const struct mistake mistakes[] = {
        {ALERT "burn_rates: { 14.4: [1h, 5m] } }] }",
         "p.yaml:1:79: a burn rate of 14.4 can never be reached: with min_pass_rate 0.92 it is "
         "12.5 when every run fails"},
        {ALERT "burn_rates: { 2: [5m, 1h] } }] }",
         "p.yaml:1:84: a burn rate has a long and a shorter window of 1m to 35d, such as [1h, 5m]"},
        {ALERT "burn_rates: { 2: [40d, 1h] } }] }",
         "p.yaml:1:84: a burn rate has a long and a shorter window of 1m to 35d, such as [1h, 5m]"},
        {ALERT "burn_rates: { fast: [1h, 5m] } }] }",
         "p.yaml:1:81: a burn rate is a number above 0, such as 14.4"},
        {ALERT "burn_rates: [14.4] }] }",
         "p.yaml:1:79: burn_rates takes keys with values below it"},
        {ALERT "window: 1h }, { cohort: { intent: a }, min_pass_rate: 0.5, window: 60m }] }",
         "p.yaml:1:81: this cohort has an alert of this window already: remove one of the two"},
        {TOLD "[] } } }", "p.yaml:1:46: a pipeline needs at least one exporter"},
        {TOLD "[file/b] } } }\nexporters: { file/a: }",
         "p.yaml:1:47: there is no exporter of that name: define it under exporters; did you mean "
         "file/a?"},
        {TOLD "[file/a] } } }\nexporters: { file/a: }",
         "p.yaml:1:33: alerts take every exporter, and none is left for the records: define one "
         "more, or name it under traces as well"},
        {TOLD "[kafka/a] } } }\nexporters: { file/a: , kafka/a: }",
         "p.yaml:1:33: kafka/a would write alerts among the records: set its topic to alerts, or "
         "another one"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

START_TEST(a_value_that_says_what_was_meant_gets_a_hint)
{
    static const struct mistake mistakes[] = {
        {"rules: [{ name: a, measure: duration_ms, fail_above: 60s }]",
         "p.yaml:1:54: fail_above must be a number; write it without a unit (durations of runs are "
         "in ms)"},
        {"rules: [{ name: a, measure: loop, fail_below: 5% }]",
         "p.yaml:1:47: fail_below must be a number; a share is written as a number, 0.05 for 5 %"},
        {"limits: { decided: 5MB }",
         "p.yaml:1:20: decided must be a whole number; write it without a unit (durations of runs "
         "are in ms)"},
        {"trajectory: { settle: $SETTLE }",
         "p.yaml:1:23: settle must be a duration: write it like 500ms, 2s, 15m or 24h; for a "
         "variable write ${env:NAME}"},
        {"receivers: { otlp: { protocols: { grpc: { endpoint: $HOST } } } }",
         "p.yaml:1:53: endpoint must be host:port, such as 127.0.0.1:4317 or [::1]:4317; for a "
         "variable write ${env:NAME}"},
        {"rules:\n\t- { name: a }", "p.yaml:2:1: not YAML: a tab stands here: indent with spaces"},
    };
    refuses(mistakes, sizeof mistakes / sizeof mistakes[0]);
}
END_TEST

#define REFERENCE "measurements: { trajectory: { reference: "

START_TEST(a_call_of_a_reference_that_can_not_be_understood_is_refused_with_its_place)
{
    const char *no_object =
        "this call has arguments that are no whole JSON object, each name once: "
        "write it like 'transfer {\"to\": \"A-1\"}'";
    static const char *const calls[] = {
        "transfer {\"to\": \"A-1\"",
        "transfer {\"to\": }",
        "transfer {to: 1}",
        "transfer {\"a\": 1} x",
        "transfer {\"a\": 1, \"a\": 2}",
        "transfer {\"a\": [1, {\"b\": tru}]}",
        "transfer {\"a\": {\"b\": \"c}}",
        "transfer {\"a\": 1}}",
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        char text[200], error[300];
        snprintf(text, sizeof text, REFERENCE "{ '*': [search, '%s'] } } }", calls[i]);
        snprintf(error, sizeof error, "p.yaml:1:58: %s", no_object);
        refuses(&(struct mistake){text, error}, 1);
    }
    static const struct mistake mistakes[] = {
        {REFERENCE "['{\"a\": 1}'] } }", "p.yaml:1:43: this call names no tool"},
    };
    refuses(mistakes, 1);
    struct error problem = {0};
    struct pipeline_config *config = config_load_text(
        "p.yaml", BYTES_LITERAL(REFERENCE "['transfer {\"to\": {\"a\": [1]}}', 'x { }', y] } }"),
        &problem);
    ck_assert_msg(config != NULL, "%s", problem.text);
    config_destroy(config);
}
END_TEST

/* What a file is told at once: lines of errors. */
static void tells(const char *text, const char *lines)
{
    struct error error = {0};
    struct config_findings findings = {.error_count = 0};
    ck_assert_ptr_null(config_load_text_findings("p.yaml", bytes_of_text(text), &findings, &error));
    buffer_append_byte(&findings.errors, 0);
    ck_assert_str_eq((const char *)findings.errors.data, lines);
    ck_assert_int_eq(strncmp(error.text, lines, strlen(error.text)), 0);
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
    config_findings_finish(&findings);
}

START_TEST(all_errors_of_a_file_are_told_at_once)
{
    tells(
        "trajectory:\n"
        "  settle: 6\n"
        "  idel_timeout: 5m\n"
        "rules:\n"
        "  - { name: a, measure: groundedness.lexcal, fail_below: much }\n"
        "  - { name: b, measure: errors }\n"
        "  - { name: c, measure: errors, fail_above: 0, when: retrievers > 0 }\n"
        "selection: { fail: 2 }\n",
        "p.yaml:2:11: settle must be a duration: write it like 500ms, 2s, 15m or 24h; the unit is "
        "missing\n"
        "p.yaml:3:3: unknown key idel_timeout; did you mean idle_timeout?\n"
        "p.yaml:5:25: unknown measurement groundedness.lexcal; did you mean groundedness.lexical?\n"
        "p.yaml:5:58: fail_below must be a number\n"
        "p.yaml:6:5: a rule needs at least one of fail_below, borderline_below, borderline_above "
        "and fail_above\n"
        "p.yaml:7:54: column 1: expected a measurement or a dimension, found `retrievers`\n"
        "p.yaml:8:20: fail must be between 0 and 1\n");
}
END_TEST

START_TEST(what_follows_from_an_error_is_not_told_as_another)
{
    unsetenv("FLYWHEEL_TEST_UNSET");
    tells("cohorts: { dimensions: { Team: [team] }, group_by: [[team]] }\n"
          "rules: [{ name: a, measure: errors, fail_above: 0, when: team == 'x' }]\n",
          "p.yaml:1:26: the name of a dimension must be 1 to 64 of the characters a-z, 0-9, `_`, "
          "`.` and `-`\n");
    tells("exporter: { file/x: }\n"
          "service: { pipelines: { traces: { exporters: [file/x] } } }\n",
          "p.yaml:1:1: unknown key exporter; did you mean exporters?\n");
    tells("state: { directory: '${env:FLYWHEEL_TEST_UNSET}' }\n"
          "exporters: { kafka/a: { brokers: ['${env:FLYWHEEL_TEST_UNSET}'] } }\n"
          "rules: []\n"
          "rules: []\n",
          "p.yaml:1:21: the environment variable FLYWHEEL_TEST_UNSET is not set: set it, or write "
          "${env:FLYWHEEL_TEST_UNSET:-default}\n"
          "p.yaml:2:35: the environment variable FLYWHEEL_TEST_UNSET is not set: set it, or write "
          "${env:FLYWHEEL_TEST_UNSET:-default}\n"
          "p.yaml:4:1: the key rules is already set in line 3: remove one of the two\n");
}
END_TEST

START_TEST(of_very_many_errors_the_first_fifty_are_told)
{
    struct buffer text = {0};
    struct error error = {0};
    struct config_findings findings = {.error_count = 0};
    for (int i = 0; i < 80; i++)
        buffer_printf(&text, "k%d: 1\n", i);
    ck_assert_ptr_null(config_load_text_findings("p.yaml", buffer_bytes(&text), &findings, &error));
    ck_assert_uint_eq(findings.error_count, 50);
    buffer_append_byte(&findings.errors, 0);
    ck_assert_ptr_nonnull(
        strstr((const char *)findings.errors.data, "\np.yaml: there may be more errors\n"));
    config_findings_finish(&findings);
    buffer_finish(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_errors");
    TCase *tests = tcase_create("config_errors");
    tcase_add_test(tests, what_is_not_plain_yaml_is_refused_with_its_place);
    tcase_add_test(tests, an_impossible_value_is_refused_with_what_would_do);
    tcase_add_test(tests, a_rule_that_can_not_judge_is_refused);
    tcase_add_test(tests, cohorts_name_known_dimensions_and_one_grouping);
    tcase_add_test(tests, redaction_exporters_and_measurements_are_checked);
    tcase_add_test(tests, a_relay_has_one_topic_of_spans_and_stands_alone);
    tcase_add_test(tests, a_feature_of_a_later_version_is_refused_when_nothing_else_is_wrong);
    tcase_add_test(tests, an_alert_that_can_never_fire_or_be_told_is_refused);
    tcase_add_test(tests, a_file_that_is_too_large_is_refused);
    tcase_add_test(tests, a_file_with_too_many_keys_or_values_is_refused);
    tcase_add_test(tests, bytes_that_are_no_text_are_refused);
    tcase_add_test(tests, a_file_that_is_not_there_is_named);
    tcase_add_test(tests, a_value_from_the_environment_is_never_in_an_error);
    tcase_add_test(tests, settings_that_ask_for_nothing_new_are_accepted);
    tcase_add_test(tests, all_errors_of_a_file_are_told_at_once);
    tcase_add_test(tests, what_follows_from_an_error_is_not_told_as_another);
    tcase_add_test(tests, of_very_many_errors_the_first_fifty_are_told);
    tcase_add_test(tests, a_value_that_says_what_was_meant_gets_a_hint);
    tcase_add_test(tests,
                   a_call_of_a_reference_that_can_not_be_understood_is_refused_with_its_place);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
