/* While a topic is read it is in doubt whenever librdkafka asks for metadata unbidden: that is what
 * it does when a broker says that a partition is not there, and nothing of the topic's successor is
 * fetched before. Then everything is read again from the last message that was handed over, which
 * has to be there (identity.c). Once a minute it asks without a reason; that costs one message a
 * partition, and what was fetched ahead. A topic that is deleted, made anew and filled past the
 * position, all while one fetch waits at the broker, shows nothing of it. */
#include "processor/receive/kafka/doubt.h"

#include "processor/receive/kafka/assignment.h"

enum { API_METADATA = 3 };

/* A thread of librdkafka. */
static rd_kafka_resp_err_t on_request(rd_kafka_t *client, int socket, const char *broker,
                                      int32_t broker_id, int16_t api, int16_t version,
                                      int32_t correlation, size_t size, void *context)
{
    struct kafka_receiver *receiver = context;
    (void)client, (void)socket, (void)broker, (void)broker_id, (void)version;
    (void)correlation, (void)size;
    if (api == API_METADATA && !atomic_exchange(&receiver->is_counting, false))
        atomic_store(&receiver->is_doubted, true);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *context,
                                  char *text, size_t size)
{
    (void)conf, (void)text, (void)size;
    return rd_kafka_interceptor_add_on_request_sent(client, "doubt", on_request, context);
}

void kafka_watch_doubts(struct kafka_receiver *receiver, rd_kafka_conf_t *conf)
{
    (void)rd_kafka_conf_interceptor_add_on_new(conf, "doubt", on_new, receiver);
}

bool kafka_is_doubted(struct kafka_receiver *receiver)
{
    if (!atomic_load(&receiver->is_doubted))
        return false;
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++)
        if (receiver->partitions[i].is_ours && receiver->partitions[i].last.offset >= 0)
            return true;
    atomic_store(&receiver->is_doubted, false); /* nothing was read that could be another's */
    return false;
}

bool kafka_settle_doubt(struct kafka_receiver *receiver, int64_t now_ms)
{
    if (!kafka_is_doubted(receiver))
        return true;
    if (now_ms < receiver->doubt_at_ms)
        return false;
    receiver->doubt_at_ms = now_ms + KAFKA_DOUBT_AGAIN_MS;
    atomic_store(&receiver->is_doubted, false); /* one that is raised from now on comes again */
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++) {
        struct partition *partition = &receiver->partitions[i];
        if (partition->is_ours && partition->known.offset < 0)
            partition->known = partition->last;
    }
    kafka_read_again(receiver);
    return true;
}
