/* The writer over a real store: what shards decide moves with positions, counters and records, or
 * not at all. */
#include <errno.h>

#include "pipelines/commit/sources.h"
#include "pipelines/commit/state.h"
#include "pipelines/commit/writer.h"
#include "pipelines/config/load.h"
#include "state/cohorts/query.h"
#include "state/store/store_faults.h"
#include "tests/support/shard_fixture.h"
#include "tests/support/temp_store.h"

enum { SECOND = 1000, MINUTE = 60000, MAP_BYTES = 256 << 20 };

struct fixture {
    struct temp_store temp;
    struct shard_fixture shards;
    struct writer *writer;
    struct request *requests[64]; /* of the batch */
    uint32_t request_count;
    uint64_t accepted;
};

static void open_writer_on(struct fixture *fixture, const char *last)
{
    const char *const names[FIXTURE_SOURCES] = {"otlp/grpc", "otlp/http", last};
    struct error error = {0};
    fixture->writer = writer_create(fixture->temp.store, fixture->shards.config,
                                    fixture->shards.shard_count, names, FIXTURE_SOURCES, &error);
    ck_assert_msg(fixture->writer != NULL, "%s", error.text);
}

static void open_writer(struct fixture *fixture)
{
    open_writer_on(fixture, "kafka/x/0");
}

static struct fixture *begin(uint32_t shards, const char *more)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    ck_assert_ptr_nonnull(fixture);
    temp_store_open(&fixture->temp, MAP_BYTES);
    shard_fixture_begin(&fixture->shards, shards, more);
    open_writer(fixture);
    return fixture;
}

static void end(struct fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->request_count; i++)
        request_release(fixture->requests[i]);
    writer_destroy(fixture->writer);
    shard_fixture_end(&fixture->shards);
    temp_store_finish(&fixture->temp);
    free(fixture);
}

/* As after a crash, or with `shards` other ones. */
static void reopen(struct fixture *fixture, uint32_t shards)
{
    writer_destroy(fixture->writer);
    temp_store_reopen(&fixture->temp, MAP_BYTES);
    shard_fixture_restart(&fixture->shards, shards);
    open_writer(fixture);
}

static void give(struct fixture *fixture, uint16_t source)
{
    struct request *request;
    (void)shard_fixture_give(&fixture->shards, source, WIRE_GATE_TRACES, &request);
    fixture->accepted += request->gated.span_count;
    fixture->requests[fixture->request_count++] = request;
}

static void give_run(struct fixture *fixture, uint16_t source, uint32_t trace, double score)
{
    trace_resource(&fixture->shards.builder, trace % 2 ? "odd" : "even");
    shard_fixture_build(&fixture->shards, trace, score);
    give(fixture, source);
}

static void add_batch(struct fixture *fixture)
{
    writer_begin(fixture->writer);
    for (uint32_t i = 0; i < fixture->request_count; i++)
        writer_add_request(fixture->writer, fixture->requests[i], true);
    for (uint32_t i = 0; i < fixture->shards.shard_count; i++)
        writer_add_effects(fixture->writer, fixture->shards.effects[i],
                           (int64_t)fixture->shards.wall_ms);
}

static enum status commit(struct fixture *fixture)
{
    enum status status =
        writer_commit(fixture->writer, fixture->shards.now_ms, (int64_t)fixture->shards.wall_ms);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i < fixture->request_count; i++)
        request_release(fixture->requests[i]);
    fixture->request_count = 0;
    shard_fixture_clear(&fixture->shards);
    return status;
}

static void commit_all(struct fixture *fixture)
{
    shard_fixture_tick(&fixture->shards, 0);
    add_batch(fixture);
    ck_assert_int_eq(commit(fixture), STATUS_OK);
}

static uint64_t value(const struct persistent_counter *counter)
{
    return counter_get(persistent_counter_value(counter));
}

static void check_account(const struct fixture *fixture)
{
    struct span_account account = writer_account(fixture->writer);
    uint64_t open = 0;
    for (uint32_t i = 0; i < fixture->shards.shard_count; i++)
        open += shard_gauges(fixture->shards.shards[i]).spans;
    ck_assert_uint_eq(account.accepted, fixture->accepted);
    ck_assert_uint_eq(account.in_flight, open);
    ck_assert_uint_eq(account.decided + account.dropped + open, fixture->accepted);
}

START_TEST(the_account_adds_up_after_each_commit)
{
    struct fixture *fixture = begin(3, "");
    for (uint32_t round = 0; round < 30; round++) {
        for (uint32_t i = 0; i < 8; i++)
            give_run(fixture, (uint16_t)(i % 2), 1 + round / 3 * 4 + i, 0.1 * (i % 10));
        shard_fixture_tick(&fixture->shards, round % 4 ? 2 * SECOND : 7 * SECOND);
        commit_all(fixture);
        check_account(fixture);
    }
    struct writer_counters *counted = &fixture->writer->counted;
    ck_assert_uint_gt(value(counted->late), 0);
    ck_assert_uint_gt(value(counted->dropped[DROP_DUPLICATE]), 0);
    shard_fixture_tick(&fixture->shards, MINUTE);
    commit_all(fixture);
    check_account(fixture);
    ck_assert_uint_eq(writer_account(fixture->writer).in_flight, 0);
    struct span_account before = writer_account(fixture->writer);
    reopen(fixture, 3);
    struct span_account after = writer_account(fixture->writer);
    ck_assert_mem_eq(&before, &after, sizeof(before));
    end(fixture);
}
END_TEST

START_TEST(the_journal_is_trimmed_below_the_watermark)
{
    struct fixture *fixture = begin(2, "");
    struct journal *journal = fixture->writer->journal;
    trace_span(&fixture->shards.builder, &(struct span_spec){.trace = 99, .id = 2, .parent = 1});
    give_run(fixture, 0, 1, 0.9);
    give(fixture, 0); /* nothing was built: an empty request has a position as well */
    trace_span(&fixture->shards.builder,
               &(struct span_spec){.trace = 99, .id = 2, .parent = 1, .end_ms = 1});
    give(fixture, 0); /* position 3 waits for idle */
    give_run(fixture, 0, 2, 0.9);
    give_run(fixture, 1, 3, 0.9);
    commit_all(fixture);
    ck_assert_uint_eq(journal_requests(journal), 5);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    commit_all(fixture);
    ck_assert_uint_eq(sources_row(fixture->writer, 0)->low_watermark, 1);
    ck_assert_uint_eq(sources_row(fixture->writer, 0)->next_position, 5);
    ck_assert_uint_eq(journal_requests(journal), 4);
    ck_assert_uint_eq(sources_row(fixture->writer, 1)->low_watermark, 2);
    shard_fixture_tick(&fixture->shards, 10 * MINUTE);
    commit_all(fixture);
    ck_assert_uint_eq(journal_requests(journal), 0);
    ck_assert_uint_eq(writer_gauges(fixture->writer).journal_bytes, 0);
    ck_assert_uint_eq(sources_row(fixture->writer, 0)->low_watermark, 5);
    end(fixture);
}
END_TEST

/* Each write of the batch fails in turn, and then the commit itself. */
START_TEST(a_full_disk_changes_nothing_and_the_retry_counts_once)
{
    struct fixture *fixture = begin(2, "");
    struct store_faults faults = {0};
    store_set_faults(fixture->temp.store, &faults);
    for (uint32_t trace = 1; trace <= 6; trace++)
        give_run(fixture, 0, trace, 0.3);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    bool is_done = false;
    for (int64_t at = 0; !is_done; at++) {
        faults = (struct store_faults){.writes_until_failure = at, .write_error = ENOSPC};
        if (at == 0)
            faults.commit_error = ENOSPC;
        add_batch(fixture);
        enum status status = commit(fixture);
        is_done = status == STATUS_OK;
        faults = (struct store_faults){0};
        if (is_done)
            continue;
        ck_assert_int_eq(status, STATUS_BUSY);
        ck_assert_int_lt(at, 1000);
        ck_assert_uint_eq(writer_account(fixture->writer).accepted, 0);
        ck_assert_uint_eq(writer_gauges(fixture->writer).outbox_records, 0);
        ck_assert_uint_eq(writer_gauges(fixture->writer).journal_bytes, 0);
        ck_assert_uint_eq(sources_row(fixture->writer, 0)->next_position, 1);
        writer_begin(fixture->writer);
        ck_assert_int_eq(writer_relieve(fixture->writer), STATUS_OK);
    }
    check_account(fixture);
    ck_assert_uint_eq(writer_account(fixture->writer).decided, 12);
    ck_assert_uint_eq(writer_gauges(fixture->writer).outbox_records,
                      6 * fixture->shards.config->exporter_count);
    ck_assert_uint_eq(decided_count(fixture->writer->decided), 6);
    ck_assert_uint_eq(value(writer_counters_rule_outcome(&fixture->writer->counted, BYTES_LITERAL("quality"),
                                                OUTCOME_FAIL)),
                      6);
    end(fixture);
}
END_TEST

static int64_t cohort_total(struct fixture *fixture, const char *release, int verdict)
{
    struct bytes dimension = BYTES_LITERAL("release");
    struct cohort_result result;
    struct error error = {0};
    int64_t total = 0;
    ck_assert_int_eq(cohort_query(fixture->temp.store, &dimension, 1,
                                  (int64_t)fixture->shards.wall_ms, 0, &result, &error),
                     STATUS_OK);
    for (size_t i = 0; i < result.row_count; i++)
        if (bytes_equal_text(result.rows[i].values[0], release))
            total = result.rows[i].sums.verdicts[verdict];
    cohort_result_finish(&result);
    return total;
}

START_TEST(cohorts_hold_what_was_decided_also_after_a_crash_before_they_were_folded)
{
    struct fixture *fixture = begin(2, "");
    for (uint32_t trace = 1; trace <= 40; trace++) {
        give_run(fixture, 0, trace, trace % 4 ? 0.9 : 0.1);
        shard_fixture_tick(&fixture->shards, trace % 5 ? 100 : 7 * SECOND);
        commit_all(fixture);
        if (trace == 20)
            reopen(fixture, 2);
        if (trace == 20) /* what was open is given again by nobody here */
            ck_assert_uint_eq(writer_account(fixture->writer).decided, 40);
    }
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    commit_all(fixture);
    for (int turn = 0; turn < 2; turn++) {
        ck_assert_int_eq(cohort_total(fixture, "odd", COHORT_PASS), 20);
        ck_assert_int_eq(cohort_total(fixture, "even", COHORT_PASS), 10);
        ck_assert_int_eq(cohort_total(fixture, "even", COHORT_FAIL), 10);
        writer_flush_cohorts(fixture->writer);
        commit_all(fixture);
    }
    end(fixture);
}
END_TEST

static struct pipeline_config *other_rules(void)
{
    struct error error = {0};
    struct pipeline_config *config = config_load_text(
        "other.yaml",
        BYTES_LITERAL("rules: [{ name: strict, measure: score.Quality, fail_below: 0.95 }]\n"
                      "cohorts: { dimensions: { release: [service.name] }, "
                      "group_by: [[release]] }\n"),
        &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    return config;
}

START_TEST(each_verdict_counts_for_the_rules_that_decided_it)
{
    struct fixture *fixture = begin(1, "");
    struct pipeline_config *other = other_rules();
    struct shard_time time = {.now_ms = fixture->shards.now_ms, .wall_ms = fixture->shards.wall_ms};
    give_run(fixture, 0, 1, 0.9);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    give_run(fixture, 0, 2, 0.9);
    time.now_ms = fixture->shards.now_ms;
    ck_assert_int_eq(shard_step(fixture->shards.shards[0],
                                &(struct shard_event){.kind = SHARD_RULES, .config = other}, &time,
                                fixture->shards.effects[0]),
                     STATUS_OK);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    struct store_faults faults = {.commit_error = ENOSPC};
    store_set_faults(fixture->temp.store, &faults);
    add_batch(fixture); /* both rulesets in one batch, which fails at first */
    ck_assert_int_eq(commit(fixture), STATUS_BUSY);
    commit_all(fixture);
    struct writer_counters *counted = &fixture->writer->counted;
    ck_assert_uint_eq(value(writer_counters_rule_outcome(counted, BYTES_LITERAL("quality"), OUTCOME_PASS)),
                      1);
    ck_assert_uint_eq(value(writer_counters_rule_outcome(counted, BYTES_LITERAL("strict"), OUTCOME_FAIL)), 1);
    ck_assert_int_eq(cohort_total(fixture, "odd", COHORT_PASS), 1);
    ck_assert_int_eq(cohort_total(fixture, "even", COHORT_FAIL), 1);
    for (int i = 0; i < BINDINGS; i++)
        ck_assert_ptr_nonnull(fixture->writer->bindings[i].config);
    writer_forget_config(fixture->writer, other);
    writer_destroy(fixture->writer);
    shard_fixture_restart(&fixture->shards, 1);
    config_destroy(other);
    open_writer(fixture);
    ck_assert_int_eq(cohort_total(fixture, "even", COHORT_FAIL), 1);
    end(fixture);
}
END_TEST

static bool count_record(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    (void)sequence;
    (void)committed_ms;
    (void)frame;
    ++*(uint32_t *)context;
    return true;
}

static uint32_t records(const struct fixture *fixture)
{
    uint32_t count = 0;
    ck_assert_int_eq(outbox_scan(fixture->temp.store, 0, 0, count_record, &count), STATUS_OK);
    return count;
}

START_TEST(the_length_of_a_file_and_the_rows_it_holds_move_together)
{
    struct fixture *fixture = begin(1, "");
    struct store_faults faults = {0};
    struct store_txn txn;
    struct outbox_file file = {0};
    for (uint32_t trace = 1; trace <= 5; trace++)
        give_run(fixture, 0, trace, 0.1);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    commit_all(fixture);
    uint64_t first, behind;
    writer_committed_records(fixture->writer, &first, &behind);
    ck_assert_uint_eq(behind - first, 5);
    store_set_faults(fixture->temp.store, &faults);
    for (int turn = 0; turn < 2; turn++) { /* the first commit fails */
        faults.commit_error = turn == 0 ? ENOSPC : 0;
        writer_begin(fixture->writer);
        writer_add_file(fixture->writer, 0, first + 2, &(struct outbox_file){7, 1234});
        ck_assert_int_eq(commit(fixture), turn == 0 ? STATUS_BUSY : STATUS_OK);
        store_begin(fixture->temp.store, false, &txn);
        ck_assert(outbox_file_read(&txn, 0, &file) == (turn == 1));
        store_abort(&txn);
        ck_assert_uint_eq(records(fixture), turn == 0 ? 5 : 2);
    }
    ck_assert_uint_eq(file.inode, 7);
    ck_assert_uint_eq(file.length, 1234);
    end(fixture);
}
END_TEST

START_TEST(a_relief_deletes_what_was_delivered)
{
    struct fixture *fixture = begin(1, "");
    for (uint32_t trace = 1; trace <= 3; trace++)
        give_run(fixture, 0, trace, 0.1);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    commit_all(fixture);
    uint64_t first, behind;
    writer_committed_records(fixture->writer, &first, &behind);
    writer_begin(fixture->writer);
    writer_add_acknowledged(fixture->writer, 0, first);
    writer_add_acknowledged(fixture->writer, 0, first + 2);
    writer_add_acknowledged(fixture->writer, 0, first + 2); /* heard twice */
    ck_assert_int_eq(writer_relieve(fixture->writer), STATUS_OK);
    ck_assert_uint_eq(records(fixture), 1);
    end(fixture);
}
END_TEST

START_TEST(replay_marks_do_not_go_back_while_shards_catch_up)
{
    struct fixture *fixture = begin(2, "");
    for (uint32_t trace = 1; trace <= 10; trace++)
        give_run(fixture, 0, trace, 0.9);
    commit_all(fixture);
    const struct source_marks *marks = &sources_row(fixture->writer, 0)->marks;
    ck_assert_uint_eq(marks->through[0], 10);
    ck_assert_uint_eq(marks->through[1], 10);
    reopen(fixture, 2);
    add_batch(fixture); /* effects of shards that have seen nothing yet */
    ck_assert_int_eq(commit(fixture), STATUS_OK);
    marks = &sources_row(fixture->writer, 0)->marks;
    ck_assert_uint_eq(marks->through[0], 10);
    ck_assert_uint_eq(marks->through[1], 10);
    ck_assert_uint_eq(sources_row(fixture->writer, 0)->low_watermark, 1);
    end(fixture);
}
END_TEST

START_TEST(with_other_shards_marks_and_drops_are_held_until_all_have_caught_up)
{
    struct fixture *fixture = begin(2, "");
    give_run(fixture, 0, 1, 0.9);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    commit_all(fixture);
    reopen(fixture, 3);
    fixture->shards.effects[0]->late_spans = 2;
    fixture->shards.effects[0]->source_count = FIXTURE_SOURCES;
    add_batch(fixture);
    ck_assert_int_eq(commit(fixture), STATUS_OK);
    ck_assert_uint_eq(sources_row(fixture->writer, 0)->marks.shards, 2);
    ck_assert_uint_eq(value(fixture->writer->counted.late), 0);
    shard_fixture_tick(&fixture->shards, 0);
    add_batch(fixture);
    (void)writer_settle_lost(fixture->writer);
    ck_assert_int_eq(commit(fixture), STATUS_OK);
    ck_assert_uint_eq(sources_row(fixture->writer, 0)->marks.shards, 3);
    ck_assert_uint_eq(value(fixture->writer->counted.late), 2);
    end(fixture);
}
END_TEST

START_TEST(spans_that_are_nowhere_any_more_are_dropped_in_the_batch_of_the_replay)
{
    struct fixture *fixture = begin(1, "");
    for (uint32_t trace = 1; trace <= 4; trace++)
        give_run(fixture, 0, trace, 0.9);
    commit_all(fixture);
    struct bytes bodies[2];
    struct buffer kept[2] = {{0}};
    reopen(fixture, 1);
    for (uint32_t trace = 1; trace <= 2; trace++) { /* two of four come back */
        shard_fixture_build(&fixture->shards, trace, 0.9);
        buffer_append_bytes(&kept[trace - 1], trace_request(&fixture->shards.builder));
        trace_clear(&fixture->shards.builder);
        bodies[trace - 1] = buffer_bytes(&kept[trace - 1]);
        shard_fixture_replay(&fixture->shards, 0, trace, WIRE_GATE_TRACES, bodies[trace - 1]);
    }
    shard_fixture_tick(&fixture->shards, 0);
    add_batch(fixture);
    ck_assert_uint_eq(writer_settle_lost(fixture->writer), 4);
    ck_assert_int_eq(commit(fixture), STATUS_OK);
    ck_assert_uint_eq(value(fixture->writer->counted.dropped[DROP_CRASH]), 4);
    check_account(fixture);
    writer_begin(fixture->writer);
    ck_assert_uint_eq(writer_settle_lost(fixture->writer), 0);
    ck_assert_int_eq(commit(fixture), STATUS_OK);
    buffer_finish(&kept[0]);
    buffer_finish(&kept[1]);
    end(fixture);
}
END_TEST

START_TEST(the_horizon_passes_a_verdict_when_the_journal_has_passed_what_came_in_its_window)
{
    struct fixture *fixture = begin(1, "trajectory: { idle_timeout: 3h, max_duration: 3h, late: { "
                                       "window: 10m } }\nstate: { spill_after: 1d }\n");
    give_run(fixture, 0, 1, 0.9);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    uint64_t decided_ms = shard_fixture_closed(&fixture->shards)->decided_ms;
    commit_all(fixture);
    trace_span(&fixture->shards.builder, &(struct span_spec){.trace = 2, .id = 2, .parent = 1});
    give(fixture, 0); /* holds the journal for three hours */
    for (int minute = 0; minute < 60; minute++) {
        shard_fixture_tick(&fixture->shards, MINUTE);
        commit_all(fixture);
        ck_assert_int_le(writer_horizon_ms(fixture->writer), (int64_t)decided_ms);
    }
    ck_assert_uint_eq(decided_count(fixture->writer->decided), 1);
    shard_fixture_tick(&fixture->shards, 3 * 60 * MINUTE);
    for (int i = 0; i < 3; i++) {
        commit_all(fixture);
        shard_fixture_tick(&fixture->shards, MINUTE);
    }
    ck_assert_int_gt(writer_horizon_ms(fixture->writer), (int64_t)decided_ms);
    ck_assert_uint_eq(decided_count(fixture->writer->decided), 1); /* that of trace 2 */
    int64_t horizon_ms = writer_horizon_ms(fixture->writer);
    reopen(fixture, 1);
    ck_assert_int_eq(writer_horizon_ms(fixture->writer), horizon_ms);
    end(fixture);
}
END_TEST

/* Rows above what is folded stay, so folding goes on even where nothing is to fold. */
START_TEST(decided_rows_leave_also_when_no_cohort_counts_them)
{
    struct fixture *fixture = begin(1, "trajectory: { late: { window: 1m } }\n");
    fixture->shards.config->grouping_count = 0;
    reopen(fixture, 1);
    give_run(fixture, 0, 1, 0.9);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    commit_all(fixture);
    ck_assert_uint_eq(decided_count(fixture->writer->decided), 1);
    for (int i = 0; i < 5; i++) {
        shard_fixture_tick(&fixture->shards, MINUTE);
        commit_all(fixture);
    }
    ck_assert_uint_eq(decided_count(fixture->writer->decided), 0);
    end(fixture);
}
END_TEST

START_TEST(a_partition_that_was_rewound_and_left_does_not_hold_the_horizon)
{
    struct fixture *fixture = begin(1, "trajectory: { late: { window: 1m } }\n");
    sources_set_kind(fixture->writer, 2, SOURCE_TOPIC);
    shard_set_source_kind(fixture->shards.shards[0], 2, SOURCE_TOPIC);
    for (uint32_t trace = 1; trace <= 10; trace++)
        give_run(fixture, 2, trace, 0.9);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    commit_all(fixture);
    shard_fixture_event(&fixture->shards,
                        &(struct shard_event){.kind = SHARD_ASSIGN, .source = 2, .position = 3});
    writer_begin(fixture->writer);
    writer_add_effects(fixture->writer, fixture->shards.effects[0],
                       (int64_t)fixture->shards.wall_ms);
    sources_assign(fixture->writer, 2, 3);
    ck_assert_int_eq(commit(fixture), STATUS_OK);
    fixture->shards.next[2] = 3;
    shard_fixture_event(&fixture->shards, &(struct shard_event){.kind = SHARD_REVOKE, .source = 2});
    writer_begin(fixture->writer);
    writer_add_effects(fixture->writer, fixture->shards.effects[0],
                       (int64_t)fixture->shards.wall_ms);
    sources_hand_over(fixture->writer, 2);
    ck_assert_int_eq(commit(fixture), STATUS_OK);
    for (int i = 0; i < 5; i++) {
        shard_fixture_tick(&fixture->shards, MINUTE);
        commit_all(fixture);
    }
    ck_assert_uint_eq(decided_count(fixture->writer->decided), 0);
    end(fixture);
}
END_TEST

START_TEST(a_topic_that_is_read_no_more_holds_no_decided_rows)
{
    struct fixture *fixture = begin(1, "trajectory: { late: { window: 1m }, idle_timeout: 3h }\n");
    trace_span(&fixture->shards.builder, &(struct span_spec){.trace = 77, .id = 2, .parent = 1});
    give(fixture, 2); /* open: the watermark stays below what is decided next */
    give_run(fixture, 2, 1, 0.9);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    commit_all(fixture);
    ck_assert_uint_eq(decided_count(fixture->writer->decided), 1);
    writer_destroy(fixture->writer);
    temp_store_reopen(&fixture->temp, MAP_BYTES);
    shard_fixture_restart(&fixture->shards, 1);
    open_writer_on(fixture, "kafka/another/0");
    for (int i = 0; i < 5; i++) {
        shard_fixture_tick(&fixture->shards, MINUTE);
        commit_all(fixture);
    }
    ck_assert_uint_eq(decided_count(fixture->writer->decided), 0);
    end(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer");
    TCase *cases = tcase_create("writer");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, the_account_adds_up_after_each_commit);
    tcase_add_test(cases, the_journal_is_trimmed_below_the_watermark);
    tcase_add_test(cases, a_full_disk_changes_nothing_and_the_retry_counts_once);
    tcase_add_test(cases, cohorts_hold_what_was_decided_also_after_a_crash_before_they_were_folded);
    tcase_add_test(cases, each_verdict_counts_for_the_rules_that_decided_it);
    tcase_add_test(cases, the_length_of_a_file_and_the_rows_it_holds_move_together);
    tcase_add_test(cases, a_relief_deletes_what_was_delivered);
    tcase_add_test(cases, replay_marks_do_not_go_back_while_shards_catch_up);
    tcase_add_test(cases, with_other_shards_marks_and_drops_are_held_until_all_have_caught_up);
    tcase_add_test(cases, spans_that_are_nowhere_any_more_are_dropped_in_the_batch_of_the_replay);
    tcase_add_test(
        cases, the_horizon_passes_a_verdict_when_the_journal_has_passed_what_came_in_its_window);
    tcase_add_test(cases, decided_rows_leave_also_when_no_cohort_counts_them);
    tcase_add_test(cases, a_partition_that_was_rewound_and_left_does_not_hold_the_horizon);
    tcase_add_test(cases, a_topic_that_is_read_no_more_holds_no_decided_rows);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
