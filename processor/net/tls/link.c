/* Bytes are read into a block on the stack and written on at once; only what the other side does
 * not take is kept, at most one block a direction, and nothing more is read in that direction
 * until it has left. So an idle connection holds no buffer, and a slow reader slows its sender. */
#include "processor/net/tls/link.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 64 * 1024, /* a record of TLS is at most a quarter of it */
    BLOCKS_PER_PUMP = 16     /* then it is another connection's turn */
};

/* What came of moving one block. */
enum moved { MOVED, WOULD_BLOCK, ENDED, BROKEN };

struct tls_link *tls_link_create(SSL *session, int connection, int64_t now_ms)
{
    struct tls_link *link = session ? calloc(1, sizeof *link) : NULL;
    if (!link || SSL_set_fd(session, connection) != 1) {
        free(link);
        SSL_free(session);
        close(connection);
        return NULL;
    }
    link->session = session;
    link->outer = connection;
    link->inner = link->theirs = -1;
    link->since_ms = now_ms;
    peer_name(connection, link->peer);
    SSL_set_accept_state(session);
    return link;
}

struct tls_link *tls_link_create_plain(int connection, int64_t now_ms)
{
    struct tls_link *link = calloc(1, sizeof *link);
    if (!link) {
        close(connection);
        return NULL;
    }
    link->outer = connection;
    link->inner = link->theirs = -1;
    link->since_ms = now_ms;
    peer_name(connection, link->peer);
    return link;
}

void tls_link_destroy(struct tls_link *link)
{
    SSL_free(link->session);
    close(link->outer);
    if (link->inner >= 0)
        close(link->inner);
    buffer_finish(&link->in.bytes);
    buffer_finish(&link->out.bytes);
    ERR_clear_error();
    free(link);
}

/* In the words of OpenSSL, which are its own and not the peer's. */
static void explain(const struct tls_link *link, int failure, char to[TLS_REASON_SIZE])
{
    long verified = SSL_get_verify_result(link->session);
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (verified != X509_V_OK)
        snprintf(to, TLS_REASON_SIZE, "client certificate: %s",
                 X509_verify_cert_error_string(verified));
    else if (reason)
        snprintf(to, TLS_REASON_SIZE, "%s", reason);
    else
        snprintf(to, TLS_REASON_SIZE, "%s",
                 failure == SSL_ERROR_SYSCALL && errno ? strerror(errno)
                                                       : "the client closed the connection");
    ERR_clear_error();
}

enum status tls_link_handshake(struct tls_link *link, char ret_reason[TLS_REASON_SIZE])
{
    if (!link->session)
        return STATUS_OK;
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(link->session);
    if (result == 1)
        return STATUS_OK;
    int failure = SSL_get_error(link->session, result);
    if (failure == SSL_ERROR_WANT_READ || failure == SSL_ERROR_WANT_WRITE)
        return STATUS_BUSY;
    if (BIO_number_read(SSL_get_rbio(link->session)) == 0) {
        ERR_clear_error();
        return STATUS_NOT_FOUND;
    }
    explain(link, failure, ret_reason);
    return STATUS_MALFORMED;
}

int tls_link_open(struct tls_link *link)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    link->inner = pair[0];
    link->state = TLS_LINK_OPEN;
    return pair[1];
}

/* --- one direction, one block --- */

static enum moved session_result(struct tls_link *link, int result)
{
    switch (SSL_get_error(link->session, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return WOULD_BLOCK;
    case SSL_ERROR_ZERO_RETURN:
        return ENDED;
    default:
        return BROKEN;
    }
}

static enum moved read_socket(int from, void *to, size_t *ret_size)
{
    ssize_t count = recv(from, to, BLOCK_BYTES, 0);
    if (count > 0) {
        *ret_size = (size_t)count;
        return MOVED;
    }
    if (count == 0)
        return ENDED;
    return errno == EAGAIN || errno == EINTR ? WOULD_BLOCK : BROKEN;
}

static enum moved write_socket(int to, const void *from, size_t size, size_t *ret_size)
{
    ssize_t count = send(to, from, size, MSG_NOSIGNAL);
    if (count > 0) {
        *ret_size = (size_t)count;
        return MOVED;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? WOULD_BLOCK : BROKEN;
}

static enum moved read_outer(struct tls_link *link, void *to, size_t *ret_size)
{
    if (!link->session)
        return read_socket(link->outer, to, ret_size);
    ERR_clear_error();
    int result = SSL_read_ex(link->session, to, BLOCK_BYTES, ret_size);
    return result == 1 ? MOVED : session_result(link, result);
}

static enum moved write_outer(struct tls_link *link, const void *from, size_t size,
                              size_t *ret_size)
{
    if (!link->session)
        return write_socket(link->outer, from, size, ret_size);
    ERR_clear_error();
    int result = SSL_write_ex(link->session, from, size, ret_size);
    return result == 1 ? MOVED : session_result(link, result);
}

static enum moved read_inner(struct tls_link *link, void *to, size_t *ret_size)
{
    return read_socket(link->inner, to, ret_size);
}

static enum moved write_inner(struct tls_link *link, const void *from, size_t size,
                              size_t *ret_size)
{
    return write_socket(link->inner, from, size, ret_size);
}

typedef enum moved read_fn(struct tls_link *link, void *to, size_t *ret_size);
typedef enum moved write_fn(struct tls_link *link, const void *from, size_t size, size_t *ret_size);

/* Sends what was kept. MOVED: nothing is left of it. */
static enum moved flush(struct tls_link *link, struct tls_backlog *backlog, write_fn *writes)
{
    while (backlog->sent < backlog->bytes.size) {
        size_t count = 0;
        enum moved moved = writes(link, backlog->bytes.data + backlog->sent,
                                  backlog->bytes.size - backlog->sent, &count);
        if (moved != MOVED)
            return moved;
        backlog->sent += count;
    }
    buffer_finish(&backlog->bytes);
    *backlog = (struct tls_backlog){0};
    return MOVED;
}

static enum moved move_block(struct tls_link *link, struct tls_backlog *backlog, read_fn *reads,
                             write_fn *writes, int64_t now_ms)
{
    uint8_t block[BLOCK_BYTES];
    size_t size = 0, sent = 0;
    enum moved moved = flush(link, backlog, writes);
    if (moved != MOVED)
        return moved == ENDED ? BROKEN : moved;
    moved = reads(link, block, &size);
    if (moved != MOVED)
        return moved;
    if (backlog == &link->in)
        link->cut_reason = h2_guard_look(&link->guard, block, size, now_ms);
    if (link->cut_reason)
        return BROKEN;
    moved = writes(link, block, size, &sent);
    if (moved != MOVED && moved != WOULD_BLOCK)
        return BROKEN;
    if (sent == size)
        return MOVED;
    buffer_append(&backlog->bytes, block + sent, size - sent);
    return backlog->bytes.failed ? BROKEN : MOVED; /* the next call finds out what blocks */
}

/* --- the ends --- */

/* All that the receiver had to say has left. A close with bytes of the client unread would reset
 * the connection and might take our last words back, so its end is waited for. */
static void begin_closing(struct tls_link *link, int64_t now_ms)
{
    ERR_clear_error();
    if (link->session)
        (void)SSL_shutdown(link->session);
    shutdown(link->outer, SHUT_WR);
    link->state = TLS_LINK_CLOSING;
    link->since_ms = now_ms;
}

static enum status drain_outer(struct tls_link *link)
{
    uint8_t block[BLOCK_BYTES];
    for (int i = 0; i < BLOCKS_PER_PUMP; i++) {
        ssize_t count = recv(link->outer, block, sizeof block, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
            return STATUS_MALFORMED;
        if (count < 0)
            return STATUS_BUSY;
    }
    return STATUS_OK;
}

enum status tls_link_pump(struct tls_link *link, int64_t now_ms)
{
    if (link->state == TLS_LINK_CLOSING)
        return drain_outer(link);
    /* Who would block is told of by the poll, so it is not asked again before. */
    enum moved in = link->has_outer_ended ? ENDED : MOVED, out = MOVED;
    for (int i = 0; i < BLOCKS_PER_PUMP; i++) {
        if (in == MOVED)
            in = move_block(link, &link->in, read_outer, write_inner, now_ms);
        if (in == ENDED && !link->has_outer_ended) {
            link->has_outer_ended = true;
            shutdown(link->inner, SHUT_WR);
        }
        if (out == MOVED)
            out = move_block(link, &link->out, read_inner, write_outer, now_ms);
        if (out == ENDED) {
            begin_closing(link, now_ms);
            return drain_outer(link);
        }
        if (in == BROKEN || out == BROKEN)
            return STATUS_MALFORMED;
        if (in != MOVED && out != MOVED)
            return STATUS_BUSY;
    }
    return STATUS_OK;
}
