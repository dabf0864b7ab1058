/* The metrics that gRPC and HTTP have alike, apart by the label `transport`. */
#pragma once
#include "processor/base/metrics.h"
#include "processor/net/tls/front.h"

/* A counter {receiver="otlp",transport[,label]}; without a `label`, `value` says nothing. */
void limit_metrics_add(struct metrics *metrics, const struct metric_family *family,
                       const char *transport, const char *label, const char *value,
                       const struct counter *counter);
/* flywheel_receiver_limit_hits_total{receiver,transport,limit}. */
void limit_metrics_add_hits(struct metrics *metrics, const char *transport, const char *limit,
                            const struct counter *hits);
/* flywheel_receiver_connections{receiver,transport} and
 * flywheel_receiver_tls_handshakes_total{receiver,transport,result}. */
void limit_metrics_add_connections(struct metrics *metrics, const char *transport,
                                   const struct counter *connections,
                                   const struct tls_front_counters *tls);
