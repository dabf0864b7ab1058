/* One connection of a TLS front, and its bytes in both directions. Owner: the front's thread. */
#pragma once
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processor/base/bytes.h"
#include "processor/net/h2_guard.h"
#include "processor/net/peer.h"

enum { TLS_REASON_SIZE = 128 };

enum tls_link_state { TLS_LINK_HANDSHAKE, TLS_LINK_OPEN, TLS_LINK_CLOSING };

/* Bytes that were read and could not be written yet. */
struct tls_backlog {
    struct buffer bytes;
    size_t sent;
};

struct tls_link {
    struct tls_link *next, *previous; /* of all of a front */
    struct tls_link *next_queued;     /* of those with something to do */
    bool is_queued;

    enum tls_link_state state;
    int64_t since_ms; /* accepted, or began to close */
    char peer[PEER_SIZE];
    SSL *session; /* NULL: the client speaks plaintext */
    struct h2_guard guard;  /* before the receiver */
    const char *cut_reason; /* of the guard; NULL: nothing was cut */
    int outer, inner;       /* inner: -1 before the handshake is over */
    int theirs;             /* the receiver's end, which is the receiver's; to know it by */
    struct tls_backlog in;  /* client to receiver */
    struct tls_backlog out; /* receiver to client */
    bool has_outer_ended;   /* the client sends no more, and the receiver was told */
};

/* Owns session and connection from here, also when it fails (NULL: out of memory). */
struct tls_link *tls_link_create(SSL *session, int connection, int64_t now_ms);
/* The same without TLS: there is no handshake. */
struct tls_link *tls_link_create_plain(int connection, int64_t now_ms);
void tls_link_destroy(struct tls_link *link);

/* OK: done. BUSY: wait for the socket. NOT_FOUND: the client left without a word, as a health check
 * does. Anything else: refused, for `ret_reason`. */
MUST_CHECK enum status tls_link_handshake(struct tls_link *link, char ret_reason[TLS_REASON_SIZE]);
/* HANDSHAKE to OPEN: makes the inner pair and returns the receiver's end; -1 with errno. */
int tls_link_open(struct tls_link *link);
/* Moves bytes. OK: there may be more to move. BUSY: nothing to do until a socket says so. Anything
 * else: the connection is over. */
MUST_CHECK enum status tls_link_pump(struct tls_link *link, int64_t now_ms);
