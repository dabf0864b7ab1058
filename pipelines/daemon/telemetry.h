/* What the outside may know of a running pipeline: the metrics registry and the routes of the
 * admin server. It can answer /healthz and /readyz before the runtime is ready. */
#pragma once
#include "pipelines/run/runtime.h"

struct telemetry;

struct telemetry_receiver {
    const char *name; /* label `receiver`; those of one name are summed */
    const struct receiver_counters *counters;
    /* Series of its own; NULL: none. Called once, before anything is rendered. */
    void (*register_metrics)(void *context, struct metrics *metrics);
    void *context;
};

enum { TELEMETRY_RECEIVERS_MAX = 8 };

/* Series that every pipeline has (telemetry_receivers.c). With `counts_accepted` also what receivers
 * accepted, where no store counts it. */
void telemetry_register_receivers(struct metrics *metrics,
                                  const struct telemetry_receiver *receivers,
                                  uint32_t receiver_count, bool counts_accepted);
void telemetry_register_process(struct metrics *metrics);

/* Listens from here on. NULL with `ret_error`. Everything is borrowed until telemetry_destroy. */
struct telemetry *telemetry_create(const struct pipeline_config *config, struct runtime *runtime,
                                   struct store *store, const struct telemetry_receiver *receivers,
                                   uint32_t receiver_count, struct error *ret_error);
void telemetry_destroy(struct telemetry *telemetry);
/* The receivers listen: before that nothing is ready, whatever the runtime says. */
void telemetry_listening(struct telemetry *telemetry);
/* The configuration was read again: with success `config` holds the digest that is in force now. */
void telemetry_reload_result(struct telemetry *telemetry, const struct pipeline_config *config);
int telemetry_port(const struct telemetry *telemetry);
