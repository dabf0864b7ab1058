/* OTLP over gRPC: TraceService/Export, LogsService/Export and grpc.health.v1 on one gRPC core
 * completion queue and one thread, which inflates and gates too (two threads on the queue were
 * measured slower than one). */
#pragma once
#include "processor/receive/grpc/config.h"
#include "processor/receive/receiver.h"

/* NULL when out of memory. `counters` and `intake` stay the caller's. */
struct receiver *grpc_receiver_create(const struct grpc_receiver_config *config,
                                      const struct intake *intake,
                                      struct receiver_counters *counters);
/* The port bound after start. */
int grpc_receiver_port(const struct receiver *receiver);
/* What the health service answers; NOT_SERVING before the first call. */
void grpc_receiver_set_serving(struct receiver *receiver, bool is_serving);
