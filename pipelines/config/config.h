/* The pipeline file as plain data. config_options*.c are the option table (name, type, range,
 * default, prose), config_tree.c the YAML reader; everything of a file is checked here, before any
 * state is touched. Immutable once loaded; freed as a whole. */
#pragma once
#include "processor/assemble/assembler.h"
#include "processor/base/error.h"
#include "processor/base/log.h"
#include "processor/emit/redact.h"
#include "processor/normalize/facts/dimensions.h"
#include "processor/score/rules.h"
#include "processor/score/select.h"

enum {
    GROUPINGS_MAX = 32,
    GROUPING_DIMENSIONS_MAX = 8,
    PINNED_MAX = 256,
    ALERTS_MAX = 256,
    BURNS_MAX = 8,
    CONTRACT_KEYS_MAX = 64,
    PIPELINE_NAMES_MAX = 8,
    EXPORTERS_MAX = 4,
    PATHS_MAX = 8,
    PROPERTIES_MAX = 64
};

struct tls_config {
    const char *cert_file, *key_file, *client_ca_file; /* NULL: none */
};

struct otlp_receiver_config {
    bool is_present, has_grpc, has_http;
    const char *grpc_endpoint; /* 127.0.0.1:4317 */
    size_t grpc_max_message_bytes;
    bool grpc_ack_durable;
    const char *http_endpoint; /* 127.0.0.1:4318 */
    const char *http_paths[PATHS_MAX];
    uint32_t http_path_count;
    size_t http_max_message_bytes;
    bool http_ack_durable;
    int64_t http_request_ms, http_commit_ms;
    struct tls_config tls;
    const char *bearer_token_file;
    bool allow_insecure;
    const char *dead_letter_topic, *dead_letter_directory;
    uint32_t dead_letter_max_letters; /* bounds of the directory */
    size_t dead_letter_max_bytes;
};

/* How to reach brokers; also part of `properties`, in the names of librdkafka. */
struct kafka_security {
    const char *ca_file, *cert_file, *key_file; /* NULL: none */
    bool tls_is_present, insecure_skip_verify;
    const char *sasl_mechanism, *sasl_username, *sasl_password; /* NULL: none */
};

struct kafka_receiver_config {
    bool is_present;
    const char *brokers, *topic, *group_id, *group_instance_id;
    bool is_json;
    size_t max_message_bytes;
    uint32_t max_partitions;
    const char *dead_letter_topic, *dead_letter_directory;
    uint32_t dead_letter_max_letters;
    size_t dead_letter_max_bytes;
    struct kafka_security security;
    const char *properties[2 * PROPERTIES_MAX + 1]; /* name, value, ..., NULL */
    uint32_t own_property_count; /* the first ones are the file's own, the rest follow from tls and
                                    auth */
};

enum exporter_kind { EXPORTER_KAFKA, EXPORTER_FILE };
enum exporter_encoding { ENCODING_JSON, ENCODING_PROTOBUF, ENCODING_OTLP_PROTO };

struct exporter_config {
    enum exporter_kind kind;
    bool takes_alerts, takes_no_records; /* by the pipelines that name it */
    const char *name;                    /* "kafka/annotations" */
    const char *brokers, *topic;
    enum exporter_encoding encoding;
    bool is_transactional;
    struct kafka_security security;
    const char *properties[2 * PROPERTIES_MAX + 1];
    uint32_t own_property_count;
    const char *path; /* of a file exporter */
};

struct grouping_config {
    uint32_t dimensions[GROUPING_DIMENSIONS_MAX]; /* indexes into pipeline_config.dimensions */
    uint32_t count;
};

struct pinned_config { /* one cohort: a value for each dimension of some grouping */
    uint32_t grouping;
    struct bytes values[GROUPING_DIMENSIONS_MAX];
};

struct burn_config { /* fires when both windows burn the error budget `factor` times too fast */
    double factor;
    int64_t long_ms, short_ms;
};

struct alert_config { /* the pass rate that a pinned cohort should keep */
    uint32_t pinned;  /* index into pipeline_config.pinned; an alert pins its cohort */
    double min_pass_rate;
    int64_t window_ms;      /* 24 h */
    uint32_t min_n;         /* 50 */
    double usual_fail_rate; /* 0: 1 - min_pass_rate */
    struct burn_config burns[BURNS_MAX];
    uint32_t burn_count;
    bool has_burns; /* by the file; else the defaults that the target leaves possible */
};

struct pipeline_names { /* what one pipeline of `service.pipelines` names */
    struct bytes receivers[PIPELINE_NAMES_MAX], exporters[PIPELINE_NAMES_MAX];
    uint32_t receiver_count, exporter_count;
    bool is_present;
};

struct pipeline_config {
    struct otlp_receiver_config otlp;
    struct kafka_receiver_config kafka;

    struct assembly_config assembly; /* memory_bytes: limits.memory / shards */
    bool scope_is_conversation;
    int64_t conversation_idle_ms; /* 30 min */
    bool single_instance;
    int64_t late_window_ms; /* 1 h */
    bool late_retain_records;

    struct {
        size_t memory_bytes, journal_bytes, outbox_bytes, late_bytes;
        uint32_t decided;
        uint32_t request_spans, request_depth, span_attributes, attribute_bytes, span_bytes;
        uint32_t connections, streams, header_bytes;
        size_t receiving_bytes;
        int64_t handshake_ms, connection_idle_ms, connection_age_ms;
    } limits;

    struct ruleset ruleset; /* sha256 included */
    struct {                /* of the measurement output.contract */
        bool is_present, is_json;
        struct bytes required_keys[CONTRACT_KEYS_MAX];
        uint32_t required_key_count;
        const char *pattern;
        uint32_t max_length; /* 0: none */
    } output_contract;
    struct selection_policy selection;
    struct {
        bool is_present;
        uint32_t per_hour, per_signature_per_hour; /* 0: no budget */
        uint32_t instances;
    } budget;
    struct redaction_policy redaction;
    const char *redaction_key_file;
    struct bytes redaction_regexes[REDACTION_REGEXES_MAX]; /* the text of redaction.custom */

    struct dimension dimensions[DIMENSIONS_MAX]; /* tool_path and model_route included when a
                                                    grouping names them */
    uint32_t dimension_count;
    struct bytes dimension_names[DIMENSIONS_MAX];
    struct grouping_config groupings[GROUPINGS_MAX];
    uint32_t grouping_count;
    uint32_t max_per_group;
    struct pinned_config pinned[PINNED_MAX];
    uint32_t pinned_count;
    struct alert_config alerts[ALERTS_MAX];
    uint32_t alert_count;
    struct { /* CUSUM of pinned cohorts */
        double odds_ratio;
        uint32_t false_alarm_every, learn_from;
    } change;

    struct pipeline_names traces, results, alerts_told;
    struct pipeline_names relay;                     /* instead of traces */
    struct exporter_config exporters[EXPORTERS_MAX]; /* those that a pipeline names */
    uint32_t exporter_count;

    struct {
        const char *directory;
        size_t map_bytes;
        int64_t spill_after_ms;
    } state;

    uint32_t shards;                /* resolved: at least 1 */
    const char *telemetry_endpoint; /* 127.0.0.1:8321 */
    const char *telemetry_token_file;
    enum log_level log_level;
    enum log_format log_format;

    struct arena arena;           /* owns every text above */
    bool reads_otlp, reads_kafka; /* named by the pipeline */
};

/* Loads, substitutes and checks FILE; NULL path: the embedded default. On failure NULL, and
 * `ret_error` says "file:line:column: what is wrong and what to do". Nothing is opened but the
 * files that the configuration names. */
struct pipeline_config *config_load(const char *path, struct error *ret_error);
/* The same of bytes in memory; `name` stands for the file in errors. */
struct pipeline_config *config_load_text(const char *name, struct bytes text,
                                         struct error *ret_error);
void config_destroy(struct pipeline_config *config);
/* Logs a warning when the file at `path` (NULL: the embedded default) holds a password that others
 * may read. */
void config_warn_if_exposed(const char *path, const struct pipeline_config *config);
/* The effective configuration as YAML, defaults included, secrets masked. */
void config_print(const struct pipeline_config *config, struct buffer *to);
/* The option reference as Markdown, from the table. */
void config_reference(struct buffer *to);
/* Every difference that a reload can't apply (receivers, exporters, dimensions, state, shards), one
 * per line; empty: none. */
void config_restart_differences(const struct pipeline_config *running,
                                const struct pipeline_config *loaded, struct buffer *to);
