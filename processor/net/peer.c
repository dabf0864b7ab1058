/* Numeric, so that naming a peer asks nobody. */
#include "processor/net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

void peer_name(int connection, char to[PEER_SIZE])
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN] = "";
    snprintf(to, PEER_SIZE, "unknown");
    if (getpeername(connection, (struct sockaddr *)&address, &size) != 0)
        return;
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
        if (inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host))
            snprintf(to, PEER_SIZE, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else if (address.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
        if (inet_ntop(AF_INET, &in->sin_addr, host, sizeof host))
            snprintf(to, PEER_SIZE, "%s:%u", host, ntohs(in->sin_port));
    }
}
