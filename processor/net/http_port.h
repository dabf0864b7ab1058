/* The port of a server that speaks HTTP by libmicrohttpd, which has neither a listening socket nor
 * a thread of its own here:
 *
 *   listener, or TLS front --pipe of descriptors--> http_port_take --> libmicrohttpd
 *   somebody with an answer --http_port_wake------> http_port_wait
 *
 * and the table of its connections, which exists for their deadlines: libmicrohttpd has
 * none that a client can't stretch by sending a byte now and then. Owner of all but the
 * wake: the I/O thread. */
#pragma once
#include <microhttpd.h>

#include "processor/net/tls/front.h"

struct listener;

/* What a connection does. */
enum http_phase { HTTP_IDLE, HTTP_REQUEST, HTTP_WAITING, HTTP_REPLY };

struct http_place {
    int fd; /* -1: free */
    enum http_phase phase;
    int64_t since_ms;  /* the phase; monotonic */
    int64_t looked_ms; /* whether the client is still there */
    bool is_at_end;    /* it has sent its last byte, as of then */
    bool is_cut;       /* shut down, and about to be noticed by libmicrohttpd */
    uint64_t owner;    /* whose it is, for whoever counts by that; 0: nobody's yet */
};

struct http_port_config {
    const char *name; /* in log lines; static */
    const char *endpoint;
    struct tls *tls; /* NULL: plaintext. Borrowed */
    uint32_t max_connections;
    int64_t handshake_ms, idle_ms;
    int64_t request_ms; /* for head and body; likewise for the answer */
    /* Refused or cut for that, the first two in the listener's thread; `unserved`: taken in while
     * connections whose clients have gone held their places. `connections`: as they are now. */
    struct counter *full, *exhausted, *unserved, *idle, *slow, *connections;
    struct tls_front_counters *handshakes;
};

struct http_port {
    struct http_port_config config;
    int number;
    struct listener *listener;
    struct tls_front *front; /* NULL: plaintext */
    int accepted[2], wake;
    struct MHD_Daemon *daemon; /* the server's, who sets it */
    int64_t now_ms;            /* of this turn */
    int64_t swept_ms;
    struct http_place *places; /* max_connections */
    uint32_t count;
};

/* Binds. On failure what is half open is http_port_finish()'s. Fills the zeroed `port`. */
MUST_CHECK enum status http_port_open(struct http_port *port, const struct http_port_config *config,
                                      struct error *ret_error);
/* Begins to accept. */
MUST_CHECK enum status http_port_start(struct http_port *port, struct error *ret_error);
/* Takes no new connections. */
void http_port_shut(struct http_port *port);
void http_port_finish(struct http_port *port);

/* One turn: waits for something to do, at most `tick_ms`, and sets now_ms. */
void http_port_wait(struct http_port *port, int64_t tick_ms);
/* Any thread. */
void http_port_wake(struct http_port *port);
/* Gives libmicrohttpd the connections that were accepted, or closes them at the ceiling. */
void http_port_take(struct http_port *port);
/* Cuts off whoever has taken too long. False: it is not yet time to look again. */
bool http_port_sweep(struct http_port *port);
/* libmicrohttpd's callback about connections; the closure is the port. */
void http_port_notify(void *port, struct MHD_Connection *connection, void **socket,
                      enum MHD_ConnectionNotificationCode what);

struct http_place *http_port_place(struct MHD_Connection *connection);
void http_place_enter(struct http_place *place, enum http_phase phase, int64_t now_ms);
/* The client, by number. */
void http_port_peer(const struct http_port *port, struct MHD_Connection *connection,
                    char to[PEER_SIZE]);
