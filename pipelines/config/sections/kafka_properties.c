/* The properties of librdkafka whose values are sizes, times, names and paths. Left out are those
 * of secrets, of free text that may hold one (sasl.oauthbearer.config, sasl.kerberos.kinit.cmd,
 * URLs), and those that no release had when this was written. */
#include "pipelines/config/sections/kafka_properties.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* In order, for the search. */
static const char *const plain[] = {
    "acks", "allow.auto.create.topics", "api.version.fallback.ms", "api.version.request",
    "api.version.request.timeout.ms", "auto.commit.enable", "auto.commit.interval.ms",
    "auto.offset.reset", "batch.num.messages", "batch.size", "bootstrap.servers",
    "broker.address.family", "broker.address.ttl", "broker.version.fallback", "check.crcs",
    "client.dns.lookup", "client.id", "client.rack", "compression.codec", "compression.level",
    "compression.type", "connections.max.idle.ms", "consume.callback.max.messages",
    "coordinator.query.interval.ms", "debug", "delivery.timeout.ms", "enable.auto.commit",
    "enable.auto.offset.store", "enable.gapless.guarantee", "enable.idempotence",
    "enable.partition.eof", "enable.random.seed", "enable.sasl.oauthbearer.unsecure.jwt",
    "enable.ssl.certificate.verification", "fetch.error.backoff.ms", "fetch.max.bytes",
    "fetch.message.max.bytes", "fetch.min.bytes", "fetch.wait.max.ms", "group.id",
    "group.instance.id", "group.protocol.type", "heartbeat.interval.ms",
    "internal.termination.signal", "isolation.level", "linger.ms", "log.connection.close",
    "log.queue", "log.thread.name", "log_level", "max.in.flight",
    "max.in.flight.requests.per.connection", "max.partition.fetch.bytes", "max.poll.interval.ms",
    "message.copy.max.bytes", "message.max.bytes", "message.send.max.retries", "message.timeout.ms",
    "metadata.broker.list", "metadata.max.age.ms", "partition.assignment.strategy", "partitioner",
    "plugin.library.paths", "queue.buffering.backpressure.threshold", "queue.buffering.max.kbytes",
    "queue.buffering.max.messages", "queue.buffering.max.ms", "queued.max.messages.kbytes",
    "queued.min.messages", "receive.message.max.bytes", "reconnect.backoff.jitter.ms",
    "reconnect.backoff.max.ms", "reconnect.backoff.ms", "request.required.acks",
    "request.timeout.ms", "retries", "retry.backoff.ms", "sasl.kerberos.keytab",
    "sasl.kerberos.min.time.before.relogin", "sasl.kerberos.principal",
    "sasl.kerberos.service.name", "sasl.mechanism", "sasl.mechanisms", "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.method", "sasl.oauthbearer.scope", "sasl.username", "security.protocol",
    "session.timeout.ms", "socket.blocking.max.ms", "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable", "socket.max.fails", "socket.nagle.disable",
    "socket.receive.buffer.bytes", "socket.send.buffer.bytes", "socket.timeout.ms",
    "ssl.ca.certificate.stores", "ssl.ca.location", "ssl.certificate.location", "ssl.cipher.suites",
    "ssl.crl.location", "ssl.curves.list", "ssl.endpoint.identification.algorithm", "ssl.engine.id",
    "ssl.engine.location", "ssl.key.location", "ssl.keystore.location", "ssl.providers",
    "ssl.sigalgs.list", "statistics.interval.ms", "sticky.partitioning.linger.ms",
    "topic.blacklist", "topic.metadata.propagation.max.ms", "topic.metadata.refresh.fast.cnt",
    "topic.metadata.refresh.fast.interval.ms", "topic.metadata.refresh.interval.ms",
    "topic.metadata.refresh.sparse", "transaction.timeout.ms", "transactional.id",
};

static int compare(const void *property, const void *entry)
{
    return strcmp(property, *(const char *const *)entry);
}

bool kafka_property_is_plain(const char *property)
{
    static const char topic[] = "topic."; /* a prefix of properties of topics */
    if (bsearch(property, plain, sizeof plain / sizeof plain[0], sizeof plain[0], compare))
        return true;
    return strncmp(property, topic, sizeof topic - 1) == 0 &&
           bsearch(property + sizeof topic - 1, plain, sizeof plain / sizeof plain[0],
                   sizeof plain[0], compare);
}

bool kafka_property_names_secret(const char *property)
{
    static const char *const signs[] = {"password", "passphrase", "secret",
                                        "token",    "key.pem",    "jaas"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcasestr(property, signs[i]))
            return !kafka_property_is_plain(property);
    return strcasecmp(property, "sasl.oauthbearer.config") == 0;
}
