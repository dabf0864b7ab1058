/* link: receive otlp base */
/* How partitions are read, given up, waited for and taken over. */
#include <check.h>
#include <stdio.h>

#include "processor/base/clock.h"
#include "tests/support/topic_fixture.h"
#include "tests/support/waiting.h"

START_TEST(every_partition_is_read_from_its_beginning_in_order)
{
    for (int32_t i = 0; i < PARTITIONS; i++)
        topic_produce_traces(i, 1 + 100 * (uint32_t)i, 50);
    struct member *member = member_begin_default();
    topic_wait(&member->topic, SUBMIT, -1, 200);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        topic_wait(&member->topic, AT_END, i, 1);
        topic_check_order(&member->topic, i, 0, 50);
    }
    ck_assert_uint_ge(atomic_load(&member->topic.passed),
                      PARTITIONS); /* also without such an event */
    for (int32_t i = 0; i < PARTITIONS; i++) {
        ck_assert_int_eq(member->topic.group_offset[i], -1);
    }
    ck_assert_uint_eq(topic_count(&member->topic, ASSIGNED, -1), 1);
    member_end(member);
    ck_assert_uint_eq(counter_get(&member->counters.accepted_spans), 200);
    ck_assert_uint_eq(counter_get(&member->counters.requests[0]), 200);
    /* At the end of the process what is open stays in the store. */
    ck_assert_uint_eq(topic_count(&member->topic, REVOKE, -1), 0);
}
END_TEST

START_TEST(reading_begins_where_the_intake_says)
{
    topic_produce_traces(0, 1, 30);
    topic_produce_traces(1, 101, 30);
    members[0].topic.resume_at[0] = 20;
    struct member *member = member_begin_default();
    topic_wait(&member->topic, SUBMIT, -1, 40);
    topic_wait(&member->topic, AT_END, 0, 1);
    topic_check_order(&member->topic, 0, 20, 10);
    topic_check_order(&member->topic, 1, 0, 30);
    ck_assert_uint_eq(counter_get(&member->kafka->offset_resets), 0);
}
END_TEST

START_TEST(only_what_the_intake_names_is_committed_and_comes_back_with_its_metadata)
{
    topic_produce_traces(2, 1, 30);
    struct member *member = member_begin_default();
    topic_wait(&member->topic, AT_END, 2, 1);
    pause_ms(300);
    ck_assert_int_eq(topic_committed(2, NULL), RD_KAFKA_OFFSET_INVALID); /* nothing by itself */
    topic_set_commit(&member->topic, 2, 7);
    topic_wait_counter(&member->kafka->commits, 1);
    char metadata[32];
    ck_assert_int_eq(topic_committed(2, metadata), 7);
    ck_assert_str_eq(metadata, "volume-1:7");
    topic_set_commit(&member->topic, 2, 5); /* never backwards */
    pause_ms(300);
    ck_assert_int_eq(topic_committed(2, NULL), 7);
    topic_set_commit(&member->topic, 2, 9);
    topic_wait_counter(&member->kafka->commits, 2);
    topic_set_commit(&member->topic, 2, 11);
    member_end(member); /* the last one goes with the revoke */
    ck_assert_int_eq(topic_committed(2, NULL), 11);

    struct kafka_consumer_config config = member_config();
    struct member *next = member_begin(&members[1], &config, NULL);
    topic_wait(&next->topic, AT_END, 2, 1);
    topic_check_order(&next->topic, 2, 11, 19);
    ck_assert_int_eq(next->topic.group_offset[2], 11);
    ck_assert_str_eq(next->topic.group_metadata[2], "volume-1:7");
    ck_assert_int_eq(next->topic.group_offset[0], -1);
}
END_TEST

START_TEST(a_busy_intake_pauses_partitions_and_nothing_is_lost_or_out_of_order)
{
    for (int32_t i = 0; i < PARTITIONS; i++)
        topic_produce_traces(i, 1 + 1000 * (uint32_t)i, 300);
    topic_set_busy(&members[0].topic, true);
    struct member *member = member_begin_default();
    topic_wait_counter(&member->kafka->pauses, PARTITIONS);
    ck_assert_uint_eq(topic_count(&member->topic, SUBMIT, -1), 0);
    for (int i = 0; i < 20; i++) {
        topic_set_busy(&member->topic, i % 2 == 1);
        pause_ms(i % 2 == 1 ? 150 : 3);
    }
    topic_set_busy(&member->topic, false);
    topic_wait(&member->topic, SUBMIT, -1, 4 * 300);
    for (int32_t i = 0; i < PARTITIONS; i++)
        topic_check_order(&member->topic, i, 0, 300);
    WAIT_UNTIL(counter_get(&member->kafka->paused_partitions) == 0);
    ck_assert_uint_eq(counter_get(&member->counters.accepted_spans), 1200);
    WAIT_UNTIL(counter_get(&member->kafka->lag) == 0);
}
END_TEST

START_TEST(without_room_no_message_is_even_copied_and_the_lag_shows)
{
    topic_produce_traces(0, 1, 10);
    members[0].topic.has_no_room = true;
    struct member *member = member_begin_default();
    topic_wait_counter(&member->kafka->pauses, 1);
    pause_ms(300);
    ck_assert_uint_eq(member->topic.refusals, 0);
    ck_assert_uint_eq(request_pool_held_bytes(member->topic.intake.pool), 0);
    pthread_mutex_lock(&member->topic.lock);
    member->topic.has_no_room = false;
    pthread_mutex_unlock(&member->topic.lock);
    topic_wait(&member->topic, SUBMIT, 0, 10);
    topic_check_order(&member->topic, 0, 0, 10);
}
END_TEST

START_TEST(a_partition_revoked_while_it_is_paused_begins_again_at_the_held_message)
{
    topic_produce_traces(0, 1, 20);
    struct member *member = member_begin_default();
    topic_wait(&member->topic, AT_END, 0, 1);
    topic_set_busy(&member->topic, true);
    topic_produce_traces(0, 21, 5);
    topic_wait_counter(&member->kafka->pauses, 1);
    topic_set_commit(&member->topic, 0, 20);
    member_end(member);
    struct kafka_consumer_config config = member_config();
    struct member *next = member_begin(&members[1], &config, NULL);
    topic_wait(&next->topic, SUBMIT, 0, 5);
    topic_check_order(&next->topic, 0, 20, 5);
}
END_TEST

/* How often a partition was given to the member and not taken away again. */
static int held_by(struct member *member, int32_t partition)
{
    return (int)topic_count(&member->topic, ASSIGN, partition) -
           (int)topic_count(&member->topic, REVOKE, partition);
}

START_TEST(a_second_member_takes_over_only_what_the_first_has_given_up)
{
    struct kafka_consumer_config config = member_config();
    struct member *first = member_begin_default();
    for (int32_t i = 0; i < PARTITIONS; i++)
        topic_produce_traces(i, 1, 10);
    topic_wait(&first->topic, SUBMIT, -1, 40);
    for (int32_t i = 0; i < PARTITIONS; i++)
        topic_set_commit(&first->topic, i, 6);
    /* The topic_mock broker takes no commit while the group rebalances. */
    WAIT_UNTIL(topic_committed(PARTITIONS - 1, NULL) == 6);
    struct member *second = member_begin(&members[1], &config, NULL);
    topic_wait(&second->topic, ASSIGN, -1, 1);
    WAIT_UNTIL(topic_count(&first->topic, ASSIGN, -1) >= PARTITIONS + 2);
    uint32_t shared = 0;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        ck_assert_int_eq(held_by(first, i) + held_by(second, i), 1);
        if (!held_by(second, i))
            continue;
        shared++;
        ck_assert_int_eq(second->topic.group_offset[i], 6);
        topic_wait(&second->topic, AT_END, i, 1);
        topic_check_order(&second->topic, i, 6, 4);
    }
    ck_assert_uint_gt(shared, 0);
    member_end(first);
    WAIT_UNTIL(counter_get(&second->kafka->assigned_partitions) >= PARTITIONS);
    ck_assert_uint_eq(counter_get(&second->kafka->assigned_partitions), PARTITIONS);
}
END_TEST

START_TEST(a_partition_beyond_the_limit_is_not_read_and_that_is_said)
{
    for (int32_t i = 0; i < PARTITIONS; i++)
        topic_produce_traces(i, 1, 5);
    members[0].topic.intake.partitions_max = 2;
    struct member *member = member_begin_default();
    topic_wait(&member->topic, SUBMIT, -1, 10);
    WAIT_UNTIL(counter_get(&member->kafka->unread_partitions) == 2);
    ck_assert_uint_eq(topic_count(&member->topic, SUBMIT, -1), 10);
    ck_assert_uint_eq(topic_count(&member->topic, ASSIGN, -1), 2);
    ck_assert_uint_eq(counter_get(&member->kafka->unread_partitions), 2);
    ck_assert_uint_eq(counter_get(&member->kafka->assigned_partitions), 2);
}
END_TEST

START_TEST(offsets_of_the_group_are_asked_for_until_they_come)
{
    rd_kafka_mock_push_request_errors(topic_mock.cluster, KAFKA_API_OFFSET_FETCH, 2,
                                      RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    topic_produce_traces(0, 1, 5);
    struct member *member = member_begin_default();
    topic_wait(&member->topic, SUBMIT, 0, 5);
    topic_check_order(&member->topic, 0, 0, 5);
}
END_TEST

START_TEST(an_offset_beyond_the_end_begins_anew_and_is_counted)
{
    topic_produce_traces(0, 1, 5);
    members[0].topic.resume_at[0] = 100;
    struct member *member = member_begin_default();
    topic_wait(&member->topic, REVOKE, 0, 1); /* for the intake it is another partition */
    pthread_mutex_lock(&member->topic.lock);
    ck_assert_int_eq(member->topic.events[0].kind, ASSIGN);
    pthread_mutex_unlock(&member->topic.lock);
    topic_wait_counter(&member->kafka->offset_resets, 1);
    topic_wait(&member->topic, SUBMIT, 0, 5);
    topic_check_order(&member->topic, 0, 0, 5);
    ck_assert_uint_eq(counter_get(&member->kafka->offset_resets), 1);
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
    struct kafka_consumer_config config = member_config();
    rd_kafka_mock_topic_set_error(topic_mock.cluster, "otlp_spans",
                                  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    struct member *member = member_begin(&members[0], &config, NULL);
    WAIT_UNTIL(is_unread(member, "denies topic otlp_spans"));
    ck_assert_uint_eq(counter_get(&member->kafka->up), 0);
    rd_kafka_mock_topic_set_error(topic_mock.cluster, "otlp_spans", RD_KAFKA_RESP_ERR_NO_ERROR);
    topic_produce_traces(0, 1, 5);
    topic_wait(&member->topic, SUBMIT, 0, 5);
    WAIT_UNTIL(!is_unread(member, ""));
    topic_wait_counter(&member->kafka->up, 1);
}
END_TEST

START_TEST(a_receiver_is_pending_until_the_group_has_assigned_something)
{
    kafka_mock_set_down(&topic_mock);
    struct member *member = member_begin_default();
    ck_assert(is_unread(member, ""));
    WAIT_UNTIL(is_unread(member, "no broker answers"));
    kafka_mock_set_up(&topic_mock);
    WAIT_UNTIL(!is_unread(member, ""));
    ck_assert_uint_ge(topic_count(&member->topic, ASSIGNED, -1), 1);
}
END_TEST

START_TEST(a_broker_that_is_away_is_waited_for)
{
    kafka_mock_set_down(&topic_mock);
    struct member *member = member_begin_default();
    pause_ms(1500);
    ck_assert_uint_eq(topic_count(&member->topic, ASSIGN, -1), 0);
    kafka_mock_set_up(&topic_mock);
    topic_produce_traces(0, 1, 5);
    topic_wait(&member->topic, SUBMIT, 0, 5);
    kafka_mock_set_down(&topic_mock);
    pause_ms(500);
    kafka_mock_set_up(&topic_mock);
    topic_produce_traces(0, 6, 5);
    topic_wait(&member->topic, SUBMIT, 0, 10);
    topic_check_order(&member->topic, 0, 0, 10);
    ck_assert_uint_eq(counter_get(&member->kafka->restarts), 0);
}
END_TEST

START_TEST(a_stop_without_a_broker_ends_in_time)
{
    topic_produce_traces(0, 1, 5);
    struct member *member = member_begin_default();
    topic_wait(&member->topic, SUBMIT, 0, 5);
    kafka_mock_set_down(&topic_mock);
    topic_set_commit(&member->topic, 0, 5);
    int64_t before_ms = clock_monotonic_ms();
    member_end(member);
    ck_assert_int_lt(clock_monotonic_ms() - before_ms, patiently_ms(PATIENCE_MS));
}
END_TEST

START_TEST(a_fenced_member_revokes_everything_and_stays_out_for_a_session_timeout)
{
    struct kafka_consumer_config config = member_config();
    config.group_instance_id = "instance-0";
    static const char *const properties[] = {"session.timeout.ms", "6000", "heartbeat.interval.ms",
                                             "200", NULL};
    config.properties = properties;
    topic_produce_traces(0, 1, 5);
    struct member *member = member_begin(&members[0], &config, NULL);
    topic_wait(&member->topic, AT_END, 0, 1);
    rd_kafka_mock_push_request_errors(topic_mock.cluster, KAFKA_API_HEARTBEAT, 1,
                                      RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    WAIT_UNTIL(is_unread(member, "group_instance_id instance-0"));
    ck_assert_uint_eq(counter_get(&member->kafka->restarts), 0); /* the other one may live */
    topic_wait_counter(&member->kafka->restarts, 1);
    topic_wait(&member->topic, ASSIGN, 0, 2);
    topic_wait(&member->topic, SUBMIT, 0, 10); /* nothing was committed: read again */
    ck_assert_uint_eq(topic_count(&member->topic, REVOKE, 0), 1);
}
END_TEST

START_TEST(a_changed_number_of_partitions_is_noticed)
{
    struct kafka_mock other;
    kafka_mock_start(&other);
    kafka_mock_add_topic(&other, "otlp_spans", PARTITIONS + 2);
    char both[512];
    (void)snprintf(both, sizeof both, "%s,%s", topic_mock.brokers, other.brokers);
    kafka_mock_set_down(&other);
    struct kafka_consumer_config config = member_config();
    config.brokers = both;
    struct member *member = member_begin(&members[0], &config, NULL);
    topic_wait_counter(&member->kafka->topic_partitions, PARTITIONS);
    ck_assert_uint_eq(counter_get(&member->kafka->count_changes), 0);
    kafka_mock_set_up(&other);
    kafka_mock_set_down(&topic_mock);
    topic_wait_counter(&member->kafka->topic_partitions, PARTITIONS + 2);
    ck_assert_uint_eq(counter_get(&member->kafka->count_changes), 1);
    member_end(member);
    kafka_mock_stop(&other);
}
END_TEST

static const char *create_error(const char *name, const char *value)
{
    static struct error error;
    error = (struct error){0};
    const char *const properties[] = {name, value, NULL};
    struct kafka_consumer_config config = member_config();
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
    struct kafka_consumer_config config = member_config();
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

/* CK_RUN_CASE runs one of them: each test takes seconds, since a group forms slowly. */
int main(void)
{
    Suite *suite = suite_create("kafka receiver");
    TCase *reading = topic_fixture_case(suite, "reading");
    tcase_add_test(reading, every_partition_is_read_from_its_beginning_in_order);
    tcase_add_test(reading, reading_begins_where_the_intake_says);
    tcase_add_test(reading,
                   only_what_the_intake_names_is_committed_and_comes_back_with_its_metadata);
    tcase_add_test(reading, an_offset_beyond_the_end_begins_anew_and_is_counted);
    TCase *waiting = topic_fixture_case(suite, "waiting");
    tcase_add_test(waiting, a_busy_intake_pauses_partitions_and_nothing_is_lost_or_out_of_order);
    tcase_add_test(waiting, without_room_no_message_is_even_copied_and_the_lag_shows);
    tcase_add_test(waiting,
                   a_partition_revoked_while_it_is_paused_begins_again_at_the_held_message);
    TCase *refusing = topic_fixture_case(suite, "refusing");
    tcase_add_test(refusing, properties_are_the_users_except_those_that_delivery_rests_on);
    tcase_add_test(refusing, the_series_are_there);
    TCase *group = topic_fixture_case(suite, "group");
    tcase_add_test(group, a_second_member_takes_over_only_what_the_first_has_given_up);
    tcase_add_test(group, a_partition_beyond_the_limit_is_not_read_and_that_is_said);
    tcase_add_test(group, offsets_of_the_group_are_asked_for_until_they_come);
    tcase_add_test(group, a_changed_number_of_partitions_is_noticed);
    TCase *failing = topic_fixture_case(suite, "failing");
    tcase_add_test(failing, a_broker_that_is_away_is_waited_for);
    tcase_add_test(failing, a_stop_without_a_broker_ends_in_time);
    tcase_add_test(failing, a_fenced_member_revokes_everything_and_stays_out_for_a_session_timeout);
    tcase_add_test(failing, a_denied_topic_is_told_until_it_can_be_read);
    tcase_add_test(failing, a_receiver_is_pending_until_the_group_has_assigned_something);
    return topic_fixture_run(suite);
}
