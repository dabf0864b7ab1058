/* Before 2.6.1 librdkafka sends the nonce of SCRAM twice over, which brokers took until Kafka 4.0
 * and refuse as a wrong password since. */
#include "processor/net/brokers.h"

#include <errno.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "processor/base/memory.h"
#include "processor/base/thread.h"

enum { SCRAM_SINCE = 0x020601ff };

const char *brokers_certificate_text(int x509_error)
{
    return X509_verify_cert_error_string(x509_error);
}

const char *brokers_hint(const rd_kafka_conf_t *conf)
{
    char mechanism[32];
    size_t size = sizeof mechanism;
    bool is_scram =
        rd_kafka_conf_get(conf, "sasl.mechanism", mechanism, &size) == RD_KAFKA_CONF_OK &&
        strncmp(mechanism, "SCRAM", 5) == 0;
    return is_scram && rd_kafka_version() < SCRAM_SINCE
               ? "Kafka 4.0 and later refuse SCRAM of librdkafka before 2.6.1: use PLAIN over TLS, "
                 "or a "
                 "client certificate; else "
               : "";
}

/* The end of a client, of the thread that waits for it and the one that makes it; the later of the
 * two frees it. */
struct ending {
    rd_kafka_t *client;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over, is_left;
};

static void ending_free(struct ending *ending)
{
    (void)pthread_cond_destroy(&ending->changed);
    (void)pthread_mutex_destroy(&ending->lock);
    free(ending);
}

static void *destroy(void *argument)
{
    struct ending *ending = argument;
    rd_kafka_destroy_flags(ending->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    (void)pthread_mutex_lock(&ending->lock);
    ending->is_over = true;
    bool is_left = ending->is_left;
    (void)pthread_cond_signal(&ending->changed);
    (void)pthread_mutex_unlock(&ending->lock);
    if (is_left)
        ending_free(ending);
    return NULL;
}

static struct ending *ending_of(rd_kafka_t *client)
{
    struct ending *ending = memory_need(calloc(1, sizeof *ending));
    pthread_condattr_t monotonic;
    ending->client = client;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&ending->lock, NULL);
    (void)pthread_cond_init(&ending->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return ending;
}

/* False when the client had not ended by then: its thread is left to itself. */
static bool wait_for_end(struct ending *ending, int64_t wait_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += wait_ms % 1000 * 1000000;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&ending->lock);
    while (!ending->is_over &&
           pthread_cond_timedwait(&ending->changed, &ending->lock, &until) != ETIMEDOUT)
        ;
    bool is_over = ending->is_over;
    ending->is_left = !is_over;
    (void)pthread_mutex_unlock(&ending->lock);
    return is_over;
}

bool brokers_destroy(rd_kafka_t *client, int64_t wait_ms)
{
    struct ending *ending = ending_of(client);
    pthread_t thread;
    if (pthread_create(&thread, NULL, destroy, ending) != 0) {
        (void)destroy(ending);
        ending_free(ending);
        return true;
    }
    thread_name(thread, "kafka-end");
    if (!wait_for_end(ending, wait_ms)) {
        (void)pthread_detach(thread);
        return false;
    }
    (void)pthread_join(thread, NULL);
    ending_free(ending);
    return true;
}
