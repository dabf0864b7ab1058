/* Holds calls for which the pipeline has no room. Owner: the I/O thread. */
#pragma once
#include "processor/receive/http/state.h"

/* What the head says of the body's size; 0: nothing. */
size_t http_hold_announced_bytes(const struct http_call *call);
bool http_hold_has_room_at_head(const struct http_call *call);
/* Puts the call in the line. False: it has waited for long enough, or waiting is of no use. */
bool http_hold(struct http_call *call, enum http_call_state state);
/* Does its state want the connection suspended? */
bool http_hold_is_suspended(const struct http_call *call);
void http_hold_suspend(struct http_call *call);
