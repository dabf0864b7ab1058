/* The connections of a receiver over HTTP. Owner: the I/O thread. */
#pragma once
#include "processor/receive/http/state.h"

/* What a connection does, for the deadlines; libmicrohttpd has none that a client can't stretch by
 * sending a byte now and then. */
enum http_phase { PHASE_IDLE, PHASE_REQUEST, PHASE_WAITING, PHASE_REPLY };

struct http_connection {
    int fd; /* -1: a free place */
    enum http_phase phase;
    int64_t since_ms;  /* the phase; monotonic */
    int64_t looked_ms; /* whether the client is still there */
    bool is_at_end;    /* it has sent its last byte, as of then */
    bool is_cut;       /* shut down, and about to be noticed by libmicrohttpd */
};

/* The connection's place in the table. */
struct http_connection *http_connection_of(struct MHD_Connection *connection);
/* libmicrohttpd's callbacks about connections; the closure is the receiver. */
void http_connection_notify(void *receiver, struct MHD_Connection *connection, void **socket,
                            enum MHD_ConnectionNotificationCode what);
void *http_connection_requests(void *receiver, const char *uri, struct MHD_Connection *connection);
/* Takes connections that the listener has accepted, or closes them at the ceiling. */
void http_connection_take(struct http_receiver *receiver);
/* Cuts off whoever has taken too long. False: it is not yet time to look again. */
bool http_connection_sweep(struct http_receiver *receiver);

static inline void http_connection_enter(struct http_connection *connection, enum http_phase phase,
                                         int64_t now_ms)
{
    connection->phase = phase;
    connection->since_ms = now_ms;
    connection->is_at_end = false;
}
