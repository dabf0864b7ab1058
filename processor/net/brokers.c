/* Before 2.6.1 librdkafka sends the nonce of SCRAM twice over, which brokers took until Kafka 4.0 and
 * refuse as a wrong password since. */
#include "processor/net/brokers.h"

#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

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

static void *destroy(void *client)
{
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

bool brokers_destroy(rd_kafka_t *client, int64_t wait_ms)
{
    pthread_t thread;
    struct timespec until;
    if (pthread_create(&thread, NULL, destroy, client) != 0) {
        (void)destroy(client);
        return true;
    }
    thread_name(thread, "kafka-end");
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += wait_ms % 1000 * 1000000;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0)
        return true;
    (void)pthread_detach(thread);
    return false;
}
