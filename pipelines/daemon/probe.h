/* Asks an own port, now and then, whether somebody still answers: a listener that has stopped
 * accepting looks alive from inside. The probe connects, says that it sends nothing, and waits for
 * anything at all, be it a first byte or the end. It never blocks. Owner: the main thread. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct probe {
    const char *name; /* in log lines; static */
    struct sockaddr_storage address;
    socklen_t address_size; /* 0: nothing to probe */
    int connection;         /* -1: none under way */
    int64_t next_ms, deadline_ms;
    uint32_t failures; /* in a row */
};

enum { PROBE_EVERY_MS = 10000, PROBE_PATIENCE_MS = 4000, PROBE_FAILURES_MAX = 3 };

/* `endpoint` is what the receiver listens on, `port` what was bound. All interfaces are probed by
 * loopback; a host that can't be resolved is not probed. */
void probe_init(struct probe *probe, const char *name, const char *endpoint, int port);
/* Goes on with the probe. False while PROBE_FAILURES_MAX in a row have failed. */
bool probe_turn(struct probe *probe, int64_t now_ms);
void probe_finish(struct probe *probe);
