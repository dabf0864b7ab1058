/* Rows of what leaves and what is kept: `cohorts`, `redaction`, `exporters`, `state`, `service`. */
#include "pipelines/config/sections/alerts.h"
#include "pipelines/config/sections/exporters.h"
#include "pipelines/config/sections/redaction.h"
#include "pipelines/config/rows.h"

static const char *const contents[] = {"none", "metadata", "redacted", "full", NULL};
static const char *const encodings[] = {"json", "protobuf", "otlp_proto", NULL};
static const char *const emits[] = {"idempotent", "transactional"};
static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const log_formats[] = {"logfmt", "json", NULL};

static const struct option rows[] = {
    SECTION("cohorts", 0, "What fail rates are kept for."),
    CUSTOM("cohorts.dimensions", NULL, config_print_custom_dimensions, "map of lists",
           "intent, locale, product, retriever_version: `[\"*\"]`; release: `[service.version]`",
           "Attribute keys of each dimension, in order of preference; for each: root, then other "
           "spans, then resource. `\"*\"` stands for the usual places of metadata. `tool_path` and "
           "`model_route` are derived, not read. At most 32, and the first keys `tool_selection`."),
    CUSTOM("cohorts.group_by", NULL, config_print_custom_group_by, "list of lists",
           "`[[intent], [model_route], [tool_path], [release, intent]]`",
           "The groupings that are counted; at most 32 of at most 8 dimensions."),
    COUNT("cohorts.max_per_group", AT(max_per_group), 1, 1000000, "10000",
          "Cohorts of a grouping; those above it are counted as `__other__`."),
    CUSTOM("cohorts.pinned", NULL, config_print_custom_pinned, "list of maps", "none",
           "Cohorts always shown in metrics: a value for each dimension of one grouping."),
    CUSTOM("cohorts.alerts", NULL, config_print_custom_alerts, "list", "none",
           "Pass rates that cohorts should keep; an alert pins its cohort."),
    CUSTOM("cohorts.alerts[].cohort", NULL, config_print_custom_alert_cohort, "map", NULL,
           "A value for each dimension of one grouping. Required."),
    NUMBER("cohorts.alerts[].min_pass_rate", ALERT(min_pass_rate), 0, 1, NULL,
           "The target. Required. The alert fires when the pass rate of `window` is below it with "
           "99.9 % confidence, and ends when the rate is back."),
    DURATION("cohorts.alerts[].window", ALERT(window_ms), 1 * MINUTE, 35 * DAY, "24h",
             "Over which it is computed."),
    COUNT("cohorts.alerts[].min_n", ALERT(min_n), 1, COUNT_MAX, "50",
          "Scored runs below which nothing is said, in each window."),
    NUMBER("cohorts.alerts[].usual_fail_rate", ALERT(usual_fail_rate), 0, 0.999, "0",
           "The fail rate from which a change is looked for (CUSUM); 0: what `min_pass_rate` "
           "allows."),
    CUSTOM(
        "cohorts.alerts[].burn_rates", config_alerts_load_burns, config_print_custom_burns,
        "map of two durations",
        "`{ 14.4: [1h, 5m], 6: [6h, 30m], 1: [3d, 6h] }`, below 0.95 `{ 3: [6h, 1h], 1.5: [1d, 2h] "
        "}`",
        "Fires when the long and the short window both spend the error budget, 1 - "
        "`min_pass_rate`, that many times too fast, the long one with 99.9 % confidence. A factor "
        "above 1 / (1 - `min_pass_rate`) "
        "can't be reached: it is refused, and left out of the default. `{}`: none."),
    SECTION(
        "cohorts.change", 0,
        "How a change of the known failures of a pinned cohort is noticed: Bernoulli CUSUM over "
        "all runs, in the order of decision."),
    NUMBER("cohorts.change.odds_ratio", AT(change.odds_ratio), 1.1, 100, "2",
           "The change to find soonest: the odds of failing times this (worse) or divided by it "
           "(better)."),
    COUNT("cohorts.change.false_alarm_every", AT(change.false_alarm_every), 100, COUNT_MAX,
          "1000000", "Runs of a cohort that pass on average before a false alarm."),
    COUNT("cohorts.change.learn_from", AT(change.learn_from), 100, COUNT_MAX, "1000",
          "Runs from which the usual rate of known failures of a pinned cohort without an alert is "
          "learned: the far end of its interval, one-sided 80 %. Nothing is said before; while "
          "nothing is suspected, it is learned further."),

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
    CUSTOM("redaction.mask", config_redaction_load_masks, config_print_custom_masks,
           "list of texts", "`[email, card, phone, secret]`",
           "Built-in masks to keep (all, when none is named) and regexes of your own."),

    CUSTOM("exporters", config_exporters_load, config_print_custom_exporters, "map",
           "`file/annotations`", "Where review records go: `kafka/NAME` and `file/NAME`."),
    JOINED("exporters.kafka/NAME.brokers", EXPORTER(brokers), "127.0.0.1:9092",
           "Brokers to start from, `host:port`."),
    TEXT("exporters.kafka/NAME.topic", EXPORTER(topic), "annotations", "The annotation topic."),
    CHOICE(
        "exporters.kafka/NAME.encoding", EXPORTER(encoding), encodings, "json",
        "Of a record: `json`; `protobuf` (proto/review.proto); `otlp_proto` (the redacted spans, "
        "with `flywheel.*` attributes of the verdict on the root, for a Collector: attributes "
        "leave when `redaction.allow` or `hash` names them)."),
    EITHER(
        "exporters.kafka/NAME.emit", EXPORTER(is_transactional), emits, "idempotent",
        "`idempotent`: each record once, and after a crash perhaps again with the same record_id. "
        "`transactional`: records and the place in the outbox in one transaction "
        "(`transactional.id` and group: `flywheel-INSTANCE-NAME`), so that a reader of committed "
        "records sees each one once; readers wait for the commit, and the broker must keep the "
        "group's offsets."),
    SECTION(
        "exporters.kafka/NAME.dead_letter", 0,
        "Where records go that the topic refuses alone and that can't be cut to its "
        "`max.message.bytes`; of a relay: spans above it, as they were received. They are counted "
        "in any case, and nothing waits behind them."),
    {.path = "exporters.kafka/NAME.dead_letter.directory",
     .type = OPTION_TEXT,
     .at = EXPORTER(dead_letter_directory),
     .default_text = "`kafka-NAME.dead` in `state.directory`; none in a relay",
     .prose = "A directory: `.letter` files with the record, each beside a `.json` that says why."},
    COUNT("exporters.kafka/NAME.dead_letter.max_letters", EXPORTER(dead_letter_max_letters), 1,
          1000000, "10000", "Most letters in the directory; further ones are only counted."),
    SIZE("exporters.kafka/NAME.dead_letter.max_bytes", EXPORTER(dead_letter_max_bytes), 1 * MIB,
         1 * TIB, "1GiB", "Most bytes in the directory."),
    KAFKA_SECURITY("exporters.kafka/NAME", EXPORTER),
    {.path = "exporters.file/NAME.path",
     .type = OPTION_TEXT,
     .at = EXPORTER(path),
     .default_text = "`annotations.jsonl` (`alerts.jsonl`, `rows.jsonl`, `audit.jsonl`) in "
                     "`state.directory`",
     .prose = "File to append records to, one JSON object a line. Renamed away (logrotate), it is "
              "created anew before the next record, without a signal. While the disk is full "
              "records wait in the outbox. What is not a regular file is refused, unless `stream` "
              "says so."},
    BOOL("exporters.file/NAME.stream", EXPORTER(is_stream), "false",
         "The path may be a pipe, a terminal or a device, such as `/dev/stdout`: what it takes "
         "counts as delivered. While nobody reads, records wait in the outbox."),

    SECTION("state", 0, "The data directory."),
    TEXT("state.directory", AT(state.directory), "./flywheel-data",
         "Holds the store; created when it is not there. One process at a time."),
    SIZE("state.map_size", AT(state.map_bytes), 64 * MIB, 16 * TIB, "64GiB",
         "Address space of the store; the file is sparse. At least 2.5 times `limits.journal`, "
         "`limits.outbox` and `limits.late_bytes` together; with the `results` pipeline "
         "`limits.review`, `limits.dataset` and `limits.audit` as well."),
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
     .default_text = "all that no other pipeline names",
     .prose = "Names of exporters."},
    SECTION("service.pipelines.alerts", AT(alerts_told.is_present),
            "Where alerts of `cohorts.alerts` and changes of pinned cohorts are told, besides "
            "`/metrics`: records `flywheel.alert/v1`."),
    TEXTS("service.pipelines.alerts.exporters", AT(alerts_told.exporters),
          AT(alerts_told.exporter_count), PIPELINE_NAMES_MAX, "Names of exporters."),
    SECTION(
        "service.pipelines.relay", AT(relay.is_present),
        "Instead of `traces`: requests as they come in, sent on to a topic by trace id (key: 32 "
        "hex digits, partitions as the Collector chooses them), for any number of scoring "
        "instances to read. Rules and state are not used; `limits.memory` bounds what waits "
        "for the brokers; a durable answer waits for them, at most 20 s."),
    {.path = "service.pipelines.relay.receivers",
     .type = OPTION_TEXTS,
     .at = AT(relay.receivers),
     .count_at = AT(relay.receiver_count),
     .max = PIPELINE_NAMES_MAX,
     .default_text = "all of `receivers`",
     .prose = "`otlp`."},
    {.path = "service.pipelines.relay.exporters",
     .type = OPTION_TEXTS,
     .at = AT(relay.exporters),
     .count_at = AT(relay.exporter_count),
     .max = PIPELINE_NAMES_MAX,
     .default_text = "all of `exporters`",
     .prose = "One `kafka/NAME`, whose `topic` is that of the spans."},
    SECTION("service.pipelines.results", AT(results.is_present),
            "The way back: records become items of review, results of reviewers decisions, "
            "decisions dataset rows. `results: {}` is enough: the page and its API are there "
            "(`review.http`), rows and the audit trail go to files."),
    {.path = "service.pipelines.results.receivers",
     .type = OPTION_TEXTS,
     .at = AT(results.receivers),
     .count_at = AT(results.receiver_count),
     .max = PIPELINE_NAMES_MAX,
     .default_text = "`[kafka/results]` where there is one, else `[]`",
     .prose = "Names of receivers of results, besides the page and its API."},
    {.path = "service.pipelines.results.exporters",
     .type = OPTION_TEXTS,
     .at = AT(results.exporters),
     .count_at = AT(results.exporter_count),
     .max = PIPELINE_NAMES_MAX,
     .default_text = "`[file/rows]`",
     .prose = "Names of exporters of rows, which take nothing else."},
    {.path = "service.pipelines.results.audit",
     .type = OPTION_TEXTS,
     .at = AT(results_audit.exporters),
     .count_at = AT(results_audit.exporter_count),
     .max = PIPELINE_NAMES_MAX,
     .default_text = "`[file/audit]`",
     .prose = "Names of exporters of the audit trail, which take nothing else. With `[]` nothing "
              "off this directory can prove that the trail was not rewritten."},
    TEXT("service.trace_url", AT(trace_url), NULL,
         "Where a person sees the trace of a record, `{trace_id}` filled in: "
         "`https://traces.example.com/trace/{trace_id}`. Records state it as `source.url`."),
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

const struct option_section config_options_service = {rows, sizeof rows / sizeof rows[0]};
