/* What a pipeline file connects the process to: receivers, exporters, and which of them a pipeline
 * names. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum { PIPELINE_NAMES_MAX = 8, EXPORTERS_MAX = 8, PATHS_MAX = 8, PROPERTIES_MAX = 64 };

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
    uint32_t own_property_count; /* the file's own come first, then what tls and auth become */
};

struct results_receiver_config { /* "kafka/results": a topic of reviewers' results, read whole */
    bool is_present;
    const char *brokers, *topic;
    uint32_t signal; /* results */
    const char *dead_letter_topic;
    struct kafka_security security;
    const char *properties[2 * PROPERTIES_MAX + 1];
    uint32_t own_property_count;
};

enum exporter_kind { EXPORTER_KAFKA, EXPORTER_FILE };
enum exporter_encoding { ENCODING_JSON, ENCODING_PROTOBUF, ENCODING_OTLP_PROTO };

struct exporter_config {
    enum exporter_kind kind;
    bool takes_alerts, takes_no_records, takes_rows,
        takes_audit;  /* by the pipelines that name it */
    const char *name; /* "kafka/annotations" */
    const char *brokers, *topic;
    enum exporter_encoding encoding;
    bool is_transactional;
    const char *dead_letter_directory; /* NULL: none */
    uint32_t dead_letter_max_letters;
    size_t dead_letter_max_bytes;
    struct kafka_security security;
    const char *properties[2 * PROPERTIES_MAX + 1];
    uint32_t own_property_count;
    const char *path; /* of a file exporter */
    bool is_stream;   /* and may be a pipe */
};

struct pipeline_names { /* what one pipeline of `service.pipelines` names */
    struct bytes receivers[PIPELINE_NAMES_MAX], exporters[PIPELINE_NAMES_MAX];
    uint32_t receiver_count, exporter_count;
    bool is_present;
};
