/* One series for each limit; of a slow handshake and of frames the front holds the counter. */
#include "processor/receive/grpc/limits.h"

#include "processor/receive/limit_metrics.h"

const char *const grpc_limit_names[GRPC_LIMITS] = {[GRPC_LIMIT_CONNECTIONS] = "connections",
                                                   [GRPC_LIMIT_DESCRIPTORS] = "descriptors",
                                                   [GRPC_LIMIT_HANDSHAKE] = "handshake",
                                                   [GRPC_LIMIT_MESSAGE] = "message",
                                                   [GRPC_LIMIT_ITEMS] = "items",
                                                   [GRPC_LIMIT_RECEIVE_TIME] = "receive_time",
                                                   [GRPC_LIMIT_RESETS] = "resets",
                                                   [GRPC_LIMIT_FRAMES] = "frames"};

void grpc_limits_register(const struct grpc_receiver_counters *limits, struct metrics *metrics)
{
    for (int i = 0; i < GRPC_LIMITS; i++)
        limit_metrics_add_hits(metrics, "grpc", grpc_limit_names[i],
                               i == GRPC_LIMIT_HANDSHAKE ? &limits->tls.refused_slowly
                               : i == GRPC_LIMIT_FRAMES  ? &limits->tls.cut
                                                         : &limits->limits[i]);
    limit_metrics_add_connections(metrics, "grpc", &limits->connections, &limits->tls);
}
