/* Which messages are received, how many at once and for how long. Owner: the I/O thread. */
#pragma once
#include "processor/receive/grpc/state.h"

bool reception_has_room(const struct grpc_receiver *receiver);
/* The intake has had no room just now. */
void reception_crowd(struct grpc_receiver *receiver, int64_t now_ms);
/* May one more message be received? Few at once when the last ones found no room: all that is
 * received has to be held then. */
bool reception_may_begin(struct grpc_receiver *receiver, int64_t now_ms);
void reception_begin(struct call *call, int64_t now_ms);
/* The message is complete, or will never be. */
void reception_end(struct call *call);
/* Cuts off slow senders when there are too many of them. */
void reception_expire(struct grpc_receiver *receiver, int64_t now_ms);
