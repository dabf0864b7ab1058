/* The pipeline file as plain data: immutable once loaded, freed as a whole.
 *
 *   bytes -> tree -> rows of the option table -> fields -> what only makes sense together
 *            tree.c  walk.c                      field.c   sections/
 * load.c goes that way; everything of a file is checked there, before any state is touched. */
#pragma once
#include <stdatomic.h>

#include "pipelines/config/cohort_settings.h"
#include "pipelines/config/connections.h"
#include "pipelines/config/limit_settings.h"
#include "processor/assemble/assembler.h"
#include "processor/base/log.h"
#include "processor/emit/redact.h"
#include "processor/normalize/facts/dimensions.h"
#include "processor/review/dataset_settings.h"
#include "processor/review/settings.h"
#include "processor/score/rules.h"
#include "processor/score/select.h"

enum { CONTRACT_KEYS_MAX = 64 };

struct pipeline_config {
    struct otlp_receiver_config otlp;
    struct kafka_receiver_config kafka;
    struct results_receiver_config results_topic;

    struct assembly_config assembly; /* memory_bytes: limits.memory / shards */
    bool scope_is_conversation;
    int64_t conversation_idle_ms; /* 30 min */
    bool single_instance;
    int64_t late_window_ms; /* 1 h */
    bool late_retain_records;

    struct limit_settings limits;

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

    /* Derived ones, such as tool_path, are there when a grouping names them. */
    struct dimension dimensions[DIMENSIONS_MAX];
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

    struct review_settings review;
    struct dataset_settings dataset;
    struct regression_settings regression;
    struct feedback_settings feedback;

    struct pipeline_names traces, relay;                       /* one of them */
    struct pipeline_names alerts_told, results, results_audit; /* the last has exporters alone */
    struct exporter_config exporters[EXPORTERS_MAX];           /* those that a pipeline names */
    uint32_t exporter_count;

    struct {
        const char *directory;
        size_t map_bytes;
        int64_t spill_after_ms;
    } state;

    uint32_t shards;                /* resolved: at least 1 */
    const char *telemetry_endpoint; /* 127.0.0.1:8321 */
    const char *telemetry_token_file;
    const char *trace_url; /* of a trace elsewhere, with {trace_id} in it; NULL: none */
    enum log_level log_level;
    enum log_format log_format;

    _Atomic uint32_t more_holders; /* than the first */

    struct arena arena;                          /* owns every text above */
    bool reads_otlp, reads_kafka, reads_results; /* named by the pipelines */
};

/* One more who destroys it; any thread. The last one frees it. */
struct pipeline_config *config_hold(struct pipeline_config *config);
void config_destroy(struct pipeline_config *config);
