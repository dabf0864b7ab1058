/* An intake that needs neither runtime nor state. A request is held by its `struct passage` until
 * the relay is done with it, so its spans are sent from where they were received. */
#include "pipelines/daemon/relay.h"

#include <stdlib.h>

#include "processor/emit/kafka/relay.h"
#include "processor/receive/dead_letter/dead_letter.h"

enum {
    POOLED_REQUESTS = 64,   /* with warm buffers; what is in use is limited by limits.memory */
    RETRY_MS = 2000,        /* brokers that are behind need seconds */
    STUCK_MS = 5000,        /* a thread that has not turned for so long is not healthy */
    DEAD_LETTER_MS = 1000,  /* for letters that are queued at the stop */
    HEAD_BYTES = 64 * 1024, /* room for Resource and scope beside the largest span */
};

struct relay {
    const struct exporter_config *exporter;
    struct dead_letter *dead; /* NULL: none */
    struct kafka_relay *kafka;
    struct relay_counters counters;
    struct request_pool *pool;
    int64_t wait_ms; /* of an answer, for room */
};

struct passage {
    struct relay_request relayed; /* first: done() is called with it */
    struct request *request;
};

/* In the relay's thread. */
static void on_give_up(void *context, enum wire_gate_signal signal, struct bytes request,
                       const char *reason)
{
    struct relay *relay = context;
    const struct dead_letter_reason said = {
        .reason = reason,
        .detail = "no message of the topic can hold it",
        .receiver = relay->exporter->name,
        .signal = signal == WIRE_GATE_TRACES ? "traces" : "logs",
        .encoding = "otlp_proto",
    };
    (void)dead_letter_submit(relay->dead, &said, request);
}

static bool open_dead_letters(struct relay *relay, struct error *ret_error)
{
    const struct exporter_config *exporter = relay->exporter;
    const struct dead_letter_config letters = {.receiver = exporter->name,
                                               .directory = exporter->dead_letter_directory,
                                               .letters_max = exporter->dead_letter_max_letters,
                                               .bytes_max = exporter->dead_letter_max_bytes};
    if (letters.directory)
        relay->dead = dead_letter_create(&letters, ret_error);
    return relay->dead || !letters.directory;
}

struct relay *relay_create(const struct pipeline_config *config, struct error *ret_error)
{
    const struct exporter_config *exporter = &config->exporters[0];
    struct kafka_relay_config kafka = {
        .brokers = exporter->brokers,
        .topic = exporter->topic,
        .client_id = "flywheel",
        .properties = exporter->properties,
        .held_bytes_max = config->limits.memory_bytes,
    };
    struct relay *relay = calloc(1, sizeof(*relay));
    if (!relay)
        return NULL;
    relay->exporter = exporter;
    relay->wait_ms = config->limits.answer_wait_ms;
    kafka.give_up = on_give_up;
    kafka.context = relay;
    if (!open_dead_letters(relay, ret_error)) {
        relay_destroy(relay);
        return NULL;
    }
    relay->pool = request_pool_create(POOLED_REQUESTS);
    relay->kafka = kafka_relay_create(&kafka, &relay->counters, ret_error);
    if (relay->pool && relay->kafka)
        return relay;
    error_set(ret_error, EXIT_TEMPORARY, "no memory for the relay");
    relay_destroy(relay);
    return NULL;
}

enum status relay_start(struct relay *relay, struct error *ret_error)
{
    return kafka_relay_start(relay->kafka, ret_error);
}

/* In the relay's thread. */
static void on_done(struct relay_request *relayed, enum status status)
{
    struct passage *passage = (struct passage *)relayed;
    struct request *request = passage->request;
    free(passage);
    if (request->on_durable)
        request->on_durable(request, status);
    request_release(request);
}

static enum status pass_on(void *context, struct request *request, int64_t *ret_retry_ms)
{
    struct relay *relay = context;
    struct passage *passage = malloc(sizeof(*passage));
    *ret_retry_ms = RETRY_MS;
    if (!passage)
        return STATUS_BUSY;
    *passage = (struct passage){
        .relayed = {.body = request_body(request),
                    .gated = &request->gated,
                    .signal = request->signal,
                    .arena = &request->arena,
                    .bytes = request->held_bytes,
                    .is_awaited = request->on_durable != NULL,
                    .done = on_done},
        .request = request,
    };
    enum status status = kafka_relay_send(relay->kafka, &passage->relayed);
    if (status != STATUS_OK)
        free(passage);
    return status;
}

static bool has_room(void *context, size_t body_bytes)
{
    struct relay *relay = context;
    return kafka_relay_has_room(relay->kafka, body_bytes);
}

/* Brokers that take their messages make room soon; those that do not, do not. */
static bool may_wait(void *context)
{
    struct relay *relay = context;
    return !kafka_relay_gauges(relay->kafka).is_stalled;
}

struct intake relay_intake(struct relay *relay, uint32_t source, bool ack_durable)
{
    return (struct intake){.context = relay,
                           .submit = pass_on,
                           .has_room = has_room,
                           .may_wait = may_wait,
                           .wait_ms = relay->wait_ms,
                           .pool = relay->pool,
                           .source = (uint16_t)source,
                           .ack_durable = ack_durable};
}

struct wire_gate_limits relay_gate_limits(const struct relay *relay, struct wire_gate_limits limits)
{
    size_t payload_max = kafka_relay_payload_max(relay->kafka);
    size_t span_max = payload_max > 2 * HEAD_BYTES ? payload_max - HEAD_BYTES : payload_max / 2;
    if (limits.span_bytes_max > span_max)
        limits.span_bytes_max = (uint32_t)span_max;
    return limits;
}

struct relay_state relay_state(const struct relay *relay)
{
    struct relay_gauges gauges = kafka_relay_gauges(relay->kafka);
    return (struct relay_state){
        .is_alive = gauges.turn_ms < STUCK_MS,
        .is_refusing = gauges.is_stalled || !kafka_relay_has_room(relay->kafka, 1),
        .held_bytes = gauges.held_bytes,
        .age_s = (double)gauges.age_ms / 1000,
        .trouble = atomic_load(&relay->counters.trouble),
    };
}

static const struct metric_family messages_family = {
    "flywheel_relay_messages_total", METRIC_COUNTER, "Messages that the brokers have, by signal."};
static const struct metric_family failures_family = {
    "flywheel_relay_failures_total", METRIC_COUNTER,
    "Messages that could not be delivered; their senders were told to try again, or they were sent "
    "again."};
static const struct metric_family dropped_family = {
    "flywheel_relay_dropped_total", METRIC_COUNTER,
    "Accepted spans and log records that were not sent on: with their Resource above "
    "max.message.bytes of the topic, refused by it alone, or answered at once (ack: memory) and "
    "undelivered at the stop."};
static const struct metric_family bytes_family = {
    "flywheel_relay_queue_bytes", METRIC_GAUGE, "Requests and messages that wait for the brokers."};
static const struct metric_family age_family = {"flywheel_relay_queue_age_seconds", METRIC_GAUGE,
                                                "Age of the oldest of them; 0 when there is none."};

static void collect(void *context, struct buffer *to)
{
    struct relay_state state = relay_state(context);
    metrics_write_family(to, &bytes_family);
    metrics_write_sample(to, bytes_family.name, "", (double)state.held_bytes);
    metrics_write_family(to, &age_family);
    metrics_write_sample(to, age_family.name, "", state.age_s);
}

void relay_register_metrics(struct relay *relay, struct metrics *metrics)
{
    struct relay_counters *counters = &relay->counters;
    metrics_add(metrics, &messages_family, "signal=\"traces\"", &counters->trace_messages, 1);
    metrics_add(metrics, &messages_family, "signal=\"logs\"", &counters->log_messages, 1);
    metrics_add(metrics, &failures_family, "", &counters->failures, 1);
    metrics_add(metrics, &dropped_family, "reason=\"too_large\"", &counters->dropped_too_large, 1);
    metrics_add(metrics, &dropped_family, "reason=\"refused\"", &counters->dropped_refused, 1);
    metrics_add(metrics, &dropped_family, "reason=\"shutdown\"", &counters->dropped_shutdown, 1);
    metrics_add_collector(metrics, collect, relay);
}

void relay_stop(struct relay *relay, int64_t grace_ms)
{
    kafka_relay_stop(relay->kafka, grace_ms);
}

void relay_destroy(struct relay *relay)
{
    if (!relay)
        return;
    kafka_relay_destroy(relay->kafka);
    dead_letter_destroy(relay->dead, DEAD_LETTER_MS);
    request_pool_destroy(relay->pool);
    free(relay);
}
