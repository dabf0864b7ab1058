/* OTLP over HTTP/1.1: POST of export requests as protobuf or in the JSON mapping, on libmicrohttpd.
 * One I/O thread reads, inflates, gates and answers; a request that waits for its commit is
 * suspended meanwhile and resumed by the same thread. JSON is converted first: what is submitted,
 * and so journaled, is always protobuf. */
#pragma once
#include "processor/receive/http/config.h"
#include "processor/receive/receiver.h"

/* NULL when out of memory. `counters`, `intake` and the paths stay the caller's. */
struct receiver *http_receiver_create(const struct http_receiver_config *config,
                                      const struct intake *intake,
                                      struct receiver_counters *counters);
/* The port bound after start. */
int http_receiver_port(const struct receiver *receiver);
