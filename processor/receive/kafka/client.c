/* A commit that no broker answers holds librdkafka's consumer for up to a session timeout, and a question
 * that a broker can't answer holds its client for ever (2.0.2). The program must not wait for either: a
 * thread of its own does, which touches nothing of ours. */
#include "processor/receive/kafka/client.h"

#include <pthread.h>

void kafka_client_destroy(rd_kafka_t *client)
{
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void *destroy(void *client)
{
    kafka_client_destroy(client);
    return NULL;
}

void kafka_client_abandon(rd_kafka_t *client)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, destroy, client) == 0)
        (void)pthread_detach(thread);
    else
        kafka_client_destroy(client);
}
