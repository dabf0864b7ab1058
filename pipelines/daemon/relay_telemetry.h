/* What the outside may know of a running relay: /metrics, /healthz, /readyz and /api/v1/status. */
#pragma once
#include "pipelines/daemon/relay.h"
#include "pipelines/daemon/telemetry_receivers.h"

struct relay_telemetry;

/* Listens from here on. NULL with `ret_error`. Everything is borrowed until destroy. */
struct relay_telemetry *relay_telemetry_create(const struct pipeline_config *config,
                                               struct relay *relay,
                                               const struct telemetry_receiver *receivers,
                                               uint32_t receiver_count, struct error *ret_error);
void relay_telemetry_destroy(struct relay_telemetry *telemetry);
/* The registry, for what receivers count beside the usual. */
struct metrics *relay_telemetry_metrics(struct relay_telemetry *telemetry);
/* Receivers listen: /readyz says so from here on. */
void relay_telemetry_ready(struct relay_telemetry *telemetry);
/* The configuration was read again, well or not. */
void relay_telemetry_reload_result(struct relay_telemetry *telemetry, bool is_good);
