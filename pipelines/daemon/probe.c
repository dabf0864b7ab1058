/* One non-blocking connection at a time, looked at once a turn. */
#include "pipelines/daemon/probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipelines/config/value.h"
#include "processor/base/log.h"

void probe_init(struct probe *probe, const char *name, const char *endpoint, int port)
{
    struct bytes host;
    uint32_t unused;
    char text[256] = "127.0.0.1", service[8];
    *probe = (struct probe){.name = name, .connection = -1};
    if (!config_value_split_endpoint(endpoint, &host, &unused) || host.size >= sizeof text)
        return;
    if (bytes_equal_text(host, "::"))
        snprintf(text, sizeof text, "::1");
    else if (host.size > 0 && !bytes_equal_text(host, "0.0.0.0"))
        snprintf(text, sizeof text, "%.*s", (int)host.size, (const char *)host.data);
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    if (getaddrinfo(text, service, &hints, &found) != 0)
        return;
    memcpy(&probe->address, found->ai_addr, found->ai_addrlen);
    probe->address_size = found->ai_addrlen;
    freeaddrinfo(found);
}

static void settle(struct probe *probe, bool is_answered, const char *reason)
{
    if (probe->connection >= 0)
        close(probe->connection);
    probe->connection = -1;
    if (is_answered) {
        probe->failures = 0;
        return;
    }
    probe->failures++;
    if (probe->failures >= PROBE_FAILURES_MAX)
        log_error("port_does_not_answer", "receiver=%s failures=%u reason=\"%s\"", probe->name,
                  probe->failures, reason);
    else
        log_warn("port_does_not_answer", "receiver=%s failures=%u reason=\"%s\"", probe->name,
                 probe->failures, reason);
}

static void begin(struct probe *probe, int64_t now_ms)
{
    probe->next_ms = now_ms + PROBE_EVERY_MS;
    probe->deadline_ms = now_ms + PROBE_PATIENCE_MS;
    probe->connection =
        socket(probe->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe->connection < 0 ||
        (connect(probe->connection, (const struct sockaddr *)&probe->address,
                 probe->address_size) != 0 &&
         errno != EINPROGRESS))
        settle(probe, false, strerror(errno));
}

/* What is readable, in error or ended was answered by a program: the kernel alone does no more than
 * let us connect. A refused connection means that nobody listens. */
static void look(struct probe *probe, int64_t now_ms)
{
    struct pollfd polled = {.fd = probe->connection, .events = POLLIN};
    int failure = 0;
    socklen_t size = sizeof failure;
    (void)shutdown(probe->connection, SHUT_WR); /* a no-op before it stands, and after the first */
    if (poll(&polled, 1, 0) == 1) {
        (void)getsockopt(probe->connection, SOL_SOCKET, SO_ERROR, &failure, &size);
        settle(probe, failure != ECONNREFUSED, strerror(failure));
    } else if (now_ms >= probe->deadline_ms) {
        settle(probe, false, "no answer in time");
    }
}

bool probe_turn(struct probe *probe, int64_t now_ms)
{
    if (probe->address_size == 0)
        return true;
    if (probe->connection >= 0)
        look(probe, now_ms);
    else if (now_ms >= probe->next_ms)
        begin(probe, now_ms);
    return probe->failures < PROBE_FAILURES_MAX;
}

void probe_finish(struct probe *probe)
{
    if (probe->connection >= 0)
        close(probe->connection);
    probe->connection = -1;
}
