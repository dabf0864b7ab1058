/* What the outside may know of a running pipeline: the metrics registry and the routes of the
 * admin server. It can answer /healthz and /readyz before the runtime is ready. */
#pragma once
#include "pipelines/daemon/results_topic.h"
#include "pipelines/daemon/telemetry_receivers.h"
#include "pipelines/run/runtime.h"

struct api;
struct review_api;
struct telemetry;

/* What of the return path is counted; NULL: that part is not there. */
struct telemetry_return_path {
    struct results_topic *topic;
    const struct review_api *review;
};

/* Listens from here on. NULL with `ret_error`. Everything is borrowed until telemetry_destroy. */
struct telemetry *telemetry_create(const struct pipeline_config *config, struct runtime *runtime,
                                   struct store *store, const struct telemetry_receiver *receivers,
                                   uint32_t receiver_count,
                                   const struct telemetry_return_path *back,
                                   struct error *ret_error);
/* What is served under /api/v1. */
const struct api *telemetry_api(const struct telemetry *telemetry);
void telemetry_destroy(struct telemetry *telemetry);
/* The receivers listen: before that nothing is ready, whatever the runtime says. */
void telemetry_listening(struct telemetry *telemetry);
/* The configuration was read again: with success `config` holds the digest that is in force now. */
void telemetry_reload_result(struct telemetry *telemetry, const struct pipeline_config *config);
int telemetry_port(const struct telemetry *telemetry);
