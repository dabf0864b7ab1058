/* Before 2.6.1 librdkafka sends the nonce of SCRAM twice over, which brokers took until Kafka 4.0 and
 * refuse as a wrong password since. */
#include "processor/net/brokers.h"

#include <openssl/x509.h>
#include <string.h>

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
