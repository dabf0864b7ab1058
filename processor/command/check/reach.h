/* Can this host run a configuration now? Plain sockets: no library is started for a question. */
#pragma once
#include "processor/base/error.h"

/* One of the brokers "host:port,..." takes a TCP connection within 3 s, else EXIT_TEMPORARY. `who`
 * names the client in the error. */
void reach_brokers(const char *who, const char *brokers, struct error *error);
/* The endpoint "host:port" can be listened on: EXIT_TEMPORARY when it is taken, EXIT_PERMISSION
 * when that is not allowed. */
void reach_port(const char *who, const char *endpoint, struct error *error);
