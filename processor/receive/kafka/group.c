/* What the group gives to us and takes away.
 *
 *   assign   offered -> offsets and metadata of the group -> intake->assign each -> read from there
 *            the group's answer may take long (no broker, transactions under way): the offer waits,
 *            polling goes on, and nothing is read. The first offer of a process waits once more when
 *            another volume has read before: a twin of ours needs a moment to see that it is fenced,
 *            and what it commits until then is not read again
 *   revoke   last commit -> intake->revoke each -> only then is the group told, and another member
 *            may begin
 *   lost     the group has given it away already: no commit, revoke each */
#include "processor/receive/kafka/group.h"

#include <assert.h>
#include <inttypes.h>

#include "processor/base/log.h"
#include "processor/receive/kafka/assignment.h"
#include "processor/receive/kafka/errors.h"
#include "processor/receive/kafka/held.h"
#include "processor/receive/kafka/identity.h"
#include "processor/receive/kafka/offset.h"
#include "processor/receive/kafka/properties.h"

static void forget_offered(struct kafka_receiver *receiver)
{
    if (receiver->offered)
        rd_kafka_topic_partition_list_destroy(receiver->offered);
    receiver->offered = NULL;
}

static void count_assigned(struct kafka_receiver *receiver)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++)
        count += receiver->partitions[i].is_ours;
    counter_set(&receiver->kafka.assigned_partitions, count);
}

/* Without those that can't be taken: nobody reads them, and that is said. */
static void offer(struct kafka_receiver *receiver, const rd_kafka_topic_partition_list_t *all)
{
    uint64_t unread = 0;
    forget_offered(receiver);
    receiver->offered = rd_kafka_topic_partition_list_new(all->cnt);
    for (int i = 0; i < all->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &all->elems[i];
        if (one->partition >= 0 && (uint32_t)one->partition < receiver->intake->partitions_max) {
            (void)rd_kafka_topic_partition_list_add(receiver->offered, one->topic, one->partition);
            continue;
        }
        unread++;
        if (!receiver->has_logged_unread)
            log_error("kafka_partition_not_read",
                      "topic=\"%s\" partition=%d max_partitions=%u "
                      "action=\"its messages stay unread; use fewer partitions\"",
                      receiver->topic, one->partition, receiver->intake->partitions_max);
        receiver->has_logged_unread = true;
    }
    counter_set(&receiver->kafka.unread_partitions, unread);
    receiver->offered_at_ms = 0;
    receiver->metadata_at_ms = 0; /* a changed number of partitions makes a rebalance, too */
}

/* The group's own offsets of `partitions`. */
static bool ask_offsets(struct kafka_receiver *receiver,
                        rd_kafka_topic_partition_list_t *partitions)
{
    if (partitions->cnt == 0)
        return true;
    rd_kafka_resp_err_t error = rd_kafka_committed(receiver->consumer, partitions, KAFKA_ASK_MS);
    for (int i = 0; !error && i < partitions->cnt; i++)
        error = partitions->elems[i].err;
    if (error)
        kafka_note_error(receiver, error, "committed offsets");
    return !error;
}

static struct group_offset group_offset_of(const rd_kafka_topic_partition_t *one)
{
    struct group_offset group = {.offset = one->offset >= 0 ? one->offset : -1};
    if (group.offset >= 0 && one->metadata_size > 0)
        group.metadata = bytes_of(one->metadata, one->metadata_size);
    return group;
}

static void note_lost_offset(struct kafka_receiver *receiver, int32_t number,
                             const struct topic_start *start)
{
    counter_add(&receiver->kafka.offset_resets, 1);
    log_warn(
        "kafka_group_offset_lost",
        "topic=\"%s\" partition=%d group_id=\"%s\" reason=\"the group has no offset of what was "
        "read: it was deleted or has expired\" action=\"%s\"",
        receiver->topic, number, receiver->group_id,
        start->known.offset >= 0
            ? "going on at our own mark if the topic is the same, else at the first message"
            : "reading from the first message");
}

static enum status take_one(struct kafka_receiver *receiver, rd_kafka_topic_partition_t *one)
{
    struct partition *partition = &receiver->partitions[one->partition];
    struct group_offset group = group_offset_of(one);
    struct topic_start start = {.offset = -1, .known.offset = -1};
    enum status status =
        receiver->intake->assign(receiver->intake->context, one->partition, &group, &start);
    if (status != STATUS_OK)
        return status;
    assert(!partition->is_ours && !partition->held);
    struct known_message last = partition->last;
    if (start.known.offset < 0 && last.offset >= 0 && last.offset + 1 == start.offset)
        start.known = last;
    *partition = (struct partition){.is_ours = true,
                                    .next_offset = start.offset,
                                    .to_commit = -1,
                                    .asked = -1,
                                    .confirmed = -1,
                                    .known = start.known,
                                    .last.offset = -1,
                                    .is_unproven = start.is_offset_lost};
    log_info("kafka_partition_assigned",
             "topic=\"%s\" partition=%d from=%" PRId64 " group_offset=%" PRId64, receiver->topic,
             one->partition, start.offset, group.offset);
    if (start.is_offset_lost)
        note_lost_offset(receiver, one->partition, &start);
    int64_t from = kafka_read_from(partition);
    one->offset = from >= 0 ? from : RD_KAFKA_OFFSET_BEGINNING;
    return STATUS_OK;
}

static bool is_foreign(const struct kafka_receiver *receiver, const rd_kafka_topic_partition_t *one)
{
    struct group_offset group = group_offset_of(one);
    const char *own = receiver->intake->metadata;
    return group.metadata.size > 0 && !(own && bytes_equal_text(group.metadata, own));
}

/* As long as a member that has our instance id, too, may take to learn that it has lost it. */
static bool has_to_yield(struct kafka_receiver *receiver, int64_t now_ms)
{
    bool is_any = false;
    for (int i = 0; i < receiver->offered->cnt; i++)
        is_any |= is_foreign(receiver, &receiver->offered->elems[i]);
    if (receiver->has_yielded || !is_any || !receiver->instance_id)
        return false;
    receiver->has_yielded = true;
    receiver->offered_at_ms =
        now_ms + 2 * kafka_property_ms(receiver->conf, "heartbeat.interval.ms");
    return true;
}

void kafka_take_offered(struct kafka_receiver *receiver, int64_t now_ms)
{
    if (!receiver->offered || now_ms < receiver->offered_at_ms || receiver->is_ended)
        return;
    rd_kafka_topic_partition_list_t *taken = receiver->offered;
    if (!ask_offsets(receiver, taken)) {
        receiver->offered_at_ms = now_ms + KAFKA_ASK_AGAIN_MS;
        return;
    }
    kafka_is_back(receiver);
    receiver->group_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (has_to_yield(receiver, now_ms))
        return;
    receiver->offered = NULL;
    for (int i = 0; i < taken->cnt && !receiver->is_ended; i++)
        if (take_one(receiver, &taken->elems[i]) != STATUS_OK)
            receiver->is_ended = true;
    if (!receiver->is_ended) {
        kafka_tell_assigned(receiver, taken, true);
        receiver->intake->assigned(receiver->intake->context);
        receiver->is_assigned = receiver->has_yielded = true;
        /* Said at once whose they are: whoever reads on after us then knows that we did. */
        receiver->commit_at_ms = now_ms;
    }
    rd_kafka_topic_partition_list_destroy(taken);
    count_assigned(receiver);
}

static void give_up_one(struct kafka_receiver *receiver, struct partition *partition)
{
    int32_t number = kafka_partition_number(receiver, partition);
    kafka_drop_held(receiver, partition);
    if (partition->needs_reset)
        receiver->resets--;
    /* At the end of the process what is open stays in the store: we may be the next to read it. */
    if (!atomic_load(&receiver->is_stopping))
        receiver->intake->revoke(receiver->intake->context, number);
    partition->is_ours = false;
    log_info("kafka_partition_revoked",
             "topic=\"%s\" partition=%d next=%" PRId64 " committed=%" PRId64, receiver->topic,
             number, partition->next_offset, partition->confirmed);
}

/* Returns those of `partitions` that were ours; the caller's to destroy. */
static rd_kafka_topic_partition_list_t *give_up(struct kafka_receiver *receiver,
                                                const rd_kafka_topic_partition_list_t *partitions,
                                                bool commits)
{
    rd_kafka_topic_partition_list_t *ours = rd_kafka_topic_partition_list_new(partitions->cnt);
    for (int i = 0; i < partitions->cnt; i++)
        if (kafka_partition_of(receiver, partitions->elems[i].partition))
            (void)rd_kafka_topic_partition_list_add(ours, receiver->topic,
                                                    partitions->elems[i].partition);
    if (commits && ours->cnt)
        kafka_commit_last(receiver, ours);
    for (int i = 0; i < ours->cnt; i++)
        give_up_one(receiver, &receiver->partitions[ours->elems[i].partition]);
    count_assigned(receiver);
    return ours;
}

void kafka_give_up_all(struct kafka_receiver *receiver, bool commits)
{
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(8);
    forget_offered(receiver);
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++)
        if (receiver->partitions[i].is_ours)
            (void)rd_kafka_topic_partition_list_add(all, receiver->topic, (int32_t)i);
    rd_kafka_topic_partition_list_destroy(give_up(receiver, all, commits));
    rd_kafka_topic_partition_list_destroy(all);
}

/* What was offered and is taken away before it could be read. */
static void withdraw(struct kafka_receiver *receiver,
                     const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; receiver->offered && i < partitions->cnt; i++)
        (void)rd_kafka_topic_partition_list_del(receiver->offered, partitions->elems[i].topic,
                                                partitions->elems[i].partition);
    if (!kafka_is_cooperative(receiver) || (receiver->offered && receiver->offered->cnt == 0))
        forget_offered(receiver);
}

void kafka_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t error,
                     rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka_receiver *receiver = opaque;
    counter_add(&receiver->kafka.rebalances, 1);
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        kafka_is_back(receiver);
        offer(receiver, partitions); /* told when its offsets are known */
        return;
    }
    bool is_lost = rd_kafka_assignment_lost(consumer) != 0;
    if (is_lost)
        receiver->is_assigned = false;
    if (error != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
        kafka_note_error(receiver, error, "rebalance");
    withdraw(receiver, partitions);
    rd_kafka_topic_partition_list_t *ours =
        give_up(receiver, partitions,
                !is_lost && !receiver->is_away && error == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS);
    if (!kafka_is_cooperative(receiver))
        kafka_forget_commits(receiver);
    kafka_tell_assigned(receiver, ours, false);
    rd_kafka_topic_partition_list_destroy(ours);
}
