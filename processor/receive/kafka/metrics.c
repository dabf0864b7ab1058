/* The series of the Kafka receiver: one row for each counter. */
#include "processor/receive/kafka/metrics.h"

#include <stddef.h>

static const struct metric_family
    messages = {"flywheel_kafka_messages_total", METRIC_COUNTER,
                "Messages read from the topic, taken in or passed over."},
    skipped = {"flywheel_kafka_skipped_messages_total", METRIC_COUNTER,
               "Messages passed over: without payload, of another signal, or impossible to take "
               "in (poison)."},
    resets = {"flywheel_kafka_offset_resets_total", METRIC_COUNTER,
              "Times the offset to read was gone: messages expired unread, the topic was made "
              "anew, or the group's offset was deleted."},
    rebalances = {"flywheel_kafka_rebalances_total", METRIC_COUNTER,
                  "Assignments and revocations of partitions by the group."},
    pauses = {"flywheel_kafka_pauses_total", METRIC_COUNTER,
              "Times a partition was paused because the pipeline was busy."},
    count_changes = {"flywheel_kafka_partition_count_changes_total", METRIC_COUNTER,
                     "Changes of the topic's number of partitions; open runs may be split by one."},
    restarts = {"flywheel_kafka_consumer_restarts_total", METRIC_COUNTER,
                "Consumers created anew after a fatal error."},
    commits = {"flywheel_kafka_commits_total", METRIC_COUNTER, "Commits of offsets to the group."},
    errors = {"flywheel_kafka_errors_total", METRIC_COUNTER,
              "Errors told by brokers or the client library, repeated ones included."},
    up = {"flywheel_kafka_up", METRIC_GAUGE,
          "1 while the topic is read; 0 while it can't be, for the reason that /readyz gives."},
    of_topic = {"flywheel_kafka_topic_partitions", METRIC_GAUGE, "Partitions of the topic."},
    assigned = {"flywheel_kafka_assigned_partitions", METRIC_GAUGE,
                "Partitions that this instance reads."},
    paused = {"flywheel_kafka_paused_partitions", METRIC_GAUGE,
              "Partitions that wait for the pipeline."},
    unread = {"flywheel_kafka_unread_partitions", METRIC_GAUGE,
              "Partitions assigned to this instance that it can't read: their number is too high."},
    lag = {"flywheel_kafka_lag_messages", METRIC_GAUGE,
           "Messages between what was read and the end of the assigned partitions."};

#define ROW(family, extra, field)                                                                  \
    {                                                                                              \
        &(family), "receiver=\"kafka\"" extra, offsetof(struct kafka_receiver_counters, field)     \
    }
static const struct row {
    const struct metric_family *family;
    const char *labels;
    size_t at;
} rows[] = {
    ROW(messages, "", messages),
    ROW(skipped, ",reason=\"tombstone\"", tombstones),
    ROW(skipped, ",reason=\"foreign_signal\"", foreign),
    ROW(skipped, ",reason=\"poison\"", poison),
    ROW(resets, "", offset_resets),
    ROW(rebalances, "", rebalances),
    ROW(pauses, "", pauses),
    ROW(count_changes, "", count_changes),
    ROW(restarts, "", restarts),
    ROW(commits, ",result=\"ok\"", commits),
    ROW(commits, ",result=\"failed\"", commit_failures),
    ROW(errors, "", errors),
    ROW(up, "", up),
    ROW(of_topic, "", topic_partitions),
    ROW(assigned, "", assigned_partitions),
    ROW(paused, "", paused_partitions),
    ROW(unread, "", unread_partitions),
    ROW(lag, "", lag),
};

void kafka_metrics_register(const struct kafka_receiver_counters *counters, struct metrics *metrics)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        metrics_add(metrics, rows[i].family, rows[i].labels,
                    (const struct counter *)(const void *)((const char *)counters + rows[i].at), 1);
}
