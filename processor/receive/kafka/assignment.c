/* What librdkafka is told to read: the whole assignment or, with a cooperative protocol, a change
 * of it. group.c decides what that is. */
#include "processor/receive/kafka/assignment.h"

#include "processor/receive/kafka/errors.h"
#include "processor/receive/kafka/held.h"
#include "processor/receive/kafka/identity.h"

bool kafka_is_cooperative(const struct kafka_receiver *receiver)
{
    const char *protocol = rd_kafka_rebalance_protocol(receiver->consumer);
    return protocol && strcmp(protocol, "COOPERATIVE") == 0;
}

void kafka_tell_assigned(struct kafka_receiver *receiver,
                         const rd_kafka_topic_partition_list_t *partitions, bool is_assign)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (kafka_is_cooperative(receiver)) {
        rd_kafka_error_t *error =
            is_assign ? rd_kafka_incremental_assign(receiver->consumer, partitions)
                      : rd_kafka_incremental_unassign(receiver->consumer, partitions);
        if (error) {
            code = rd_kafka_error_code(error);
            rd_kafka_error_destroy(error);
        }
    } else {
        code = rd_kafka_assign(receiver->consumer, is_assign ? partitions : NULL);
    }
    if (code)
        kafka_note_error(receiver, code, is_assign ? "assign" : "unassign");
}

bool kafka_subscribe(struct kafka_receiver *receiver)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(topics, receiver->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(receiver->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (error)
        kafka_note_error(receiver, error, "subscribe");
    return !error;
}

/* A partition that librdkafka has stopped can't be sought; only an assignment starts it. The others
 * go on where they are: what they have fetched ahead is fetched again. */
void kafka_read_again(struct kafka_receiver *receiver)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++) {
        struct partition *partition = &receiver->partitions[i];
        if (!partition->is_ours || partition->needs_reset)
            continue;
        kafka_drop_held(receiver, partition);
        int64_t from = kafka_read_from(partition);
        rd_kafka_topic_partition_list_add(list, receiver->topic, (int32_t)i)->offset =
            from >= 0 ? from : RD_KAFKA_OFFSET_BEGINNING;
    }
    if (kafka_is_cooperative(receiver))
        kafka_tell_assigned(receiver, list, false);
    kafka_tell_assigned(receiver, list, true);
    rd_kafka_topic_partition_list_destroy(list);
}
