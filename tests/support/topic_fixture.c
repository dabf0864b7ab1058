/* The intake notes each call in order, so that a test asks what came and waits for it. */
#include "tests/support/topic_fixture.h"

#include <stdio.h>

#include "tests/support/trace_builder.h"
#include "tests/support/waiting.h"

struct kafka_mock topic_mock;
struct member members[2];

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
    kafka_mock_start(&topic_mock);
    kafka_mock_add_topic(&topic_mock, "otlp_spans", PARTITIONS);
    kafka_mock_add_topic(&topic_mock, "otlp_spans.dead", 1);
    for (int i = 0; i < 2; i++) {
        members[i] = (struct member){0};
        init_topic(&members[i].topic);
    }
}

void member_end(struct member *member)
{
    if (member->receiver)
        member->receiver->operations->stop(member->receiver, 5000);
}

static void teardown(void)
{
    for (int i = 0; i < 2; i++) {
        member_end(&members[i]);
        if (members[i].receiver)
            members[i].receiver->operations->destroy(members[i].receiver);
        request_pool_destroy(members[i].topic.intake.pool);
        pthread_mutex_destroy(&members[i].topic.lock);
    }
    kafka_mock_stop(&topic_mock);
}

struct kafka_consumer_config member_config(void)
{
    /* Quick enough for a test. */
    static const char *const properties[] = {"fetch.wait.max.ms",
                                             "20",
                                             "heartbeat.interval.ms",
                                             "200",
                                             "session.timeout.ms",
                                             "6000",
                                             NULL};
    return (struct kafka_consumer_config){.brokers = topic_mock.brokers,
                                          .topic = "otlp_spans",
                                          .group_id = "flywheel",
                                          .client_id = "flywheel-test",
                                          .properties = properties,
                                          .max_message_bytes = 1 << 20,
                                          .gate = wire_gate_limits_default,
                                          .commit_interval_ms = 50,
                                          .metadata_interval_ms = 200};
}

struct member *member_begin(struct member *member, const struct kafka_consumer_config *config,
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

struct member *member_begin_default(void)
{
    struct kafka_consumer_config config = member_config();
    return member_begin(&members[0], &config, NULL);
}

static rd_kafka_t *open_producer(void)
{
    static const char *const properties[] = {"message.max.bytes", "10000000", NULL};
    return kafka_mock_client(&topic_mock, RD_KAFKA_PRODUCER, properties);
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

void topic_produce(int32_t partition, struct bytes value, const char *const *headers)
{
    rd_kafka_t *producer = open_producer();
    produce_one(producer, partition, value, headers);
    close_producer(producer);
}

/* `count` messages of one span each, traces from `first` on. */
void topic_produce_traces(int32_t partition, uint32_t first, uint32_t count)
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

size_t topic_count(struct fake_topic *topic, enum event_kind kind, int32_t partition)
{
    size_t count = 0;
    pthread_mutex_lock(&topic->lock);
    for (size_t i = 0; i < topic->event_count; i++)
        count += topic->events[i].kind == kind &&
                 (partition < 0 || topic->events[i].partition == partition);
    pthread_mutex_unlock(&topic->lock);
    return count;
}

void topic_wait(struct fake_topic *topic, enum event_kind kind, int32_t partition, size_t count)
{
    WAIT_UNTIL(topic_count(topic, kind, partition) >= count);
    ck_assert_uint_ge(topic_count(topic, kind, partition), count);
}

void topic_wait_counter(const struct counter *counter, uint64_t at_least)
{
    WAIT_UNTIL(counter_get(counter) >= at_least);
    ck_assert_uint_ge(counter_get(counter), at_least);
}

void topic_set_busy(struct fake_topic *topic, bool is_busy)
{
    pthread_mutex_lock(&topic->lock);
    topic->is_busy = is_busy;
    pthread_mutex_unlock(&topic->lock);
}

void topic_set_commit(struct fake_topic *topic, int32_t partition, int64_t offset)
{
    pthread_mutex_lock(&topic->lock);
    topic->commit_at[partition] = offset;
    pthread_mutex_unlock(&topic->lock);
}

/* Submits and skips of a partition come with each offset from `first` on, once and in order; traces
 * rise. */
void topic_check_order(struct fake_topic *topic, int32_t partition, int64_t first, size_t count)
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
int64_t topic_committed(int32_t partition, char *ret_metadata)
{
    static const char *const properties[] = {"group.id", "flywheel", NULL};
    rd_kafka_t *consumer = kafka_mock_client(&topic_mock, RD_KAFKA_CONSUMER, properties);
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

TCase *topic_fixture_case(Suite *suite, const char *name)
{
    TCase *cases = tcase_create(name);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 90);
    suite_add_tcase(suite, cases);
    return cases;
}

int topic_fixture_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
