/* Connections that open streams and take them back; they are cut at their sockets. */
#pragma once
#include "processor/receive/grpc/state.h"

/* A call whose message never came counts against its connection. */
void resets_note(struct grpc_receiver *receiver, grpc_call *call);
/* Does the call belong to a connection that was cut? */
bool resets_has_cut(struct grpc_receiver *receiver, grpc_call *call);
/* Who is at the other end of the call, for log lines. */
void resets_name_peer(struct grpc_receiver *receiver, grpc_call *call, char to[PEER_SIZE]);
