/* flywheel demo: the real daemon as a child process in a temporary directory, real recorded runs
 * sent to it over gRPC, and what came out. */
#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pipelines/config/load.h"
#include "pipelines/daemon/pipeline.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/explain/explain_text.h"
#include "processor/command/options.h"
#include "processor/command/samples.h"
#include "processor/command/send/otlp_client.h"
#include "processor/command/send/shift.h"
#include "processor/otlp/rpc_code.h"

enum {
    CONNECT_MS = 20000,
    WAIT_MS = 30000,
    POLL_MS = 100,
    QUIET_MS = 2500, /* no new record for this long: that was all */
    SETTLE_MS = 1000,
    SHOWN_RECORDS = 3,
    RECORD_MAX = 1 << 20,
};

struct demo {
    char directory[64], records[96], rows[96], audit[96], config[96];
    char endpoint[32], telemetry[32], review[32];
    pid_t daemon;
    uint64_t requests;
    bool is_kept; /* until Ctrl-C */
};

/* A port that is free now. Another process could take it before the daemon does; then the daemon
 * says so. */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = 0;
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        port = ntohs(address.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static bool prepare(struct demo *demo)
{
    snprintf(demo->directory, sizeof(demo->directory), "%s/flywheel-demo-XXXXXX", "/tmp");
    if (!mkdtemp(demo->directory))
        return false;
    snprintf(demo->records, sizeof(demo->records), "%s/annotations.jsonl", demo->directory);
    snprintf(demo->rows, sizeof(demo->rows), "%s/rows.jsonl", demo->directory);
    snprintf(demo->audit, sizeof(demo->audit), "%s/audit.jsonl", demo->directory);
    snprintf(demo->config, sizeof(demo->config), "%s/pipeline.yaml", demo->directory);
    snprintf(demo->endpoint, sizeof(demo->endpoint), "127.0.0.1:%d", free_port());
    snprintf(demo->telemetry, sizeof(demo->telemetry), "127.0.0.1:%d", free_port());
    snprintf(demo->review, sizeof(demo->review), "127.0.0.1:%d", free_port());
    /* For other commands beside the daemon: where the state and the page are. */
    FILE *file = fopen(demo->config, "we");
    if (!file)
        return false;
    fprintf(file,
            "state: { directory: %s/state }\nreview: { http: { endpoint: %s } }\n"
            "service: { pipelines: { results: {} } }\n",
            demo->directory, demo->review);
    return fclose(file) == 0;
}

/* The child: the default pipeline, with its files here and a shorter settle, because the runs are
 * over already. */
static _Noreturn void be_daemon(const struct demo *demo)
{
    struct error error = {0};
    char state[96];
    /* `flywheel demo | head` ends the parent by SIGPIPE: the daemon must not outlive it. Ctrl-C is
     * the parent's alone, which ends us. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)setpgid(0, 0);
    struct pipeline_config *config = config_load(NULL, &error);
    if (!config) {
        fprintf(stderr, "flywheel demo: %s\n", error.text);
        _exit(EXIT_BUG);
    }
    snprintf(state, sizeof(state), "%s/state", demo->directory);
    config->otlp.grpc_endpoint = demo->endpoint;
    config->otlp.has_http = false; /* its port may be taken, and the demo has no use for it */
    config->telemetry_endpoint = demo->telemetry;
    config->state.directory = state;
    for (uint32_t i = 0; i < config->exporter_count; i++)
        config->exporters[i].path = config->exporters[i].takes_rows    ? demo->rows
                                    : config->exporters[i].takes_audit ? demo->audit
                                                                       : demo->records;
    config->review.endpoint = demo->review;
    config->assembly.settle_ms = SETTLE_MS;
    config->assembly.idle_timeout_ms = 2 * SETTLE_MS;
    config->log_level = LOG_WARN;
    enum exit_code code = pipeline_run(NULL, config, &error);
    if (error.is_set)
        fprintf(stderr, "flywheel demo: %s\n", error.text);
    _exit((int)code);
}

static int64_t shift_to_now(void)
{
    uint64_t latest_ns = 0;
    for (size_t i = 0; i < sample_count; i++) {
        uint64_t end_ns =
            shift_latest_ns(bytes_of(samples[i].data, samples[i].size), samples[i].signal);
        latest_ns = end_ns > latest_ns ? end_ns : latest_ns;
    }
    return clock_realtime_ms() * 1000000 - (int64_t)latest_ns;
}

static bool send_samples(struct demo *demo, struct error *ret_error)
{
    struct otlp_client_config config = {
        .endpoint = demo->endpoint, .is_gzip = true, .retry_for_ms = 5000};
    struct otlp_client *client = otlp_client_create(&config);
    bool is_sent = client && otlp_client_connect(client, CONNECT_MS, ret_error) == STATUS_OK;
    int64_t by_ns = shift_to_now();
    for (size_t i = 0; i < sample_count && is_sent; i++) {
        struct buffer body = {0};
        struct otlp_answer answer = {0};
        buffer_append(&body, samples[i].data, samples[i].size);
        shift_times(&body, samples[i].signal, by_ns);
        otlp_client_export(client, samples[i].signal, buffer_bytes(&body), &answer);
        is_sent = answer.code == 0;
        if (!is_sent)
            error_set(ret_error, EXIT_BUG, "the daemon answered %s: %s", rpc_code_name(answer.code),
                      answer.text);
        demo->requests++;
        otlp_answer_finish(&answer);
        buffer_finish(&body);
    }
    otlp_client_destroy(client);
    return is_sent;
}

static uint64_t count_lines(const char *path)
{
    FILE *file = fopen(path, "re");
    uint64_t lines = 0;
    for (int c; file && (c = getc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

static volatile sig_atomic_t ended_by; /* a signal */

static void note_end(int number)
{
    ended_by = number;
}

/* Ctrl-C ends the waiting, and what was begun is cleared away all the same. */
static void catch_end(void)
{
    const struct sigaction action = {.sa_handler = note_end};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* The shell is to know why we end. */
static void end_by_signal(void)
{
    const struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigaction(ended_by, &action, NULL);
    (void)raise(ended_by);
}

/* Until records have come and no more come. */
static uint64_t wait_for_records(const struct demo *demo)
{
    int64_t began_ms = clock_monotonic_ms(), changed_ms = began_ms;
    uint64_t lines = 0;
    for (int64_t now_ms = began_ms; now_ms - began_ms < WAIT_MS && !ended_by;
         now_ms = clock_monotonic_ms()) {
        uint64_t now_lines = count_lines(demo->records);
        if (now_lines != lines)
            changed_ms = now_ms;
        lines = now_lines;
        if (now_ms - changed_ms > QUIET_MS && (lines > 0 || now_ms - began_ms > 4 * QUIET_MS))
            break;
        nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    return lines;
}

static void show_records(const struct demo *demo, uint64_t lines)
{
    FILE *file = fopen(demo->records, "re");
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    struct buffer text = {0};
    for (int shown = 0;
         file && shown < SHOWN_RECORDS && (size = getline(&line, &capacity, file)) > 0; shown++)
        (void)!explain_record(bytes_of(line, (size_t)size - (line[size - 1] == '\n')), NULL, &text);
    if (text.size > 0)
        fwrite(text.data, 1, text.size, stdout);
    if (lines > SHOWN_RECORDS)
        printf("... and %llu more records, one JSON object a line.\n\n",
               (unsigned long long)(lines - SHOWN_RECORDS));
    buffer_finish(&text);
    free(line);
    if (file)
        fclose(file);
}

static void show_cohorts(const struct demo *demo, const char *dimension)
{
    char config[sizeof(demo->config)], group[32];
    snprintf(config, sizeof(config), "%s", demo->config);
    snprintf(group, sizeof(group), "%s", dimension);
    char command[] = "cohorts", c[] = "-c", group_by[] = "--group-by";
    char *argv[] = {command, c, config, group_by, group, NULL};
    (void)command_cohorts(5, argv);
    putchar('\n');
}

/* The page lives as long as the daemon does. */
static void show_page(const struct demo *demo)
{
    char config[sizeof(demo->config)];
    snprintf(config, sizeof(config), "%s", demo->config);
    printf("== Reviewers decide on a page; what they approve becomes rows of a dataset:\n\n");
    if (!demo->is_kept) {
        printf("  flywheel demo --keep   keeps running and prints its address\n\n");
        return;
    }
    char command[] = "review", c[] = "-c";
    char *argv[] = {command, c, config, NULL};
    fflush(stdout);
    (void)command_review(3, argv);
    printf("\n  another address       flywheel review -c %s\n"
           "  what is left to do    flywheel queue -c %s\n"
           "  the rows              flywheel dataset list -c %s, or %s\n"
           "  who decided what      flywheel audit verify %s/state\n\n",
           demo->config, demo->config, demo->config, demo->rows, demo->directory);
}

static void keep(struct demo *demo)
{
    sigset_t news;
    sigemptyset(&news);
    sigaddset(&news, SIGINT);
    sigaddset(&news, SIGTERM);
    sigaddset(&news, SIGCHLD);
    sigprocmask(SIG_BLOCK, &news, NULL);
    printf("Running until Ctrl-C.\n");
    fflush(stdout);
    while (!ended_by && waitpid(demo->daemon, NULL, WNOHANG) == 0) {
        int number = sigwaitinfo(&news, NULL);
        if (number == SIGINT || number == SIGTERM)
            ended_by = number;
    }
    if (!ended_by)
        demo->daemon = 0; /* it has said why */
    sigprocmask(SIG_UNBLOCK, &news, NULL);
}

static int show(struct demo *demo)
{
    struct error error = {0};
    printf("The default pipeline runs in %s, OTLP/gRPC on %s.\n", demo->directory, demo->endpoint);
    fflush(stdout);
    if (!send_samples(demo, &error)) {
        fprintf(stderr, "flywheel demo: %s\n", error.text);
        return (int)error.exit_code;
    }
    printf("Sent %llu recorded export requests of real agents; waiting for their runs to settle "
           "...\n\n",
           (unsigned long long)demo->requests);
    fflush(stdout);
    uint64_t lines = wait_for_records(demo);
    if (ended_by)
        return EXIT_DONE;
    printf("== %llu runs became review work. Why, for the first %d:\n\n", (unsigned long long)lines,
           SHOWN_RECORDS);
    show_records(demo, lines);
    printf("== Fail rates by cohort, kept in LMDB:\n\n");
    fflush(stdout);
    show_cohorts(demo, "tool_path");
    show_cohorts(demo, "model_route");
    show_page(demo);
    printf("Next: ./run.sh, then point an OTLP exporter at 127.0.0.1:4317.\n");
    fflush(stdout);
    if (demo->is_kept)
        keep(demo);
    return lines > 0 ? EXIT_DONE : EXIT_BUG;
}

int command_demo(int argc, char **argv)
{
    struct demo demo = {0};
    const struct command_option options[] = {{"keep", 0, &demo.is_kept, NULL}};
    if (!options_only(argc, argv, options, 1))
        return EXIT_USAGE;
    if (!prepare(&demo)) {
        fprintf(stderr, "flywheel demo: no temporary directory can be made in /tmp: %s\n",
                strerror(errno));
        return EXIT_STATE_IO;
    }
    fflush(NULL);
    demo.daemon = fork();
    if (demo.daemon == 0)
        be_daemon(&demo);
    catch_end();
    int code = demo.daemon > 0 ? show(&demo) : EXIT_BUG;
    if (demo.daemon > 0) {
        int status = 0;
        kill(demo.daemon, SIGTERM);
        waitpid(demo.daemon, &status, 0);
    }
    (void)nftw(demo.directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (ended_by)
        end_by_signal();
    return code;
}
