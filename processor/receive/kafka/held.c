/* A message that the intake did not take waits here, at most one of each partition, and is given
 * again. An intake that is busy for a moment costs a few short waits; when it stays busy the
 * partition is paused, so that the others are read meanwhile.
 *
 *   arrived --BUSY--> held, tried every 5 ms --80 ms over--> paused, tried every 50 to 250 ms
 *                       '--OK--> read on                        '--OK--> resumed, read on */
#include "processor/receive/kafka/held.h"

#include "processor/base/clock.h"
#include "processor/receive/kafka/errors.h"
#include "processor/receive/kafka/message.h"

static void set_paused(struct kafka_receiver *receiver, struct partition *partition, bool is_paused)
{
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(one, receiver->topic,
                                            kafka_partition_number(receiver, partition));
    rd_kafka_resp_err_t error = is_paused ? rd_kafka_pause_partitions(receiver->consumer, one)
                                          : rd_kafka_resume_partitions(receiver->consumer, one);
    if (!error)
        error = one->elems[0].err;
    rd_kafka_topic_partition_list_destroy(one);
    if (error)
        kafka_note_error(receiver, error, is_paused ? "pause" : "resume");
    partition->is_paused = is_paused;
    if (is_paused)
        counter_add(&receiver->kafka.pauses, 1);
}

void kafka_hold(struct kafka_receiver *receiver, struct partition *partition,
                rd_kafka_message_t *message)
{
    int64_t now_ms = clock_monotonic_ms();
    partition->held = message;
    partition->held_since_ms = now_ms;
    partition->retry_ms = KAFKA_RETRY_FIRST_MS;
    partition->retry_at_ms = now_ms + KAFKA_GRACE_RETRY_MS;
    receiver->held++;
}

static void forget_held(struct kafka_receiver *receiver, struct partition *partition)
{
    partition->held = NULL;
    receiver->held--;
    if (partition->is_paused)
        set_paused(receiver, partition, false);
}

void kafka_drop_held(struct kafka_receiver *receiver, struct partition *partition)
{
    if (!partition->held)
        return;
    rd_kafka_message_destroy(partition->held);
    forget_held(receiver, partition);
}

static void retry(struct kafka_receiver *receiver, struct partition *partition, int64_t now_ms)
{
    if (kafka_hand_over(receiver, partition, partition->held)) {
        forget_held(receiver, partition);
        return;
    }
    if (!partition->is_paused && now_ms - partition->held_since_ms < KAFKA_GRACE_MS) {
        partition->retry_at_ms = now_ms + KAFKA_GRACE_RETRY_MS;
        return;
    }
    if (!partition->is_paused)
        set_paused(receiver, partition, true);
    partition->retry_at_ms = now_ms + partition->retry_ms;
    partition->retry_ms =
        partition->retry_ms * 2 < KAFKA_RETRY_MAX_MS ? partition->retry_ms * 2 : KAFKA_RETRY_MAX_MS;
}

int64_t kafka_retry_held(struct kafka_receiver *receiver, int64_t now_ms)
{
    int64_t wait_ms = KAFKA_POLL_MS;
    uint64_t paused = 0;
    for (uint32_t i = 0; receiver->held && i < receiver->intake->partitions_max; i++) {
        struct partition *partition = &receiver->partitions[i];
        if (!partition->held)
            continue;
        if (partition->retry_at_ms <= now_ms)
            retry(receiver, partition, now_ms);
        if (!partition->held)
            continue;
        paused += partition->is_paused;
        int64_t left_ms = partition->retry_at_ms - now_ms;
        wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
    }
    counter_set(&receiver->kafka.paused_partitions, paused);
    return wait_ms > 0 ? wait_ms : 1;
}

bool kafka_is_in_grace(const struct kafka_receiver *receiver)
{
    if (!receiver->held)
        return false;
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++)
        if (receiver->partitions[i].held && !receiver->partitions[i].is_paused)
            return true;
    return false;
}
