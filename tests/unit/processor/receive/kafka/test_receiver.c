/* link: receive otlp base */
/* The Kafka receiver against a mock cluster, with an intake that does as it is told. */
#include <check.h>
#include <stdatomic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/otlp/wire.h"
#include "processor/receive/kafka/receiver.h"
#include "tests/support/kafka_mock.h"
#include "tests/support/trace_builder.h"
#include "tests/support/tsan_threads.h"
#include "tests/support/waiting.h"

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

static struct kafka_mock mock;
static struct member members[2];

static void note(struct fake_topic *topic, enum event_kind kind, int32_t partition, int64_t offset,
                 uint32_t trace)
{
    ck_assert_uint_lt(topic->event_count, EVENTS_MAX);
    topic->events[topic->event_count++] = (struct event){kind, partition, offset, trace};
}

static enum status fake_assign(void *context, int32_t partition, const struct group_offset *group,
                               struct topic_start *ret_start)
{
    struct fake_topic *topic = context;
    pthread_mutex_lock(&topic->lock);
    topic->group_offset[partition] = group->offset;
    (void)snprintf(topic->group_metadata[partition], 32, "%.*s", (int)group->metadata.size,
                   (const char *)group->metadata.data);
    int64_t own = topic->resume_at[partition];
    *ret_start = (struct topic_start){
        .offset = own >= 0 && group->offset < 0 ? own : group->offset,
        .known = topic->known[partition],
        .is_offset_lost = topic->is_offset_lost[partition],
    };
    topic->known[partition].offset = -1;
    topic->is_offset_lost[partition] = false;
    note(topic, ASSIGN, partition, ret_start->offset, 0);
    pthread_mutex_unlock(&topic->lock);
    return STATUS_OK;
}

static void fake_revoke(void *context, int32_t partition)
{
    struct fake_topic *topic = context;
    pthread_mutex_lock(&topic->lock);
    note(topic, REVOKE, partition, -1, 0);
    pthread_mutex_unlock(&topic->lock);
}

static enum status fake_submit(void *context, int32_t partition, int64_t offset,
                               struct request *request)
{
    struct fake_topic *topic = context;
    pthread_mutex_lock(&topic->lock);
    enum status status = STATUS_BUSY;
    if (topic->is_busy) {
        topic->refusals++;
    } else {
        const struct gated_request *gated = &request->gated;
        uint32_t trace = gated->span_count ? trace_of_id(gated->spans[0].trace_id) : 0;
        topic->spans += gated->span_count;
        topic->logs += gated->log_count;
        ck_assert_uint_gt(request->received_ms, 0);
        ck_assert_uint_gt(request->held_bytes, 0);
        ck_assert_int_eq(request->encoding, REQUEST_IDENTITY);
        ck_assert(request->has_origin);
        topic->last[partition].offset = offset;
        memcpy(topic->last[partition].digest, request->origin, REQUEST_ORIGIN_SIZE);
        note(topic, SUBMIT, partition, offset, trace);
        request_release(request);
        status = STATUS_OK;
    }
    pthread_mutex_unlock(&topic->lock);
    return status;
}

static enum status fake_skip(void *context, int32_t partition, int64_t offset)
{
    struct fake_topic *topic = context;
    pthread_mutex_lock(&topic->lock);
    enum status status = topic->is_busy ? STATUS_BUSY : STATUS_OK;
    if (status == STATUS_OK)
        note(topic, SKIP, partition, offset, 0);
    pthread_mutex_unlock(&topic->lock);
    return status;
}

static bool fake_has_room(void *context, size_t body_bytes)
{
    struct fake_topic *topic = context;
    (void)body_bytes;
    pthread_mutex_lock(&topic->lock);
    bool has_room = !topic->has_no_room;
    pthread_mutex_unlock(&topic->lock);
    return has_room;
}

static bool fake_was_read(void *context, int32_t partition, int64_t offset)
{
    const struct fake_topic *topic = context;
    return offset < topic->read_before[partition];
}

static int64_t fake_commit_offset(void *context, int32_t partition)
{
    struct fake_topic *topic = context;
    pthread_mutex_lock(&topic->lock);
    int64_t offset = topic->commit_at[partition];
    pthread_mutex_unlock(&topic->lock);
    return offset;
}

static void fake_assigned(void *context)
{
    struct fake_topic *topic = context;
    pthread_mutex_lock(&topic->lock);
    note(topic, ASSIGNED, -1, -1, 0);
    pthread_mutex_unlock(&topic->lock);
}

static void fake_at_end(void *context, int32_t partition)
{
    struct fake_topic *topic = context;
    pthread_mutex_lock(&topic->lock);
    note(topic, AT_END, partition, -1, 0);
    pthread_mutex_unlock(&topic->lock);
}

static void fake_passed(void *context, int32_t partition)
{
    struct fake_topic *topic = context;
    (void)partition;
    atomic_fetch_add(&topic->passed, 1);
}

static void fake_reached(void *context, bool is_reached)
{
    struct fake_topic *topic = context;
    atomic_store(&topic->is_away, !is_reached);
}

static void init_topic(struct fake_topic *topic)
{
    *topic = (struct fake_topic){.intake = {.context = topic,
                                            .pool = request_pool_create(4),
                                            .partitions_max = PARTITIONS_MAX,
                                            .metadata = "volume-1:7",
                                            .assign = fake_assign,
                                            .revoke = fake_revoke,
                                            .submit = fake_submit,
                                            .skip = fake_skip,
                                            .has_room = fake_has_room,
                                            .was_read = fake_was_read,
                                            .commit_offset = fake_commit_offset,
                                            .assigned = fake_assigned,
                                            .at_end = fake_at_end,
                                            .passed = fake_passed,
                                            .reached = fake_reached}};
    pthread_mutex_init(&topic->lock, NULL);
    for (int i = 0; i < PARTITIONS_MAX; i++)
        topic->resume_at[i] = topic->commit_at[i] = topic->known[i].offset = -1;
}

static void setup(void)
{
    kafka_mock_start(&mock);
    kafka_mock_add_topic(&mock, "otlp_spans", PARTITIONS);
    kafka_mock_add_topic(&mock, "otlp_spans.dead", 1);
    for (int i = 0; i < 2; i++) {
        members[i] = (struct member){0};
        init_topic(&members[i].topic);
    }
}

static void end_member(struct member *member)
{
    if (member->receiver)
        member->receiver->operations->stop(member->receiver, 5000);
}

static void teardown(void)
{
    for (int i = 0; i < 2; i++) {
        end_member(&members[i]);
        if (members[i].receiver)
            members[i].receiver->operations->destroy(members[i].receiver);
        request_pool_destroy(members[i].topic.intake.pool);
        pthread_mutex_destroy(&members[i].topic.lock);
    }
    kafka_mock_stop(&mock);
}

static struct kafka_consumer_config default_config(void)
{
    /* Quick enough for a test. */
    static const char *const properties[] = {"fetch.wait.max.ms",
                                             "20",
                                             "heartbeat.interval.ms",
                                             "200",
                                             "session.timeout.ms",
                                             "6000",
                                             NULL};
    return (struct kafka_consumer_config){.brokers = mock.brokers,
                                          .topic = "otlp_spans",
                                          .group_id = "flywheel",
                                          .client_id = "flywheel-test",
                                          .properties = properties,
                                          .max_message_bytes = 1 << 20,
                                          .gate = wire_gate_limits_default,
                                          .commit_interval_ms = 50,
                                          .metadata_interval_ms = 200};
}

static struct member *begin(struct member *member, const struct kafka_consumer_config *config,
                            struct dead_letter *dead)
{
    struct error error = {0};
    member->receiver =
        kafka_receiver_create(config, &member->topic.intake, dead, &member->counters, &error);
    ck_assert_msg(member->receiver != NULL, "%s", error.text);
    member->kafka = kafka_receiver_counters(member->receiver);
    ck_assert_msg(member->receiver->operations->start(member->receiver, &error) == STATUS_OK, "%s",
                  error.text);
    return member;
}

static struct member *begin_default(void)
{
    struct kafka_consumer_config config = default_config();
    return begin(&members[0], &config, NULL);
}

static rd_kafka_t *open_producer(void)
{
    static const char *const properties[] = {"message.max.bytes", "10000000", NULL};
    return kafka_mock_client(&mock, RD_KAFKA_PRODUCER, properties);
}

static void close_producer(rd_kafka_t *producer)
{
    ck_assert_int_eq(rd_kafka_flush(producer, 10000), 0);
    rd_kafka_destroy(producer);
}

/* `headers`: names and values, then NULL; NULL for none. */
static void produce_one(rd_kafka_t *producer, int32_t partition, struct bytes value,
                        const char *const *headers)
{
    rd_kafka_headers_t *list = rd_kafka_headers_new(4);
    for (; headers && headers[0]; headers += 2)
        (void)rd_kafka_header_add(list, headers[0], -1, headers[1], -1);
    const rd_kafka_vu_t arguments[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = "otlp_spans"},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value.data, value.size}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = list},
    };
    ck_assert_ptr_null(
        rd_kafka_produceva(producer, arguments, sizeof arguments / sizeof *arguments));
}

static void produce(int32_t partition, struct bytes value, const char *const *headers)
{
    rd_kafka_t *producer = open_producer();
    produce_one(producer, partition, value, headers);
    close_producer(producer);
}

/* `count` messages of one span each, traces from `first` on. */
static void produce_traces(int32_t partition, uint32_t first, uint32_t count)
{
    rd_kafka_t *producer = open_producer();
    struct trace_builder builder = {0};
    for (uint32_t i = 0; i < count; i++) {
        trace_clear(&builder);
        trace_span(&builder, &(struct span_spec){
                                 .trace = first + i, .id = 1, .start_ms = 1000, .end_ms = 2000});
        produce_one(producer, partition, trace_request(&builder), NULL);
    }
    close_producer(producer);
    trace_finish(&builder);
}

static size_t count_events(struct fake_topic *topic, enum event_kind kind, int32_t partition)
{
    size_t count = 0;
    pthread_mutex_lock(&topic->lock);
    for (size_t i = 0; i < topic->event_count; i++)
        count += topic->events[i].kind == kind &&
                 (partition < 0 || topic->events[i].partition == partition);
    pthread_mutex_unlock(&topic->lock);
    return count;
}

static void wait_events(struct fake_topic *topic, enum event_kind kind, int32_t partition,
                        size_t count)
{
    WAIT_UNTIL(count_events(topic, kind, partition) >= count);
    ck_assert_uint_ge(count_events(topic, kind, partition), count);
}

static void wait_counter(const struct counter *counter, uint64_t at_least)
{
    WAIT_UNTIL(counter_get(counter) >= at_least);
    ck_assert_uint_ge(counter_get(counter), at_least);
}

static void set_busy(struct fake_topic *topic, bool is_busy)
{
    pthread_mutex_lock(&topic->lock);
    topic->is_busy = is_busy;
    pthread_mutex_unlock(&topic->lock);
}

static void set_commit(struct fake_topic *topic, int32_t partition, int64_t offset)
{
    pthread_mutex_lock(&topic->lock);
    topic->commit_at[partition] = offset;
    pthread_mutex_unlock(&topic->lock);
}

/* Submits and skips of a partition come with each offset from `first` on, once and in order; traces
 * rise. */
static void check_order(struct fake_topic *topic, int32_t partition, int64_t first, size_t count)
{
    int64_t next = first;
    uint32_t last_trace = 0;
    pthread_mutex_lock(&topic->lock);
    for (size_t i = 0; i < topic->event_count; i++) {
        const struct event *event = &topic->events[i];
        if ((event->kind != SUBMIT && event->kind != SKIP) || event->partition != partition)
            continue;
        ck_assert_int_eq(event->offset, next);
        next++;
        if (event->kind == SUBMIT) {
            ck_assert_uint_gt(event->trace, last_trace);
            last_trace = event->trace;
        }
    }
    pthread_mutex_unlock(&topic->lock);
    ck_assert_int_eq(next - first, (int64_t)count);
}

/* What the group holds for a partition. */
static int64_t committed(int32_t partition, char *ret_metadata)
{
    static const char *const properties[] = {"group.id", "flywheel", NULL};
    rd_kafka_t *consumer = kafka_mock_client(&mock, RD_KAFKA_CONSUMER, properties);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    (void)rd_kafka_topic_partition_list_add(list, "otlp_spans", partition);
    ck_assert_int_eq(rd_kafka_committed(consumer, list, 10000), 0);
    int64_t offset = list->elems[0].offset;
    if (ret_metadata)
        (void)snprintf(ret_metadata, 32, "%.*s", (int)list->elems[0].metadata_size,
                       list->elems[0].metadata ? (const char *)list->elems[0].metadata : "");
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    return offset;
}

START_TEST(every_partition_is_read_from_its_beginning_in_order)
{
    for (int32_t i = 0; i < PARTITIONS; i++)
        produce_traces(i, 1 + 100 * (uint32_t)i, 50);
    struct member *member = begin_default();
    wait_events(&member->topic, SUBMIT, -1, 200);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        wait_events(&member->topic, AT_END, i, 1);
        check_order(&member->topic, i, 0, 50);
    }
    ck_assert_uint_ge(atomic_load(&member->topic.passed),
                      PARTITIONS); /* also without such an event */
    for (int32_t i = 0; i < PARTITIONS; i++) {
        ck_assert_int_eq(member->topic.group_offset[i], -1);
    }
    ck_assert_uint_eq(count_events(&member->topic, ASSIGNED, -1), 1);
    end_member(member);
    ck_assert_uint_eq(counter_get(&member->counters.accepted_spans), 200);
    ck_assert_uint_eq(counter_get(&member->counters.requests[0]), 200);
    /* At the end of the process what is open stays in the store. */
    ck_assert_uint_eq(count_events(&member->topic, REVOKE, -1), 0);
}
END_TEST

START_TEST(reading_begins_where_the_intake_says)
{
    produce_traces(0, 1, 30);
    produce_traces(1, 101, 30);
    members[0].topic.resume_at[0] = 20;
    struct member *member = begin_default();
    wait_events(&member->topic, SUBMIT, -1, 40);
    wait_events(&member->topic, AT_END, 0, 1);
    check_order(&member->topic, 0, 20, 10);
    check_order(&member->topic, 1, 0, 30);
    ck_assert_uint_eq(counter_get(&member->kafka->offset_resets), 0);
}
END_TEST

START_TEST(only_what_the_intake_names_is_committed_and_comes_back_with_its_metadata)
{
    produce_traces(2, 1, 30);
    struct member *member = begin_default();
    wait_events(&member->topic, AT_END, 2, 1);
    pause_ms(300);
    ck_assert_int_eq(committed(2, NULL), RD_KAFKA_OFFSET_INVALID); /* nothing by itself */
    set_commit(&member->topic, 2, 7);
    wait_counter(&member->kafka->commits, 1);
    char metadata[32];
    ck_assert_int_eq(committed(2, metadata), 7);
    ck_assert_str_eq(metadata, "volume-1:7");
    set_commit(&member->topic, 2, 5); /* never backwards */
    pause_ms(300);
    ck_assert_int_eq(committed(2, NULL), 7);
    set_commit(&member->topic, 2, 9);
    wait_counter(&member->kafka->commits, 2);
    set_commit(&member->topic, 2, 11);
    end_member(member); /* the last one goes with the revoke */
    ck_assert_int_eq(committed(2, NULL), 11);

    struct kafka_consumer_config config = default_config();
    struct member *next = begin(&members[1], &config, NULL);
    wait_events(&next->topic, AT_END, 2, 1);
    check_order(&next->topic, 2, 11, 19);
    ck_assert_int_eq(next->topic.group_offset[2], 11);
    ck_assert_str_eq(next->topic.group_metadata[2], "volume-1:7");
    ck_assert_int_eq(next->topic.group_offset[0], -1);
}
END_TEST

START_TEST(a_busy_intake_pauses_partitions_and_nothing_is_lost_or_out_of_order)
{
    for (int32_t i = 0; i < PARTITIONS; i++)
        produce_traces(i, 1 + 1000 * (uint32_t)i, 300);
    set_busy(&members[0].topic, true);
    struct member *member = begin_default();
    wait_counter(&member->kafka->pauses, PARTITIONS);
    ck_assert_uint_eq(count_events(&member->topic, SUBMIT, -1), 0);
    for (int i = 0; i < 20; i++) {
        set_busy(&member->topic, i % 2 == 1);
        pause_ms(i % 2 == 1 ? 150 : 3);
    }
    set_busy(&member->topic, false);
    wait_events(&member->topic, SUBMIT, -1, 4 * 300);
    for (int32_t i = 0; i < PARTITIONS; i++)
        check_order(&member->topic, i, 0, 300);
    WAIT_UNTIL(counter_get(&member->kafka->paused_partitions) == 0);
    ck_assert_uint_eq(counter_get(&member->counters.accepted_spans), 1200);
    WAIT_UNTIL(counter_get(&member->kafka->lag) == 0);
}
END_TEST

START_TEST(without_room_no_message_is_even_copied_and_the_lag_shows)
{
    produce_traces(0, 1, 10);
    members[0].topic.has_no_room = true;
    struct member *member = begin_default();
    wait_counter(&member->kafka->pauses, 1);
    pause_ms(300);
    ck_assert_uint_eq(member->topic.refusals, 0);
    ck_assert_uint_eq(request_pool_held_bytes(member->topic.intake.pool), 0);
    pthread_mutex_lock(&member->topic.lock);
    member->topic.has_no_room = false;
    pthread_mutex_unlock(&member->topic.lock);
    wait_events(&member->topic, SUBMIT, 0, 10);
    check_order(&member->topic, 0, 0, 10);
}
END_TEST

START_TEST(a_partition_revoked_while_it_is_paused_begins_again_at_the_held_message)
{
    produce_traces(0, 1, 20);
    struct member *member = begin_default();
    wait_events(&member->topic, AT_END, 0, 1);
    set_busy(&member->topic, true);
    produce_traces(0, 21, 5);
    wait_counter(&member->kafka->pauses, 1);
    set_commit(&member->topic, 0, 20);
    end_member(member);
    struct kafka_consumer_config config = default_config();
    struct member *next = begin(&members[1], &config, NULL);
    wait_events(&next->topic, SUBMIT, 0, 5);
    check_order(&next->topic, 0, 20, 5);
}
END_TEST

static struct dead_letter *open_letters(void)
{
    struct error error = {0};
    struct dead_letter_config config = {
        .receiver = "kafka", .topic = "otlp_spans.dead", .brokers = mock.brokers};
    struct dead_letter *dead = dead_letter_create(&config, &error);
    ck_assert_msg(dead != NULL, "%s", error.text);
    return dead;
}

static bool has_header(const rd_kafka_message_t *message, const char *name, const char *value)
{
    rd_kafka_headers_t *headers;
    const void *data;
    size_t size;
    return rd_kafka_message_headers(message, &headers) == 0 &&
           rd_kafka_header_get_last(headers, name, &data, &size) == 0 && size == strlen(value) &&
           memcmp(data, value, size) == 0;
}

/* The dead letters at the topic's offsets from 0 on: each the message of that offset, with that
 * reason and that many bytes. */
struct expected_letter {
    const char *reason, *offset;
    size_t size;
    const char *encoding; /* NULL: otlp_proto */
};

static void check_letters(const struct expected_letter *expected, size_t count)
{
    struct kafka_mock_reader reader = kafka_mock_read(&mock, "otlp_spans.dead", 1);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_message_t *message = kafka_mock_next(&reader);
        ck_assert_ptr_nonnull(message);
        ck_assert_uint_eq(message->len, expected[i].size);
        ck_assert(has_header(message, "reason", expected[i].reason));
        ck_assert(has_header(message, "offset", expected[i].offset));
        ck_assert(has_header(message, "topic", "otlp_spans"));
        ck_assert(has_header(message, "partition", "3"));
        ck_assert(has_header(message, "receiver", "kafka"));
        ck_assert(has_header(message, "encoding",
                             expected[i].encoding ? expected[i].encoding : "otlp_proto"));
        rd_kafka_message_destroy(message);
    }
    ck_assert_ptr_null(kafka_mock_next(&reader));
}

START_TEST(poison_becomes_a_dead_letter_and_its_partition_goes_on)
{
    struct dead_letter *dead = open_letters();
    produce_traces(3, 1, 2);
    produce(3, BYTES_LITERAL("\x0a\xff not protobuf at all"), NULL);
    static const char *const arrow[] = {"MessageFormat", "otap", NULL};
    produce(3, BYTES_LITERAL("arrow"), arrow);
    static uint8_t huge[(1 << 20) + 1];
    produce(3, bytes_of(huge, sizeof huge), NULL);
    produce_traces(3, 3, 2);
    struct kafka_consumer_config config = default_config();
    struct member *member = begin(&members[0], &config, dead);
    wait_events(&member->topic, SUBMIT, 3, 4);
    check_order(&member->topic, 3, 0, 7);
    end_member(member);
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 3);
    ck_assert_uint_eq(counter_get(&member->counters.requests[3]), 1);
    ck_assert_uint_eq(counter_get(&member->counters.requests[8]), 1);
    ck_assert_uint_eq(counter_get(&member->counters.requests[12]), 1);
    ck_assert_uint_eq(counter_get(&member->counters.requests[0]), 4);
    static const struct expected_letter letters[] = {{"malformed", "2", 22, NULL},
                                                     {"unsupported_format", "3", 5, NULL},
                                                     {"too_large", "4", (1 << 20) + 1, NULL}};
    check_letters(letters, 3);
}
END_TEST

START_TEST(poison_that_was_read_before_the_last_stop_is_no_second_letter)
{
    struct dead_letter *dead = open_letters();
    produce(3, BYTES_LITERAL("\xff"), NULL);
    produce(3, BYTES_LITERAL("\xff\xff"), NULL);
    members[0].topic.read_before[3] = 1;
    struct kafka_consumer_config config = default_config();
    struct member *member = begin(&members[0], &config, dead);
    wait_events(&member->topic, SKIP, 3, 2);
    end_member(member);
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 2);
    check_letters(&(struct expected_letter){"malformed", "1", 2, NULL}, 1);
}
END_TEST

START_TEST(good_spans_of_a_bad_batch_are_kept_and_the_batch_is_a_dead_letter)
{
    struct dead_letter *dead = open_letters();
    struct trace_builder builder = {0};
    for (uint32_t i = 1; i <= 3; i++) /* trace 0 has an id of zeroes */
        trace_span(&builder,
                   &(struct span_spec){.trace = i % 3, .id = i, .start_ms = 1, .end_ms = 2});
    struct bytes batch = trace_request(&builder);
    produce(3, batch, NULL);
    struct kafka_consumer_config config = default_config();
    struct member *member = begin(&members[0], &config, dead);
    wait_events(&member->topic, SUBMIT, 3, 1);
    end_member(member);
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(member->topic.spans, 2);
    ck_assert_uint_eq(counter_get(&member->counters.accepted_spans), 2);
    ck_assert_uint_eq(counter_get(&member->counters.refused_spans[WIRE_GATE_BAD_TRACE_ID]), 1);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 0);
    check_letters(&(struct expected_letter){"bad_trace_id", "0", batch.size, NULL}, 1);
    trace_finish(&builder);
}
END_TEST

START_TEST(a_message_in_which_nothing_is_recognized_is_a_dead_letter)
{
    struct dead_letter *dead = open_letters();
    struct bytes batches = BYTES_LITERAL("{\"batches\":[{\"scopeSpans\":[]}]}");
    produce(3, batches, NULL);
    produce(3, BYTES_LITERAL("{}"), NULL); /* empty is no fault */
    produce(3, BYTES_LITERAL("{\"resourceSpans\":[]}"), NULL);
    struct kafka_consumer_config config = default_config();
    config.is_json = true;
    struct member *member = begin(&members[0], &config, dead);
    wait_events(&member->topic, SKIP, 3, 3);
    end_member(member);
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(counter_get(&member->counters.unrecognized), 1);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 0);
    check_letters(&(struct expected_letter){"unrecognized", "0", batches.size, "otlp_json"}, 1);
}
END_TEST

START_TEST(what_was_read_before_passes_limits_that_were_lowered_since)
{
    struct trace_builder builder = {0};
    static uint8_t padding[2000];
    for (uint32_t i = 0; i < 3; i++) {
        struct buffer message = {0};
        trace_clear(&builder);
        trace_span(&builder,
                   &(struct span_spec){.trace = 1 + i, .id = 1, .start_ms = 1, .end_ms = 2});
        trace_span(&builder,
                   &(struct span_spec){.trace = 1 + i, .id = 2, .start_ms = 1, .end_ms = 2});
        buffer_append_bytes(&message, trace_request(&builder));
        wire_put_bytes(&message, 15, bytes_of(padding, sizeof padding));
        produce(3, buffer_bytes(&message), NULL);
        buffer_finish(&message);
    }
    trace_finish(&builder);
    members[0].topic.read_before[3] = 2;
    struct kafka_consumer_config config = default_config();
    config.max_message_bytes = 1024;
    config.gate.spans_max = 1;
    struct member *member = begin(&members[0], &config, NULL);
    wait_events(&member->topic, SUBMIT, 3, 2);
    wait_events(&member->topic, SKIP, 3, 1); /* the third is new, and too large */
    end_member(member);
    ck_assert_uint_eq(member->topic.spans, 4);
    ck_assert_uint_eq(counter_get(&member->counters.stubs), 0);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 1);
}
END_TEST

START_TEST(other_signals_and_tombstones_are_passed_over_and_logs_are_read_as_logs)
{
    static const char *const metrics[] = {"otelcol.signal", "metrics", NULL};
    static const char *const profiles[] = {"signal", "profiles", NULL};
    static const char *const logs[] = {"otelcol.signal", "logs", NULL};
    static const char *const traces[] = {"signal", "traces", "MessageFormat", "otlp", NULL};
    struct trace_builder builder = {0};
    produce(0, BYTES_LITERAL("whatever it is"), metrics);
    produce(0, BYTES_LITERAL("whatever it is"), profiles);
    produce(0, bytes_of(NULL, 0), NULL);
    trace_log(&builder, &(struct log_spec){.trace = 1, .span = 1, .time_ms = 1});
    produce(0, trace_request(&builder), logs);
    trace_clear(&builder);
    trace_span(&builder, &(struct span_spec){.trace = 2, .id = 1, .start_ms = 1, .end_ms = 2});
    produce(0, trace_request(&builder), traces);
    trace_finish(&builder);
    struct member *member = begin_default();
    wait_events(&member->topic, SUBMIT, 0, 2);
    end_member(member);
    ck_assert_uint_eq(count_events(&member->topic, SKIP, 0), 3);
    ck_assert_uint_eq(member->topic.logs, 1);
    ck_assert_uint_eq(member->topic.spans, 1);
    ck_assert_uint_eq(counter_get(&member->kafka->foreign), 2);
    ck_assert_uint_eq(counter_get(&member->kafka->tombstones), 1);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 0);
    ck_assert_uint_eq(counter_get(&member->counters.accepted_logs), 1);
}
END_TEST

START_TEST(json_messages_are_read_as_the_same_spans)
{
    static const char json[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
        "\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"chat\","
        "\"startTimeUnixNano\":\"1544712660000000000\",\"endTimeUnixNano\":1544712661000000000}]}]}"
        "]}";
    produce(1, bytes_of_text(json), NULL);
    produce(1,
            BYTES_LITERAL(
                "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"xyz\"}]}]}]"),
            NULL);
    produce(1, bytes_of_text(json), NULL);
    struct kafka_consumer_config config = default_config();
    config.is_json = true;
    struct member *member = begin(&members[0], &config, NULL);
    wait_events(&member->topic, SUBMIT, 1, 2);
    ck_assert_uint_eq(member->topic.spans, 2);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 1);
}
END_TEST

/* How often a partition was given to the member and not taken away again. */
static int held_by(struct member *member, int32_t partition)
{
    return (int)count_events(&member->topic, ASSIGN, partition) -
           (int)count_events(&member->topic, REVOKE, partition);
}

START_TEST(a_second_member_takes_over_only_what_the_first_has_given_up)
{
    struct kafka_consumer_config config = default_config();
    struct member *first = begin_default();
    for (int32_t i = 0; i < PARTITIONS; i++)
        produce_traces(i, 1, 10);
    wait_events(&first->topic, SUBMIT, -1, 40);
    for (int32_t i = 0; i < PARTITIONS; i++)
        set_commit(&first->topic, i, 6);
    /* The mock broker takes no commit while the group rebalances. */
    WAIT_UNTIL(committed(PARTITIONS - 1, NULL) == 6);
    struct member *second = begin(&members[1], &config, NULL);
    wait_events(&second->topic, ASSIGN, -1, 1);
    WAIT_UNTIL(count_events(&first->topic, ASSIGN, -1) >= PARTITIONS + 2);
    uint32_t shared = 0;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        ck_assert_int_eq(held_by(first, i) + held_by(second, i), 1);
        if (!held_by(second, i))
            continue;
        shared++;
        ck_assert_int_eq(second->topic.group_offset[i], 6);
        wait_events(&second->topic, AT_END, i, 1);
        check_order(&second->topic, i, 6, 4);
    }
    ck_assert_uint_gt(shared, 0);
    end_member(first);
    WAIT_UNTIL(counter_get(&second->kafka->assigned_partitions) >= PARTITIONS);
    ck_assert_uint_eq(counter_get(&second->kafka->assigned_partitions), PARTITIONS);
}
END_TEST

START_TEST(a_partition_beyond_the_limit_is_not_read_and_that_is_said)
{
    for (int32_t i = 0; i < PARTITIONS; i++)
        produce_traces(i, 1, 5);
    members[0].topic.intake.partitions_max = 2;
    struct member *member = begin_default();
    wait_events(&member->topic, SUBMIT, -1, 10);
    WAIT_UNTIL(counter_get(&member->kafka->unread_partitions) == 2);
    ck_assert_uint_eq(count_events(&member->topic, SUBMIT, -1), 10);
    ck_assert_uint_eq(count_events(&member->topic, ASSIGN, -1), 2);
    ck_assert_uint_eq(counter_get(&member->kafka->unread_partitions), 2);
    ck_assert_uint_eq(counter_get(&member->kafka->assigned_partitions), 2);
}
END_TEST

START_TEST(offsets_of_the_group_are_asked_for_until_they_come)
{
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_OFFSET_FETCH, 2,
                                      RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    produce_traces(0, 1, 5);
    struct member *member = begin_default();
    wait_events(&member->topic, SUBMIT, 0, 5);
    check_order(&member->topic, 0, 0, 5);
}
END_TEST

START_TEST(an_offset_beyond_the_end_begins_anew_and_is_counted)
{
    produce_traces(0, 1, 5);
    members[0].topic.resume_at[0] = 100;
    struct member *member = begin_default();
    wait_events(&member->topic, REVOKE, 0, 1); /* for the intake it is another partition */
    pthread_mutex_lock(&member->topic.lock);
    ck_assert_int_eq(member->topic.events[0].kind, ASSIGN);
    pthread_mutex_unlock(&member->topic.lock);
    wait_counter(&member->kafka->offset_resets, 1);
    wait_events(&member->topic, SUBMIT, 0, 5);
    check_order(&member->topic, 0, 0, 5);
    ck_assert_uint_eq(counter_get(&member->kafka->offset_resets), 1);
}
END_TEST

/* Reads `count` messages of partition 0 and ends; what the store would know of the last one. */
static struct known_message read_and_end(uint32_t count)
{
    struct member *member = begin_default();
    wait_events(&member->topic, SUBMIT, 0, count);
    end_member(member);
    return member->topic.last[0];
}

START_TEST(a_message_that_was_read_is_met_again_and_not_handed_over_twice)
{
    produce_traces(0, 1, 10);
    struct known_message last = read_and_end(10);
    produce_traces(0, 11, 5);
    struct fake_topic *topic = &members[1].topic;
    topic->resume_at[0] = 10;
    topic->known[0] = last;
    struct kafka_consumer_config config = default_config();
    begin(&members[1], &config, NULL);
    wait_events(topic, SUBMIT, 0, 5);
    wait_events(topic, AT_END, 0, 1);
    check_order(topic, 0, 10, 5);
    ck_assert_uint_eq(counter_get(&members[1].kafka->offset_resets), 0);
}
END_TEST

START_TEST(another_message_where_one_was_read_is_another_topic_and_begins_at_its_first)
{
    produce_traces(0, 1, 10);
    struct known_message last = read_and_end(10);
    produce_traces(0, 11, 10);
    struct fake_topic *topic = &members[1].topic;
    topic->resume_at[0] = 16;
    topic->known[0] = last; /* of offset 9, and now it is to stand at 15 */
    topic->known[0].offset = 15;
    struct kafka_consumer_config config = default_config();
    begin(&members[1], &config, NULL);
    wait_events(topic, REVOKE, 0, 1); /* for the intake it is another partition */
    wait_events(topic, SUBMIT, 0, 20);
    check_order(topic, 0, 0, 20);
    ck_assert_uint_eq(counter_get(&members[1].kafka->offset_resets), 1);
}
END_TEST

START_TEST(a_topic_that_ends_before_what_was_read_is_another_one)
{
    produce_traces(0, 1, 10);
    struct known_message last = read_and_end(10);
    struct fake_topic *topic = &members[1].topic;
    topic->resume_at[0] = 5; /* what is open began there; up to 19 was read */
    topic->known[0] = last;
    topic->known[0].offset = 19;
    struct kafka_consumer_config config = default_config();
    begin(&members[1], &config, NULL);
    wait_events(topic, REVOKE, 0, 1);
    wait_events(topic, SUBMIT, 0, 5 + 10);
    wait_counter(&members[1].kafka->offset_resets, 1);
}
END_TEST

START_TEST(without_an_offset_of_the_group_only_a_message_met_again_spares_the_beginning)
{
    produce_traces(0, 1, 10);
    struct known_message last = read_and_end(10);
    struct fake_topic *topic = &members[1].topic;
    topic->resume_at[0] = 10;
    topic->known[0] = last;
    topic->is_offset_lost[0] = true;
    struct kafka_consumer_config config = default_config();
    begin(&members[1], &config, NULL);
    wait_events(topic, AT_END, 0, 1);
    ck_assert_uint_eq(count_events(topic, SUBMIT, 0), 0);
    ck_assert_uint_eq(counter_get(&members[1].kafka->offset_resets), 1); /* it is told */
}
END_TEST

static bool is_unread(struct member *member, const char *why)
{
    struct buffer text = {0};
    bool is_told = kafka_receiver_why_unread(member->receiver, &text);
    buffer_append_byte(&text, 0);
    bool is_so = is_told && strstr((const char *)text.data, why) != NULL;
    buffer_finish(&text);
    return is_so;
}

START_TEST(a_denied_topic_is_told_until_it_can_be_read)
{
    struct kafka_consumer_config config = default_config();
    rd_kafka_mock_topic_set_error(mock.cluster, "otlp_spans",
                                  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    struct member *member = begin(&members[0], &config, NULL);
    WAIT_UNTIL(is_unread(member, "denies topic otlp_spans"));
    ck_assert_uint_eq(counter_get(&member->kafka->up), 0);
    rd_kafka_mock_topic_set_error(mock.cluster, "otlp_spans", RD_KAFKA_RESP_ERR_NO_ERROR);
    produce_traces(0, 1, 5);
    wait_events(&member->topic, SUBMIT, 0, 5);
    WAIT_UNTIL(!is_unread(member, ""));
    wait_counter(&member->kafka->up, 1);
}
END_TEST

START_TEST(a_receiver_is_pending_until_the_group_has_assigned_something)
{
    kafka_mock_set_down(&mock);
    struct member *member = begin_default();
    ck_assert(is_unread(member, ""));
    WAIT_UNTIL(is_unread(member, "no broker answers"));
    kafka_mock_set_up(&mock);
    WAIT_UNTIL(!is_unread(member, ""));
    ck_assert_uint_ge(count_events(&member->topic, ASSIGNED, -1), 1);
}
END_TEST

START_TEST(a_broker_that_is_away_is_waited_for)
{
    kafka_mock_set_down(&mock);
    struct member *member = begin_default();
    pause_ms(1500);
    ck_assert_uint_eq(count_events(&member->topic, ASSIGN, -1), 0);
    kafka_mock_set_up(&mock);
    produce_traces(0, 1, 5);
    wait_events(&member->topic, SUBMIT, 0, 5);
    kafka_mock_set_down(&mock);
    pause_ms(500);
    kafka_mock_set_up(&mock);
    produce_traces(0, 6, 5);
    wait_events(&member->topic, SUBMIT, 0, 10);
    check_order(&member->topic, 0, 0, 10);
    ck_assert_uint_eq(counter_get(&member->kafka->restarts), 0);
}
END_TEST

START_TEST(a_stop_without_a_broker_ends_in_time)
{
    produce_traces(0, 1, 5);
    struct member *member = begin_default();
    wait_events(&member->topic, SUBMIT, 0, 5);
    kafka_mock_set_down(&mock);
    set_commit(&member->topic, 0, 5);
    int64_t before_ms = clock_monotonic_ms();
    end_member(member);
    ck_assert_int_lt(clock_monotonic_ms() - before_ms, patiently_ms(PATIENCE_MS));
}
END_TEST

START_TEST(a_fenced_member_revokes_everything_and_stays_out_for_a_session_timeout)
{
    struct kafka_consumer_config config = default_config();
    config.group_instance_id = "instance-0";
    static const char *const properties[] = {"session.timeout.ms", "6000", "heartbeat.interval.ms",
                                             "200", NULL};
    config.properties = properties;
    produce_traces(0, 1, 5);
    struct member *member = begin(&members[0], &config, NULL);
    wait_events(&member->topic, AT_END, 0, 1);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_HEARTBEAT, 1,
                                      RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    WAIT_UNTIL(is_unread(member, "group_instance_id instance-0"));
    ck_assert_uint_eq(counter_get(&member->kafka->restarts), 0); /* the other one may live */
    wait_counter(&member->kafka->restarts, 1);
    wait_events(&member->topic, ASSIGN, 0, 2);
    wait_events(&member->topic, SUBMIT, 0, 10); /* nothing was committed: read again */
    ck_assert_uint_eq(count_events(&member->topic, REVOKE, 0), 1);
}
END_TEST

START_TEST(a_changed_number_of_partitions_is_noticed)
{
    struct kafka_mock other;
    kafka_mock_start(&other);
    kafka_mock_add_topic(&other, "otlp_spans", PARTITIONS + 2);
    char both[512];
    (void)snprintf(both, sizeof both, "%s,%s", mock.brokers, other.brokers);
    kafka_mock_set_down(&other);
    struct kafka_consumer_config config = default_config();
    config.brokers = both;
    struct member *member = begin(&members[0], &config, NULL);
    wait_counter(&member->kafka->topic_partitions, PARTITIONS);
    ck_assert_uint_eq(counter_get(&member->kafka->count_changes), 0);
    kafka_mock_set_up(&other);
    kafka_mock_set_down(&mock);
    wait_counter(&member->kafka->topic_partitions, PARTITIONS + 2);
    ck_assert_uint_eq(counter_get(&member->kafka->count_changes), 1);
    end_member(member);
    kafka_mock_stop(&other);
}
END_TEST

static const char *create_error(const char *name, const char *value)
{
    static struct error error;
    error = (struct error){0};
    const char *const properties[] = {name, value, NULL};
    struct kafka_consumer_config config = default_config();
    config.properties = properties;
    struct receiver *receiver = kafka_receiver_create(&config, &members[0].topic.intake, NULL,
                                                      &members[0].counters, &error);
    if (!receiver)
        return error.text;
    receiver->operations->destroy(receiver);
    return "";
}

START_TEST(properties_are_the_users_except_those_that_delivery_rests_on)
{
    ck_assert_str_eq(create_error("fetch.wait.max.ms", "50"), "");
    ck_assert_str_eq(create_error("auto.offset.reset", "earliest"), "");
    ck_assert_str_eq(create_error("partition.assignment.strategy", "roundrobin"), "");
    ck_assert_ptr_nonnull(
        strstr(create_error("auto.offset.reset", "latest"), "must stay earliest"));
    ck_assert_ptr_nonnull(strstr(create_error("enable.auto.commit", "true"), "must stay false"));
    ck_assert_ptr_nonnull(strstr(create_error("enable.auto.offset.store", "true"), "must stay"));
    ck_assert_ptr_nonnull(strstr(create_error("group.id", "other"), "group.id"));
    ck_assert_ptr_nonnull(strstr(create_error("no.such", "1"), "no.such"));
    if (rd_kafka_version() < 0x020a00ff)
        ck_assert_ptr_nonnull(
            strstr(create_error("partition.assignment.strategy", "cooperative-sticky"), "2.10"));
}
END_TEST

START_TEST(the_series_are_there)
{
    struct kafka_consumer_config config = default_config();
    struct error error = {0};
    struct receiver *receiver = kafka_receiver_create(&config, &members[0].topic.intake, NULL,
                                                      &members[0].counters, &error);
    struct metrics *metrics = metrics_create();
    struct buffer text = {0};
    kafka_receiver_register_metrics(receiver, metrics);
    metrics_render(metrics, &text);
    buffer_append_byte(&text, 0);
    ck_assert_ptr_nonnull(strstr((const char *)text.data,
                                 "flywheel_kafka_skipped_messages_total{receiver=\"kafka\",reason="
                                 "\"poison\"} 0"));
    ck_assert_ptr_nonnull(
        strstr((const char *)text.data, "flywheel_kafka_lag_messages{receiver=\"kafka\"} 0"));
    buffer_finish(&text);
    metrics_destroy(metrics);
    receiver->operations->destroy(receiver);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *cases = tcase_create(name);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 90);
    suite_add_tcase(suite, cases);
    return cases;
}

/* CK_RUN_CASE runs one of them: each test takes seconds, since a group forms slowly. */
int main(void)
{
    Suite *suite = suite_create("kafka receiver");
    TCase *reading = add_case(suite, "reading");
    tcase_add_test(reading, every_partition_is_read_from_its_beginning_in_order);
    tcase_add_test(reading, reading_begins_where_the_intake_says);
    tcase_add_test(reading,
                   only_what_the_intake_names_is_committed_and_comes_back_with_its_metadata);
    tcase_add_test(reading, a_message_in_which_nothing_is_recognized_is_a_dead_letter);
    tcase_add_test(reading, what_was_read_before_passes_limits_that_were_lowered_since);
    tcase_add_test(reading, other_signals_and_tombstones_are_passed_over_and_logs_are_read_as_logs);
    tcase_add_test(reading, json_messages_are_read_as_the_same_spans);
    tcase_add_test(reading, an_offset_beyond_the_end_begins_anew_and_is_counted);
    TCase *waiting = add_case(suite, "waiting");
    tcase_add_test(waiting, a_busy_intake_pauses_partitions_and_nothing_is_lost_or_out_of_order);
    tcase_add_test(waiting, without_room_no_message_is_even_copied_and_the_lag_shows);
    tcase_add_test(waiting,
                   a_partition_revoked_while_it_is_paused_begins_again_at_the_held_message);
    TCase *refusing = add_case(suite, "refusing");
    tcase_add_test(refusing, poison_becomes_a_dead_letter_and_its_partition_goes_on);
    tcase_add_test(refusing, poison_that_was_read_before_the_last_stop_is_no_second_letter);
    tcase_add_test(refusing, good_spans_of_a_bad_batch_are_kept_and_the_batch_is_a_dead_letter);
    tcase_add_test(refusing, properties_are_the_users_except_those_that_delivery_rests_on);
    tcase_add_test(refusing, the_series_are_there);
    TCase *group = add_case(suite, "group");
    tcase_add_test(group, a_second_member_takes_over_only_what_the_first_has_given_up);
    tcase_add_test(group, a_partition_beyond_the_limit_is_not_read_and_that_is_said);
    tcase_add_test(group, offsets_of_the_group_are_asked_for_until_they_come);
    tcase_add_test(group, a_changed_number_of_partitions_is_noticed);
    TCase *failing = add_case(suite, "failing");
    tcase_add_test(failing, a_broker_that_is_away_is_waited_for);
    tcase_add_test(failing, a_stop_without_a_broker_ends_in_time);
    tcase_add_test(failing, a_fenced_member_revokes_everything_and_stays_out_for_a_session_timeout);
    tcase_add_test(failing, a_denied_topic_is_told_until_it_can_be_read);
    tcase_add_test(failing, a_receiver_is_pending_until_the_group_has_assigned_something);
    TCase *identity = add_case(suite, "identity");
    tcase_add_test(identity, a_message_that_was_read_is_met_again_and_not_handed_over_twice);
    tcase_add_test(identity,
                   another_message_where_one_was_read_is_another_topic_and_begins_at_its_first);
    tcase_add_test(identity, a_topic_that_ends_before_what_was_read_is_another_one);
    tcase_add_test(identity,
                   without_an_offset_of_the_group_only_a_message_met_again_spares_the_beginning);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
