/* Receivers never block: what has no room waits at its receiver as long as that is of use, and is
 * refused then, with a fair time to come back. */
#include "pipelines/run/intake.h"

#include <assert.h>

#include "pipelines/run/mailbox.h"
#include "pipelines/run/room.h"
#include "pipelines/run/runtime.h"
#include "pipelines/run/state.h"

enum {
    RETRY_SOON_MS = 250,   /* the queues are full: that passes as soon as the shards catch up */
    RETRY_LATER_MS = 2000, /* memory or state is full: trajectories must close first */
};

static bool has_room(void *context, size_t body_bytes)
{
    const struct intake_context *intake = context;
    return runtime_is_ready(intake->runtime) && room_has_bytes(intake->runtime, body_bytes) &&
           !room_is_behind(intake->runtime);
}

/* Queues empty and trajectories close within seconds; a full state and a restart take longer. */
static bool may_wait(void *context)
{
    const struct intake_context *intake = context;
    return runtime_is_ready(intake->runtime) && !room_is_state_full(intake->runtime);
}

static enum status admit(void *context, struct request *request, int64_t *ret_retry_ms)
{
    const struct intake_context *intake = context;
    struct runtime *runtime = intake->runtime;
    *ret_retry_ms = RETRY_LATER_MS;
    if (!runtime_is_ready(runtime) || !room_has_bytes(runtime, 0))
        return STATUS_BUSY;
    *ret_retry_ms = RETRY_SOON_MS;
    if (room_is_behind(runtime) || !room_has_queues(runtime, request))
        return STATUS_BUSY;
    uint64_t position =
        atomic_load_explicit(&runtime->next_positions[intake->source], memory_order_relaxed);
    request->source = (uint16_t)intake->source;
    request->position = position;
    request->is_replayed = false;
    enum status status = mailbox_admit(runtime, request);
    if (status != STATUS_OK)
        return status;
    atomic_store_explicit(&runtime->next_positions[intake->source], position + 1,
                          memory_order_release);
    request_release(request);
    return STATUS_OK;
}

struct intake intake_of_source(struct runtime *runtime, uint32_t source)
{
    assert(source < runtime->source_count);
    return (struct intake){
        .context = &runtime->intakes[source],
        .submit = admit,
        .has_room = has_room,
        .may_wait = may_wait,
        .wait_ms = runtime->config->limits.answer_wait_ms,
        .pool = runtime->pool,
        .source = (uint16_t)source,
        .ack_durable = runtime->source_kinds[source] == SOURCE_JOURNALED,
    };
}
