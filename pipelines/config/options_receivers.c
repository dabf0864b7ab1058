/* Rows of `receivers`. */
#include "pipelines/config/rows.h"

static const char *const acks[] = {"memory", "durable"};
static const char *const otlp_encodings[] = {"otlp_proto", "otlp_json"};
static const char *const signals[] = {"results", NULL};

#define LETTER_HEADERS "`reason`, `detail`, `receiver`, `signal`, `encoding`, `compression`, `time`"

#define RESULTS(field) AT(results_topic.field)

static const struct option rows[] = {
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
            "OTLP over HTTP, protobuf and JSON: traces at `paths`, logs at /v1/logs."),
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
    DURATION("receivers.otlp.protocols.http.request_timeout", AT(otlp.http_request_ms), 100, HOUR,
             "30s",
             "For a request to arrive, head and body, and for its answer to leave. A client that "
             "needs longer is cut, however steadily it sends."),
    DURATION("receivers.otlp.protocols.http.commit_timeout", AT(otlp.http_commit_ms), 100, HOUR,
             "30s", "For the commit of a request, with `ack: durable`; then the answer is 503."),
    SECTION(
        "receivers.otlp.tls", 0,
        "Serve by TLS 1.2 or later, gRPC and HTTP alike. A reload reads the files again, for new "
        "connections; what can't be used leaves everything as it was."),
    TEXT("receivers.otlp.tls.cert_file", AT(otlp.tls.cert_file), NULL,
         "Certificate, with its chain behind it (PEM). An expired one is refused."),
    TEXT("receivers.otlp.tls.key_file", AT(otlp.tls.key_file), NULL,
         "Its private key, without a password (PEM)."),
    TEXT("receivers.otlp.tls.client_ca_file", AT(otlp.tls.client_ca_file), NULL,
         "Every client must show a certificate that one of these has signed (PEM)."),
    SECTION("receivers.otlp.auth", 0, "Who may send."),
    TEXT(
        "receivers.otlp.auth.bearer_token_file", AT(otlp.bearer_token_file), NULL,
        "File with the token that senders must show as `Authorization: Bearer`; white space around "
        "it is left out. A reload reads it again. The gRPC health service asks for none."),
    BOOL("receivers.otlp.allow_insecure", AT(otlp.allow_insecure), "false",
         "Allow an endpoint off loopback with neither `tls` nor `auth`. With `tls` but no "
         "`client_ca_file` or `auth` anybody may send, and a token without `tls` can be read on "
         "the way: both start with a warning."),
    SECTION("receivers.otlp.dead_letter", 0,
            "Where requests go that can't be decoded, or of which spans were refused; they are "
            "counted in any case. A dead letter is the request exactly as received, so it may hold "
            "people's prompts, unmasked."),
    TEXT("receivers.otlp.dead_letter.topic", AT(otlp.dead_letter_topic), NULL,
         "A Kafka topic, with the brokers of `receivers.kafka` or else of the first exporter to "
         "Kafka. Headers: " LETTER_HEADERS "."),
    TEXT("receivers.otlp.dead_letter.directory", AT(otlp.dead_letter_directory), NULL,
         "Or a directory: `.letter` files with the request, each beside a `.json` that says why."),
    COUNT("receivers.otlp.dead_letter.max_letters", AT(otlp.dead_letter_max_letters), 1, 1000000,
          "10000", "Most letters in the directory; further ones are only counted."),
    SIZE("receivers.otlp.dead_letter.max_bytes", AT(otlp.dead_letter_max_bytes), 1 * MIB, 1 * TIB,
         "1GiB", "Most bytes in the directory."),
    SECTION("receivers.kafka", AT(kafka.is_present), "OTLP messages from a Kafka topic."),
    JOINED("receivers.kafka.brokers", AT(kafka.brokers), "127.0.0.1:9092",
           "Brokers to start from, `host:port`."),
    TEXT("receivers.kafka.topic", AT(kafka.topic), "otlp_spans",
         "Topic to read. Its messages must be keyed by trace id (Collector: "
         "`partition_traces_by_id: true`; or the relay pipeline)."),
    TEXT("receivers.kafka.group_id", AT(kafka.group_id), "flywheel", "Consumer group."),
    TEXT("receivers.kafka.group_instance_id", AT(kafka.group_instance_id), "",
         "Static membership: a restart within `session.timeout.ms` moves no partition, also after "
         "a crash. Empty: the id that the state directory holds, with a session of 45 s. A name of "
         "one's own (session of 2 min) must be one instance's alone: a second one with it takes "
         "the partitions, and the first stays out until the name has been free for one session."),
    EITHER("receivers.kafka.encoding", AT(kafka.is_json), otlp_encodings, "otlp_proto",
           "What a message holds. The header `otelcol.signal` or `signal` may say `traces` or "
           "`logs`; without it a message is traces, and other signals are passed over."),
    SIZE("receivers.kafka.max_message", AT(kafka.max_message_bytes), 1 * KIB, 1 * GIB, "64MiB",
         "Largest message; a larger one becomes a dead letter."),
    COUNT("receivers.kafka.max_partitions", AT(kafka.max_partitions), 1, 56, "56",
          "Partitions from this number on are not read, which is an error in the log and a "
          "metric."),
    SECTION("receivers.kafka.dead_letter", 0,
            "Where messages go that can't be decoded, or of which spans were refused; they are "
            "counted in any case. A dead letter is the message exactly as received, so it may hold "
            "people's prompts, unmasked."),
    TEXT("receivers.kafka.dead_letter.topic", AT(kafka.dead_letter_topic), NULL,
         "A Kafka topic of the same brokers. Headers: " LETTER_HEADERS
         ", and `topic`, `partition`, `offset`."),
    TEXT("receivers.kafka.dead_letter.directory", AT(kafka.dead_letter_directory), NULL,
         "Or a directory: `.letter` files with the message, each beside a `.json` that says why."),
    COUNT("receivers.kafka.dead_letter.max_letters", AT(kafka.dead_letter_max_letters), 1, 1000000,
          "10000", "Most letters in the directory; further ones are only counted."),
    SIZE("receivers.kafka.dead_letter.max_bytes", AT(kafka.dead_letter_max_bytes), 1 * MIB, 1 * TIB,
         "1GiB", "Most bytes in the directory."),
    KAFKA_SECURITY("receivers.kafka", KAFKA),
    SECTION("receivers.kafka/results", AT(results_topic.is_present),
            "Results of reviewers from a Kafka topic, for the `results` pipeline. Every instance "
            "reads the whole topic, by offsets of its own; there is no group."),
    JOINED("receivers.kafka/results.brokers", RESULTS(brokers), "127.0.0.1:9092",
           "Brokers to start from, `host:port`."),
    TEXT("receivers.kafka/results.topic", RESULTS(topic), "review-results",
         "Topic to read: one `flywheel.result/v1` a message."),
    CHOICE("receivers.kafka/results.signal", RESULTS(signal), signals, "results",
           "What a message holds."),
    TEXTS("receivers.kafka/results.adjudicators", AT(review.adjudicators),
          AT(review.adjudicator_count), ADJUDICATORS_MAX,
          "Reviewers whose results of the role `adjudicator` count as such. Whoever may write to "
          "the topic may use their names."),
    BOOL("receivers.kafka/results.trusted", AT(review.is_topic_trusted), "false",
         "Results of the topic count as those of an authenticated reviewer: only where nobody "
         "else may write to it."),
    SECTION("receivers.kafka/results.dead_letter", 0,
            "Where results go that can't be applied; they are counted in any case."),
    TEXT("receivers.kafka/results.dead_letter.topic", RESULTS(dead_letter_topic), NULL,
         "A Kafka topic of the same brokers. Headers: `reason`, `detail`, `topic`, `partition`, "
         "`offset`, `time`."),
    KAFKA_SECURITY("receivers.kafka/results", RESULTS),
};

const struct option_section config_options_receivers = {rows, sizeof rows / sizeof rows[0]};
