/* flywheel send: recorded OTLP requests to any OTLP/gRPC endpoint, one after the other in name
 * order, each again while the receiver asks for it. With --now everything is read first, because
 * the latest end of all decides how far each of them moves. */
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/config/value.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/options.h"
#include "processor/command/replay/input.h"
#include "processor/command/send/send_guard.h"
#include "processor/command/send/shift.h"
#include "processor/otlp/rpc_code.h"
#include "processor/otlp/wire.h"

enum {
    PATIENCE_MS = 3000,   /* for a receiver that is just starting */
    DEADLINE_MS = 30000,  /* of one attempt */
    RETRY_FOR_MS = 60000, /* of one request */
    CODE_OK = 0,
    CODE_UNAVAILABLE = 14
};
#define NOW_BYTES_MAX ((size_t)1 << 30)

struct recorded {
    enum wire_gate_signal signal;
    struct buffer body;
    char *name;
};

struct sending {
    struct otlp_client *client;
    bool is_now;
    struct recorded *recorded; /* of --now */
    size_t recorded_count, recorded_bytes;
    uint64_t requests, spans, logs, rejected, refused;
    const char *endpoint;
    struct send_guard guard;
};

/* Spans or log records: both lie three levels down. */
static uint64_t count_items(struct bytes request)
{
    uint64_t count = 0;
    struct wire top = wire_of(request);
    struct wire_field resource, scope, item;
    while (wire_next(&top, &resource)) {
        if (resource.number != 1 || resource.type != WIRE_BYTES)
            continue;
        struct wire within_resource = wire_of(resource.bytes);
        while (wire_next(&within_resource, &scope)) {
            if (scope.number != 2 || scope.type != WIRE_BYTES)
                continue;
            struct wire within_scope = wire_of(scope.bytes);
            while (wire_next(&within_scope, &item))
                count += item.number == 2 && item.type == WIRE_BYTES;
        }
    }
    return count;
}

static enum status send_one(struct sending *sending, enum wire_gate_signal signal,
                            struct bytes body, const char *name, struct error *ret_error)
{
    struct otlp_answer answer;
    otlp_client_export(sending->client, signal, body, &answer);
    otlp_answer_finish(&answer);
    if (answer.code == CODE_UNAVAILABLE) {
        error_set(ret_error, EXIT_TEMPORARY, "%s: %s does not take it, after %u attempts: %s", name,
                  sending->endpoint, answer.attempts, answer.text);
        return STATUS_FATAL;
    }
    if (answer.code != CODE_OK) {
        sending->refused++;
        fprintf(stderr, "flywheel send: %s: refused with %s: %s\n", name,
                rpc_code_name(answer.code), answer.text);
        return STATUS_OK;
    }
    if (answer.rejection[0])
        fprintf(stderr, "flywheel send: %s: %s\n", name, answer.rejection);
    sending->requests++;
    sending->rejected += answer.rejected > 0 ? (uint64_t)answer.rejected : 0;
    *(signal == WIRE_GATE_TRACES ? &sending->spans : &sending->logs) += count_items(body);
    return STATUS_OK;
}

static enum status record_one(struct sending *sending, const struct input_request *request,
                              struct error *ret_error)
{
    size_t count = sending->recorded_count;
    if (request->body.size > NOW_BYTES_MAX - sending->recorded_bytes) {
        error_set(ret_error, EXIT_USAGE,
                  "%s: --now holds all requests in memory, and they are more than 1 GiB",
                  request->name);
        return STATUS_FATAL;
    }
    if ((count & (count - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
        struct recorded *grown =
            realloc(sending->recorded, (count ? count * 2 : 1) * sizeof *grown);
        if (!grown) {
            error_set(ret_error, EXIT_TEMPORARY, "%s: not enough memory", request->name);
            return STATUS_FATAL;
        }
        sending->recorded = grown;
    }
    struct recorded *recorded = &sending->recorded[count];
    *recorded = (struct recorded){.signal = request->signal, .name = strdup(request->name)};
    buffer_append_bytes(&recorded->body, request->body);
    sending->recorded_count++;
    sending->recorded_bytes += request->body.size;
    if (recorded->name && !recorded->body.failed)
        return STATUS_OK;
    error_set(ret_error, EXIT_TEMPORARY, "%s: not enough memory", request->name);
    return STATUS_FATAL;
}

static enum status take(void *context, const struct input_request *request, struct error *ret_error)
{
    struct sending *sending = context;
    if (sending->is_now)
        return record_one(sending, request, ret_error);
    return send_one(sending, request->signal, request->body, request->name, ret_error);
}

static enum status send_recorded(struct sending *sending, struct error *ret_error)
{
    uint64_t latest_ns = 0;
    for (size_t i = 0; i < sending->recorded_count; i++) {
        struct recorded *recorded = &sending->recorded[i];
        uint64_t end_ns = shift_latest_ns(buffer_bytes(&recorded->body), recorded->signal);
        latest_ns = end_ns > latest_ns ? end_ns : latest_ns;
    }
    int64_t by_ns = latest_ns ? clock_realtime_ms() * 1000000 - (int64_t)latest_ns : 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sending->recorded_count && status == STATUS_OK; i++) {
        struct recorded *recorded = &sending->recorded[i];
        shift_times(&recorded->body, recorded->signal, by_ns);
        status = send_one(sending, recorded->signal, buffer_bytes(&recorded->body), recorded->name,
                          ret_error);
    }
    return status;
}

static enum status send_paths(struct sending *sending, char **paths, int count,
                              struct error *ret_error)
{
    enum status status = input_find(paths, count, ret_error);
    if (status == STATUS_OK)
        status = otlp_client_connect(sending->client, PATIENCE_MS, ret_error);
    if (status == STATUS_OK)
        status = input_read(paths, count, take, sending, ret_error);
    if (status == STATUS_OK && sending->is_now)
        status = send_recorded(sending, ret_error);
    if (status == STATUS_OK && sending->requests + sending->refused == 0) {
        error_set(ret_error, EXIT_USAGE,
                  "%s: nothing to send: no *.pb, *.otlp.json or *.otlp.json-body is there",
                  paths[0]);
        return STATUS_FATAL;
    }
    return status;
}

static void finish_sending(struct sending *sending)
{
    for (size_t i = 0; i < sending->recorded_count; i++) {
        buffer_finish(&sending->recorded[i].body);
        free(sending->recorded[i].name);
    }
    free(sending->recorded);
    otlp_client_destroy(sending->client);
    send_guard_finish(&sending->guard);
}

/* The first of the paths; -1 after a sentence on stderr. */
static int parse_arguments(int argc, char **argv, struct sending *sending)
{
    const struct command_option options[] = {
        {"endpoint", 0, NULL, &sending->endpoint},
        {"now", 0, &sending->is_now, NULL},
        {"ca-file", 0, NULL, &sending->guard.ca_file},
        {"cert-file", 0, NULL, &sending->guard.cert_file},
        {"key-file", 0, NULL, &sending->guard.key_file},
        {"token-file", 0, NULL, &sending->guard.token_file},
    };
    int operand = options_parse(argc, argv, options, sizeof options / sizeof options[0]);
    if (operand < 0)
        return -1;
    if (operand == argc) {
        fprintf(stderr, "flywheel send: needs a PATH: a file, a folder, or - for standard input\n");
        return -1;
    }
    struct bytes host;
    uint32_t port = 0;
    if (!config_value_split_endpoint(sending->endpoint, &host, &port) || port == 0) {
        fprintf(stderr, "flywheel send: %s: an endpoint is HOST:PORT, as in 127.0.0.1:4317\n",
                sending->endpoint);
        return -1;
    }
    return operand;
}

static void print_summary(const struct sending *sending, double seconds)
{
    printf("sent %llu requests, %llu spans, %llu log records to %s in %.2f s; "
           "%llu items rejected, %llu requests refused\n",
           (unsigned long long)sending->requests, (unsigned long long)sending->spans,
           (unsigned long long)sending->logs, sending->endpoint, seconds,
           (unsigned long long)sending->rejected, (unsigned long long)sending->refused);
}

int command_send(int argc, char **argv)
{
    struct sending sending = {.endpoint = "127.0.0.1:4317"};
    int operand = parse_arguments(argc, argv, &sending);
    if (operand < 0)
        return EXIT_USAGE;
    int64_t begin_ms = clock_monotonic_ms();
    struct error error = {0};
    struct otlp_client_config client = {
        .endpoint = sending.endpoint, .deadline_ms = DEADLINE_MS, .retry_for_ms = RETRY_FOR_MS};
    enum status status = send_guard_load(&sending.guard, &client, &error);
    if (status == STATUS_OK)
        sending.client = otlp_client_create(&client);
    status = STATUS_FATAL;
    if (sending.client)
        status = send_paths(&sending, argv + operand, argc - operand, &error);
    else
        error_set(&error, EXIT_TEMPORARY, "not enough memory");
    if (sending.requests + sending.refused > 0)
        print_summary(&sending, (double)(clock_monotonic_ms() - begin_ms) / 1000);
    int exit_code = sending.refused ? EXIT_USAGE : EXIT_DONE;
    finish_sending(&sending);
    if (status != STATUS_OK) {
        fprintf(stderr, "flywheel send: %s\n", error.text);
        return (int)error.exit_code;
    }
    return exit_code;
}
