/* Sends a reply over its connection. Owner: the I/O thread. */
#pragma once
#include "processor/receive/http/reply.h"
#include "processor/receive/http/state.h"

/* Takes `body`, which is the response to be sent with 200. MHD_NO, without memory for a reply,
 * closes the connection. */
enum MHD_Result http_response_send(struct http_receiver *receiver,
                                   struct MHD_Connection *connection, enum http_media media,
                                   const struct http_reply *reply, struct buffer *body);
