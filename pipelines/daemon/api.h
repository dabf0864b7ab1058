/* What programs ask a running pipeline for, in JSON: one row a route. Handlers run in the thread of
 * the admin server and read what is durable or atomic. */
#pragma once
#include <stdatomic.h>

#include "pipelines/daemon/telemetry_receivers.h"
#include "pipelines/daemon/telemetry_sources.h"
#include "pipelines/run/runtime.h"
#include "processor/report/http_server.h"

enum { API_ROUTES_MAX = 16 };

/* Set up before the server listens; everything is borrowed. */
struct api {
    const struct pipeline_config *config;
    struct runtime *runtime;
    struct store *store;
    struct telemetry_sources *sources;
    const struct telemetry_receiver *receivers;
    uint32_t receiver_count;
    int64_t started_ms;
    _Atomic bool is_listening; /* the receivers */
    _Atomic bool has_reloaded_well;
    _Atomic int64_t reloaded_ms;   /* wall clock */
    _Atomic uint64_t ruleset_head; /* first eight bytes of the digest in force */
};

/* Of a copy: what changes, as the original has it now. */
void api_follow(struct api *copy, const struct api *original);
/* The routes and how many they are. */
uint32_t api_routes(struct api *api, struct http_route ret_routes[API_ROUTES_MAX]);
/* The runtime has caught up, receivers listen, and what they read from can be read; if not, `why`
 * has a line for each reason. */
bool api_is_ready(const struct api *api, struct buffer *why);
/* Age of the oldest record of the outbox; 0 when there is none. */
double api_outbox_age_s(const struct writer_gauges *gauges);
