/* The Kafka receiver against a mock cluster, with an intake that does as it is told: two members of
 * a group on one topic of PARTITIONS partitions. */
#pragma once
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>

#include "processor/receive/kafka/receiver.h"
#include "tests/support/kafka_mock.h"

enum { PARTITIONS = 4, PARTITIONS_MAX = 8, EVENTS_MAX = 8192 };

enum event_kind { ASSIGN, REVOKE, SUBMIT, SKIP, ASSIGNED, AT_END };

struct event {
    enum event_kind kind;
    int32_t partition;
    int64_t offset;
    uint32_t trace; /* of the first span of a request */
};

/* What one member's pipeline was told. All is under `lock`. */
struct fake_topic {
    struct topic_intake intake;
    pthread_mutex_t lock;
    struct event events[EVENTS_MAX];
    size_t event_count;
    uint32_t spans, logs;
    int64_t resume_at[PARTITIONS_MAX]; /* what assign() answers without an offset of the group */
    int64_t group_offset[PARTITIONS_MAX];
    char group_metadata[PARTITIONS_MAX][32];
    struct known_message known[PARTITIONS_MAX]; /* what assign() answers first */
    bool is_offset_lost[PARTITIONS_MAX];        /* likewise */
    struct known_message last[PARTITIONS_MAX];  /* as it came in */
    int64_t commit_at[PARTITIONS_MAX];          /* -1: nothing to commit */
    int64_t read_before[PARTITIONS_MAX]; /* messages below it were read by an earlier process */
    bool is_busy, has_no_room;
    uint32_t refusals; /* submits answered BUSY */
    _Atomic uint32_t passed;
    _Atomic bool is_away;
};

struct member {
    struct fake_topic topic;
    struct receiver_counters counters;
    struct receiver *receiver;
    const struct kafka_receiver_counters *kafka;
};

extern struct kafka_mock topic_mock;
extern struct member members[2];

/* A case whose tests begin with a cluster and members that have not begun, and end all. */
TCase *topic_fixture_case(Suite *suite, const char *name);
int topic_fixture_run(Suite *suite);

struct kafka_consumer_config member_config(void);
struct member *member_begin(struct member *member, const struct kafka_consumer_config *config,
                            struct dead_letter *dead);
struct member *member_begin_default(void);
void member_end(struct member *member);
/* `headers`: names and values, then NULL; NULL for none. */
void topic_produce(int32_t partition, struct bytes value, const char *const *headers);
/* `count` messages of one span each, traces from `first` on. */
void topic_produce_traces(int32_t partition, uint32_t first, uint32_t count);
/* `partition` -1: of all. */
size_t topic_count(struct fake_topic *topic, enum event_kind kind, int32_t partition);
void topic_wait(struct fake_topic *topic, enum event_kind kind, int32_t partition, size_t count);
void topic_wait_counter(const struct counter *counter, uint64_t at_least);
void topic_set_busy(struct fake_topic *topic, bool is_busy);
void topic_set_commit(struct fake_topic *topic, int32_t partition, int64_t offset);
/* Submits and skips of a partition come with each offset from `first` on, once and in order; traces
 * rise. */
void topic_check_order(struct fake_topic *topic, int32_t partition, int64_t first, size_t count);
/* What the group holds for a partition. */
int64_t topic_committed(int32_t partition, char *ret_metadata);
