/* From the payload of a call to a gated request. False everywhere: `ret_reply` says why not. */
#pragma once
#include "processor/receive/grpc/state.h"
#include "processor/receive/grpc/status.h"

/* Admits a payload of `size` bytes by its size, its encoding and the room that it needs. */
bool payload_admit(struct grpc_receiver *receiver, const grpc_byte_buffer *payload, size_t size,
                   struct grpc_reply *ret_reply);
/* Reads it to a gated request. Once it is copied core's memory is given
 * back, and `*payload` NULL. */
bool payload_read(struct grpc_receiver *receiver, enum wire_gate_signal signal,
                  grpc_byte_buffer **payload, size_t size, struct request *request,
                  struct grpc_reply *ret_reply);
/* One copy of core's slices. False: no memory, or over the limit of `to`. */
bool payload_copy(const grpc_byte_buffer *payload, size_t size, struct buffer *to);
