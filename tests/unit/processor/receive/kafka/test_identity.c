/* link: receive otlp base */
/* Is it the topic that was read before? A message that was read tells. */
#include <check.h>

#include "tests/support/topic_fixture.h"

/* Reads `count` messages of partition 0 and ends; what the store would know of the last one. */
static struct known_message read_and_end(uint32_t count)
{
    struct member *member = member_begin_default();
    topic_wait(&member->topic, SUBMIT, 0, count);
    member_end(member);
    return member->topic.last[0];
}

START_TEST(a_message_that_was_read_is_met_again_and_not_handed_over_twice)
{
    topic_produce_traces(0, 1, 10);
    struct known_message last = read_and_end(10);
    topic_produce_traces(0, 11, 5);
    struct fake_topic *topic = &members[1].topic;
    topic->resume_at[0] = 10;
    topic->known[0] = last;
    struct kafka_consumer_config config = member_config();
    member_begin(&members[1], &config, NULL);
    topic_wait(topic, SUBMIT, 0, 5);
    topic_wait(topic, AT_END, 0, 1);
    topic_check_order(topic, 0, 10, 5);
    ck_assert_uint_eq(counter_get(&members[1].kafka->offset_resets), 0);
}
END_TEST

START_TEST(another_message_where_one_was_read_is_another_topic_and_begins_at_its_first)
{
    topic_produce_traces(0, 1, 10);
    struct known_message last = read_and_end(10);
    topic_produce_traces(0, 11, 10);
    struct fake_topic *topic = &members[1].topic;
    topic->resume_at[0] = 16;
    topic->known[0] = last; /* of offset 9, and now it is to stand at 15 */
    topic->known[0].offset = 15;
    struct kafka_consumer_config config = member_config();
    member_begin(&members[1], &config, NULL);
    topic_wait(topic, REVOKE, 0, 1); /* for the intake it is another partition */
    topic_wait(topic, SUBMIT, 0, 20);
    topic_check_order(topic, 0, 0, 20);
    ck_assert_uint_eq(counter_get(&members[1].kafka->offset_resets), 1);
}
END_TEST

START_TEST(a_topic_that_ends_before_what_was_read_is_another_one)
{
    topic_produce_traces(0, 1, 10);
    struct known_message last = read_and_end(10);
    struct fake_topic *topic = &members[1].topic;
    topic->resume_at[0] = 5; /* what is open began there; up to 19 was read */
    topic->known[0] = last;
    topic->known[0].offset = 19;
    struct kafka_consumer_config config = member_config();
    member_begin(&members[1], &config, NULL);
    topic_wait(topic, REVOKE, 0, 1);
    topic_wait(topic, SUBMIT, 0, 5 + 10);
    topic_wait_counter(&members[1].kafka->offset_resets, 1);
}
END_TEST

START_TEST(without_an_offset_of_the_group_only_a_message_met_again_spares_the_beginning)
{
    topic_produce_traces(0, 1, 10);
    struct known_message last = read_and_end(10);
    struct fake_topic *topic = &members[1].topic;
    topic->resume_at[0] = 10;
    topic->known[0] = last;
    topic->is_offset_lost[0] = true;
    struct kafka_consumer_config config = member_config();
    member_begin(&members[1], &config, NULL);
    topic_wait(topic, AT_END, 0, 1);
    ck_assert_uint_eq(topic_count(topic, SUBMIT, 0), 0);
    ck_assert_uint_eq(counter_get(&members[1].kafka->offset_resets), 1); /* it is told */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kafka identity");
    TCase *identity = topic_fixture_case(suite, "identity");
    tcase_add_test(identity, a_message_that_was_read_is_met_again_and_not_handed_over_twice);
    tcase_add_test(identity,
                   another_message_where_one_was_read_is_another_topic_and_begins_at_its_first);
    tcase_add_test(identity, a_topic_that_ends_before_what_was_read_is_another_one);
    tcase_add_test(identity,
                   without_an_offset_of_the_group_only_a_message_met_again_spares_the_beginning);
    return topic_fixture_run(suite);
}
