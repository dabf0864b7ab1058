/* One sentence says why nothing is read, for /readyz; the first that holds:
 *
 *   fenced > no broker > topic missing or denied > group denied > not assigned yet > reading denied
 *
 * It holds what librdkafka says of the network and of TLS and SASL, and never a secret. */
#include "processor/receive/kafka/readiness.h"

#include <stdio.h>

static bool is_any_denied(const struct kafka_receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->intake->partitions_max; i++)
        if (receiver->partitions[i].is_ours && receiver->partitions[i].is_denied)
            return true;
    return false;
}

static void say(const struct kafka_receiver *receiver, char *to)
{
    enum { SIZE = KAFKA_REASON_SIZE };
    const char *topic = receiver->topic, *group = receiver->group_id;
    bool has_cause = receiver->cause[0] != 0;
    to[0] = 0;
    if (receiver->is_fenced)
        (void)snprintf(to, SIZE,
                       "another member of group %s has our group_instance_id %s; staying out until "
                       "it is free",
                       group, receiver->instance_id ? receiver->instance_id : "");
    else if (receiver->is_away || (has_cause && !receiver->is_assigned))
        (void)snprintf(to, SIZE, "no broker answers: %s",
                       has_cause ? receiver->cause : "all are down");
    else if (receiver->topic_error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        (void)snprintf(to, SIZE, "there is no topic %s", topic);
    else if (receiver->topic_error || is_any_denied(receiver))
        (void)snprintf(to, SIZE, "the broker denies topic %s to us", topic);
    else if (receiver->group_error)
        (void)snprintf(to, SIZE, "the broker denies group %s to us", group);
    else if (!receiver->is_assigned)
        (void)snprintf(to, SIZE, "waiting for partitions of topic %s from group %s", topic, group);
}

void kafka_tell(struct kafka_receiver *receiver)
{
    char text[KAFKA_REASON_SIZE];
    say(receiver, text);
    counter_set(&receiver->kafka.up, text[0] == 0);
    if (strcmp(text, receiver->told) == 0) /* nobody else writes it */
        return;
    pthread_mutex_lock(&receiver->told_lock);
    memcpy(receiver->told, text, sizeof receiver->told);
    pthread_mutex_unlock(&receiver->told_lock);
}

bool kafka_told(struct kafka_receiver *receiver, struct buffer *to)
{
    pthread_mutex_lock(&receiver->told_lock);
    bool is_told = receiver->told[0] != 0;
    buffer_append_text(to, receiver->told);
    pthread_mutex_unlock(&receiver->told_lock);
    return is_told;
}
