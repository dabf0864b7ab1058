/* When is a run over? The deadline of an open trajectory, by what it has shown so far:
 *   an ended root     last arrival + settle; then, if scores are awaited, until they are there or
 *                     await_timeout has passed
 *   a local root      last arrival + max(settle, 10 s)
 *   neither           last arrival + idle_timeout
 *   whatever it has   first span + max_duration
 * The last two count by the clocks of its sources, which stand still while nothing can come. A
 * deadline that moves later is only written down; the wheel finds out when the old one comes up. */
#include "processor/assemble/assembler.h"

enum {
    PASSED_MAX = 64,    /* of those that close by themselves, on the way to one that does not */
    ASK_AGAIN_MS = 100, /* as long as a shard sleeps */
};

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

/* How long it may still live, by the clocks of its sources. */
static int64_t left_ms(const struct assembler *assembler, const struct open_trajectory *trajectory,
                       int64_t now_ms)
{
    return assembler->config.max_duration_ms - trajectory->lived_ms -
           in_flight_quiet_ms(&assembler->table, trajectory, now_ms);
}

/* The deadline, and the trigger that it would be. Which of two passed deadlines came first decides,
 * not how late the look at the clock is. */
static int64_t deadline_of(const struct assembler *assembler,
                           const struct open_trajectory *trajectory, int64_t now_ms,
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
        quiet = now_ms + config->idle_timeout_ms -
                in_flight_quiet_ms(&assembler->table, trajectory, now_ms);
    }
    int64_t latest = now_ms + left_ms(assembler, trajectory, now_ms);
    if (trajectory->span_count == 0 || quiet <= latest)
        return quiet;
    *ret_trigger = CLOSE_DURATION;
    return latest;
}

static void file_deadline(struct assembler *assembler, struct open_trajectory *trajectory,
                          int64_t now_ms)
{
    enum close_trigger trigger;
    in_flight_file(&assembler->table, trajectory,
                   deadline_of(assembler, trajectory, now_ms, &trigger));
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
    bool is_first = trajectory->span_count == 0;
    enum status status =
        in_flight_add_spans(&assembler->table, trajectory, request, first, ret_next);
    if (status != STATUS_OK)
        return status;
    in_flight_touch(&assembler->table, trajectory, arrival->source, arrival->position,
                    arrival->now_ms, arrival->received_ms);
    if (is_first) { /* logs alone do not start max_duration */
        trajectory->first_ms = arrival->now_ms;
        trajectory->lived_ms = 0;
    }
    file_deadline(assembler, trajectory, arrival->now_ms);
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
    file_deadline(assembler, trajectory, arrival->now_ms);
    *ret_trajectory = trajectory;
    return STATUS_OK;
}

void assembler_restored(struct assembler *assembler, struct open_trajectory *trajectory,
                        int64_t now_ms)
{
    file_deadline(assembler, trajectory, now_ms);
}

/* An ended root closes soon by itself, so such a run is near the end of the
 * list: few are passed. */
struct open_trajectory *assembler_longest_quiet(const struct assembler *assembler)
{
    struct open_trajectory *at = assembler->table.oldest;
    for (int i = 0; i < PASSED_MAX && at && (at->has_root || at->has_local_root); i++)
        at = at->newer;
    return at && !at->has_root && !at->has_local_root ? at : NULL;
}

struct open_trajectory *assembler_over_memory(const struct assembler *assembler)
{
    if (assembler->table.bytes <= assembler->config.memory_bytes)
        return NULL;
    struct open_trajectory *quiet = assembler_longest_quiet(assembler);
    return quiet ? quiet : assembler->table.oldest;
}

/* Did a root close it, is its time up, or has its deadline moved? False: not due. */
static bool trigger_of(const struct assembler *assembler, struct open_trajectory *trajectory,
                       int64_t now_ms, enum close_trigger *ret_trigger)
{
    if (!trajectory->has_root && trajectory->has_local_root &&
        !open_trajectory_has_local_root(trajectory))
        trajectory->has_local_root = false; /* The parent came: wait for the root of both. */
    return deadline_of(assembler, trajectory, now_ms, ret_trigger) <= now_ms;
}

/* While its clocks stand still what is left stays the same: it is not asked all the time. */
static void file_again(struct assembler *assembler, struct open_trajectory *trajectory,
                       int64_t now_ms)
{
    enum close_trigger trigger;
    int64_t deadline = deadline_of(assembler, trajectory, now_ms, &trigger);
    if (trigger != CLOSE_ROOT && deadline < now_ms + ASK_AGAIN_MS &&
        in_flight_has_lag(&assembler->table, trajectory))
        deadline = now_ms + ASK_AGAIN_MS;
    in_flight_file(&assembler->table, trajectory, deadline);
}

struct open_trajectory *assembler_next_due(struct assembler *assembler, int64_t now_ms,
                                           enum close_trigger *ret_trigger)
{
    struct open_trajectory *trajectory;
    while ((trajectory = in_flight_take_due(&assembler->table, now_ms)) &&
           !trigger_of(assembler, trajectory, now_ms, ret_trigger))
        file_again(assembler, trajectory, now_ms);
    return trajectory;
}

bool assembler_await(struct assembler *assembler, struct open_trajectory *trajectory,
                     int64_t now_ms)
{
    if (!trajectory->is_awaiting) {
        trajectory->is_awaiting = true;
        trajectory->await_until_ms = now_ms + assembler->config.await_timeout_ms;
    }
    int64_t until =
        earlier(trajectory->await_until_ms, now_ms + left_ms(assembler, trajectory, now_ms));
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
