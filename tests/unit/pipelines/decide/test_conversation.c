/* Conversations from the first turn to the verdict: the parts in the store, the table of a shard,
 * and both stages over a real writer. */
#include "pipelines/decide/conversations.h"

#include <errno.h>

#include "pipelines/commit/state.h"
#include "pipelines/commit/writer.h"
#include "processor/emit/outgoing.h"
#include "state/store/store_faults.h"
#include "tests/support/shard_fixture.h"
#include "tests/support/temp_store.h"

enum { SECOND = 1000, MINUTE = 60000, MAP_BYTES = 256 << 20 };

/* --- parts --- */

static struct part_row part_of(uint8_t conversation, uint8_t trace, uint32_t spans)
{
    return (struct part_row){.conversation = {conversation},
                             .trace_id = {trace},
                             .received_ms = 1700000000000,
                             .spans = spans,
                             .bytes = 100};
}

struct seen {
    uint64_t sequences[8];
    uint32_t count, spans;
};

static bool see(void *context, const struct part_row *row)
{
    struct seen *seen = context;
    seen->sequences[seen->count++] = row->sequence;
    seen->spans += row->spans;
    return true;
}

START_TEST(a_part_is_there_from_one_commit_to_another)
{
    struct temp_store temp;
    struct parts *parts;
    struct store_txn txn;
    struct seen seen = {0};
    struct buffer content = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(parts_open(temp.store, &parts), STATUS_OK);
    for (uint8_t i = 0; i < 4; i++) {
        struct part_row row = part_of(1, i, 10u + i);
        store_begin(temp.store, true, &txn);
        parts_append(parts, &txn, &row, BYTES_LITERAL("spans"));
        if (i == 1)
            store_abort(&txn); /* It did not happen: its sequence is given again. */
        else
            COMMIT(&txn);
    }
    ck_assert_uint_eq(parts_committed(parts), 3);
    ck_assert_uint_eq(parts_spans(parts), 10 + 12 + 13);
    ck_assert_int_eq(parts_read(temp.store, 2, 3, see, &seen), STATUS_OK);
    ck_assert(seen.count == 2 && seen.sequences[0] == 2 && seen.spans == 12 + 13);
    store_begin(temp.store, true, &txn);
    parts_delete(parts, &txn, 2);
    parts_delete(parts, &txn, 77);
    COMMIT(&txn);
    parts_close(parts);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(parts_open(temp.store, &parts), STATUS_OK);
    ck_assert_uint_eq(parts_spans(parts), 10 + 13);
    ck_assert_int_eq(parts_content(temp.store, 3, &content), STATUS_OK);
    ck_assert(bytes_equal_text(buffer_bytes(&content), "spans"));
    ck_assert_int_eq(parts_content(temp.store, 2, &content), STATUS_NOT_FOUND);
    buffer_finish(&content);
    parts_close(parts);
    temp_store_finish(&temp);
}
END_TEST

/* --- the table --- */

static const struct conversation_limits limits = {30 * MINUTE, 100, 10000};

static bool add(struct conversations *all, uint8_t conversation, uint64_t sequence, uint32_t spans,
                int64_t now_ms, int64_t wall_ms)
{
    struct part_row row = part_of(conversation, (uint8_t)sequence, spans);
    row.sequence = sequence;
    return conversations_add(all, &row, &limits, now_ms, wall_ms);
}

START_TEST(a_conversation_is_over_when_it_was_quiet)
{
    struct conversations all;
    const int64_t wall_ms = 1700000000000;
    ck_assert(conversations_init(&all, 0));
    ck_assert(add(&all, 1, 1, 5, 0, wall_ms));
    ck_assert(add(&all, 2, 2, 5, MINUTE, wall_ms + MINUTE)); /* heard of a minute late */
    ck_assert(add(&all, 1, 3, 6, MINUTE, wall_ms));
    ck_assert_uint_eq(all.count, 2);
    ck_assert_uint_eq(all.spans, 16);
    ck_assert_uint_eq(all.part_count, 3);
    ck_assert_ptr_null(conversations_take_due(&all, 30 * MINUTE - SECOND));
    struct conversation *due = conversations_take_due(&all, 30 * MINUTE + SECOND);
    ck_assert_ptr_nonnull(due);
    ck_assert(due->id[0] == 2 && due->part_count == 1 && due->trigger == CLOSE_IDLE);
    conversation_destroy(due);
    due = conversations_take_due(&all, 31 * MINUTE + SECOND);
    ck_assert_ptr_nonnull(due);
    ck_assert(due->part_count == 2 && due->parts[0] == 1 && due->parts[1] == 3);
    conversation_destroy(due);
    ck_assert_uint_eq(all.count, 0);
    ck_assert_uint_eq(all.part_count, 0);
    ck_assert_int_eq(timer_wheel_next_ms(&all.wheel), INT64_MAX);
    conversations_finish(&all);
}
END_TEST

START_TEST(quiet_while_the_process_was_down_counts)
{
    struct conversations all;
    ck_assert(conversations_init(&all, 0));
    ck_assert(add(&all, 1, 1, 5, 0, 1700000000000 + 24 * 60 * (int64_t)MINUTE));
    struct conversation *due = conversations_take_due(&all, SECOND);
    ck_assert_ptr_nonnull(due);
    conversation_destroy(due);
    ck_assert(add(&all, 1, 2, 5, 0, 1)); /* a clock that was set back */
    ck_assert_ptr_null(conversations_take_due(&all, 29 * MINUTE));
    conversations_finish(&all);
}
END_TEST

START_TEST(at_a_limit_a_conversation_is_over_at_once)
{
    struct conversations all;
    ck_assert(conversations_init(&all, 0));
    for (uint64_t i = 1; i <= 200; i++) /* and the table grows */
        ck_assert(add(&all, (uint8_t)i, i, 99, 0, 1700000000000));
    ck_assert_ptr_null(conversations_take_due(&all, SECOND));
    ck_assert(add(&all, 7, 201, 1, 0, 1700000000000));
    struct conversation *due = conversations_take_due(&all, SECOND);
    ck_assert_ptr_nonnull(due);
    ck_assert(due->id[0] == 7 && due->trigger == CLOSE_SPANS);
    conversation_destroy(due);
    ck_assert_ptr_null(conversations_take_due(&all, SECOND));
    conversations_finish(&all);
}
END_TEST

/* --- both stages --- */

struct fixture {
    struct temp_store temp;
    struct shard_fixture shards;
    struct writer *writer;
    uint64_t accepted, records, conversation_records;
};

static void open_all(struct fixture *fixture)
{
    static const char *const names[FIXTURE_SOURCES] = {"otlp/grpc", "otlp/http", "kafka/x/0"};
    struct error error = {0};
    struct conversation_parts parts = conversation_parts_from_store(fixture->temp.store);
    fixture->writer = writer_create(fixture->temp.store, fixture->shards.config,
                                    fixture->shards.shard_count, names, FIXTURE_SOURCES, &error);
    ck_assert_msg(fixture->writer != NULL, "%s", error.text);
    for (uint32_t i = 0; i < fixture->shards.shard_count; i++)
        shard_set_parts(fixture->shards.shards[i], &parts);
    fixture->shards.part_sequence = writer_part_sequence(fixture->writer);
}

static struct fixture *begin(uint32_t shards, const char *more)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    ck_assert_ptr_nonnull(fixture);
    temp_store_open(&fixture->temp, MAP_BYTES);
    shard_fixture_begin(&fixture->shards, shards, more);
    open_all(fixture);
    return fixture;
}

static void reopen(struct fixture *fixture, uint32_t shards)
{
    writer_destroy(fixture->writer);
    temp_store_reopen(&fixture->temp, MAP_BYTES);
    shard_fixture_restart(&fixture->shards, shards);
    open_all(fixture);
}

static void end(struct fixture *fixture)
{
    writer_destroy(fixture->writer);
    shard_fixture_end(&fixture->shards);
    temp_store_finish(&fixture->temp);
    free(fixture);
}

static bool contains(struct bytes text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static void count_records(struct fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->shards.shard_count; i++)
        for (const struct closed *closed = fixture->shards.effects[i]->first; closed;
             closed = closed->next) {
            struct outgoing record;
            if (closed->selection.record.frame.size == 0)
                continue;
            ck_assert_int_eq(outgoing_decode(closed->selection.record.frame, &record), STATUS_OK);
            fixture->records++;
            fixture->conversation_records += contains(record.payload, "\"conversation\"");
        }
}

static void commit(struct fixture *fixture)
{
    writer_begin(fixture->writer);
    for (uint32_t i = 0; i < fixture->shards.shard_count; i++)
        writer_add_effects(fixture->writer, fixture->shards.effects[i],
                           (int64_t)fixture->shards.wall_ms);
    enum status status =
        writer_commit(fixture->writer, fixture->shards.now_ms, (int64_t)fixture->shards.wall_ms);
    if (status == STATUS_BUSY) {
        commit(fixture); /* the same effects again */
        return;
    }
    ck_assert_int_eq(status, STATUS_OK);
    count_records(fixture);
    shard_fixture_clear(&fixture->shards);
    fixture->shards.part_sequence = writer_part_sequence(fixture->writer);
}

static void pass_time(struct fixture *fixture, int64_t ms)
{
    shard_fixture_tick(&fixture->shards, ms);
    commit(fixture);
    shard_fixture_tick(&fixture->shards, 0); /* what is new in the store is taken over */
    commit(fixture);
}

static void accept(struct fixture *fixture, enum wire_gate_signal signal)
{
    struct request *request;
    (void)shard_fixture_give(&fixture->shards, 0, signal, &request);
    fixture->accepted += request->gated.span_count;
    writer_begin(fixture->writer);
    writer_add_request(fixture->writer, request, true);
    ck_assert_int_eq(
        writer_commit(fixture->writer, fixture->shards.now_ms, (int64_t)fixture->shards.wall_ms),
        STATUS_OK);
    request_release(request);
}

/* A turn of two spans whose ids no other turn has. */
static void give_turn(struct fixture *fixture, uint32_t trace, const char *conversation,
                      double score)
{
    uint64_t start_ms = 1700000000000 + trace * (uint64_t)SECOND;
    struct span_spec root = {.trace = trace,
                             .id = 2 * trace,
                             .start_ms = start_ms,
                             .end_ms = start_ms + 900,
                             .text = conversation,
                             .text_key = "gen_ai.conversation.id"};
    struct span_spec child = {.trace = trace,
                              .id = 2 * trace + 1,
                              .parent = 2 * trace,
                              .start_ms = start_ms + 1,
                              .end_ms = start_ms + 2,
                              .score_name = score < 0 ? NULL : "Quality",
                              .score = score};
    trace_span(&fixture->shards.builder, &child);
    trace_span(&fixture->shards.builder, &root);
    accept(fixture, WIRE_GATE_TRACES);
}

static uint64_t value(const struct persistent_counter *counter)
{
    return counter_get(persistent_counter_value(counter));
}

static uint64_t decided(const struct fixture *fixture)
{
    uint64_t sum = 0;
    for (int i = 0; i < CLOSE_TRIGGERS; i++)
        sum += value(fixture->writer->counted.trajectories[i]);
    return sum;
}

START_TEST(turns_are_judged_together_over_restarts_with_other_shards)
{
    struct fixture *fixture = begin(3, "trajectory: { scope: conversation }\n");
    uint32_t trace = 0;
    char name[16];
    for (uint32_t round = 0; round < 4; round++) {
        for (uint32_t conversation = 0; conversation < 12; conversation++) {
            snprintf(name, sizeof(name), "talk-%u", conversation);
            give_turn(fixture, ++trace, name, round == 3 && conversation % 2 ? 0.1 : 0.9);
        }
        give_turn(fixture, ++trace, NULL, 0.2);
        pass_time(fixture, 7 * SECOND);
        ck_assert_uint_eq(decided(fixture), round + 1); /* those without a conversation */
        struct span_account account = writer_account(fixture->writer);
        ck_assert_uint_eq(account.in_flight, (round + 1) * 24);
        ck_assert_uint_eq(account.in_flight, parts_spans(fixture->writer->parts));
        reopen(fixture, 1 + round);
        ck_assert_uint_eq(writer_settle_lost(fixture->writer), 0);
    }
    pass_time(fixture, 31 * MINUTE);
    ck_assert_uint_eq(decided(fixture), 4 + 12);
    ck_assert_uint_eq(value(fixture->writer->counted.parts), 4 * 12);
    ck_assert_uint_eq(value(fixture->writer->counted.trajectories[CLOSE_IDLE]), 12);
    ck_assert_uint_eq(fixture->conversation_records, 6);
    ck_assert_uint_eq(fixture->records, 6 + 4);
    struct span_account account = writer_account(fixture->writer);
    ck_assert_uint_eq(account.in_flight, 0);
    ck_assert_uint_eq(account.decided, fixture->accepted);
    pass_time(fixture, 31 * MINUTE);
    ck_assert_uint_eq(decided(fixture), 4 + 12);
    end(fixture);
}
END_TEST

START_TEST(a_failed_commit_neither_loses_nor_doubles_a_turn)
{
    struct fixture *fixture = begin(2, "trajectory: { scope: conversation }\n");
    struct store_faults faults = {0};
    store_set_faults(fixture->temp.store, &faults);
    for (uint32_t trace = 1; trace <= 6; trace++) {
        give_turn(fixture, trace, trace % 2 ? "odd" : "even", 0.1);
        shard_fixture_tick(&fixture->shards, 7 * SECOND);
        faults.commit_error = ENOSPC;
        commit(fixture);
        pass_time(fixture, 0);
    }
    shard_fixture_tick(&fixture->shards, 31 * MINUTE);
    faults.commit_error = ENOSPC;
    commit(fixture);
    ck_assert_uint_eq(decided(fixture), 2);
    ck_assert_uint_eq(fixture->conversation_records, 2);
    ck_assert_uint_eq(parts_spans(fixture->writer->parts), 0);
    ck_assert_uint_eq(writer_account(fixture->writer).decided, fixture->accepted);
    store_set_faults(fixture->temp.store, NULL);
    end(fixture);
}
END_TEST

/* Its content is read into memory as a whole at the end. */
START_TEST(logs_count_towards_the_bytes_of_a_conversation)
{
    struct fixture *fixture = begin(2, "trajectory: { scope: conversation, max_bytes: 16KiB }\n");
    char name[4001] = "gen_ai.";
    memset(name + strlen(name), 'x', sizeof(name) - 1 - strlen(name));
    for (uint32_t trace = 1; trace <= 5; trace++) {
        trace_log(&fixture->shards.builder,
                  &(struct log_spec){.trace = trace, .time_ms = 1700000000000, .event_name = name});
        accept(fixture, WIRE_GATE_LOGS);
        give_turn(fixture, trace, "talk", 0.1);
    }
    pass_time(fixture, 7 * SECOND);
    pass_time(fixture, SECOND);
    ck_assert_uint_eq(value(fixture->writer->counted.parts), 5);
    ck_assert_uint_eq(value(fixture->writer->counted.trajectories[CLOSE_BYTES]), 1);
    end(fixture);
}
END_TEST

/* Each of its own conversation, as many as some readings take. */
START_TEST(any_number_of_turns_that_wait_is_found_again_and_a_full_shard_says_so)
{
    enum { TURNS = 10000 };
    struct fixture *fixture =
        begin(1, "trajectory: { scope: conversation }\nlimits: { decided: 10000 }\n");
    char name[16];
    writer_begin(fixture->writer);
    for (uint32_t i = 0; i < TURNS; i++) {
        struct part_row row = part_of(0, 0, 1);
        snprintf(name, sizeof(name), "talk-%u", i);
        conversation_hash(row.conversation, bytes_of_text(name));
        row.received_ms = (int64_t)fixture->shards.wall_ms;
        parts_append(fixture->writer->parts, &fixture->writer->txn, &row, BYTES_LITERAL("x"));
    }
    ck_assert_int_eq(writer_commit(fixture->writer, 1, 1), STATUS_OK);
    reopen(fixture, 1);
    ck_assert(!shard_is_full(fixture->shards.shards[0]));
    pass_time(fixture, 0);
    ck_assert(shard_is_full(fixture->shards.shards[0]));
    pass_time(fixture, 31 * MINUTE);
    pass_time(fixture, SECOND);
    ck_assert(!shard_is_full(fixture->shards.shards[0]));
    ck_assert_uint_eq(parts_spans(fixture->writer->parts), 0);
    ck_assert_uint_eq(decided(fixture), TURNS);
    end(fixture);
}
END_TEST

START_TEST(with_trace_scope_a_conversation_id_changes_nothing)
{
    struct fixture *fixture = begin(2, "");
    for (uint32_t trace = 1; trace <= 4; trace++)
        give_turn(fixture, trace, "talk", 0.1);
    pass_time(fixture, 7 * SECOND);
    ck_assert_uint_eq(decided(fixture), 4);
    ck_assert_uint_eq(value(fixture->writer->counted.parts), 0);
    end(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conversation");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_part_is_there_from_one_commit_to_another);
    tcase_add_test(tests, a_conversation_is_over_when_it_was_quiet);
    tcase_add_test(tests, quiet_while_the_process_was_down_counts);
    tcase_add_test(tests, at_a_limit_a_conversation_is_over_at_once);
    tcase_add_test(tests, turns_are_judged_together_over_restarts_with_other_shards);
    tcase_add_test(tests, a_failed_commit_neither_loses_nor_doubles_a_turn);
    tcase_add_test(tests, logs_count_towards_the_bytes_of_a_conversation);
    tcase_add_test(tests, any_number_of_turns_that_wait_is_found_again_and_a_full_shard_says_so);
    tcase_add_test(tests, with_trace_scope_a_conversation_id_changes_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
