/* What every pipeline counts of its receivers, a relay too. */
#pragma once
#include "processor/base/metrics.h"
#include "processor/receive/receiver.h"

enum { TELEMETRY_RECEIVERS_MAX = 8 }; /* two ports and a topic; more there are not */

struct telemetry_receiver {
    const char *name; /* label `receiver`; those of one name are summed */
    const struct receiver_counters *counters;
    /* Metrics of its own; NULL: none. Called once, before anything is rendered. */
    void (*register_metrics)(void *context, struct metrics *metrics);
    void *context;
    /* Why nothing can be read, as one sentence; false: it can. NULL: who
     * sends is told. Any thread. */
    bool (*why_unread)(void *context, struct buffer *to);
};

/* A line for each that can't read: its name and why. True: there is none. */
bool telemetry_receivers_read(const struct telemetry_receiver *receivers, uint32_t receiver_count,
                              struct buffer *to);

/* With `counts_accepted` also what receivers accepted, where no store counts it. */
void telemetry_receivers_register(struct metrics *metrics,
                                  const struct telemetry_receiver *receivers,
                                  uint32_t receiver_count, bool counts_accepted);
