/* Partitions as sources of positions. Where a partition goes on is decided here:
 *   the group's offset carries our mark, and nobody read the partition since   our own low watermark
 *   the group has no offset, and a message before our mark is known            the same, if the topic
 *                                                                              proves to be the same
 *   the group has no offset, though the partition was read                     the first message
 *   anything else                                                              the group's offset
 * The first is later than the group's offset by all that is spilled; the second drops what we had
 * open, because whoever read the partition meanwhile has it, or will read it again. */
#include "pipelines/run/topic_intake.h"

#include <assert.h>
#include <stdio.h>

#include "pipelines/commit/sources.h"
#include "pipelines/run/failure.h"
#include "pipelines/run/mailbox.h"
#include "pipelines/run/room.h"
#include "pipelines/run/state.h"
#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/log.h"

enum {
    /* While deadlines stand still nothing leaves: a quarter of the memory
     * holds what the queues do. */
    CATCH_UP_SHARE = 4,
    BEHIND_MS = 1000,  /* a partition that is read as it is written reaches its end many times */
    BACK_MS = 2000,    /* after a broker is back, until it has answered fetches */
    REFUSED_MS = 1000, /* a held message is tried again sooner */
};

/* --- catching up --- */

bool topic_intake_begin(struct runtime *runtime)
{
    struct topic *topic = &runtime->topic;
    bool is_behind = false;
    for (uint32_t i = 0; i < topic->count; i++) {
        const struct journaled_range *range = &runtime->journaled[topic->first_source + i];
        struct partition *partition = &topic->partitions[i];
        partition->is_behind = range->to > range->from && !range->is_handed_over;
        partition->caught_up_at = range->to;
        is_behind |= partition->is_behind;
    }
    topic->is_waiting = is_behind;
    return is_behind;
}

static void check_caught_up(struct runtime *runtime)
{
    struct topic *topic = &runtime->topic;
    for (uint32_t i = 0; i < topic->count && topic->is_waiting; i++)
        if (topic->partitions[i].is_behind)
            return;
    if (!topic->is_waiting)
        return;
    topic->is_waiting = false;
    log_info("topic_caught_up", "partitions=%u", topic->count);
    (void)mailbox_notify(runtime, &(struct notice){.kind = NOTICE_CAUGHT_UP});
}

/* --- how far behind --- */

static void note_end(struct partition *partition, bool is_at_end)
{
    if (!is_at_end && atomic_load_explicit(&partition->is_at_end, memory_order_relaxed))
        atomic_store(&partition->at_end_ms, clock_monotonic_ms());
    atomic_store(&partition->is_at_end, is_at_end);
}

bool topic_intake_stands(struct runtime *runtime, uint32_t source, int64_t now_ms)
{
    struct topic *topic = &runtime->topic;
    if (runtime->source_kinds[source] != SOURCE_TOPIC)
        return false;
    struct partition *partition = &topic->partitions[source - topic->first_source];
    bool is_behind = !atomic_load(&partition->is_at_end) &&
                     now_ms - atomic_load(&partition->at_end_ms) > BEHIND_MS;
    bool is_out_of_reach =
        atomic_load(&topic->is_away) || now_ms - atomic_load(&topic->back_ms) < BACK_MS;
    /* Refused by us: nothing may wait for room that only closing gives. */
    bool is_refused = now_ms - atomic_load(&topic->refused_ms) < REFUSED_MS;
    return (is_behind || is_out_of_reach) && !is_refused;
}

static void passed(void *context, int32_t number)
{
    struct runtime *runtime = context;
    note_end(&runtime->topic.partitions[number], true);
}

static void reached(void *context, bool is_reached)
{
    struct topic *topic = &((struct runtime *)context)->topic;
    if (is_reached)
        atomic_store(&topic->back_ms, clock_monotonic_ms());
    atomic_store(&topic->is_away, !is_reached);
}

/* --- partitions that come and go --- */

/* Until it is durable in every shard and in the store; with a full disk, until the process ends. */
static enum status settle(struct runtime *runtime, enum notice_kind kind, uint32_t source,
                          uint64_t position)
{
    struct queue *answers = runtime->topic.answers;
    const struct notice *notice = mailbox_notify(runtime, &(struct notice){
                                                              .kind = kind,
                                                              .source = (uint16_t)source,
                                                              .position = position,
                                                              .answers = answers,
                                                          });
    while (!mailbox_has_returned(answers, notice)) {
        bool is_hopeless =
            atomic_load(&runtime->topic.is_ending) && atomic_load(&runtime->is_refusing);
        if (is_hopeless || failure_is_reported(runtime))
            return STATUS_FATAL;
        queue_wait(answers, -1);
    }
    return STATUS_OK;
}

static bool is_ours(const struct runtime *runtime, int32_t number, const struct group_offset *group)
{
    const struct topic *topic = &runtime->topic;
    const struct journaled_range *range =
        &runtime->journaled[topic->first_source + (uint32_t)number];
    if (topic->partitions[number].was_revoked || range->is_handed_over || range->to <= 1)
        return false;
    return group->offset < 0 ? range->known.offset >= 0
                             : bytes_equal_text(group->metadata, topic->metadata);
}

static enum status assign_elsewhere(struct runtime *runtime, int32_t number,
                                    const struct group_offset *group, struct topic_start *ret_start)
{
    struct topic *topic = &runtime->topic;
    struct partition *partition = &topic->partitions[number];
    uint32_t source = topic->first_source + (uint32_t)number;
    bool was_ever_read = partition->was_revoked || runtime->journaled[source].to > 1;
    uint64_t position = group->offset < 0 ? 1 : (uint64_t)group->offset + 1;
    partition->is_behind = false;
    partition->caught_up_at = 0;
    *ret_start = (struct topic_start){.offset = group->offset < 0 ? -1 : group->offset,
                                      .known.offset = -1,
                                      .is_offset_lost = was_ever_read && group->offset < 0};
    /* Somebody may have read on from there, and counted what its store holds alone. */
    partition->is_taken_over = was_ever_read || group->offset >= 0;
    partition->traces_read = 0;
    if (group->metadata.size > 0 && !bytes_equal_text(group->metadata, topic->metadata))
        log_warn("partition_taken_over", "partition=%d from_offset=%lld", number,
                 (long long)ret_start->offset);
    atomic_store_explicit(&runtime->next_positions[source], position, memory_order_release);
    return settle(runtime, NOTICE_ASSIGN, source, position);
}

static enum status assign(void *context, int32_t number, const struct group_offset *group,
                          struct topic_start *ret_start)
{
    struct runtime *runtime = context;
    struct topic *topic = &runtime->topic;
    assert(number >= 0 && (uint32_t)number < topic->count);
    topic->partitions[number].is_assigned = true;
    note_end(&topic->partitions[number], false);
    if (!is_ours(runtime, number, group))
        return assign_elsewhere(runtime, number, group, ret_start);
    const struct journaled_range *range =
        &runtime->journaled[topic->first_source + (uint32_t)number];
    *ret_start = (struct topic_start){.offset = (int64_t)range->from - 1,
                                      .known = range->known,
                                      .is_offset_lost = group->offset < 0};
    return STATUS_OK;
}

static void give_up(struct runtime *runtime, uint32_t number)
{
    struct partition *partition = &runtime->topic.partitions[number];
    uint32_t source = runtime->topic.first_source + number;
    partition->was_revoked = true;
    note_end(partition, true);
    partition->is_assigned = partition->is_behind = partition->is_taken_over = false;
    (void)settle(runtime, NOTICE_REVOKE, source, 0);
}

static void revoke(void *context, int32_t number)
{
    struct runtime *runtime = context;
    assert(number >= 0 && (uint32_t)number < runtime->topic.count);
    give_up(runtime, (uint32_t)number);
    check_caught_up(runtime);
}

/* What we had of partitions that others hold now is theirs. */
static void assigned(void *context)
{
    struct runtime *runtime = context;
    struct topic *topic = &runtime->topic;
    for (uint32_t i = 0; i < topic->count; i++) {
        const struct journaled_range *range = &runtime->journaled[topic->first_source + i];
        const struct partition *partition = &topic->partitions[i];
        if (!partition->is_assigned && !partition->was_revoked && !range->is_handed_over &&
            range->to > 1)
            give_up(runtime, i);
    }
    check_caught_up(runtime);
}

/* --- messages --- */

static void move_to(struct runtime *runtime, int32_t number, uint64_t next_position)
{
    struct partition *partition = &runtime->topic.partitions[number];
    uint32_t source = runtime->topic.first_source + (uint32_t)number;
    atomic_store_explicit(&runtime->next_positions[source], next_position, memory_order_release);
    note_end(partition, false); /* It is asked for its end next. */
    if (!partition->is_behind || next_position < partition->caught_up_at)
        return;
    partition->is_behind = false;
    check_caught_up(runtime);
}

/* Traces, counted wherever the id changes: at least as many as there are. */
static uint32_t count_traces(const struct request *request)
{
    const struct gated_request *gated = &request->gated;
    uint32_t count = gated->span_count > 0;
    for (uint32_t i = 1; i < gated->span_count; i++)
        count += memcmp(gated->spans[i].trace_id, gated->spans[i - 1].trace_id, TRACE_ID_SIZE) != 0;
    return count;
}

/* What was accepted before the restart is taken whatever is full: only when all of it is there do
 * deadlines pass again, and what fills memory and tables can leave. */
static bool has_room(void *context, size_t body_bytes)
{
    struct runtime *runtime = context;
    bool has_room = runtime->topic.is_waiting
                        ? request_pool_held_bytes(runtime->pool) <=
                              runtime->config->limits.memory_bytes / CATCH_UP_SHARE
                        : room_has_bytes(runtime, body_bytes) && !room_is_behind(runtime);
    if (!has_room)
        atomic_store(&runtime->topic.refused_ms, clock_monotonic_ms());
    return has_room;
}

/* New messages wait until every partition has caught up and that is settled: while deadlines stand
 * still they would only pile up, and what is in the queues then would count as lost. */
static bool may_come(struct runtime *runtime, struct partition *partition, uint64_t position)
{
    if (position < partition->caught_up_at)
        return true;
    if (partition->is_behind) { /* The last of what was read before is not there any more. */
        partition->is_behind = false;
        check_caught_up(runtime);
    }
    return atomic_load(&runtime->is_ready) && room_has_bytes(runtime, 0) &&
           !room_is_behind(runtime);
}

static enum status admit(void *context, int32_t number, int64_t offset, struct request *request)
{
    struct runtime *runtime = context;
    struct topic *topic = &runtime->topic;
    struct partition *partition = &topic->partitions[number];
    uint32_t source = topic->first_source + (uint32_t)number;
    uint64_t position = (uint64_t)offset + 1;
    assert(partition->is_assigned && !request->on_durable);
    if (!may_come(runtime, partition, position) || !room_has_queues(runtime, request)) {
        atomic_store(&topic->refused_ms, clock_monotonic_ms());
        return STATUS_BUSY;
    }
    if (position < atomic_load_explicit(&runtime->next_positions[source], memory_order_relaxed)) {
        request_release(request); /* Heard already. */
        return STATUS_OK;
    }
    request->source = (uint16_t)source;
    request->position = position;
    request->is_replayed = position < partition->caught_up_at;
    request->recounted = partition->is_taken_over ? count_traces(request) : 0;
    enum status status = mailbox_admit(runtime, request);
    if (status != STATUS_OK)
        return status;
    partition->traces_read += request->recounted;
    move_to(runtime, number, position + 1);
    request_release(request);
    return STATUS_OK;
}

static enum status skip(void *context, int32_t number, int64_t offset)
{
    struct runtime *runtime = context;
    uint32_t source = runtime->topic.first_source + (uint32_t)number;
    uint64_t next = (uint64_t)offset + 2;
    if (next > atomic_load_explicit(&runtime->next_positions[source], memory_order_relaxed))
        move_to(runtime, number, next);
    return STATUS_OK;
}

static bool was_read(void *context, int32_t number, int64_t offset)
{
    const struct runtime *runtime = context;
    return (uint64_t)offset + 1 < runtime->topic.partitions[number].caught_up_at;
}

static void at_end(void *context, int32_t number)
{
    struct runtime *runtime = context;
    struct partition *partition = &runtime->topic.partitions[number];
    note_end(partition, true);
    if (partition->is_taken_over) {
        partition->is_taken_over = false;
        if (partition->traces_read > 0)
            log_warn("takeover_complete", "partition=%d recounted_trajectories_at_most=%llu",
                     number, (unsigned long long)partition->traces_read);
    }
    if (!partition->is_behind)
        return;
    partition->is_behind = false;
    check_caught_up(runtime);
}

static int64_t commit_offset(void *context, int32_t number)
{
    const struct runtime *runtime = context;
    const struct topic *topic = &runtime->topic;
    uint32_t source = topic->first_source + (uint32_t)number;
    if (!topic->partitions[number].is_assigned)
        return -1;
    return (int64_t)atomic_load_explicit(&sources_needs(runtime->writer)[source],
                                         memory_order_relaxed) -
           1;
}

struct topic_intake topic_intake_of_source(struct runtime *runtime, uint32_t source)
{
    struct topic *topic = &runtime->topic;
    assert(topic->count > 0 && topic->first_source == source);
    return (struct topic_intake){
        .context = runtime,
        .pool = runtime->pool,
        .partitions_max = topic->count,
        .metadata = topic->metadata,
        .instance_id = topic->instance_id,
        .assign = assign,
        .revoke = revoke,
        .submit = admit,
        .skip = skip,
        .has_room = has_room,
        .was_read = was_read,
        .commit_offset = commit_offset,
        .assigned = assigned,
        .at_end = at_end,
        .passed = passed,
        .reached = reached,
    };
}

void topic_intake_open(struct runtime *runtime)
{
    struct topic *topic = &runtime->topic;
    for (uint32_t i = 0; i < runtime->source_count; i++) {
        if (runtime->source_kinds[i] != SOURCE_TOPIC)
            continue;
        if (topic->count == 0)
            topic->first_source = i;
        assert(topic->first_source + topic->count == i);
        atomic_store(&topic->partitions[topic->count].is_at_end, true);
        topic->count++;
    }
    char hex[2 * INSTANCE_UUID_SIZE];
    hex_encode(hex, store_instance(runtime->store)->uuid, INSTANCE_UUID_SIZE);
    (void)snprintf(topic->metadata, sizeof(topic->metadata), "flywheel:%.*s", (int)sizeof(hex),
                   hex);
    (void)snprintf(topic->instance_id, sizeof(topic->instance_id), "flywheel-%.*s",
                   (int)sizeof(hex), hex);
}
