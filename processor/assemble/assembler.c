/* When is a run over? The deadline of an open trajectory, by what it has shown so far:
 *   an ended root     last arrival + settle; then, if scores are awaited, until they are there or
 *                     await_timeout has passed
 *   a local root      last arrival + max(settle, 10 s)
 *   neither           last arrival + idle_timeout
 *   whatever it has   first span + max_duration
 * A deadline that moves later is only written down; the wheel finds out when the old one comes up. */
#include "processor/assemble/assembler.h"

bool assembler_init(struct assembler *assembler, const struct assembly_config *config,
                    int64_t now_ms)
{
    assembler->config = *config;
    return in_flight_init(&assembler->table, now_ms);
}

void assembler_finish(struct assembler *assembler)
{
    in_flight_finish(&assembler->table);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t settle_ms(const struct assembler *assembler,
                         const struct open_trajectory *trajectory)
{
    int64_t settle = assembler->config.settle_ms;
    if (trajectory->has_root || settle > LOCAL_ROOT_SETTLE_MIN_MS)
        return settle;
    return LOCAL_ROOT_SETTLE_MIN_MS;
}

bool assembler_is_full(const struct assembly_config *config,
                       const struct open_trajectory *trajectory, enum close_trigger *ret_trigger)
{
    if (trajectory->span_count >= config->max_spans || trajectory->log_count >= config->max_spans)
        *ret_trigger = CLOSE_SPANS;
    else if (trajectory->bytes >= config->max_bytes)
        *ret_trigger = CLOSE_BYTES;
    else
        return false;
    return true;
}

/* The deadline, and the trigger that it would be. Which of two passed deadlines came first decides,
 * not how late the look at the clock is. */
static int64_t deadline_of(const struct assembler *assembler,
                           const struct open_trajectory *trajectory,
                           enum close_trigger *ret_trigger)
{
    const struct assembly_config *config = &assembler->config;
    int64_t quiet;
    if (assembler_is_full(config, trajectory, ret_trigger))
        return trajectory->last_ms; /* Nobody has closed it yet. */
    if (trajectory->has_root || trajectory->has_local_root) {
        *ret_trigger = CLOSE_ROOT;
        quiet = trajectory->last_ms + settle_ms(assembler, trajectory);
        if (trajectory->is_awaiting)
            quiet = earlier(quiet, trajectory->await_until_ms);
    } else {
        *ret_trigger = CLOSE_IDLE;
        quiet = trajectory->last_ms + config->idle_timeout_ms;
    }
    int64_t latest = trajectory->first_ms + config->max_duration_ms;
    if (trajectory->span_count == 0 || quiet <= latest)
        return quiet;
    *ret_trigger = CLOSE_DURATION;
    return latest;
}

static void file_deadline(struct assembler *assembler, struct open_trajectory *trajectory)
{
    enum close_trigger trigger;
    in_flight_file(&assembler->table, trajectory, deadline_of(assembler, trajectory, &trigger));
}

enum status assembler_add_spans(struct assembler *assembler, const struct gated_request *request,
                                uint32_t first, const struct arrival *arrival, uint32_t *ret_next,
                                struct open_trajectory **ret_trajectory)
{
    const uint8_t *trace_id = request->spans[first].trace_id;
    struct open_trajectory *trajectory =
        in_flight_find_or_open(&assembler->table, trace_id, arrival->now_ms);
    if (!trajectory)
        return STATUS_FATAL;
    if (trajectory->span_count == 0)
        trajectory->first_ms = arrival->now_ms; /* logs alone do not start max_duration */
    enum status status =
        in_flight_add_spans(&assembler->table, trajectory, request, first, ret_next);
    if (status != STATUS_OK)
        return status;
    in_flight_touch(&assembler->table, trajectory, arrival->source, arrival->position,
                    arrival->now_ms, arrival->received_ms);
    file_deadline(assembler, trajectory);
    *ret_trajectory = trajectory;
    return STATUS_OK;
}

enum status assembler_add_log(struct assembler *assembler, const struct gated_request *request,
                              const struct gated_log *log, const struct arrival *arrival,
                              struct open_trajectory **ret_trajectory)
{
    struct open_trajectory *trajectory = in_flight_find(&assembler->table, log->trace_id);
    if (!trajectory && assembler->table.log_only >= assembler->config.log_only_max)
        return STATUS_BUSY;
    if (!trajectory)
        trajectory = in_flight_open(&assembler->table, log->trace_id, arrival->now_ms);
    if (!trajectory)
        return STATUS_FATAL;
    enum status status = in_flight_add_log(&assembler->table, trajectory, request, &log->log);
    if (status != STATUS_OK)
        return status;
    in_flight_touch(&assembler->table, trajectory, arrival->source, arrival->position,
                    arrival->now_ms, arrival->received_ms);
    file_deadline(assembler, trajectory);
    *ret_trajectory = trajectory;
    return STATUS_OK;
}

void assembler_restored(struct assembler *assembler, struct open_trajectory *trajectory)
{
    file_deadline(assembler, trajectory);
}

struct open_trajectory *assembler_over_memory(const struct assembler *assembler)
{
    return assembler->table.bytes > assembler->config.memory_bytes ? assembler->table.oldest : NULL;
}

/* Did a root close it, is its time up, or has its deadline moved? False: not due. */
static bool trigger_of(const struct assembler *assembler, struct open_trajectory *trajectory,
                       int64_t now_ms, enum close_trigger *ret_trigger)
{
    if (!trajectory->has_root && trajectory->has_local_root &&
        !open_trajectory_has_local_root(trajectory))
        trajectory->has_local_root = false; /* The parent came: wait for the root of both. */
    return deadline_of(assembler, trajectory, ret_trigger) <= now_ms;
}

struct open_trajectory *assembler_next_due(struct assembler *assembler, int64_t now_ms,
                                           enum close_trigger *ret_trigger)
{
    struct open_trajectory *trajectory;
    while ((trajectory = in_flight_take_due(&assembler->table, now_ms)) &&
           !trigger_of(assembler, trajectory, now_ms, ret_trigger))
        file_deadline(assembler, trajectory);
    return trajectory;
}

bool assembler_await(struct assembler *assembler, struct open_trajectory *trajectory,
                     int64_t now_ms)
{
    if (!trajectory->is_awaiting) {
        trajectory->is_awaiting = true;
        trajectory->await_until_ms = now_ms + assembler->config.await_timeout_ms;
    }
    int64_t until = earlier(trajectory->await_until_ms,
                            trajectory->first_ms + assembler->config.max_duration_ms);
    if (now_ms >= until)
        return false;
    in_flight_file(&assembler->table, trajectory, until);
    return true;
}

void assembler_release(struct assembler *assembler, struct open_trajectory *trajectory)
{
    in_flight_release(&assembler->table, trajectory);
}

struct open_trajectory *assembler_any(const struct assembler *assembler)
{
    return assembler->table.oldest;
}
