/* Memory and disk fail while what is stored is taken up again: late spans that change a verdict,
 * trajectories that are spilled and restored, conversations over several traces. Each case brings a
 * store to the point before; then a batch fails at every place. Whatever was decided before stands,
 * the state is sound, and a start reads it. */
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/commit/state.h"
#include "pipelines/commit/writer.h"
#include "pipelines/run/recovery.h"
#include "tests/support/check_state.h"
#include "tests/support/failing.h"
#include "tests/support/shard_fixture.h"
#include "tests/support/temp_store.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, MAP_BYTES = 16 << 20, STEPS_MAX = 4 };

struct world {
    struct temp_store temp;
    struct shard_fixture shards;
    struct writer *writer;
    struct request *request; /* of the batch under way */
};

/* What comes before and what fails: time passes in steps, the request comes first. */
struct scenario {
    const char *name, *config;
    void (*before)(struct world *world); /* NULL: nothing */
    void (*build)(struct world *world);  /* the failing batch's request */
    int64_t steps_ms[STEPS_MAX];         /* 0: no further */
};

static void open_writer(struct world *world)
{
    static const char *const names[FIXTURE_SOURCES] = {"otlp/grpc", "otlp/http", "kafka/x/0"};
    struct error error = {0};
    world->writer =
        writer_create(world->temp.store, world->shards.config, 1, names, FIXTURE_SOURCES, &error);
    ck_assert_msg(world->writer != NULL, "%s", error.text);
    struct revision_source revisions = revision_source_from_store(world->temp.store);
    struct conversation_parts parts = conversation_parts_from_store(world->temp.store);
    shard_set_revision_source(world->shards.shards[0], &revisions);
    shard_set_parts(world->shards.shards[0], &parts);
    world->shards.decided_sequence = writer_decided_sequence(world->writer);
    world->shards.part_sequence = writer_part_sequence(world->writer);
}

static struct request *take(struct world *world)
{
    struct shard_fixture *shards = &world->shards;
    struct request *request = request_take(shards->pool);
    ck_assert_ptr_nonnull(request);
    request->position = shards->next[0]++;
    request->received_ms = shards->wall_ms;
    buffer_append_bytes(&request->received, trace_request(&shards->builder));
    ck_assert_int_eq(wire_gate(request_body(request), WIRE_GATE_TRACES, &wire_gate_limits_default,
                               &request->arena, &request->gated),
                     STATUS_OK);
    request_chain_shards(request, 1);
    trace_clear(&shards->builder);
    return request;
}

static enum status step(struct world *world, const struct shard_event *event)
{
    struct shard_fixture *shards = &world->shards;
    struct shard_time time = {.spill_bytes = SIZE_MAX,
                              .now_ms = shards->now_ms,
                              .wall_ms = shards->wall_ms,
                              .decided_sequence = shards->decided_sequence,
                              .part_sequence = shards->part_sequence};
    return shard_step(shards->shards[0], event, &time, shards->effects[0]);
}

static enum status commit(struct world *world)
{
    struct shard_fixture *shards = &world->shards;
    writer_begin(world->writer);
    if (world->request)
        writer_add_request(world->writer, world->request, true);
    writer_add_effects(world->writer, shards->effects[0], (int64_t)shards->wall_ms);
    enum status status = writer_commit(world->writer, shards->now_ms, (int64_t)shards->wall_ms);
    if (status != STATUS_OK)
        return status;
    if (world->request)
        request_release(world->request);
    world->request = NULL;
    shard_fixture_clear(shards);
    shards->decided_sequence = writer_decided_sequence(world->writer);
    shards->part_sequence = writer_part_sequence(world->writer);
    return STATUS_OK;
}

static enum status act(struct world *world, const int64_t steps_ms[STEPS_MAX])
{
    struct shard_event request = {.kind = SHARD_REQUEST, .request = world->request};
    struct shard_event tick = {.kind = SHARD_TICK, .next_positions = world->shards.next};
    enum status status = world->request ? step(world, &request) : STATUS_OK;
    for (int i = 0; i < STEPS_MAX && steps_ms[i] && status == STATUS_OK; i++) {
        world->shards.now_ms += steps_ms[i];
        world->shards.wall_ms += (uint64_t)steps_ms[i];
        status = step(world, &tick);
        if (status == STATUS_OK)
            status = commit(world);
    }
    return status;
}

static void begin(struct world *world, const struct scenario *scenario)
{
    *world = (struct world){0};
    temp_store_open(&world->temp, MAP_BYTES);
    shard_fixture_begin(&world->shards, 1, scenario->config);
    open_writer(world);
    if (scenario->before)
        scenario->before(world);
    scenario->build(world);
    world->request = take(world);
}

static void end(struct world *world)
{
    if (world->request)
        request_release(world->request);
    writer_destroy(world->writer);
    shard_fixture_end(&world->shards);
    temp_store_finish(&world->temp);
}

static enum status restore(struct world *world, struct restored *ret_restored)
{
    struct recovery_target target = {
        .writer = world->writer,
        .shards = world->shards.shards,
        .shard_count = 1,
        .limits = &wire_gate_limits_default,
        .time = {.now_ms = world->shards.now_ms, .wall_ms = world->shards.wall_ms},
    };
    *ret_restored = (struct restored){0};
    return recovery_restore_spilled(world->temp.store, &target, ret_restored);
}

/* Nothing decided before is gone, and what is not decided is open. */
static void check(struct world *world, struct span_account before)
{
    struct restored restored;
    writer_destroy(world->writer);
    temp_store_reopen(&world->temp, MAP_BYTES);
    check_state(world->temp.store);
    shard_fixture_restart(&world->shards, 1);
    open_writer(world);
    ck_assert_int_eq(restore(world, &restored), STATUS_OK);
    ck_assert_uint_eq(restored.unreadable, 0);
    struct span_account after = writer_account(world->writer);
    ck_assert_uint_ge(after.accepted, before.accepted);
    ck_assert_uint_ge(after.decided, before.decided);
    ck_assert_uint_eq(after.decided + after.dropped + after.in_flight, after.accepted);
}

/* What a batch comes to. */
struct sweep_outcome {
    struct span_account account;
    uint64_t records, late;
};

static struct sweep_outcome outcome_of(const struct world *world)
{
    struct writer_counters *counted = &world->writer->counted;
    return (struct sweep_outcome){writer_account(world->writer),
                           writer_gauges(world->writer).outbox_records,
                           counter_get(persistent_counter_value(counted->late))};
}

static struct sweep_outcome outcome_without_failure(const struct scenario *scenario)
{
    struct world world;
    begin(&world, scenario);
    ck_assert_int_eq(act(&world, scenario->steps_ms), STATUS_OK);
    struct sweep_outcome outcome = outcome_of(&world);
    end(&world);
    return outcome;
}

static void sweep(const struct scenario *scenario, unsigned kinds, const char *what)
{
    struct sweep_outcome expected = outcome_without_failure(scenario);
    struct failing_sweep sweep = failing_sweep(kinds, 1);
    while (failing_next(&sweep)) {
        struct world world;
        begin(&world, scenario);
        struct span_account before = writer_account(world.writer);
        failing_on();
        enum status status = act(&world, scenario->steps_ms);
        failing_off();
        ck_assert_msg(status == STATUS_OK || (status == STATUS_FATAL && failing_hit()) ||
                          (status == STATUS_BUSY && failing_hit() && kinds == FAILING_CALLS),
                      "%s: status %d at %ju", scenario->name, (int)status, (uintmax_t)sweep.n);
        struct sweep_outcome outcome = outcome_of(&world);
        if (status == STATUS_OK) /* then it has made no difference */
            ck_assert_msg(memcmp(&outcome, &expected, sizeof outcome) == 0,
                          "%s: another outcome at %ju", scenario->name, (uintmax_t)sweep.n);
        check(&world, before);
        end(&world);
    }
    printf("%s, %s: %ju failures\n", scenario->name, what, (uintmax_t)(sweep.runs - 1));
    ck_assert(!failing_works() || sweep.runs > 1);
}

/* --- late spans --- */

static void decide_run(struct world *world)
{
    static const int64_t steps_ms[STEPS_MAX] = {7 * SECOND};
    trace_resource(&world->shards.builder, "agents");
    shard_fixture_build(&world->shards, 1, 0.9);
    world->request = take(world);
    ck_assert_int_eq(act(world, steps_ms), STATUS_OK);
}

/* Worse than the score before, so that a revision makes a record. */
static void build_late(struct world *world)
{
    trace_resource(&world->shards.builder, "agents");
    trace_span(&world->shards.builder, &(struct span_spec){.trace = 1,
                                                           .id = 9,
                                                           .parent = 1,
                                                           .start_ms = 1700000000000,
                                                           .end_ms = 1700000000100,
                                                           .score_name = "Quality",
                                                           .score = 0.1});
}

START_TEST(late_spans_without_memory_or_disk_leave_the_verdict_as_it_was)
{
    static const struct scenario scenario = {
        "late spans", "", decide_run, build_late, {7 * SECOND, 2 * MINUTE}};
    sweep(&scenario, FAILING_MEMORY, "memory");
    sweep(&scenario, FAILING_CALLS, "calls");
}
END_TEST

/* --- spill --- */

static void build_slow(struct world *world)
{
    trace_span(&world->shards.builder,
               &(struct span_spec){.trace = 5, .id = 2, .parent = 1, .end_ms = 1700000000000});
    trace_span(&world->shards.builder,
               &(struct span_spec){.trace = 6, .id = 2, .parent = 1, .end_ms = 1700000000000});
}

static const struct scenario spilling = {
    "spill",
    "trajectory: { settle: 6s, idle_timeout: 1h, max_duration: 2h }\nstate: { spill_after: 1m }\n",
    NULL,
    build_slow,
    {SECOND, 2 * MINUTE, MINUTE}};

START_TEST(a_spill_without_memory_or_disk_is_whole_or_not_there)
{
    sweep(&spilling, FAILING_MEMORY, "memory");
    sweep(&spilling, FAILING_CALLS, "calls");
}
END_TEST

START_TEST(a_restore_without_memory_is_fatal)
{
    struct world world;
    struct restored restored;
    begin(&world, &spilling);
    ck_assert_int_eq(act(&world, spilling.steps_ms), STATUS_OK);
    struct failing_sweep sweep = failing_sweep(FAILING_LIBRARIES, 1);
    while (failing_next(&sweep)) {
        shard_fixture_restart(&world.shards, 1);
        failing_on();
        enum status status = restore(&world, &restored);
        failing_off();
        ck_assert_uint_eq(restored.unreadable, 0);
        ck_assert_int_eq(status, failing_hit() ? STATUS_FATAL : STATUS_OK);
    }
    ck_assert_uint_eq(restored.trajectories, 2);
    printf("restore: %ju failures\n", (uintmax_t)(sweep.runs - 1));
    end(&world);
}
END_TEST

/* --- conversations --- */

static void build_turn(struct world *world, uint32_t trace)
{
    trace_resource(&world->shards.builder, "agents");
    trace_span(&world->shards.builder, &(struct span_spec){.trace = trace,
                                                           .id = 1,
                                                           .start_ms = 1700000000000,
                                                           .end_ms = 1700000001000,
                                                           .text_key = "gen_ai.conversation.id",
                                                           .text = "chat-1",
                                                           .score_name = "Quality",
                                                           .score = 0.2});
}

static void first_turn(struct world *world)
{
    static const int64_t steps_ms[STEPS_MAX] = {7 * SECOND};
    build_turn(world, 1);
    world->request = take(world);
    ck_assert_int_eq(act(world, steps_ms), STATUS_OK);
    ck_assert_uint_gt(writer_part_sequence(world->writer), 0);
}

static void second_turn(struct world *world)
{
    build_turn(world, 2);
}

START_TEST(a_conversation_without_memory_or_disk_keeps_its_parts)
{
    static const struct scenario scenario = {"conversation",
                                             "trajectory: { scope: conversation }\n",
                                             first_turn,
                                             second_turn,
                                             {7 * SECOND, SECOND, 120 * MINUTE}};
    sweep(&scenario, FAILING_MEMORY, "memory");
    sweep(&scenario, FAILING_CALLS, "calls");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_late");
    TCase *cases = tcase_create("failures");
    tcase_set_timeout(cases, 240);
    tcase_add_test(cases, late_spans_without_memory_or_disk_leave_the_verdict_as_it_was);
    tcase_add_test(cases, a_spill_without_memory_or_disk_is_whole_or_not_there);
    tcase_add_test(cases, a_restore_without_memory_is_fatal);
    tcase_add_test(cases, a_conversation_without_memory_or_disk_keeps_its_parts);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
