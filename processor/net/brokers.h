/* Clients of brokers, receivers and exporters alike: why brokers are not reached, in words that
 * help, and how a client ends. */
#pragma once
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

/* What is wrong with a certificate; lives for ever. librdkafka's own line says only that something
 * is: the number comes to its rd_kafka_conf_set_ssl_cert_verify_cb. */
const char *brokers_certificate_text(int x509_error);
/* What to say before a failed authentication when it may be due to the library, whatever
 * the password; else "". */
const char *brokers_hint(const rd_kafka_conf_t *conf);
/* Destroys it, without a word to a group. False: it has not ended within `wait_ms` and ends by
 * itself, or never: a commit that no broker answers holds librdkafka for up to a session timeout,
 * and 2.0.2 for ever after a topic was made anew. What its callbacks are given must then stay. */
bool brokers_destroy(rd_kafka_t *client, int64_t wait_ms);
