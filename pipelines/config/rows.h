/* How a row of the option table is written, and the sections that the options_*.c hold. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/config/sections/kafka.h"
#include "pipelines/config/option.h"
#include "pipelines/config/print/print_custom.h"

extern const struct option_section config_options_receivers, config_options_trajectory,
    config_options_judgement, config_options_review, config_options_service;

#define AT(field) (1 + offsetof(struct pipeline_config, field))
#define KAFKA(field) AT(kafka.field)
#define RULE(field) (1 + offsetof(struct rule, field))
#define ALERT(field) (1 + offsetof(struct alert_config, field))
#define LABEL(field) (1 + offsetof(struct review_label, field))
#define QUEUE(field) (1 + offsetof(struct review_queue_settings, field))
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
#define BYTES(p, field, most, def, text)                                                           \
    {                                                                                              \
        .path = p, .type = OPTION_BYTES, .at = field, .max = most, .fallback = def, .prose = text  \
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
        .count_at = MEMBER(own_property_count), .load = config_kafka_load_properties,              \
        .print = config_print_custom_properties, .type_text = "map of texts",                      \
        .prose = "Any property of librdkafka, passed on as it is."                                 \
    }
