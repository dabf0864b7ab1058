/* The option table: every key of the pipeline file is one row, in the order in which the effective
 * configuration and the reference page list them. Defaults are written as one writes them in the
 * file and read by the same code, so that the reference can't disagree with the program. */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "pipelines/config_option.h"
#include "processor/score/names.h"

#define AT(field) (1 + offsetof(struct pipeline_config, field))
#define KAFKA(field) AT(kafka.field)
#define RULE(field) (1 + offsetof(struct rule, field))
#define ALERT(field) (1 + offsetof(struct alert_config, field))
#define EXPORTER(field) (1 + offsetof(struct exporter_config, field))

#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)
#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define COUNT_MAX 4294967295.0

static const char *const acks[] = {"memory", "durable"};
static const char *const otlp_encodings[] = {"otlp_proto", "otlp_json"};
static const char *const scopes[] = {"trace", "conversation"};
static const char *const retains[] = {"none", "records"};
static const char *const contents[] = {"none", "metadata", "redacted", "full", NULL};
static const char *const encodings[] = {"json", "protobuf", "otlp_proto", NULL};
static const char *const emits[] = {"idempotent", "transactional"};
static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};

#define SECTION(p, given, text)                                                                    \
    {                                                                                              \
        .path = p, .type = OPTION_SECTION, .given_at = given, .prose = text                        \
    }
#define BOOL(p, field, def, text)                                                                  \
    {                                                                                              \
        .path = p, .type = OPTION_BOOL, .at = field, .fallback = def, .prose = text                \
    }
#define EITHER(p, field, names, def, text)                                                         \
    {                                                                                              \
        .path = p, .type = OPTION_EITHER, .at = field, .choices = names, .fallback = def,          \
        .prose = text                                                                              \
    }
#define CHOICE(p, field, names, def, text)                                                         \
    {                                                                                              \
        .path = p, .type = OPTION_CHOICE, .at = field, .choices = names, .fallback = def,          \
        .prose = text                                                                              \
    }
#define RANGED(kind, p, field, low, high, def, text)                                               \
    {                                                                                              \
        .path = p, .type = kind, .at = field, .min = low, .max = high, .fallback = def,            \
        .prose = text                                                                              \
    }
#define COUNT(...) RANGED(OPTION_COUNT, __VA_ARGS__)
#define NUMBER(...) RANGED(OPTION_NUMBER, __VA_ARGS__)
#define SIZE(...) RANGED(OPTION_SIZE, __VA_ARGS__)
#define SIZE32(...) RANGED(OPTION_SIZE32, __VA_ARGS__)
#define DURATION(...) RANGED(OPTION_DURATION, __VA_ARGS__)
#define TEXT(p, field, def, text)                                                                  \
    {                                                                                              \
        .path = p, .type = OPTION_TEXT, .at = field, .fallback = def, .prose = text                \
    }
#define SECRET(p, field, text)                                                                     \
    {                                                                                              \
        .path = p, .type = OPTION_SECRET, .at = field, .prose = text                               \
    }
#define ENDPOINT(p, field, def, text)                                                              \
    {                                                                                              \
        .path = p, .type = OPTION_ENDPOINT, .at = field, .fallback = def, .prose = text            \
    }
#define NAME(p, field, def, text)                                                                  \
    {                                                                                              \
        .path = p, .type = OPTION_NAME, .at = field, .fallback = def, .prose = text                \
    }
#define TEXTS(p, field, count, most, text)                                                         \
    {                                                                                              \
        .path = p, .type = OPTION_TEXTS, .at = field, .count_at = count, .max = most,              \
        .prose = text                                                                              \
    }
#define JOINED(p, field, def, text)                                                                \
    {                                                                                              \
        .path = p, .type = OPTION_JOINED, .at = field, .fallback = def, .max = 64, .prose = text   \
    }
#define CUSTOM(p, loads, prints, shape, def, text)                                                 \
    {                                                                                              \
        .path = p, .type = OPTION_CUSTOM, .load = loads, .print = prints, .type_text = shape,      \
        .default_text = def, .prose = text                                                         \
    }
#define THRESHOLD(p, field, has, text)                                                             \
    {                                                                                              \
        .path = p, .type = OPTION_NUMBER, .at = field, .given_at = has, .min = -1e300,             \
        .max = 1e300, .prose = text                                                                \
    }

/* How to reach brokers, the same for a receiver and an exporter. */
#define KAFKA_SECURITY(p, MEMBER)                                                                  \
    SECTION(p ".tls", MEMBER(security.tls_is_present),                                             \
            "Connect by TLS. Without `ca_file` the certificates of the system are trusted."),      \
        TEXT(p ".tls.ca_file", MEMBER(security.ca_file), NULL,                                     \
             "Certificates that sign the brokers' own (PEM)."),                                    \
        TEXT(p ".tls.cert_file", MEMBER(security.cert_file), NULL, "Client certificate (PEM)."),   \
        TEXT(p ".tls.key_file", MEMBER(security.key_file), NULL,                                   \
             "Private key of the client certificate (PEM)."),                                      \
        BOOL(p ".tls.insecure_skip_verify", MEMBER(security.insecure_skip_verify), "false",        \
             "Accept any certificate. For tests only."),                                           \
        SECTION(p ".auth", 0, "Who we are to the brokers."),                                       \
        SECTION(p ".auth.sasl", 0, "SASL, over TLS when `tls` is there."),                         \
        TEXT(p ".auth.sasl.mechanism", MEMBER(security.sasl_mechanism), NULL,                      \
             "`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."),                                      \
        TEXT(p ".auth.sasl.username", MEMBER(security.sasl_username), NULL, "User name."),         \
        SECRET(p ".auth.sasl.password", MEMBER(security.sasl_password),                            \
               "Password; write `${env:NAME}` or `${file:PATH}`."),                                \
    {                                                                                              \
        .path = p ".properties", .type = OPTION_CUSTOM, .at = MEMBER(properties),                  \
        .count_at = MEMBER(own_property_count), .load = load_properties,                           \
        .print = print_properties, .type_text = "map of texts",                                    \
        .prose = "Any property of librdkafka, passed on as it is."                                 \
    }

const struct option config_options[] = {
    SECTION("receivers", 0,
            "Where spans come from. Left out: OTLP over gRPC on 127.0.0.1:4317. Each one is a "
            "source of the `traces` pipeline."),
    SECTION("receivers.otlp", AT(otlp.is_present), "OTLP from SDKs and Collectors."),
    SECTION("receivers.otlp.protocols", 0, "The transports to listen on; left out: `grpc`."),
    SECTION("receivers.otlp.protocols.grpc", AT(otlp.has_grpc),
            "OTLP over gRPC: traces, logs and the health service."),
    ENDPOINT("receivers.otlp.protocols.grpc.endpoint", AT(otlp.grpc_endpoint), "127.0.0.1:4317",
             "Where to listen; port 0 takes a free one."),
    SIZE("receivers.otlp.protocols.grpc.max_message", AT(otlp.grpc_max_message_bytes), 1 * KIB,
         1 * GIB, "64MiB", "Largest request, after decompression. A larger one is refused."),
    EITHER(
        "receivers.otlp.protocols.grpc.ack", AT(otlp.grpc_ack_durable), acks, "durable",
        "When a request is answered: after its commit (`durable`), or at once (`memory`: a crash "
        "loses what was not committed)."),
    SECTION("receivers.otlp.protocols.http", AT(otlp.has_http),
            "OTLP over HTTP, protobuf and JSON."),
    ENDPOINT("receivers.otlp.protocols.http.endpoint", AT(otlp.http_endpoint), "127.0.0.1:4318",
             "Where to listen."),
    {.path = "receivers.otlp.protocols.http.paths",
     .type = OPTION_POINTERS,
     .at = AT(otlp.http_paths),
     .count_at = AT(otlp.http_path_count),
     .max = PATHS_MAX,
     .fallback = "/v1/traces,/tracer/v1/traces,/api/public/otel/v1/traces",
     .prose = "Paths that take trace requests; each starts with `/`."},
    SIZE("receivers.otlp.protocols.http.max_message", AT(otlp.http_max_message_bytes), 1 * KIB,
         1 * GIB, "64MiB", "Largest request, after decompression."),
    EITHER("receivers.otlp.protocols.http.ack", AT(otlp.http_ack_durable), acks, "durable",
           "As for `grpc`."),
    SECTION("receivers.otlp.tls", 0, "Serve by TLS."),
    TEXT("receivers.otlp.tls.cert_file", AT(otlp.tls.cert_file), NULL, "Certificate (PEM)."),
    TEXT("receivers.otlp.tls.key_file", AT(otlp.tls.key_file), NULL, "Private key (PEM)."),
    TEXT("receivers.otlp.tls.client_ca_file", AT(otlp.tls.client_ca_file), NULL,
         "Ask clients for a certificate signed by one of these (PEM)."),
    SECTION("receivers.otlp.auth", 0, "Who may send."),
    TEXT("receivers.otlp.auth.bearer_token_file", AT(otlp.bearer_token_file), NULL,
         "File with the token that senders must present."),
    BOOL("receivers.otlp.allow_insecure", AT(otlp.allow_insecure), "false",
         "Allow an endpoint off loopback with neither `tls` nor `auth`."),
    SECTION("receivers.otlp.dead_letter", 0,
            "Where requests go that can't be decoded; they are counted in any case."),
    TEXT("receivers.otlp.dead_letter.topic", AT(otlp.dead_letter_topic), NULL, "A Kafka topic."),
    TEXT("receivers.otlp.dead_letter.directory", AT(otlp.dead_letter_directory), NULL,
         "Or a directory."),
    SECTION("receivers.kafka", AT(kafka.is_present), "OTLP messages from a Kafka topic."),
    JOINED("receivers.kafka.brokers", AT(kafka.brokers), "127.0.0.1:9092",
           "Brokers to start from, `host:port`."),
    TEXT("receivers.kafka.topic", AT(kafka.topic), "otlp_spans", "Topic to read."),
    TEXT("receivers.kafka.group_id", AT(kafka.group_id), "flywheel", "Consumer group."),
    TEXT("receivers.kafka.group_instance_id", AT(kafka.group_instance_id), "",
         "Static membership; empty: none."),
    EITHER("receivers.kafka.encoding", AT(kafka.is_json), otlp_encodings, "otlp_proto",
           "What a message holds."),
    SECTION("receivers.kafka.dead_letter", 0, "Where messages go that can't be decoded."),
    TEXT("receivers.kafka.dead_letter.topic", AT(kafka.dead_letter_topic), NULL, "A Kafka topic."),
    TEXT("receivers.kafka.dead_letter.directory", AT(kafka.dead_letter_directory), NULL,
         "Or a directory."),
    KAFKA_SECURITY("receivers.kafka", KAFKA),

    SECTION("trajectory", 0, "When a run is done. The first limit that is reached closes it."),
    EITHER("trajectory.scope", AT(scope_is_conversation), scopes, "trace",
           "What one trajectory is: one trace, or one conversation."),
    DURATION("trajectory.settle", AT(assembly.settle_ms), 0, 1 * HOUR, "6s",
             "Quiet time after the root has ended; batch exporters of other processes send every "
             "5 s."),
    DURATION("trajectory.idle_timeout", AT(assembly.idle_timeout_ms), 1, 7 * DAY, "5m",
             "Quiet time while no root has ended: one slow tool call is silence."),
    SECTION("trajectory.await", 0, "Scores of outside evaluators to wait for."),
    TEXTS("trajectory.await.scores", AT(assembly.await_scores), AT(assembly.await_count),
          AWAIT_SCORES_MAX, "Names of imported scores to wait for after root and `settle`."),
    DURATION("trajectory.await.timeout", AT(assembly.await_timeout_ms), 0, 1 * DAY, "60s",
             "How long to wait for them."),
    DURATION("trajectory.max_duration", AT(assembly.max_duration_ms), 1, 7 * DAY, "15m",
             "Longest time since the first span came."),
    COUNT("trajectory.max_spans", AT(assembly.max_spans), 1, 1000000, "10000", "Most spans."),
    SIZE("trajectory.max_bytes", AT(assembly.max_bytes), 1 * KIB, 1 * GIB, "16MiB",
         "Most bytes of spans as received."),
    DURATION("trajectory.conversation_idle", AT(conversation_idle_ms), 1 * SECOND, 7 * DAY, "30m",
             "Quiet time that closes a conversation."),
    BOOL("trajectory.single_instance", AT(single_instance), "false",
         "This is the only instance that reads the topic; conversation scope over Kafka needs it."),
    SECTION("trajectory.late", 0, "What comes after the verdict."),
    DURATION("trajectory.late.window", AT(late_window_ms), 0, 7 * DAY, "1h",
             "How long late spans, scores and feedback still correct a verdict."),
    EITHER("trajectory.late.retain", AT(late_retain_records), retains, "records",
           "`records`: the content of emitted records is kept so that a revision is whole."),

    SECTION("limits", 0, "Ceilings. At a ceiling senders are told to wait; nothing is lost."),
    SIZE("limits.memory", AT(limits.memory_bytes), 16 * MIB, 1 * TIB, "1GiB",
         "Open trajectories in memory, over all shards."),
    SIZE("limits.journal", AT(limits.journal_bytes), 16 * MIB, 16 * TIB, "4GiB",
         "Accepted requests that an open trajectory still needs."),
    SIZE("limits.outbox", AT(limits.outbox_bytes), 16 * MIB, 16 * TIB, "8GiB",
         "Review records that no exporter has delivered yet."),
    SIZE("limits.late_bytes", AT(limits.late_bytes), 0, 16 * TIB, "2GiB",
         "Content kept for revisions within `trajectory.late.window`."),
    COUNT("limits.decided", AT(limits.decided), 1000, 1000000000, "5000000",
          "Decided trajectories remembered, so that none is counted twice."),
    COUNT("limits.log_only", AT(assembly.log_only_max), 1, 1000000, "10000",
          "Trajectories of which only log records have come."),
    COUNT("limits.request_spans", AT(limits.request_spans), 1, 1000000, "100000",
          "Spans, or log records, of one request."),
    COUNT("limits.request_depth", AT(limits.request_depth), 1, 64, "32",
          "Nesting of an attribute's value."),
    COUNT("limits.span_attributes", AT(limits.span_attributes), 1, 65536, "1024",
          "Attributes of a span; likewise events and links together."),
    SIZE32("limits.attribute_bytes", AT(limits.attribute_bytes), 64, 64 * MIB, "1MiB",
           "Key and value of one attribute."),
    SIZE32("limits.span_bytes", AT(limits.span_bytes), 256, 256 * MIB, "4MiB", "One span."),
    COUNT("limits.connections", AT(limits.connections), 1, 65536, "1024",
          "Connections to the OTLP receiver."),
    COUNT("limits.streams", AT(limits.streams), 1, 10000, "100",
          "Concurrent requests of one connection."),

    SECTION("measurements", 0, "Only what needs configuring; every measurement is there by name."),
    SECTION("measurements.tool_selection", 0, "For `tool_selection.accuracy`."),
    {.path = "measurements.tool_selection.required",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.required),
     .count_at = AT(ruleset.measurements.required_count),
     .load = load_expectations,
     .print = print_expectations,
     .type_text = "map of lists, or a list",
     .prose = "Tools that a run must have called, by the value of the first dimension of "
              "`cohorts.dimensions`; `\"*\"` stands for any value, and so does a bare list."},
    {.path = "measurements.tool_selection.allowed",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.allowed),
     .count_at = AT(ruleset.measurements.allowed_count),
     .load = load_expectations,
     .print = print_expectations,
     .type_text = "map of lists, or a list",
     .prose = "Tools that a run may call, likewise. Left out: those offered to the model."},
    SECTION("measurements.cost_usd", 0, "For `cost_usd`; a cost attribute on the spans wins."),
    CUSTOM("measurements.cost_usd.prices", load_prices, print_prices, "map of {input, output}",
           NULL, "USD per 10^6 tokens by model; a name may end in `*`."),
    SECTION("measurements.loop", 0, "For `loop`."),
    {.path = "measurements.loop.exempt",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.loop_exempt),
     .load = load_list,
     .print = print_list,
     .type_text = "list of texts",
     .max = 256,
     .prose = "Tools that may repeat themselves, such as polling ones."},
    SECTION("measurements.groundedness", 0, "For `groundedness.lexical`."),
    NUMBER("measurements.groundedness.support", AT(ruleset.measurements.groundedness_support), 0, 1,
           "0.65", "Share of a sentence's words that its context must hold to support it."),
    SECTION("measurements.context_relevance", 0, "For `context_relevance.*`."),
    NUMBER("measurements.context_relevance.min", AT(ruleset.measurements.relevance_min), 0, 1,
           "0.3", "From where on a document counts as relevant."),
    SECTION("measurements.step_efficiency", 0, "For `step_efficiency`."),
    COUNT("measurements.step_efficiency.max_steps", AT(ruleset.measurements.steps_max), 0, 1000000,
          "0", "Steps that a run may take; 0: none is set."),
    SECTION("measurements.output_contract", AT(output_contract.is_present),
            "For `output.contract`: the form that an answer must have."),
    BOOL("measurements.output_contract.json", AT(output_contract.is_json), "false",
         "The answer is JSON."),
    TEXTS("measurements.output_contract.required_keys", AT(output_contract.required_keys),
          AT(output_contract.required_key_count), CONTRACT_KEYS_MAX, "Keys of that object."),
    TEXT("measurements.output_contract.pattern", AT(output_contract.pattern), NULL,
         "A regex that the answer must match."),
    COUNT("measurements.output_contract.max_length", AT(output_contract.max_length), 0, COUNT_MAX,
          "0", "Most characters; 0: any number."),

    CUSTOM("rules", NULL, print_rules, "list", "none",
           "What is judged. The verdict of a run is its worst rule; at most 200."),
    NAME("rules[].name", RULE(name), NULL, "Unique; required."),
    CUSTOM("rules[].measure", load_measures, print_measures, "text or list of texts", NULL,
           "A measurement, or several: the first that is not na counts. Required."),
    CUSTOM("rules[].when", load_when, print_when, "expression", "always",
           "The rule applies where this holds; na where data for it is missing."),
    THRESHOLD("rules[].fail_below", RULE(fail_below), RULE(has_fail_below), "Fails below it."),
    THRESHOLD("rules[].borderline_below", RULE(borderline_below), RULE(has_borderline_below),
              "Borderline below it."),
    THRESHOLD("rules[].fail_above", RULE(fail_above), RULE(has_fail_above), "Fails above it."),
    THRESHOLD("rules[].borderline_above", RULE(borderline_above), RULE(has_borderline_above),
              "Borderline above it."),
    TEXTS("rules[].labels", RULE(labels), RULE(label_count), RULE_LABELS_MAX,
          "Failure labels that the record carries."),
    COUNT("rules[].priority", RULE(priority), 1, 9, "5", "1 is most urgent."),
    NAME("rules[].queue", RULE(queue), "review", "The review queue of the record."),
    {.path = "rules[].judges",
     .type = OPTION_BOOL,
     .at = RULE(judges),
     .default_text = "false for structure and route measurements, else true",
     .prose = "Whether passing this rule makes a run a pass."},

    SECTION("selection", 0, "Which verdicts become review work: the share of each."),
    NUMBER("selection.fail", AT(selection.share[VERDICT_FAIL]), 0, 1, "1", "Of failed runs."),
    NUMBER("selection.borderline", AT(selection.share[VERDICT_BORDERLINE]), 0, 1, "1",
           "Of borderline runs."),
    NUMBER("selection.unscored", AT(selection.share[VERDICT_UNSCORED]), 0, 1, "0",
           "Of runs that no rule could judge."),
    NUMBER("selection.pass", AT(selection.share[VERDICT_PASS]), 0, 1, "0.01",
           "Of passed runs: the control stratum, without which no rate of the queue is unbiased."),
    COUNT("selection.new_cohort", AT(selection.new_cohort), 0, 1000, "0",
          "At least the first so many of a cohort never seen."),
    SECTION("selection.budget", AT(budget.is_present), "A ceiling on review work."),
    COUNT("selection.budget.per_hour", AT(budget.per_hour), 0, COUNT_MAX, "0",
          "Records an hour; 0: no ceiling."),
    COUNT("selection.budget.per_signature_per_hour", AT(budget.per_signature_per_hour), 0,
          COUNT_MAX, "0", "Records an hour with one signature; 0: no ceiling."),
    COUNT("selection.budget.instances", AT(budget.instances), 1, 10000, "1",
          "Instances that share the budget."),

    SECTION("cohorts", 0, "What fail rates are kept for."),
    CUSTOM("cohorts.dimensions", NULL, print_dimensions, "map of lists",
           "intent, locale, product, retriever_version: `[\"*\"]`; release: `[service.version]`",
           "Attribute keys of each dimension, in order of preference; for each: root, then other "
           "spans, then resource. `\"*\"` stands for the usual places of metadata. `tool_path` and "
           "`model_route` are derived, not read. At most 32, and the first keys `tool_selection`."),
    CUSTOM("cohorts.group_by", NULL, print_group_by, "list of lists",
           "`[[intent], [model_route], [tool_path], [release, intent]]`",
           "The groupings that are counted; at most 32 of at most 8 dimensions."),
    COUNT("cohorts.max_per_group", AT(max_per_group), 1, 1000000, "10000",
          "Cohorts of a grouping; those above it are counted as `__other__`."),
    CUSTOM("cohorts.pinned", NULL, print_pinned, "list of maps", "none",
           "Cohorts always shown in metrics: a value for each dimension of one grouping."),
    CUSTOM("cohorts.alerts", NULL, print_alerts, "list", "none",
           "Pass rates that cohorts should keep; an alert pins its cohort."),
    CUSTOM("cohorts.alerts[].cohort", NULL, print_alert_cohort, "map", NULL,
           "A value for each dimension of one grouping. Required."),
    NUMBER("cohorts.alerts[].min_pass_rate", ALERT(min_pass_rate), 0, 1, NULL,
           "The target. Required."),
    DURATION("cohorts.alerts[].window", ALERT(window_ms), 1 * MINUTE, 35 * DAY, "24h",
             "Over which it is computed."),
    COUNT("cohorts.alerts[].min_n", ALERT(min_n), 1, COUNT_MAX, "50",
          "Scored runs below which nothing is said."),

    SECTION("redaction", 0, "What may leave, applied before anything is stored for review."),
    CHOICE("redaction.content", AT(redaction.content), contents, "redacted",
           "`none`: no content; `metadata`: names and lengths; `redacted`: texts after masking; "
           "`full`: as it is."),
    TEXTS("redaction.allow", AT(redaction.allow), AT(redaction.allow_count), REDACTION_KEYS_MAX,
          "Attribute keys that may leave; a key may end in `*`."),
    TEXTS("redaction.hash", AT(redaction.hash), AT(redaction.hash_count), REDACTION_KEYS_MAX,
          "Attribute keys that leave as HMAC-SHA256; needs `key_file`."),
    TEXT("redaction.key_file", AT(redaction_key_file), NULL,
         "File with the key of `hash`, at least 16 bytes."),
    CUSTOM("redaction.mask", load_masks, print_masks, "list of texts",
           "`[email, card, phone, secret]`",
           "Built-in masks to keep (all, when none is named) and regexes of your own."),

    CUSTOM("exporters", load_exporters, print_exporters, "map", "`file/annotations`",
           "Where review records go: `kafka/NAME` and `file/NAME`."),
    JOINED("exporters.kafka/NAME.brokers", EXPORTER(brokers), "127.0.0.1:9092",
           "Brokers to start from, `host:port`."),
    TEXT("exporters.kafka/NAME.topic", EXPORTER(topic), "annotations", "The annotation topic."),
    CHOICE("exporters.kafka/NAME.encoding", EXPORTER(encoding), encodings, "json",
           "Of a record; `otlp_proto` sends the whole trace, for a Collector."),
    EITHER("exporters.kafka/NAME.emit", EXPORTER(is_transactional), emits, "idempotent",
           "How the producer avoids duplicates."),
    KAFKA_SECURITY("exporters.kafka/NAME", EXPORTER),
    {.path = "exporters.file/NAME.path",
     .type = OPTION_TEXT,
     .at = EXPORTER(path),
     .default_text = "`annotations.jsonl` in `state.directory`",
     .prose = "File to append records to, one JSON object a line."},

    SECTION("state", 0, "The data directory."),
    TEXT("state.directory", AT(state.directory), "./flywheel-data",
         "Holds the store; created when it is not there. One process at a time."),
    SIZE("state.map_size", AT(state.map_bytes), 64 * MIB, 16 * TIB, "64GiB",
         "Address space of the store; the file is sparse. At least 2.5 times `limits.journal`, "
         "`limits.outbox` and `limits.late_bytes` together."),
    DURATION("state.spill_after", AT(state.spill_after_ms), 1 * SECOND, 7 * DAY, "5m",
             "Age at which an open trajectory moves from the journal to the spill table."),

    SECTION("service", 0, "The process."),
    COUNT("service.shards", AT(shards), 0, 256, "0",
          "Threads that assemble and score; 0: one less than cores, at least 1."),
    SECTION("service.pipelines", 0, "What is connected to what."),
    SECTION("service.pipelines.traces", AT(traces.is_present), "From spans to review records."),
    {.path = "service.pipelines.traces.receivers",
     .type = OPTION_TEXTS,
     .at = AT(traces.receivers),
     .count_at = AT(traces.receiver_count),
     .max = PIPELINE_NAMES_MAX,
     .default_text = "all of `receivers`",
     .prose = "Names of receivers."},
    {.path = "service.pipelines.traces.exporters",
     .type = OPTION_TEXTS,
     .at = AT(traces.exporters),
     .count_at = AT(traces.exporter_count),
     .max = PIPELINE_NAMES_MAX,
     .default_text = "all of `exporters`",
     .prose = "Names of exporters."},
    SECTION("service.pipelines.results", AT(results.is_present),
            "From reviewers' decisions to dataset rows."),
    TEXTS("service.pipelines.results.receivers", AT(results.receivers), AT(results.receiver_count),
          PIPELINE_NAMES_MAX, "Names of receivers."),
    TEXTS("service.pipelines.results.exporters", AT(results.exporters), AT(results.exporter_count),
          PIPELINE_NAMES_MAX, "Names of exporters."),
    SECTION("service.telemetry", 0, "What the process says of itself."),
    SECTION("service.telemetry.http", 0, "Metrics, health, cohorts and the page."),
    ENDPOINT("service.telemetry.http.endpoint", AT(telemetry_endpoint), "127.0.0.1:8321",
             "Where to listen. Off loopback, without a token, only `/metrics`, `/healthz` and "
             "`/readyz` are served."),
    SECTION("service.telemetry.http.auth", 0, "Who may read."),
    TEXT("service.telemetry.http.auth.bearer_token_file", AT(telemetry_token_file), NULL,
         "File with the token that readers must present."),
    SECTION("service.telemetry.logs", 0, "Logs go to stderr."),
    CHOICE("service.telemetry.logs.level", AT(log_level), log_levels, "info",
           "Least level logged."),
    CHOICE("service.telemetry.logs.format", AT(log_format), log_formats, "logfmt", "Of a line."),
};
const uint32_t config_option_count = sizeof config_options / sizeof config_options[0];

_Static_assert(sizeof config_options / sizeof config_options[0] <= OPTIONS_LIMIT,
               "given[] of the loader has room for each row");
_Static_assert(sizeof(enum log_level) == sizeof(uint32_t), "a choice is stored as uint32_t");

/* The key of a row directly below `prefix`; absent bytes for other rows. */
static struct bytes key_below(const struct option *row, const char *prefix)
{
    size_t size = strlen(prefix);
    if (strncmp(row->path, prefix, size) != 0 || (size > 0 && row->path[size] != '.'))
        return (struct bytes){0};
    const char *key = row->path + size + (size > 0);
    return strpbrk(key, ".[/") ? (struct bytes){0} : bytes_of_text(key);
}

const struct option *option_find(const char *prefix, struct bytes key)
{
    for (uint32_t i = 0; i < config_option_count; i++) {
        struct bytes found = key_below(&config_options[i], prefix);
        if (found.data && bytes_equal(found, key))
            return &config_options[i];
    }
    return NULL;
}

void option_hint(char to[OPTION_HINT_SIZE], const char *prefix, struct bytes key)
{
    struct nearest nearest = nearest_to(key);
    for (uint32_t i = 0; i < config_option_count; i++) {
        struct bytes known = key_below(&config_options[i], prefix);
        if (known.data)
            nearest_offer(&nearest, known);
    }
    if (nearest.name.data)
        snprintf(to, OPTION_HINT_SIZE, "did you mean %.*s?", (int)nearest.name.size,
                 (const char *)nearest.name.data);
    else
        snprintf(to, OPTION_HINT_SIZE, "`flywheel help options` lists what is known");
}

size_t option_object(const char *path)
{
    const char *list = strstr(path, "[]"), *name = strstr(path, "/NAME");
    if (list)
        return (size_t)(list - path) + 2;
    return name ? (size_t)(name - path) + 5 : 0;
}
