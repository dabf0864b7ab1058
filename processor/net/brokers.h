/* Why brokers are not reached, in words that help; for receivers and exporters alike. */
#pragma once
#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* What is wrong with a certificate; lives for ever. librdkafka's own line says only that something is:
 * the number comes to its rd_kafka_conf_set_ssl_cert_verify_cb. */
const char *brokers_certificate_text(int x509_error);
/* What to say before a failed authentication when it may be due to the library, whatever the password;
 * else "". */
const char *brokers_hint(const rd_kafka_conf_t *conf);
