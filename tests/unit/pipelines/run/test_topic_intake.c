/* Partitions under the runtime's real threads: where they go on, what is waited for, what is given
 * up. The test is the receiver. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pipelines/config/load.h"
#include "pipelines/run/runtime.h"
#include "pipelines/run/topic_intake.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "tests/support/temp_store.h"
#include "tests/support/trace_builder.h"
#include "tests/support/waiting.h"

enum { PARTITIONS = 2, MANY = 3000 };

struct fixture {
    struct temp_store temp;
    struct pipeline_config *config;
    struct runtime *runtime;
    struct topic_intake topic;
    char own[64];             /* the metadata of this instance */
    struct topic_start start; /* of the last assignment */
};

static void open_runtime(struct fixture *fixture)
{
    struct error error = {0};
    struct runtime_source sources[] = {{"otlp/grpc", SOURCE_JOURNALED},
                                       {"kafka/spans/0", SOURCE_TOPIC},
                                       {"kafka/spans/1", SOURCE_TOPIC}};
    fixture->runtime = runtime_create(fixture->config, fixture->temp.store, sources, 3, &error);
    ck_assert_msg(fixture->runtime != NULL, "%s", error.text);
    fixture->topic = topic_intake_of_source(fixture->runtime, 1);
    ck_assert_uint_eq(fixture->topic.partitions_max, PARTITIONS);
    snprintf(fixture->own, sizeof(fixture->own), "%s", fixture->topic.metadata);
    ck_assert_msg(runtime_start(fixture->runtime, &error) == STATUS_OK, "%s", error.text);
}

static void close_runtime(struct fixture *fixture)
{
    runtime_stop(fixture->runtime, 5000);
    runtime_destroy(fixture->runtime);
}

static struct fixture *begin(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error error = {0};
    char text[512];
    log_set_level(LOG_ERROR);
    temp_store_open(&fixture->temp, (size_t)256 << 20);
    snprintf(text, sizeof(text),
             "rules: [{ name: quality, measure: score.Quality, fail_below: 0.5 }]\n"
             "trajectory: { settle: 50ms, idle_timeout: 1h, max_duration: 2h }\n"
             "exporters: { file/out: { path: %s/records.jsonl } }\n"
             "service: { shards: 2, pipelines: { traces: { receivers: [otlp], exporters: "
             "[file/out] } } }\n",
             fixture->temp.path);
    fixture->config = config_load_text("test.yaml", bytes_of_text(text), &error);
    ck_assert_msg(fixture->config != NULL, "%s", error.text);
    open_runtime(fixture);
    return fixture;
}

static void end(struct fixture *fixture)
{
    close_runtime(fixture);
    config_destroy(fixture->config);
    temp_store_finish(&fixture->temp);
    free(fixture);
}

static int64_t assign(struct fixture *fixture, int32_t partition, int64_t offset, const char *whose)
{
    struct group_offset group = {.offset = offset, .metadata = bytes_of_text(whose)};
    struct topic_start start;
    ck_assert_int_eq(fixture->topic.assign(fixture->topic.context, partition, &group, &start),
                     STATUS_OK);
    fixture->start = start;
    return start.offset;
}

static enum status offer(struct fixture *fixture, int32_t partition, int64_t offset, uint32_t trace,
                         bool is_root)
{
    struct trace_builder builder = {0};
    struct request *request = request_take(fixture->topic.pool);
    trace_span(&builder, &(struct span_spec){.trace = trace,
                                             .id = is_root ? 1 : 2,
                                             .parent = is_root ? 0 : 1,
                                             .end_ms = 1700000000000,
                                             .score_name = "Quality",
                                             .score = 0.1});
    buffer_append_bytes(&request->received, trace_request(&builder));
    request->received_ms = 1700000000000;
    request->has_origin = true;
    memset(request->origin, (int)offset + 1, sizeof request->origin);
    ck_assert_int_eq(wire_gate(request_body(request), WIRE_GATE_TRACES, &wire_gate_limits_default,
                               &request->arena, &request->gated),
                     STATUS_OK);
    request_account(request);
    enum status status = fixture->topic.submit(fixture->topic.context, partition, offset, request);
    if (status != STATUS_OK)
        request_release(request);
    trace_finish(&builder);
    return status;
}

static void give(struct fixture *fixture, int32_t partition, int64_t offset, uint32_t trace,
                 bool is_root)
{
    ck_assert_int_eq(offer(fixture, partition, offset, trace, is_root), STATUS_OK);
}

/* As the receiver does: what is busy is given again. */
static void give_in_time(struct fixture *fixture, int32_t partition, int64_t offset, uint32_t trace,
                         bool is_root)
{
    int64_t until_ms = clock_monotonic_ms() + patiently_ms(PATIENCE_MS);
    enum status status;
    while ((status = offer(fixture, partition, offset, trace, is_root)) == STATUS_BUSY &&
           clock_monotonic_ms() < until_ms)
        pause_ms(1);
    ck_assert_int_eq(status, STATUS_OK);
}

static struct span_account account(const struct fixture *fixture)
{
    return writer_account(runtime_writer(fixture->runtime));
}

static bool wait_for(struct fixture *fixture, bool (*is_so)(struct fixture *fixture))
{
    int64_t until_ms = clock_monotonic_ms() + patiently_ms(PATIENCE_MS);
    while (!is_so(fixture) && clock_monotonic_ms() < until_ms)
        pause_ms(2);
    return is_so(fixture);
}

static bool stands(struct fixture *fixture, int32_t partition, int64_t later_ms)
{
    return topic_intake_stands(fixture->runtime, 1 + (uint32_t)partition,
                               clock_monotonic_ms() + later_ms);
}

START_TEST(a_partition_stands_still_while_it_is_behind_or_out_of_reach)
{
    struct fixture *fixture = begin();
    const struct topic_intake *topic = &fixture->topic;
    enum { LATER_MS = 5000 };
    ck_assert(!stands(fixture, 0, LATER_MS)); /* not ours */
    (void)assign(fixture, 0, 0, "");
    ck_assert(!stands(fixture, 0, 0));
    ck_assert(stands(fixture, 0, LATER_MS));
    ck_assert(!topic_intake_stands(fixture->runtime, 0, INT64_MAX / 2)); /* no partition */
    topic->at_end(topic->context, 0);
    ck_assert(!stands(fixture, 0, LATER_MS));
    give_in_time(fixture, 0, 0, 1, false);
    ck_assert(stands(fixture, 0, LATER_MS));
    topic->passed(topic->context, 0);
    ck_assert(!stands(fixture, 0, LATER_MS));
    topic->reached(topic->context, false);
    ck_assert(stands(fixture, 0, LATER_MS));
    topic->reached(topic->context, true);
    ck_assert(stands(fixture, 0, 0)); /* a moment for the first fetch */
    ck_assert(!stands(fixture, 0, LATER_MS));
    end(fixture);
}
END_TEST

static bool is_ready(struct fixture *fixture)
{
    return runtime_is_ready(fixture->runtime);
}

static bool has_decided_one(struct fixture *fixture)
{
    return account(fixture).decided == 2;
}

static bool has_accepted_two(struct fixture *fixture)
{
    return account(fixture).accepted == 2;
}

static bool has_accepted_four(struct fixture *fixture)
{
    return account(fixture).accepted == 4;
}

static bool has_accepted_all(struct fixture *fixture)
{
    return account(fixture).accepted == 2 * MANY;
}

static bool is_committable_at_two(struct fixture *fixture)
{
    return fixture->topic.commit_offset(fixture->topic.context, 0) == 2;
}

static bool is_committable_at_one(struct fixture *fixture)
{
    return fixture->topic.commit_offset(fixture->topic.context, 0) == 1;
}

START_TEST(a_partition_nobody_has_read_begins_where_the_topic_says)
{
    struct fixture *fixture = begin();
    ck_assert(is_ready(fixture)); /* Nothing to catch up with. */
    ck_assert_int_eq(assign(fixture, 0, -1, ""), -1);
    ck_assert_int_eq(assign(fixture, 1, 17, ""), 17);
    end(fixture);
}
END_TEST

START_TEST(the_group_may_hear_of_an_offset_when_nothing_before_it_is_open)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 2, false);
    ck_assert(wait_for(fixture, has_accepted_two));
    ck_assert_int_le(fixture->topic.commit_offset(fixture->topic.context, 0), 0);
    give(fixture, 0, 2, 1, true); /* The first trace is whole; the second began at offset 1. */
    ck_assert(wait_for(fixture, has_decided_one));
    ck_assert(wait_for(fixture, is_committable_at_one));
    end(fixture);
}
END_TEST

START_TEST(a_restart_goes_on_at_its_own_mark_and_is_ready_when_it_has_caught_up)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 1, true);
    ck_assert(wait_for(fixture, has_decided_one));
    ck_assert(wait_for(fixture, is_committable_at_two));
    give(fixture, 0, 2, 2, false);
    give(fixture, 0, 3, 3, false);
    close_runtime(fixture);
    open_runtime(fixture);
    ck_assert(!is_ready(fixture));
    ck_assert_int_eq(assign(fixture, 0, 0, fixture->own), 2);
    fixture->topic.assigned(fixture->topic.context);
    give(fixture, 0, 2, 2, false);
    ck_assert(!is_ready(fixture));
    ck_assert(fixture->topic.was_read(fixture->topic.context, 0, 3));
    give(fixture, 0, 3, 3, false);
    ck_assert(wait_for(fixture, is_ready));
    ck_assert_uint_eq(account(fixture).accepted, 4); /* Read twice, counted once. */
    ck_assert_uint_eq(account(fixture).in_flight, 2);
    end(fixture);
}
END_TEST

START_TEST(after_another_instance_the_group_says_where_and_what_was_open_is_given_up)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 2, false);
    ck_assert(wait_for(fixture, has_accepted_two));
    close_runtime(fixture);
    open_runtime(fixture);
    ck_assert_int_eq(assign(fixture, 0, 40, "flywheel:somebody else"), 40);
    fixture->topic.assigned(fixture->topic.context);
    ck_assert(wait_for(fixture, is_ready));
    ck_assert_uint_eq(account(fixture).dropped, 2);
    ck_assert_uint_eq(account(fixture).in_flight, 0);
    give(fixture, 0, 40, 3, true);
    end(fixture);
}
END_TEST

START_TEST(what_was_decided_before_the_restart_and_comes_again_is_a_duplicate)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 1, true);
    ck_assert(wait_for(fixture, has_decided_one));
    ck_assert(wait_for(fixture, is_committable_at_two));
    close_runtime(fixture);
    open_runtime(fixture);
    ck_assert(wait_for(fixture, is_ready));
    ck_assert_int_eq(assign(fixture, 0, 0, "flywheel:somebody else"), 0);
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 1, true);
    ck_assert(wait_for(fixture, has_accepted_four));
    ck_assert(wait_for(fixture, is_committable_at_two));
    ck_assert_uint_eq(account(fixture).dropped, 2);
    ck_assert_uint_eq(account(fixture).in_flight, 0);
    end(fixture);
}
END_TEST

START_TEST(partitions_of_others_are_not_waited_for)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 1, false);
    ck_assert(wait_for(fixture, has_accepted_two));
    close_runtime(fixture);
    open_runtime(fixture);
    (void)assign(fixture, 1, -1, "");
    ck_assert(!is_ready(fixture));
    fixture->topic.assigned(fixture->topic.context);
    ck_assert(wait_for(fixture, is_ready));
    ck_assert_uint_eq(account(fixture).in_flight, 0);
    end(fixture);
}
END_TEST

START_TEST(a_revoked_partition_is_read_again_from_the_groups_offset_without_counting_twice)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 1, true);
    ck_assert(wait_for(fixture, has_decided_one));
    fixture->topic.revoke(fixture->topic.context, 0);
    ck_assert_int_eq(assign(fixture, 0, 0, fixture->own), 0);
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 1, true);
    ck_assert(wait_for(fixture, is_committable_at_two));
    ck_assert_uint_eq(account(fixture).decided, 2);
    ck_assert_uint_eq(account(fixture).dropped, 2);
    end(fixture);
}
END_TEST

START_TEST(what_comes_while_the_shards_still_catch_up_is_neither_lost_nor_passed_over)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    for (uint32_t i = 0; i < MANY; i++)
        give_in_time(fixture, 0, i, i + 1, false);
    close_runtime(fixture);
    open_runtime(fixture);
    ck_assert_int_eq(assign(fixture, 0, 0, fixture->own), 0);
    fixture->topic.assigned(fixture->topic.context);
    for (uint32_t i = 0; i < 2 * MANY; i++)
        give_in_time(fixture, 0, i, i + 1, false);
    ck_assert(wait_for(fixture, is_ready));
    ck_assert(wait_for(fixture, has_accepted_all));
    ck_assert_uint_eq(account(fixture).dropped, 0);
    ck_assert_uint_eq(account(fixture).in_flight, 2 * MANY);
    end(fixture);
}
END_TEST

START_TEST(a_mark_without_an_offset_of_the_group_goes_on_only_with_a_message_to_prove_it)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    ck_assert(!fixture->start.is_offset_lost); /* nobody has read it */
    give(fixture, 0, 0, 1, false);
    give(fixture, 0, 1, 1, true);
    ck_assert(wait_for(fixture, has_decided_one));
    ck_assert(wait_for(fixture, is_committable_at_two));
    close_runtime(fixture);
    open_runtime(fixture);
    ck_assert_int_eq(assign(fixture, 0, -1, ""), 2);
    ck_assert(fixture->start.is_offset_lost);
    ck_assert_int_eq(fixture->start.known.offset, 1); /* the last message that was taken in */
    ck_assert_uint_eq(fixture->start.known.digest[0], 2);
    fixture->topic.revoke(fixture->topic.context, 0); /* it was another topic, and is gone again */
    ck_assert_int_eq(assign(fixture, 0, -1, ""), -1);
    ck_assert(fixture->start.is_offset_lost);
    ck_assert_int_eq(fixture->start.known.offset, -1);
    end(fixture);
}
END_TEST

START_TEST(what_was_known_of_a_topic_is_forgotten_when_it_begins_elsewhere)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    give(fixture, 0, 0, 1, true);
    ck_assert(wait_for(fixture, is_committable_at_one));
    close_runtime(fixture);
    open_runtime(fixture);
    ck_assert_int_eq(assign(fixture, 0, 40, "flywheel:somebody else"), 40);
    close_runtime(fixture);
    open_runtime(fixture);
    ck_assert_int_eq(assign(fixture, 0, 40, fixture->own), 40);
    ck_assert_int_eq(fixture->start.known.offset, -1);
    end(fixture);
}
END_TEST

START_TEST(messages_without_spans_move_the_position)
{
    struct fixture *fixture = begin();
    (void)assign(fixture, 0, -1, "");
    ck_assert_int_eq(fixture->topic.skip(fixture->topic.context, 0, 0), STATUS_OK);
    ck_assert_int_eq(fixture->topic.skip(fixture->topic.context, 0, 1), STATUS_OK);
    ck_assert(wait_for(fixture, is_committable_at_two));
    end(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("runtime_topic");
    TCase *cases = tcase_create("runtime_topic");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_partition_nobody_has_read_begins_where_the_topic_says);
    tcase_add_test(cases, the_group_may_hear_of_an_offset_when_nothing_before_it_is_open);
    tcase_add_test(cases, a_restart_goes_on_at_its_own_mark_and_is_ready_when_it_has_caught_up);
    tcase_add_test(cases,
                   after_another_instance_the_group_says_where_and_what_was_open_is_given_up);
    tcase_add_test(cases, what_was_decided_before_the_restart_and_comes_again_is_a_duplicate);
    tcase_add_test(cases, partitions_of_others_are_not_waited_for);
    tcase_add_test(cases,
                   a_revoked_partition_is_read_again_from_the_groups_offset_without_counting_twice);
    tcase_add_test(cases,
                   what_comes_while_the_shards_still_catch_up_is_neither_lost_nor_passed_over);
    tcase_add_test(cases,
                   a_mark_without_an_offset_of_the_group_goes_on_only_with_a_message_to_prove_it);
    tcase_add_test(cases, what_was_known_of_a_topic_is_forgotten_when_it_begins_elsewhere);
    tcase_add_test(cases, messages_without_spans_move_the_position);
    tcase_add_test(cases, a_partition_stands_still_while_it_is_behind_or_out_of_reach);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
