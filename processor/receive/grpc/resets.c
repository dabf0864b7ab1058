/* Connections that open streams and take them back (CVE-2023-44487): core counts such a stream as
 * closed, so the limit on concurrent ones does not hold it, but the call that it made is work for
 * everybody. What a connection takes back within a second is counted in a small table, and one that
 * exaggerates is shut down at its socket, since core offers no way to end a connection.
 *
 *   [descriptor mod RESET_SLOTS] -> descriptor, second, count       a collision forgets the other */
#include "processor/receive/grpc/resets.h"

#include <grpc/support/alloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/net/peer.h"

enum {
    RESETS_MAX =
        200, /* within a window: two times the streams that a connection may have at once */
    WINDOW_MS = 1000,
    LEFT_MS = 10000 /* what was under way when a connection was cut has come by then */
};

/* Core names a connection by the descriptor that it was given. -1: it does not. */
static int descriptor_of(grpc_call *call)
{
    char *name = grpc_call_get_peer(call);
    int connection = -1;
    if (sscanf(name, "fd:%d", &connection) != 1)
        connection = -1;
    gpr_free(name);
    return connection;
}

static bool name_descriptor(struct grpc_receiver *receiver, int connection, char to[PEER_SIZE])
{
    snprintf(to, PEER_SIZE, "unknown");
    if (connection >= 0 && receiver->front)
        tls_front_peer(receiver->front, connection, to);
    else if (connection >= 0)
        peer_name(connection, to);
    return strcmp(to, "unknown") != 0;
}

void resets_name_peer(struct grpc_receiver *receiver, grpc_call *call, char to[PEER_SIZE])
{
    (void)name_descriptor(receiver, descriptor_of(call), to);
}

/* The connection may have ended meanwhile, and its number may be another's: only one of this
 * receiver's own is shut down. */
static bool is_own(struct grpc_receiver *receiver, int connection)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(connection, (struct sockaddr *)&address, &size) != 0)
        return false;
    if (receiver->front)
        return address.ss_family == AF_UNIX;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port) == receiver->port;
    return address.ss_family == AF_INET &&
           ntohs(((struct sockaddr_in *)&address)->sin_port) == receiver->port;
}

static ino_t inode_of(int connection)
{
    struct stat about;
    return fstat(connection, &about) == 0 ? about.st_ino : 0;
}

/* What a connection that was cut had opened before is not worth an answer; there may be thousands.
 * Core keeps its descriptor until the last of them is gone; so a number with another inode behind
 * it is another connection. */
bool resets_has_cut(struct grpc_receiver *receiver, grpc_call *call)
{
    if (receiver->left_until_ms == 0)
        return false;
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms > receiver->left_until_ms) {
        receiver->left_until_ms = 0;
        memset(receiver->resets, 0, sizeof receiver->resets);
        return false;
    }
    int connection = descriptor_of(call);
    const struct reset_slot *slot =
        &receiver->resets[connection < 0 ? 0 : connection % RESET_SLOTS];
    return connection >= 0 && slot->connection == connection && slot->count >= RESETS_MAX &&
           slot->inode == inode_of(connection);
}

void resets_note(struct grpc_receiver *receiver, grpc_call *call)
{
    int connection = descriptor_of(call);
    if (connection < 0 || atomic_load(&receiver->is_stopping))
        return;
    struct reset_slot *slot = &receiver->resets[connection % RESET_SLOTS];
    int64_t now_ms = clock_monotonic_ms();
    if (slot->connection == connection && slot->count >= RESETS_MAX &&
        slot->inode == inode_of(connection))
        return; /* it is cut */
    if (slot->connection != connection || slot->count >= RESETS_MAX ||
        now_ms - slot->since_ms > WINDOW_MS)
        *slot = (struct reset_slot){.connection = connection, .since_ms = now_ms};
    if (++slot->count != RESETS_MAX)
        return;
    char peer[PEER_SIZE];
    if (!name_descriptor(receiver, connection, peer) || !is_own(receiver, connection))
        return;
    counter_add(&receiver->limits->limits[GRPC_LIMIT_RESETS], 1);
    log_warn("connection_cut", "receiver=otlp/grpc peer=%s reason=\"streams opened and reset\"",
             peer);
    shutdown(connection, SHUT_RDWR);
    slot->inode = inode_of(connection);
    receiver->left_until_ms = now_ms + LEFT_MS;
}
