/* Offsets that go to the group and come from the topic.
 *
 * Commit: only what the intake names, about once a second, never backwards within an assignment.
 *   confirmed <= asked <= to_commit; a commit that fails takes `asked` back, and the next one asks
 *   again. Results come to a queue of the assignment, so none of an earlier one is taken for ours.
 *
 * Reset: the offset to read is not there. Below the first one: messages have expired unread,
 * reading goes on at the first. Above the last one, or of another topic (identity.c): the topic was
 * made anew; for the intake that is another partition, so it is revoked and assigned again. */
#include "processor/receive/kafka/offset.h"

#include <inttypes.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/receive/kafka/assignment.h"
#include "processor/receive/kafka/errors.h"
#include "processor/receive/kafka/held.h"

static struct partition *partition_in(struct kafka_receiver *receiver,
                                      const rd_kafka_topic_partition_list_t *list, int i)
{
    return kafka_partition_of(receiver, list->elems[i].partition);
}

static void add_to(struct kafka_receiver *receiver, struct partition *partition,
                   rd_kafka_topic_partition_list_t *list)
{
    int32_t number = kafka_partition_number(receiver, partition);
    int64_t offset = receiver->intake->commit_offset(receiver->intake->context, number);
    if (offset > partition->to_commit)
        partition->to_commit = offset;
    if (partition->to_commit <= partition->asked)
        return;
    rd_kafka_topic_partition_t *one =
        rd_kafka_topic_partition_list_add(list, receiver->topic, number);
    one->offset = partition->to_commit;
    const char *metadata = receiver->intake->metadata;
    one->metadata = metadata ? strdup(metadata) : NULL; /* freed with the list */
    one->metadata_size = one->metadata ? strlen(metadata) : 0;
    partition->asked = partition->to_commit;
}

static void ask_again(struct kafka_receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++)
        receiver->partitions[i].asked = receiver->partitions[i].confirmed;
}

static void start_commit(struct kafka_receiver *receiver,
                         const rd_kafka_topic_partition_list_t *list)
{
    if (!receiver->commits)
        receiver->commits = rd_kafka_queue_new(receiver->consumer);
    rd_kafka_resp_err_t error =
        rd_kafka_commit_queue(receiver->consumer, list, receiver->commits, NULL, NULL);
    receiver->is_committing = !error;
    if (!error)
        return;
    counter_add(&receiver->kafka.commit_failures, 1);
    kafka_note_error(receiver, error, "commit");
    ask_again(receiver);
}

static void commit_ended(struct kafka_receiver *receiver, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    receiver->is_committing = false;
    for (int i = 0; list && i < list->cnt; i++) {
        struct partition *partition = partition_in(receiver, list, i);
        if (!partition)
            continue;
        rd_kafka_resp_err_t failed = error ? error : list->elems[i].err;
        if (!failed && list->elems[i].offset > partition->confirmed)
            partition->confirmed = list->elems[i].offset;
        error = failed;
    }
    if (error) {
        counter_add(&receiver->kafka.commit_failures, 1);
        kafka_note_error(receiver, error, "commit");
        ask_again(receiver);
        return;
    }
    counter_add(&receiver->kafka.commits, 1);
    kafka_is_back(receiver);
}

static void poll_commits(struct kafka_receiver *receiver, int timeout_ms)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(receiver->commits, timeout_ms);
    if (!event)
        return;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT)
        commit_ended(receiver, event);
    rd_kafka_event_destroy(event);
}

static void measure_lag(struct kafka_receiver *receiver)
{
    uint64_t lag = 0;
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++) {
        const struct partition *partition = &receiver->partitions[i];
        int64_t low = -1, high = -1;
        if (partition->is_ours && partition->next_offset >= 0 &&
            rd_kafka_get_watermark_offsets(receiver->consumer, receiver->topic, (int32_t)i, &low,
                                           &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > partition->next_offset)
            lag += (uint64_t)(high - partition->next_offset);
    }
    counter_set(&receiver->kafka.lag, lag);
}

void kafka_commit(struct kafka_receiver *receiver, int64_t now_ms)
{
    if (receiver->is_committing)
        poll_commits(receiver, 0);
    if (now_ms < receiver->commit_at_ms)
        return;
    receiver->commit_at_ms = now_ms + receiver->config.commit_interval_ms;
    measure_lag(receiver);
    if (receiver->is_committing || receiver->is_away)
        return; /* one at a time, so that they stay in order */
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++)
        if (receiver->partitions[i].is_ours)
            add_to(receiver, &receiver->partitions[i], list);
    if (list->cnt)
        start_commit(receiver, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_commit_last(struct kafka_receiver *receiver,
                       const rd_kafka_topic_partition_list_t *partitions)
{
    int64_t left_ms = KAFKA_LAST_COMMIT_MS;
    int64_t until_ms = clock_monotonic_ms() + left_ms;
    for (; receiver->is_committing && left_ms > 0; left_ms = until_ms - clock_monotonic_ms())
        poll_commits(receiver, (int)left_ms);
    if (receiver->is_committing)
        return; /* no answer: the group keeps an older offset, which only costs reading again */
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions->cnt);
    for (int i = 0; i < partitions->cnt; i++)
        add_to(receiver, &receiver->partitions[partitions->elems[i].partition], list);
    if (list->cnt)
        start_commit(receiver, list);
    for (; receiver->is_committing && left_ms > 0; left_ms = until_ms - clock_monotonic_ms())
        poll_commits(receiver, (int)left_ms);
    if (receiver->is_committing)
        log_warn("kafka_last_commit_unanswered", "topic=\"%s\" partitions=%d", receiver->topic,
                 list->cnt);
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_forget_commits(struct kafka_receiver *receiver)
{
    if (receiver->commits)
        rd_kafka_queue_destroy(receiver->commits);
    receiver->commits = NULL;
    receiver->is_committing = false;
}

void kafka_needs_reset(struct kafka_receiver *receiver, struct partition *partition)
{
    if (partition->needs_reset)
        return;
    partition->needs_reset = true;
    partition->retry_at_ms = 0;
    receiver->resets++;
    kafka_drop_held(receiver, partition);
}

/* It is another topic of the same name. */
static bool begin_anew(struct kafka_receiver *receiver, int32_t number, int64_t low,
                       int64_t *ret_from)
{
    const struct topic_intake *intake = receiver->intake;
    struct group_offset first = {.offset = low};
    struct topic_start start;
    intake->revoke(intake->context, number);
    if (intake->assign(intake->context, number, &first, &start) != STATUS_OK) {
        receiver->partitions[number].is_ours = false;
        receiver->is_ended = true;
        return false;
    }
    *ret_from = start.offset > low ? start.offset : low;
    return true;
}

/* The offset was not there, and now it is: the topic may have been made anew
 * and filled meanwhile. */
static void prove_again(struct partition *partition)
{
    if (partition->known.offset < 0)
        partition->known = partition->last;
    partition->is_unproven = partition->known.offset >= 0;
}

static rd_kafka_resp_err_t reset(struct kafka_receiver *receiver, struct partition *partition)
{
    int32_t number = kafka_partition_number(receiver, partition);
    int64_t low = 0, high = 0, missed = partition->next_offset;
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        receiver->consumer, receiver->topic, number, &low, &high, KAFKA_ASK_MS);
    if (error)
        return error;
    bool is_other = partition->is_other || missed > high;
    int64_t from = !is_other && missed > low ? missed : low;
    if (is_other) {
        log_error("kafka_offset_reset",
                  "topic=\"%s\" partition=%d offset=%" PRId64 " end=%" PRId64 " from=%" PRId64
                  " reason=\"%s: made anew or truncated\"",
                  receiver->topic, number, missed, high, low,
                  missed > high ? "the topic is shorter than what was read"
                                : "what was read last is not in the topic");
        if (!begin_anew(receiver, number, low, &from))
            return RD_KAFKA_RESP_ERR_NO_ERROR;
    } else if (missed >= 0 && missed < low) {
        log_error("kafka_offset_reset",
                  "topic=\"%s\" partition=%d offset=%" PRId64 " first=%" PRId64
                  " messages_lost=%" PRId64 " reason=\"messages expired before they were read\"",
                  receiver->topic, number, missed, low, low - missed);
    }
    counter_add(&receiver->kafka.offset_resets, is_other || missed < low);
    partition->is_other = partition->is_unproven = false;
    if (is_other || missed < low)
        partition->last.offset = partition->known.offset = -1;
    else
        prove_again(partition);
    partition->known_end = 0;
    partition->next_offset = from;
    partition->to_commit = partition->asked = partition->confirmed = -1;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_reset_offsets(struct kafka_receiver *receiver, int64_t now_ms)
{
    bool is_any = false;
    for (uint32_t i = 0; receiver->resets && i < receiver->intake->partitions_max; i++) {
        struct partition *partition = &receiver->partitions[i];
        if (!partition->is_ours || !partition->needs_reset || partition->retry_at_ms > now_ms)
            continue;
        rd_kafka_resp_err_t error = reset(receiver, partition);
        partition->retry_at_ms = now_ms + KAFKA_ASK_AGAIN_MS;
        if (error) {
            kafka_note_error(receiver, error, "offset reset");
            break; /* the next one at the next turn: each may take a while */
        }
        partition->needs_reset = false;
        receiver->resets--;
        is_any = true;
    }
    if (is_any)
        kafka_read_again(receiver);
}

/* A run keyed to one partition moves to another when their number changes: its spans are split. */
static void partitions_counted(struct kafka_receiver *receiver, int32_t count)
{
    if (receiver->partition_count && receiver->partition_count != count) {
        counter_add(&receiver->kafka.count_changes, 1);
        log_warn("kafka_partition_count_changed",
                 "topic=\"%s\" before=%d after=%d max_partitions=%u "
                 "effect=\"runs open at the change may be split over two partitions\"",
                 receiver->topic, receiver->partition_count, count,
                 receiver->intake->partitions_max);
    }
    receiver->partition_count = count;
    counter_set(&receiver->kafka.topic_partitions, (uint64_t)count);
}

/* A topic that is there at last is asked for again: librdkafka would look for it once a minute. */
static void topic_seen(struct kafka_receiver *receiver, const struct rd_kafka_metadata *metadata)
{
    if (metadata->topic_cnt != 1)
        return;
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    bool is_there = !topic->err && topic->partition_cnt > 0;
    if (is_there)
        partitions_counted(receiver, topic->partition_cnt);
    else if (topic->err)
        kafka_note_error(receiver, topic->err, rd_kafka_err2str(topic->err));
    if (!is_there || !receiver->topic_error)
        return;
    receiver->topic_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    log_info("kafka_topic_there", "topic=\"%s\" partitions=%d", receiver->topic,
             topic->partition_cnt);
    if (!receiver->is_assigned)
        (void)kafka_subscribe(receiver);
}

void kafka_count_partitions(struct kafka_receiver *receiver, int64_t now_ms)
{
    if (now_ms < receiver->metadata_at_ms)
        return;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(receiver->consumer, receiver->topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    atomic_store(&receiver->is_counting, true); /* this look at the topic is ours */
    rd_kafka_resp_err_t error = topic ? rd_kafka_metadata(receiver->consumer, 0, topic, &metadata,
                                                          (int)receiver->metadata_wait_ms)
                                      : rd_kafka_last_error();
    atomic_store(&receiver->is_counting, false);
    if (!error) {
        kafka_is_back(receiver);
        topic_seen(receiver, metadata);
        rd_kafka_metadata_destroy(metadata);
    }
    if (topic)
        rd_kafka_topic_destroy(topic);
    /* A slow broker is given more time with the next attempt. */
    receiver->metadata_at_ms =
        now_ms + (receiver->topic_error ? 2 * KAFKA_ASK_MS
                  : !error              ? receiver->config.metadata_interval_ms
                  : receiver->is_away || !receiver->partition_count ? 2 * KAFKA_ASK_MS
                                                                    : KAFKA_RESTART_MAX_MS / 3);
    receiver->metadata_wait_ms = error ? KAFKA_ASK_MS : KAFKA_POLL_MS;
}
