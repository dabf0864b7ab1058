/* The receivers of a pipeline: which sources of positions there are, what guards them, and their
 * life from the first check to the last connection. Owner: the main thread. */
#pragma once
#include "pipelines/daemon/telemetry_receivers.h"
#include "pipelines/run/runtime.h"
#include "processor/receive/kafka/topic.h"

struct receivers;

/* Reads certificates, keys and tokens, and opens dead letters; nothing listens yet. NULL with
 * `ret_error`. `config` is borrowed until receivers_destroy. */
struct receivers *receivers_create(const struct pipeline_config *config, struct error *ret_error);
/* Certificates, keys and tokens of a configuration that is not going to run. */
MUST_CHECK enum status receivers_check(const struct pipeline_config *config,
                                       struct error *ret_error);

/* The sources, in the order that receivers_start expects of the runtime; their names live as long
 * as the receivers. Returns how many. */
uint32_t receivers_sources(const struct receivers *receivers,
                           struct runtime_source sources[SOURCES_MAX]);
/* What is counted, likewise; transports of one receiver have the same name and are summed. */
uint32_t receivers_counted(struct receivers *receivers,
                           struct telemetry_receiver counted[TELEMETRY_RECEIVERS_MAX]);
/* Where requests go: a runtime, or a relay. */
struct receivers_intakes {
    void *context;
    struct intake (*otlp)(void *context, uint32_t source, bool ack_durable);
    struct topic_intake (*topic)(void *context, uint32_t first_source); /* NULL: takes no topic */
    struct wire_gate_limits gate;
};
struct receivers_intakes receivers_intakes_of(struct runtime *runtime,
                                              const struct pipeline_config *config);
/* Creates the receivers on their intakes. Opens nothing. */
MUST_CHECK enum status receivers_connect(struct receivers *receivers,
                                         const struct receivers_intakes *intakes,
                                         struct error *ret_error);
/* Listens. */
MUST_CHECK enum status receivers_start(struct receivers *receivers, struct error *ret_error);
/* Takes no new requests and finishes those in flight within `grace_ms`. */
void receivers_stop(struct receivers *receivers, int64_t grace_ms);
void receivers_destroy(struct receivers *receivers);

/* Reads certificates and tokens of `loaded`, and puts all of them in force or, on failure, none.
 * Whether there is TLS or a token at all changes with a restart only, and the log says so. */
MUST_CHECK enum status receivers_reload(struct receivers *receivers,
                                        const struct pipeline_config *loaded,
                                        struct error *ret_error);
/* Connects to the own ports, now and then, and says whether they still answer. Cheap enough for
 * every turn of the main thread. */
bool receivers_answer(struct receivers *receivers, int64_t now_ms);
