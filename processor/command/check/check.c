/* flywheel check: a pipeline file held against everything that can be known before it runs. */
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/config/exposure.h"
#include "pipelines/config/findings.h"
#include "pipelines/config/print/print.h"
#include "pipelines/daemon/receivers.h"
#include "processor/command/check/reach.h"
#include "processor/command/check/review_work.h"
#include "processor/command/check/seen.h"
#include "processor/command/command.h"
#include "processor/command/options.h"
#include "processor/net/tls/tls.h"
#include "processor/review/reviewers_file.h"

/* At least one broker of each exporter must answer. */
static void brokers_answer(const struct pipeline_config *config, struct error *error)
{
    for (uint32_t i = 0; i < config->exporter_count && !error->is_set; i++)
        if (config->exporters[i].kind == EXPORTER_KAFKA)
            reach_brokers(config->exporters[i].name, config->exporters[i].brokers, error);
    if (config->reads_kafka && !error->is_set)
        reach_brokers("kafka", config->kafka.brokers, error);
    if (config->reads_results && !error->is_set)
        reach_brokers("kafka/results", config->results_topic.brokers, error);
}

static bool ports_are_free(const struct pipeline_config *config, struct error *error)
{
    if (config->reads_otlp && config->otlp.has_grpc)
        reach_port("OTLP/gRPC", config->otlp.grpc_endpoint, error);
    if (config->reads_otlp && config->otlp.has_http)
        reach_port("OTLP/HTTP", config->otlp.http_endpoint, error);
    reach_port("telemetry", config->telemetry_endpoint, error);
    if (config->review.is_present)
        reach_port("review", config->review.endpoint, error);
    return !error->is_set;
}

static void print_config(const struct pipeline_config *config)
{
    struct buffer text = {0};
    config_print(config, &text);
    fwrite(text.data, 1, text.size, stdout);
    buffer_finish(&text);
}

/* How many; what a file leaves open for others to see is told as the daemon tells it. */
static uint32_t warn(const char *name, const char *path, const struct pipeline_config *config,
                     const struct config_findings *findings)
{
    if (findings->warnings.size > 0 && !findings->warnings.failed)
        fwrite(findings->warnings.data, 1, findings->warnings.size, stderr);
    return findings->warning_count + config_exposure_warn(path, config) + seen_warn(name, config);
}

/* The reviewers that a daemon would start with. */
static bool reviewers_are_right(const struct pipeline_config *config, struct error *error)
{
    const struct review_settings *review = &config->review;
    if (!review->is_present || !review->reviewers_file)
        return true;
    struct reviewers *reviewers =
        reviewers_load(review->reviewers_file, review->reviewers_max, error);
    free(reviewers);
    return reviewers != NULL;
}

/* And its certificates. */
static bool certificates_are_right(const struct pipeline_config *config, struct error *error)
{
    const struct review_settings *review = &config->review;
    const struct tls_files files = {review->tls_cert_file, review->tls_key_file,
                                    review->tls_client_ca_file};
    if (!review->is_present || !files.cert_file)
        return true;
    struct tls *tls = tls_create(&files, error);
    tls_destroy(tls);
    return tls != NULL;
}

static void print_review_work(const struct pipeline_config *config, FILE *to)
{
    struct buffer text = {0};
    review_work_print(config, config->review.is_present ? seen_item_bytes(config) : 0, &text);
    fwrite(buffer_bytes(&text).data, 1, text.size, to);
    buffer_finish(&text);
}

int command_check(int argc, char **argv)
{
    const char *path = NULL;
    bool prints = false, connects = false, is_strict = false;
    const struct command_option options[] = {
        {"config", 'c', NULL, &path},
        {"print", 0, &prints, NULL},
        {"strict", 0, &is_strict, NULL},
        {"connect", 0, &connects, NULL},
    };
    int code = EXIT_DONE;
    struct error error = {0};
    struct config_findings findings = {.error_count = 0};
    if (!options_only(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_USAGE;
    const char *name = path ? path : "default.yaml";
    struct pipeline_config *config = options_load_config_findings(path, &findings, &code);
    uint32_t warnings = config ? warn(name, path, config, &findings) : 0;
    config_findings_finish(&findings);
    if (!config)
        return code;
    if (is_strict && warnings > 0)
        error_set(&error, EXIT_CONFIG, "%s: %u warning%s: with --strict they are errors", name,
                  warnings, warnings == 1 ? "" : "s");
    if (!error.is_set && receivers_check(config, &error) == STATUS_OK &&
        reviewers_are_right(config, &error) && certificates_are_right(config, &error) && connects && ports_are_free(config, &error))
        brokers_answer(config, &error);
    if (error.is_set) {
        fprintf(stderr, "%s\n", error.text);
        config_destroy(config);
        return (int)error.exit_code;
    }
    char digest[2 * 6 + 1] = "";
    hex_encode(digest, config->ruleset.sha256, 6);
    /* With --print standard output is a pipeline file, and nothing else. */
    fprintf(prints ? stderr : stdout, "%s: ok (%u rules, ruleset %s)\n", name,
            config->ruleset.rule_count, digest);
    print_review_work(config, prints ? stderr : stdout);
    if (prints)
        print_config(config);
    config_destroy(config);
    return EXIT_DONE;
}
