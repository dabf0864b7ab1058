/* What a Kafka receiver is told at its creation, and what it counts. */
#pragma once
#include "processor/base/metrics.h"
#include "processor/otlp/wire_gate.h"

struct kafka_consumer_config {
    const char *brokers; /* comma-separated */
    const char *topic, *group_id;
    const char *group_instance_id; /* static membership; NULL or "": the volume's */
    const char *client_id;
    const char *const *properties; /* librdkafka's names: name, value, ..., NULL. NULL: none */
    bool is_json;                  /* otlp_json, otherwise otlp_proto */
    size_t max_message_bytes;      /* a larger one becomes a dead letter; 64 MiB */
    struct wire_gate_limits gate;
    int64_t commit_interval_ms;   /* 0: 1 s */
    int64_t metadata_interval_ms; /* how often partitions are counted; 0: 60 s */
};

/* Series of one Kafka receiver; written by its thread. Beside them it counts in `struct
 * receiver_counters`: accepted and refused spans as the gRPC receiver does, and a message as a
 * request of code OK, INVALID_ARGUMENT (poison), RESOURCE_EXHAUSTED (over a limit) or UNIMPLEMENTED
 * (a format that is not OTLP). A message read again after a restart counts again: accepted once and
 * for all is what the store counts. */
struct kafka_receiver_counters {
    struct counter messages;      /* read: taken in or passed over */
    struct counter tombstones;    /* passed over: no payload */
    struct counter foreign;       /* passed over: another signal than traces and logs */
    struct counter poison;        /* passed over: offered as a dead letter */
    struct counter offset_resets; /* the offset to read was not there any more, or is another's */
    struct counter rebalances;    /* partitions assigned or revoked */
    struct counter pauses;        /* of one partition, because the intake was busy */
    struct counter count_changes; /* of the topic's partitions */
    struct counter restarts;      /* consumers created anew */
    struct counter commits, commit_failures;
    struct counter errors; /* reported by librdkafka or a broker */
    /* Gauges. */
    struct counter up;               /* 1: it is read, or there is nothing to read for us */
    struct counter topic_partitions; /* as last counted */
    struct counter assigned_partitions, paused_partitions;
    struct counter unread_partitions; /* assigned to us, number too high: not read */
    struct counter lag;               /* messages behind the end, sum over assigned partitions */
};
