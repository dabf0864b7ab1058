/* One slot for each receiver there can be, in the order of their sources: what they read from comes
 * first, so that the partitions of a topic are the last sources.
 *
 *   create: guards, dead letters -> connect: receivers on the runtime's intakes -> start: listen
 *   stop: no new requests -> destroy: receivers, then what they borrowed */
#include "pipelines/daemon/receivers.h"

#include <stdio.h>
#include <stdlib.h>

#include "pipelines/config/limits.h"
#include "pipelines/daemon/guard.h"
#include "pipelines/daemon/probe.h"
#include "pipelines/run/intake.h"
#include "pipelines/run/topic_intake.h"
#include "processor/base/log.h"
#include "processor/receive/grpc/receiver.h"
#include "processor/receive/http/receiver.h"
#include "processor/receive/kafka/receiver.h"

enum {
    CALL_SLOTS =
        256, /* that wait for work; how many are under way is limited by bytes and streams */
    SOURCE_NAME_SIZE = 320,
    HTTP_IDLE_MS_MAX = 60000, /* an idle HTTP connection costs its client one handshake */
    DEAD_LETTER_MS = 1000,    /* for letters on their way at the stop */
};

struct receivers {
    const struct pipeline_config *config;
    struct guard guard;
    struct dead_letter *otlp_dead, *kafka_dead;
    uint32_t source_count;
    struct runtime_source sources[SOURCES_MAX];
    char partition_names[SOURCES_MAX][SOURCE_NAME_SIZE];

    struct wire_gate_limits gate;
    struct receiver *grpc, *http, *kafka;
    uint32_t http_source, topic_source; /* grpc's is 0 */
    struct intake grpc_intake, http_intake;
    struct topic_intake topic_intake;
    struct receiver_counters grpc_counters, http_counters, kafka_counters;
    struct grpc_receiver_counters grpc_limits;
    struct http_receiver_counters http_limits;
    struct probe grpc_probe, http_probe;
};

static bool has_grpc(const struct pipeline_config *config)
{
    return config->reads_otlp && config->otlp.has_grpc;
}

static bool has_http(const struct pipeline_config *config)
{
    return config->reads_otlp && config->otlp.has_http;
}

/* --- sources --- */

static uint32_t add_source(struct receivers *receivers, const char *name, enum source_kind kind)
{
    receivers->sources[receivers->source_count] = (struct runtime_source){name, kind};
    return receivers->source_count++;
}

/* How many partitions there are is not known before a broker is reached, and may change: there is a
 * source for each that we could take. */
static void add_partitions(struct receivers *receivers)
{
    receivers->topic_source = receivers->source_count;
    for (uint32_t i = 0; i < receivers->config->kafka.max_partitions; i++) {
        if (receivers->source_count == SOURCES_MAX)
            break;
        char *name = receivers->partition_names[i];
        snprintf(name, SOURCE_NAME_SIZE, "kafka/%.*s/%u", SOURCE_NAME_SIZE - 32,
                 receivers->config->kafka.topic, i);
        add_source(receivers, name, SOURCE_TOPIC);
    }
}

static void add_sources(struct receivers *receivers)
{
    const struct pipeline_config *config = receivers->config;
    /* Whether or not they listen now: the journal may hold what they have accepted. */
    bool is_grpc_memory = has_grpc(config) && !config->otlp.grpc_ack_durable;
    bool is_http_memory = has_http(config) && !config->otlp.http_ack_durable;
    add_source(receivers, "otlp/grpc", is_grpc_memory ? SOURCE_MEMORY : SOURCE_JOURNALED);
    receivers->http_source =
        add_source(receivers, "otlp/http", is_http_memory ? SOURCE_MEMORY : SOURCE_JOURNALED);
    if (config->reads_kafka)
        add_partitions(receivers);
}

uint32_t receivers_sources(const struct receivers *receivers,
                           struct runtime_source sources[SOURCES_MAX])
{
    memcpy(sources, receivers->sources, receivers->source_count * sizeof *sources);
    return receivers->source_count;
}

/* --- what they borrow --- */

/* A topic of dead letters lies with the brokers that the file names anyway. */
static enum status open_dead_letters(struct receivers *receivers, struct error *ret_error)
{
    const struct pipeline_config *config = receivers->config;
    const struct otlp_receiver_config *otlp = &config->otlp;
    const struct kafka_receiver_config *kafka = &config->kafka;
    struct dead_letter_config letters = {.receiver = "kafka",
                                         .directory = kafka->dead_letter_directory,
                                         .letters_max = kafka->dead_letter_max_letters,
                                         .bytes_max = kafka->dead_letter_max_bytes,
                                         .topic = kafka->dead_letter_topic,
                                         .brokers = kafka->brokers,
                                         .properties = kafka->properties};
    if (config->reads_kafka && (letters.directory || letters.topic) &&
        !(receivers->kafka_dead = dead_letter_create(&letters, ret_error)))
        return STATUS_FATAL;
    letters.receiver = "otlp";
    letters.directory = otlp->dead_letter_directory;
    letters.letters_max = otlp->dead_letter_max_letters;
    letters.bytes_max = otlp->dead_letter_max_bytes;
    letters.topic = otlp->dead_letter_topic;
    for (uint32_t i = 0; !kafka->is_present && i < config->exporter_count; i++)
        if (config->exporters[i].kind == EXPORTER_KAFKA) {
            letters.brokers = config->exporters[i].brokers;
            letters.properties = config->exporters[i].properties;
            break;
        }
    if (config->reads_otlp && (letters.directory || letters.topic) &&
        !(receivers->otlp_dead = dead_letter_create(&letters, ret_error)))
        return STATUS_FATAL;
    return STATUS_OK;
}

struct receivers *receivers_create(const struct pipeline_config *config, struct error *ret_error)
{
    struct receivers *receivers = calloc(1, sizeof *receivers);
    if (!receivers) {
        error_set(ret_error, EXIT_BUG, "out of memory while starting the receivers");
        return NULL;
    }
    receivers->config = config;
    receivers->grpc_probe.connection = receivers->http_probe.connection = -1;
    add_sources(receivers);
    if ((config->reads_otlp &&
         guard_load(&receivers->guard, &config->otlp, ret_error) != STATUS_OK) ||
        open_dead_letters(receivers, ret_error) != STATUS_OK) {
        receivers_destroy(receivers);
        return NULL;
    }
    return receivers;
}

enum status receivers_check(const struct pipeline_config *config, struct error *ret_error)
{
    struct guard guard = {0};
    enum status status =
        config->reads_otlp ? guard_load(&guard, &config->otlp, ret_error) : STATUS_OK;
    guard_finish(&guard);
    return status;
}

/* --- the receivers --- */

static bool connect_grpc(struct receivers *receivers, struct error *ret_error)
{
    const struct pipeline_config *config = receivers->config;
    struct grpc_receiver_config grpc = {
        .endpoint = config->otlp.grpc_endpoint,
        .max_message_bytes = config->otlp.grpc_max_message_bytes,
        .max_receiving_bytes = config->limits.receiving_bytes,
        .max_header_bytes = config->limits.header_bytes,
        .max_concurrent_streams = config->limits.streams,
        .max_connections = config->limits.connections,
        .calls = CALL_SLOTS,
        .handshake_ms = config->limits.handshake_ms,
        .max_connection_idle_ms = config->limits.connection_idle_ms,
        .max_connection_age_ms = config->limits.connection_age_ms,
        .gate = receivers->gate,
        .auth = receivers->guard.auth,
        .tls = receivers->guard.tls,
        .dead_letter = receivers->otlp_dead,
        .limits = &receivers->grpc_limits,
    };
    receivers->grpc =
        grpc_receiver_create(&grpc, &receivers->grpc_intake, &receivers->grpc_counters);
    if (!receivers->grpc)
        error_set(ret_error, EXIT_BUG, "out of memory while starting the gRPC receiver");
    return receivers->grpc != NULL;
}

static bool connect_http(struct receivers *receivers, struct error *ret_error)
{
    const struct pipeline_config *config = receivers->config;
    int64_t idle_ms = config->limits.connection_idle_ms;
    struct http_receiver_config http = {
        .endpoint = config->otlp.http_endpoint,
        .trace_paths = config->otlp.http_paths,
        .trace_path_count = config->otlp.http_path_count,
        .max_message_bytes = config->otlp.http_max_message_bytes,
        .max_header_bytes = config->limits.header_bytes,
        .max_receiving_bytes = config->limits.receiving_bytes,
        .max_connections = config->limits.connections,
        .handshake_ms = config->limits.handshake_ms,
        .idle_ms = idle_ms > 0 && idle_ms < HTTP_IDLE_MS_MAX ? idle_ms : HTTP_IDLE_MS_MAX,
        .request_ms = config->otlp.http_request_ms,
        .commit_ms = config->otlp.http_commit_ms,
        .gate = receivers->gate,
        .auth = receivers->guard.auth,
        .tls = receivers->guard.tls,
        .dead_letter = receivers->otlp_dead,
        .limits = &receivers->http_limits,
    };
    receivers->http =
        http_receiver_create(&http, &receivers->http_intake, &receivers->http_counters);
    if (!receivers->http)
        error_set(ret_error, EXIT_BUG, "out of memory while starting the HTTP receiver");
    return receivers->http != NULL;
}

static bool connect_kafka(struct receivers *receivers, struct error *ret_error)
{
    const struct kafka_receiver_config *from = &receivers->config->kafka;
    struct kafka_consumer_config kafka = {
        .brokers = from->brokers,
        .topic = from->topic,
        .group_id = from->group_id,
        .group_instance_id = from->group_instance_id,
        .client_id = "flywheel",
        .properties = from->properties,
        .is_json = from->is_json,
        .max_message_bytes = from->max_message_bytes,
        .gate = receivers->gate,
    };
    receivers->kafka =
        kafka_receiver_create(&kafka, &receivers->topic_intake, receivers->kafka_dead,
                              &receivers->kafka_counters, ret_error);
    return receivers->kafka != NULL;
}

static struct intake intake_of_runtime(void *context, uint32_t source, bool ack_durable)
{
    (void)ack_durable; /* the kind of the source says so */
    return intake_of_source(context, source);
}

static struct topic_intake topic_of_runtime(void *context, uint32_t first_source)
{
    return topic_intake_of_source(context, first_source);
}

struct receivers_intakes receivers_intakes_of(struct runtime *runtime,
                                              const struct pipeline_config *config)
{
    return (struct receivers_intakes){.context = runtime,
                                      .otlp = intake_of_runtime,
                                      .topic = topic_of_runtime,
                                      .gate = config_limits_wire_gate(config)};
}

enum status receivers_connect(struct receivers *receivers, const struct receivers_intakes *intakes,
                              struct error *ret_error)
{
    const struct pipeline_config *config = receivers->config;
    receivers->gate = intakes->gate;
    if (has_grpc(config)) {
        receivers->grpc_intake = intakes->otlp(intakes->context, 0, config->otlp.grpc_ack_durable);
        if (!connect_grpc(receivers, ret_error))
            return STATUS_FATAL;
    }
    if (has_http(config)) {
        receivers->http_intake =
            intakes->otlp(intakes->context, receivers->http_source, config->otlp.http_ack_durable);
        if (!connect_http(receivers, ret_error))
            return STATUS_FATAL;
    }
    if (config->reads_kafka) {
        receivers->topic_intake = intakes->topic(intakes->context, receivers->topic_source);
        if (!connect_kafka(receivers, ret_error))
            return STATUS_FATAL;
    }
    return STATUS_OK;
}

static void log_started(const struct receivers *receivers, const char *name, const char *endpoint,
                        int port, bool is_durable)
{
    const struct otlp_receiver_config *otlp = &receivers->config->otlp;
    const char *tls = !receivers->guard.tls      ? "none"
                      : otlp->tls.client_ca_file ? "mutual"
                                                 : "server";
    log_info("receiver_started", "receiver=%s endpoint=%s port=%d ack=%s tls=%s auth=%s", name,
             endpoint, port, is_durable ? "durable" : "memory", tls,
             receivers->guard.auth ? "bearer" : "none");
}

enum status receivers_start(struct receivers *receivers, struct error *ret_error)
{
    const struct otlp_receiver_config *otlp = &receivers->config->otlp;
    struct receiver *const all[] = {receivers->grpc, receivers->http, receivers->kafka};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] && all[i]->operations->start(all[i], ret_error) != STATUS_OK)
            return STATUS_FATAL;
    if (receivers->grpc) {
        int port = grpc_receiver_port(receivers->grpc);
        grpc_receiver_set_serving(receivers->grpc, true);
        probe_init(&receivers->grpc_probe, "otlp/grpc", otlp->grpc_endpoint, port);
        log_started(receivers, "otlp/grpc", otlp->grpc_endpoint, port, otlp->grpc_ack_durable);
    }
    if (receivers->http) {
        int port = http_receiver_port(receivers->http);
        probe_init(&receivers->http_probe, "otlp/http", otlp->http_endpoint, port);
        log_started(receivers, "otlp/http", otlp->http_endpoint, port, otlp->http_ack_durable);
    }
    if (receivers->kafka)
        log_info("receiver_started", "receiver=kafka brokers=\"%s\" topic=\"%s\" group_id=\"%s\"",
                 receivers->config->kafka.brokers, receivers->config->kafka.topic,
                 receivers->config->kafka.group_id);
    return STATUS_OK;
}

void receivers_stop(struct receivers *receivers, int64_t grace_ms)
{
    if (receivers->grpc)
        grpc_receiver_set_serving(receivers->grpc, false);
    struct receiver *const all[] = {receivers->kafka, receivers->http, receivers->grpc};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i])
            all[i]->operations->stop(all[i], grace_ms);
    probe_finish(&receivers->grpc_probe);
    probe_finish(&receivers->http_probe);
}

void receivers_destroy(struct receivers *receivers)
{
    if (!receivers)
        return;
    struct receiver *const all[] = {receivers->kafka, receivers->http, receivers->grpc};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i])
            all[i]->operations->destroy(all[i]);
    dead_letter_destroy(receivers->otlp_dead, DEAD_LETTER_MS);
    dead_letter_destroy(receivers->kafka_dead, DEAD_LETTER_MS);
    probe_finish(&receivers->grpc_probe);
    probe_finish(&receivers->http_probe);
    guard_finish(&receivers->guard);
    free(receivers);
}

/* --- what the outside sees --- */

static const struct metric_family expiry_family = {
    "flywheel_tls_certificate_expiry_timestamp_seconds", METRIC_GAUGE,
    "When the certificate of the OTLP receiver ends."};

static void collect_expiry(void *context, struct buffer *to)
{
    const struct receivers *receivers = context;
    metrics_write_family(to, &expiry_family);
    metrics_write_sample(to, expiry_family.name, "receiver=\"otlp\"",
                         (double)tls_expires_ms(receivers->guard.tls) / 1000);
}

static void register_otlp(struct receivers *receivers, struct metrics *metrics)
{
    dead_letter_register_metrics(receivers->otlp_dead, metrics);
    if (receivers->guard.tls)
        metrics_add_collector(metrics, collect_expiry, receivers);
}

static void register_grpc(void *context, struct metrics *metrics)
{
    struct receivers *receivers = context;
    grpc_limits_register(&receivers->grpc_limits, metrics);
    register_otlp(receivers, metrics);
}

static void register_http(void *context, struct metrics *metrics)
{
    struct receivers *receivers = context;
    http_limits_register(&receivers->http_limits, metrics);
    if (!receivers->grpc)
        register_otlp(receivers, metrics);
}

static void register_kafka(void *context, struct metrics *metrics)
{
    struct receivers *receivers = context;
    kafka_receiver_register_metrics(receivers->kafka, metrics);
    dead_letter_register_metrics(receivers->kafka_dead, metrics);
}

static bool why_kafka_is_unread(void *context, struct buffer *to)
{
    struct receivers *receivers = context;
    return kafka_receiver_why_unread(receivers->kafka, to);
}

uint32_t receivers_counted(struct receivers *receivers,
                           struct telemetry_receiver counted[TELEMETRY_RECEIVERS_MAX])
{
    uint32_t count = 0;
    if (receivers->grpc)
        counted[count++] = (struct telemetry_receiver){.name = "otlp",
                                                       .counters = &receivers->grpc_counters,
                                                       .register_metrics = register_grpc,
                                                       .context = receivers};
    if (receivers->http)
        counted[count++] = (struct telemetry_receiver){.name = "otlp",
                                                       .counters = &receivers->http_counters,
                                                       .register_metrics = register_http,
                                                       .context = receivers};
    if (receivers->kafka)
        counted[count++] = (struct telemetry_receiver){.name = "kafka",
                                                       .counters = &receivers->kafka_counters,
                                                       .register_metrics = register_kafka,
                                                       .context = receivers,
                                                       .why_unread = why_kafka_is_unread};
    return count;
}

bool receivers_answer(struct receivers *receivers, int64_t now_ms)
{
    bool grpc = probe_turn(&receivers->grpc_probe, now_ms);
    bool http = probe_turn(&receivers->http_probe, now_ms);
    return grpc && http;
}

enum status receivers_reload(struct receivers *receivers, const struct pipeline_config *loaded,
                             struct error *ret_error)
{
    struct guard fresh = {0};
    if (!receivers->config->reads_otlp || !loaded->reads_otlp)
        return STATUS_OK; /* what differs there is said by config_print_restart_differences */
    enum status status = guard_load(&fresh, &loaded->otlp, ret_error);
    if (status == STATUS_OK)
        guard_exchange(&receivers->guard, &fresh);
    guard_finish(&fresh);
    return status;
}
