/* Set-up in the order of the data path, teardown in reverse. Everything of the configuration is
 * known to be good before the state is touched. A relay has neither runtime nor store: its
 * receivers stand right before its producer. */
#include "pipelines/daemon/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipelines/config/exposure.h"
#include "pipelines/config/limits.h"
#include "pipelines/config/load.h"
#include "pipelines/config/print/print.h"
#include "pipelines/daemon/receivers.h"
#include "pipelines/daemon/relay_telemetry.h"
#include "pipelines/daemon/results_topic.h"
#include "pipelines/daemon/review_api.h"
#include "pipelines/daemon/supervisor.h"
#include "pipelines/daemon/telemetry.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/base/thread.h"

enum {
    /* Together with what a commit takes below the 10 s that container runtimes give before they
     * kill. */
    RECEIVER_GRACE_MS = 3000,
    REVIEW_GRACE_MS = 1000,
    EXPORTER_GRACE_MS = 4000,
    STOP_GRACE_MS = 9000, /* of all; then it ends, whoever is still busy */
    TURN_MS = 1000,       /* of the main thread: watchdog, probes */
    READERS_MS =
        60000, /* readers that died are forgotten, or their pages would never be used again */
};

struct pipeline {
    const char *path;
    struct pipeline_config *config;
    struct store *store;
    struct runtime *runtime;
    struct telemetry *telemetry;
    struct receivers *receivers;
    struct results_topic *results; /* NULL: none is read */
    struct review_api *review;     /* NULL without a results pipeline */
    struct relay *relay;           /* with it there is no store, runtime or telemetry */
    struct relay_telemetry *relay_telemetry;
    int64_t readers_checked_ms;
};

static const int handled_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

/* Blocked here and in every thread; the main thread takes them out one by one. */
static sigset_t block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(handled_signals) / sizeof(handled_signals[0]); i++)
        sigaddset(&set, handled_signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is like a disk that is full */
    return set;
}

static void wake_main(void *context)
{
    (void)context;
    kill(getpid(), SIGUSR2);
}

static struct intake intake_of_relay(void *context, uint32_t source, bool ack_durable)
{
    return relay_intake(context, source, ack_durable);
}

static enum status start_relay(struct pipeline *pipeline, struct error *ret_error)
{
    const struct pipeline_config *config = pipeline->config;
    pipeline->receivers = receivers_create(config, ret_error);
    pipeline->relay = pipeline->receivers ? relay_create(config, ret_error) : NULL;
    if (!pipeline->relay)
        return STATUS_FATAL;
    struct receivers_intakes intakes = {
        .context = pipeline->relay,
        .otlp = intake_of_relay,
        .gate = relay_gate_limits(pipeline->relay, config_limits_wire_gate(config)),
    };
    if (receivers_connect(pipeline->receivers, &intakes, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    struct telemetry_receiver counted[TELEMETRY_RECEIVERS_MAX];
    uint32_t count = receivers_counted(pipeline->receivers, counted);
    pipeline->relay_telemetry =
        relay_telemetry_create(config, pipeline->relay, counted, count, ret_error);
    if (!pipeline->relay_telemetry || relay_start(pipeline->relay, ret_error) != STATUS_OK ||
        receivers_start(pipeline->receivers, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    relay_telemetry_ready(pipeline->relay_telemetry);
    return STATUS_OK;
}

static enum status start(struct pipeline *pipeline, struct error *ret_error)
{
    const struct pipeline_config *config = pipeline->config;
    if (config->relay.is_present)
        return start_relay(pipeline, ret_error);
    pipeline->receivers = receivers_create(config, ret_error);
    if (!pipeline->receivers)
        return STATUS_FATAL;
    enum status status = store_open(config->state.directory, config->state.map_bytes, STORE_OWNER,
                                    &pipeline->store, ret_error);
    if (status != STATUS_OK)
        return status;
    struct runtime_source sources[SOURCES_MAX];
    uint32_t source_count = receivers_sources(pipeline->receivers, sources);
    pipeline->runtime = runtime_create(config, pipeline->store, sources, source_count, ret_error);
    if (!pipeline->runtime)
        return STATUS_FATAL;
    struct receivers_intakes intakes = receivers_intakes_of(pipeline->runtime, config);
    if (receivers_connect(pipeline->receivers, &intakes, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    runtime_on_failure(pipeline->runtime, wake_main, NULL);
    if (config->review.is_present && !(pipeline->review = review_api_create(
                                           config, pipeline->store, pipeline->runtime, ret_error)))
        return STATUS_FATAL;
    struct telemetry_receiver counted[TELEMETRY_RECEIVERS_MAX];
    uint32_t count = receivers_counted(pipeline->receivers, counted);
    if (config->reads_results && !(pipeline->results = results_topic_create(
                                       config, pipeline->runtime, pipeline->store, ret_error)))
        return STATUS_FATAL;
    const struct telemetry_return_path back = {pipeline->results, pipeline->review};
    pipeline->telemetry = telemetry_create(config, pipeline->runtime, pipeline->store, counted,
                                           count, &back, ret_error);
    if (!pipeline->telemetry)
        return STATUS_FATAL;
    status = runtime_start(pipeline->runtime, ret_error);
    if (status == STATUS_OK && pipeline->review)
        status = review_api_start(pipeline->review, telemetry_api(pipeline->telemetry), ret_error);
    if (status == STATUS_OK)
        status = receivers_start(pipeline->receivers, ret_error);
    if (status == STATUS_OK && pipeline->results)
        status = results_topic_start(pipeline->results, ret_error);
    if (status == STATUS_OK)
        telemetry_listening(pipeline->telemetry);
    return status;
}

static void stop(struct pipeline *pipeline)
{
    if (pipeline->runtime)
        runtime_announce_stop(pipeline->runtime);
    if (pipeline->receivers)
        receivers_stop(pipeline->receivers, RECEIVER_GRACE_MS);
    results_topic_stop(pipeline->results);
    if (pipeline->review)
        review_api_stop(pipeline->review, REVIEW_GRACE_MS);
    if (pipeline->runtime)
        runtime_stop(pipeline->runtime, EXPORTER_GRACE_MS);
    if (pipeline->relay)
        relay_stop(pipeline->relay, EXPORTER_GRACE_MS);
    telemetry_destroy(pipeline->telemetry);
    results_topic_destroy(pipeline->results);
    review_api_destroy(pipeline->review);
    relay_telemetry_destroy(pipeline->relay_telemetry);
    receivers_destroy(pipeline->receivers);
    relay_destroy(pipeline->relay);
    runtime_destroy(pipeline->runtime);
    if (pipeline->store)
        store_close(pipeline->store);
}

static void reload(struct pipeline *pipeline)
{
    struct error error = {0};
    struct buffer differences = {0};
    supervisor_notify("RELOADING=1");
    struct pipeline_config *loaded = config_load(pipeline->path, &error);
    if (loaded &&
        ((pipeline->review && review_api_reload(pipeline->review, loaded, &error) != STATUS_OK) ||
         receivers_reload(pipeline->receivers, loaded, &error) != STATUS_OK)) {
        config_destroy(loaded);
        loaded = NULL;
    }
    if (pipeline->relay)
        relay_telemetry_reload_result(pipeline->relay_telemetry, loaded != NULL);
    else
        telemetry_reload_result(pipeline->telemetry, loaded);
    if (!loaded) {
        log_error("reload_failed", "reason=\"%s\" action=\"everything stays as it was\"",
                  error.text);
    } else {
        config_print_restart_differences(pipeline->config, loaded, &differences);
        buffer_append_byte(&differences, 0);
        if (differences.size > 1)
            log_warn("restart_needed", "changed=\"%s\"", (const char *)differences.data);
        log_set_level(loaded->log_level);
        log_info("reloaded", "rules=%u ruleset=%02x%02x%02x%02x", loaded->ruleset.rule_count,
                 loaded->ruleset.sha256[0], loaded->ruleset.sha256[1], loaded->ruleset.sha256[2],
                 loaded->ruleset.sha256[3]);
        if (pipeline->relay)
            config_destroy(loaded); /* log level and guards were all that it takes */
        else
            runtime_reload(pipeline->runtime, loaded);
    }
    buffer_finish(&differences);
    supervisor_notify("READY=1");
}

static void log_relay_status(const struct relay *relay)
{
    struct relay_state state = relay_state(relay);
    log_info("status", "queue_bytes=%zu queue_age_s=%.1f refusing=%s", state.held_bytes,
             state.age_s, state.is_refusing ? "yes" : "no");
}

static void log_status(struct pipeline *pipeline)
{
    if (pipeline->relay) {
        log_relay_status(pipeline->relay);
        return;
    }
    struct runtime_gauges gauges = runtime_gauges(pipeline->runtime);
    struct writer *writer = runtime_writer(pipeline->runtime);
    struct span_account account = writer_account(writer);
    struct writer_gauges state = writer_gauges(writer);
    log_info(
        "status",
        "trajectories_in_flight=%llu in_flight_bytes=%llu spans_accepted=%llu spans_decided=%llu "
        "spans_dropped=%llu outbox_records=%llu journal_bytes=%llu",
        (unsigned long long)gauges.trajectories, (unsigned long long)gauges.in_flight_bytes,
        (unsigned long long)account.accepted, (unsigned long long)account.decided,
        (unsigned long long)account.dropped, (unsigned long long)state.outbox_records,
        (unsigned long long)state.journal_bytes);
}

static bool is_runtime_turning(const struct runtime *runtime)
{
    struct runtime_gauges gauges = runtime_gauges(runtime);
    return gauges.writer_age_ms < WRITER_STALLED_MS && gauges.shard_age_ms < SHARD_STALLED_MS;
}

static void turn(struct pipeline *pipeline)
{
    int64_t now_ms = clock_monotonic_ms();
    /* Without a port that answers or a writer that turns, a restart is the better service. */
    bool is_answering = receivers_answer(pipeline->receivers, now_ms) &&
                        (!pipeline->review || review_api_answers(pipeline->review, now_ms));
    bool is_turning = pipeline->relay ? relay_state(pipeline->relay).is_alive
                                      : is_runtime_turning(pipeline->runtime);
    if (is_answering && is_turning)
        supervisor_notify("WATCHDOG=1");
    if (pipeline->store && now_ms - pipeline->readers_checked_ms >= READERS_MS) {
        store_check_readers(pipeline->store);
        pipeline->readers_checked_ms = now_ms;
    }
}

static enum exit_code failure_of(const struct pipeline *pipeline)
{
    return pipeline->runtime ? runtime_failure(pipeline->runtime) : EXIT_DONE;
}

/* Takes signals until one says stop or a thread has failed. */
static void serve(struct pipeline *pipeline, const sigset_t *signals)
{
    while (failure_of(pipeline) == EXIT_DONE) {
        struct timespec timeout = {.tv_sec = TURN_MS / 1000};
        int number = sigtimedwait(signals, NULL, &timeout);
        if (number == SIGTERM || number == SIGINT) {
            log_info("stopping", "signal=%s", number == SIGTERM ? "TERM" : "INT");
            return;
        }
        if (number == SIGHUP)
            reload(pipeline);
        if (number == SIGUSR1)
            log_status(pipeline);
        turn(pipeline);
    }
}

/* A second TERM or Ctrl-C while draining ends at once, and so does the end of the grace, whoever is
 * still busy: what is not committed yet was not acknowledged. */
static void *second_signal(void *context)
{
    sigset_t set;
    (void)context;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    const struct timespec grace = {.tv_sec = STOP_GRACE_MS / 1000};
    bool is_signal = sigtimedwait(&set, NULL, &grace) > 0;
    log_warn("stopped_fast", "reason=\"%s\"", is_signal ? "second signal" : "the grace is over");
    _exit(EXIT_DONE);
}

enum exit_code pipeline_run(const char *path, struct pipeline_config *config,
                            struct error *ret_error)
{
    struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
    if (!pipeline)
        return EXIT_BUG;
    sigset_t signals = block_signals();
    *pipeline = (struct pipeline){.path = path, .config = config};
    log_configure(config->log_level, config->log_format);
    umask(0077);
    (void)config_exposure_warn(path, config);
    enum exit_code exit_code = EXIT_DONE;
    if (start(pipeline, ret_error) != STATUS_OK) {
        exit_code = ret_error->is_set ? ret_error->exit_code : EXIT_BUG;
    } else {
        log_info("ready", "version=%s rules=%u shards=%u state=%s", FLYWHEEL_VERSION,
                 config->ruleset.rule_count, config->shards,
                 pipeline->relay ? "none" : config->state.directory);
        supervisor_notify("READY=1");
        serve(pipeline, &signals);
        supervisor_notify("STOPPING=1");
        exit_code = failure_of(pipeline);
    }
    if (exit_code != EXIT_DONE && failure_of(pipeline) != EXIT_DONE)
        /* A thread has stopped in the middle of its work: nothing more can be settled. */
        _exit((int)exit_code);
    pthread_t watcher;
    bool is_watched = pthread_create(&watcher, NULL, second_signal, NULL) == 0;
    if (is_watched)
        thread_name(watcher, "second-signal");
    stop(pipeline);
    if (is_watched) {
        pthread_cancel(watcher);
        pthread_join(watcher, NULL);
    }
    config_destroy(pipeline->config);
    free(pipeline);
    if (exit_code == EXIT_DONE)
        log_info("stopped", "exit_code=%d", 0);
    return exit_code;
}
