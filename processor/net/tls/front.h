/* TLS in front of a receiver: ends TLS on accepted connections and hands the receiver a socket that
 * carries the plain bytes, so that what a receiver's library does with hostile bytes begins only
 * after the handshake (with a client CA: after the client's certificate is verified), and so that
 * every transport refuses, counts and logs in the same way.
 *
 *   client ==TLS== outer socket [ front's thread ] inner | inner' -- plain -- receiver's library
 *
 * One thread. A connection takes three descriptors: outer, and both ends of the inner pair. */
#pragma once
#include "processor/base/metrics.h"
#include "processor/net/peer.h"
#include "processor/net/tls/tls.h"

struct tls_front;

enum { TLS_DESCRIPTORS = 3 }; /* of one connection */

struct tls_front_config {
    const char *receiver; /* "otlp/grpc", in log lines; static */
    const char *protocol; /* of ALPN: "h2", "http/1.1"; static */
    int64_t handshake_ms; /* from accept to the end of the handshake */
    uint32_t header_block_max; /* of HTTP/2: a client is looked at by an h2_guard; 0: it is not */
};

/* Written by the front's thread. */
struct tls_front_counters {
    struct counter refused;        /* handshakes that failed */
    struct counter refused_slowly; /* that took too long */
    struct counter opened;
    struct counter cut; /* by the guard before HTTP/2 */
};

/* `secured` owns the descriptor it gets (a connected, non-blocking Unix socket) and is called in
 * the front's thread. Starts the thread. `tls` and `counters` stay the caller's. Without `tls`
 * (NULL) clients speak plaintext: then it is the guard alone. */
struct tls_front *tls_front_create(const struct tls_front_config *config, struct tls *tls,
                                   struct tls_front_counters *counters,
                                   void (*secured)(void *context, int connection), void *context,
                                   struct error *ret_error);
/* Takes an accepted, non-blocking connection and owns it from here. Any thread. */
void tls_front_add(struct tls_front *front, int connection);
/* The client behind a descriptor that `secured` was given. Any thread. */
void tls_front_peer(struct tls_front *front, int connection, char to[PEER_SIZE]);
/* What is still to be sent on connections that the receiver has closed gets a moment to leave; then
 * all are closed. Accepts NULL. */
void tls_front_destroy(struct tls_front *front);
