/* The health service of gRPC, grpc.health.v1: whether the receiver takes calls now. */
#pragma once
#include <grpc/grpc.h>

#include "processor/base/bytes.h"
#include "processor/receive/grpc/status.h"

/* The reply to a check; with OK its message is written to `response`. `payload` may be NULL. */
struct grpc_reply health_answer(grpc_byte_buffer *payload, bool is_serving,
                                struct buffer *response);
