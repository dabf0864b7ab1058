/* What comes after the verdict, over a real store: shards, writer and recall together. */
#include "pipelines/commit/sources.h"
#include "pipelines/commit/state.h"
#include "pipelines/commit/writer.h"
#include "processor/emit/outgoing.h"
#include "state/cohorts/audit.h"
#include "state/cohorts/query.h"
#include "tests/support/shard_fixture.h"
#include "tests/support/temp_store.h"

enum { SECOND = 1000, MINUTE = 60000, MAP_BYTES = 256 << 20, RECORDS_MAX = 64, KEPT_MAX = 64 };

struct record {
    uint64_t sequence;
    char *text;
};

struct fixture {
    struct temp_store temp;
    struct shard_fixture shards;
    struct writer *writer;
    struct request *requests[16]; /* of the batch */
    uint32_t request_count;
    struct request *kept[KEPT_MAX]; /* all of them, for a replay */
    uint32_t kept_count;
    struct record records[RECORDS_MAX];
    uint32_t record_count;
};

static void open_writer(struct fixture *fixture)
{
    static const char *const names[FIXTURE_SOURCES] = {"otlp/grpc", "otlp/http", "kafka/x/0"};
    struct error error = {0};
    fixture->writer = writer_create(fixture->temp.store, fixture->shards.config,
                                    fixture->shards.shard_count, names, FIXTURE_SOURCES, &error);
    ck_assert_msg(fixture->writer != NULL, "%s", error.text);
    struct revision_source revisions = revision_source_from_store(fixture->temp.store);
    for (uint32_t i = 0; i < fixture->shards.shard_count; i++)
        shard_set_revision_source(fixture->shards.shards[i], &revisions);
    fixture->shards.decided_sequence = writer_decided_sequence(fixture->writer);
}

static struct fixture *begin_rules(const char *rules, const char *more)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    ck_assert_ptr_nonnull(fixture);
    temp_store_open(&fixture->temp, MAP_BYTES);
    if (rules)
        shard_fixture_begin_rules(&fixture->shards, 2, rules, more);
    else
        shard_fixture_begin(&fixture->shards, 2, more);
    open_writer(fixture);
    return fixture;
}

static struct fixture *begin(const char *more)
{
    return begin_rules(NULL, more);
}

static void end(struct fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->request_count; i++)
        request_release(fixture->requests[i]);
    for (uint32_t i = 0; i < fixture->kept_count; i++)
        request_release(fixture->kept[i]);
    for (uint32_t i = 0; i < fixture->record_count; i++)
        free(fixture->records[i].text);
    writer_destroy(fixture->writer);
    shard_fixture_end(&fixture->shards);
    temp_store_finish(&fixture->temp);
    free(fixture);
}

static bool keep_record(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    struct fixture *fixture = context;
    struct outgoing outgoing;
    (void)committed_ms;
    if (fixture->record_count > 0 &&
        fixture->records[fixture->record_count - 1].sequence >= sequence)
        return true;
    ck_assert_int_eq(outgoing_decode(frame, &outgoing), STATUS_OK);
    fixture->records[fixture->record_count++] = (struct record){
        sequence, strndup((const char *)outgoing.payload.data, outgoing.payload.size)};
    return true;
}

static void commit(struct fixture *fixture)
{
    struct shard_fixture *shards = &fixture->shards;
    writer_begin(fixture->writer);
    for (uint32_t i = 0; i < fixture->request_count; i++)
        writer_add_request(fixture->writer, fixture->requests[i], true);
    for (uint32_t i = 0; i < shards->shard_count; i++)
        writer_add_effects(fixture->writer, shards->effects[i], (int64_t)shards->wall_ms);
    ck_assert_int_eq(writer_commit(fixture->writer, shards->now_ms, (int64_t)shards->wall_ms),
                     STATUS_OK);
    for (uint32_t i = 0; i < fixture->request_count; i++)
        request_release(fixture->requests[i]);
    fixture->request_count = 0;
    shard_fixture_clear(shards);
    shards->decided_sequence = writer_decided_sequence(fixture->writer);
    ck_assert_int_eq(outbox_scan(fixture->temp.store, 0, 0, keep_record, fixture), STATUS_OK);
}

static void pass(struct fixture *fixture, int64_t ms)
{
    shard_fixture_tick(&fixture->shards, ms);
    commit(fixture);
}

static void give(struct fixture *fixture, uint16_t source, enum wire_gate_signal signal)
{
    struct request *request;
    (void)shard_fixture_give(&fixture->shards, source, signal, &request);
    request_hold(request);
    fixture->kept[fixture->kept_count++] = request;
    fixture->requests[fixture->request_count++] = request;
}

static void give_run(struct fixture *fixture, uint32_t trace, double score)
{
    trace_resource(&fixture->shards.builder, "a");
    shard_fixture_build(&fixture->shards, trace, score);
    give(fixture, 0, WIRE_GATE_TRACES);
}

static void give_score(struct fixture *fixture, uint16_t source, uint32_t trace, double score)
{
    trace_log(&fixture->shards.builder,
              &(struct log_spec){.trace = trace,
                                 .time_ms = 1700000005000 + fixture->kept_count,
                                 .score_name = "Quality",
                                 .score = score});
    give(fixture, source, WIRE_GATE_LOGS);
}

/* A span of its own, and the judge's new score when it is not negative. */
static void give_span(struct fixture *fixture, uint16_t source, uint32_t trace, uint32_t id,
                      double score)
{
    trace_resource(&fixture->shards.builder, "a");
    trace_span(&fixture->shards.builder, &(struct span_spec){.trace = trace,
                                                             .id = id,
                                                             .parent = 1,
                                                             .start_ms = 1700000000000,
                                                             .end_ms = 1700000000100});
    give(fixture, source, WIRE_GATE_TRACES);
    if (score >= 0)
        give_score(fixture, source, trace, score);
}

/* A crash: shards know what the store knows; the journal gives everything once more. */
static bool remember_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct fixture *fixture = context;
    struct shard_fixture *shards = &fixture->shards;
    for (uint8_t i = 0; i < row->position_count; i++)
        for (uint16_t source = 0; source < FIXTURE_SOURCES; source++) {
            if (sources_row(fixture->writer, source)->id != row->positions[i].source)
                continue;
            struct decided_entry entry = {.position = row->positions[i].position,
                                          .decided_ms = (uint64_t)row->decided_ms,
                                          .sequence = sequence,
                                          .source = source,
                                          .is_exhausted = row->flags & DECIDED_EXHAUSTED};
            memcpy(entry.trace_id, row->trace_id, TRACE_ID_SIZE);
            ck_assert_int_eq(
                shard_remember(shards->shards[request_shard_of(row->trace_id, shards->shard_count)],
                               &entry),
                STATUS_OK);
        }
    return true;
}

static void crash(struct fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->request_count; i++)
        request_release(fixture->requests[i]);
    fixture->request_count = 0;
    shard_fixture_clear(&fixture->shards);
    writer_destroy(fixture->writer);
    temp_store_reopen(&fixture->temp, MAP_BYTES);
    shard_fixture_restart(&fixture->shards, 2);
    open_writer(fixture);
    ck_assert_int_eq(decided_load(fixture->temp.store, 0, remember_row, fixture), STATUS_OK);
    for (uint16_t source = 0; source < FIXTURE_SOURCES; source++)
        for (uint32_t shard = 0; shard < 2; shard++)
            shard_set_replay(fixture->shards.shards[shard], source,
                             &sources_row(fixture->writer, source)->marks);
    fixture->shards.is_catching_up = true;
    for (uint32_t i = 0; i < fixture->kept_count; i++) {
        const struct request *request = fixture->kept[i];
        const struct source_row *row = sources_row(fixture->writer, request->source);
        if (request->position >= row->low_watermark && request->position < row->next_position)
            shard_fixture_replay(&fixture->shards, request->source, request->position,
                                 request->signal, request_body(request));
    }
    shard_fixture_tick(&fixture->shards, 0);
    fixture->shards.is_catching_up = false;
}

static uint64_t value(const struct persistent_counter *counter)
{
    return counter_get(persistent_counter_value(counter));
}

static void check_account(const struct fixture *fixture, uint64_t decided, uint64_t late,
                          uint64_t duplicates, uint64_t dropped_late)
{
    const struct writer_counters *counted = &fixture->writer->counted;
    struct span_account account = writer_account(fixture->writer);
    ck_assert_uint_eq(account.in_flight, 0);
    ck_assert_uint_eq(value(counted->decided), decided);
    ck_assert_uint_eq(value(counted->late), late);
    ck_assert_uint_eq(value(counted->dropped[DROP_DUPLICATE]), duplicates);
    ck_assert_uint_eq(value(counted->dropped[DROP_LATE]), dropped_late);
    ck_assert_uint_eq(account.accepted, decided + duplicates + dropped_late);
}

/* Of all trajectories: verdicts in force, and first verdicts. */
static void check_cohorts(const struct fixture *fixture, const int64_t wanted[VERDICTS],
                          const int64_t first[VERDICTS])
{
    struct bytes release = BYTES_LITERAL("release");
    struct cohort_result result;
    struct error error = {0};
    struct store_txn txn;
    struct cohort_audit audit;
    ck_assert_int_eq(cohort_query(fixture->temp.store, &release, 1,
                                  (int64_t)fixture->shards.wall_ms, 0, &result, &error),
                     STATUS_OK);
    ck_assert_uint_eq(result.row_count, 1);
    for (int verdict = 0; verdict < VERDICTS; verdict++) {
        ck_assert_int_eq(result.rows[0].sums.verdicts[verdict], wanted[verdict]);
        ck_assert_int_eq(result.rows[0].sums.first[verdict], first[verdict]);
    }
    cohort_result_finish(&result);
    store_begin(fixture->temp.store, false, &txn);
    ck_assert_int_eq(cohort_audit(&txn, &audit), STATUS_OK);
    ck_assert_uint_eq(audit.different, 0);
    COMMIT(&txn);
}

static uint64_t correction(struct fixture *fixture, enum verdict from, enum verdict to)
{
    return value(writer_counters_correction(&fixture->writer->counted, BYTES_LITERAL("release"), from, to));
}

#define SAYS(record, part) ck_assert_msg(strstr((record).text, part), "%s", (record).text)

/* The text of a member, up to the closing quote. */
static void member(const struct record *record, const char *key, char to[40])
{
    char quoted[40];
    snprintf(quoted, sizeof(quoted), "\"%s\":\"", key);
    const char *from = strstr(record->text, quoted);
    ck_assert_ptr_nonnull(from);
    from += strlen(quoted);
    size_t size = strcspn(from, "\"");
    memcpy(to, from, size < 39 ? size : 39);
    to[size < 39 ? size : 39] = 0;
}

static void check_supersedes(const struct record *record, const struct record *before)
{
    char supersedes[40], record_id[40];
    member(record, "supersedes", supersedes);
    member(before, "record_id", record_id);
    ck_assert_str_eq(supersedes, record_id);
}

START_TEST(a_late_score_on_a_span_makes_the_next_revision_of_the_whole_run)
{
    struct fixture *fixture = begin("");
    give_run(fixture, 1, 0.6);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 1);
    SAYS(fixture->records[0], "\"revision\":1,");
    ck_assert_ptr_null(strstr(fixture->records[0].text, "supersedes"));
    give_span(fixture, 0, 1, 3, 0.2);
    pass(fixture, 5 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 1); /* not quiet yet */
    ck_assert_uint_eq(writer_account(fixture->writer).in_flight, 1);
    pass(fixture, 2 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 2);
    SAYS(fixture->records[1], "\"revision\":2,");
    SAYS(fixture->records[1], "\"verdict\":\"fail\"");
    SAYS(fixture->records[1], "\"trigger\":\"root\"");
    SAYS(fixture->records[1], "\"spans\":3,");
    SAYS(fixture->records[1], "\"late_spans\":1,");
    SAYS(fixture->records[1], "\"reason\":\"rule\"");
    check_supersedes(&fixture->records[1], &fixture->records[0]);
    check_account(fixture, 3, 1, 0, 0);
    check_cohorts(fixture, (int64_t[VERDICTS]){0, 0, 1, 0}, (int64_t[VERDICTS]){0, 1, 0, 0});
    ck_assert_uint_eq(correction(fixture, VERDICT_BORDERLINE, VERDICT_FAIL), 1);
    ck_assert_uint_eq(value(fixture->writer->counted.verdicts[VERDICT_BORDERLINE]), 1);
    ck_assert_uint_eq(value(fixture->writer->counted.verdicts[VERDICT_FAIL]), 0);
    ck_assert_uint_eq(retained_items(fixture->writer->retained), 1);
    end(fixture);
}
END_TEST

START_TEST(a_late_score_in_a_log_turns_a_pass_without_record_into_review_work)
{
    struct fixture *fixture = begin("");
    give_run(fixture, 1, 0.9);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 0);
    ck_assert_uint_eq(retained_items(fixture->writer->retained), 0);
    give_score(fixture, 0, 1, 0.1);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 1);
    SAYS(fixture->records[0], "\"revision\":2,");
    SAYS(fixture->records[0], "\"verdict\":\"fail\"");
    SAYS(fixture->records[0], "\"value\":0.1,");
    SAYS(fixture->records[0], "\"start\":\"2023-11-14T22:13:20.000000000Z\"");
    SAYS(fixture->records[0], "\"end\":\"2023-11-14T22:13:21.000000000Z\"");
    SAYS(fixture->records[0], "\"release\":\"a\"");
    SAYS(fixture->records[0], "\"spans\":2,");
    ck_assert_ptr_null(strstr(fixture->records[0].text, "supersedes"));
    check_account(fixture, 2, 0, 0, 0);
    ck_assert_uint_eq(value(fixture->writer->counted.logs_joined), 1);
    check_cohorts(fixture, (int64_t[VERDICTS]){0, 0, 1, 0}, (int64_t[VERDICTS]){1, 0, 0, 0});
    give_score(fixture, 0, 1, 0.7); /* the judge thinks again */
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 2);
    SAYS(fixture->records[1], "\"revision\":3,");
    SAYS(fixture->records[1], "\"verdict\":\"borderline\"");
    check_supersedes(&fixture->records[1], &fixture->records[0]);
    check_cohorts(fixture, (int64_t[VERDICTS]){0, 1, 0, 0}, (int64_t[VERDICTS]){1, 0, 0, 0});
    end(fixture);
}
END_TEST

START_TEST(the_same_spans_once_more_change_nothing)
{
    struct fixture *fixture = begin("");
    give_run(fixture, 1, 0.3);
    pass(fixture, 7 * SECOND);
    for (int i = 0; i < 12; i++) {
        give_run(fixture, 1, 0.3);
        pass(fixture, 7 * SECOND);
    }
    ck_assert_uint_eq(fixture->record_count, 1);
    check_account(fixture, 2, 0, 24, 0);
    check_cohorts(fixture, (int64_t[VERDICTS]){0, 0, 1, 0}, (int64_t[VERDICTS]){0, 0, 1, 0});
    give_span(fixture, 0, 1, 3, -1); /* still there to be revised */
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 1); /* no evaluation has changed */
    check_account(fixture, 3, 1, 24, 0);
    give_span(fixture, 0, 1, 4, 0.2);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 2);
    SAYS(fixture->records[1], "\"spans\":4,");
    SAYS(fixture->records[1], "\"late_spans\":2,");
    SAYS(fixture->records[1], "\"revision\":2,");
    end(fixture);
}
END_TEST

static void check_nine(const char *more, bool has_content)
{
    struct fixture *fixture = begin(more);
    give_run(fixture, 1, 0.3);
    pass(fixture, 7 * SECOND);
    for (uint32_t i = 0; i < 8; i++) {
        give_span(fixture, 0, 1, 10 + i, 0.2 - 0.01 * i);
        pass(fixture, 7 * SECOND);
        if (i == 4)
            crash(fixture);
    }
    ck_assert_uint_eq(fixture->record_count, 9);
    SAYS(fixture->records[8], "\"revision\":9,");
    SAYS(fixture->records[8], "\"late_spans\":8,");
    SAYS(fixture->records[8], "\"spans\":10,");
    SAYS(fixture->records[8], "\"root_seen\":true");
    ck_assert_int_eq(strstr(fixture->records[8].text, "\"span_id\":\"0000000000000002\"") != NULL,
                     has_content);
    check_supersedes(&fixture->records[8], &fixture->records[7]);
    check_account(fixture, 10, 8, 0, 0);
    give_span(fixture, 0, 1, 30, 0.9);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 9);
    check_account(fixture, 10, 9, 0, 1);
    crash(fixture);
    pass(fixture, 7 * SECOND);
    check_account(fixture, 10, 9, 0, 1);
    give_span(fixture, 0, 1, 31, 0.9);
    pass(fixture, 7 * SECOND);
    check_account(fixture, 10, 10, 0, 2);
    ck_assert_uint_eq(retained_items(fixture->writer->retained), has_content);
    check_cohorts(fixture, (int64_t[VERDICTS]){0, 0, 1, 0}, (int64_t[VERDICTS]){0, 0, 1, 0});
    end(fixture);
}

START_TEST(the_ninth_time_nothing_is_decided_any_more)
{
    check_nine("", true);
}
END_TEST

START_TEST(without_retained_content_it_is_the_same_but_for_the_content)
{
    check_nine("trajectory: { late: { retain: none } }\n", false);
}
END_TEST

START_TEST(a_crash_between_makes_each_revision_once)
{
    struct fixture *fixture = begin("");
    give_run(fixture, 1, 0.6);
    pass(fixture, 7 * SECOND);
    give_span(fixture, 1, 1, 3, 0.2); /* another source */
    pass(fixture, SECOND);
    crash(fixture);
    ck_assert_uint_eq(writer_account(fixture->writer).in_flight, 1);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 2);
    check_account(fixture, 3, 1, 0, 0);
    crash(fixture);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 2);
    check_account(fixture, 3, 1, 0, 0);
    /* Its verdict is not committed when the process dies. */
    give_span(fixture, 0, 1, 4, 0.1);
    commit(fixture);
    shard_fixture_tick(&fixture->shards, 7 * SECOND);
    crash(fixture);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 3);
    SAYS(fixture->records[2], "\"spans\":4,");
    check_account(fixture, 4, 2, 0, 0);
    check_cohorts(fixture, (int64_t[VERDICTS]){0, 0, 1, 0}, (int64_t[VERDICTS]){0, 1, 0, 0});
    end(fixture);
}
END_TEST

START_TEST(a_verdict_that_is_not_committed_yet_is_waited_for)
{
    struct fixture *fixture = begin("trajectory: { settle: 100ms }\n");
    give_run(fixture, 1, 0.6);
    shard_fixture_tick(&fixture->shards, 200);
    give_span(fixture, 0, 1, 3, 0.2);
    shard_fixture_tick(&fixture->shards, 2 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture->shards), 1);
    commit(fixture);
    ck_assert_uint_eq(fixture->record_count, 1);
    pass(fixture, 200);
    ck_assert_uint_eq(fixture->record_count, 2);
    check_account(fixture, 3, 1, 0, 0);
    end(fixture);
}
END_TEST

START_TEST(a_commit_between_the_clock_and_the_recall_is_no_reason_to_decide_twice_from_one_row)
{
    struct fixture *fixture = begin("");
    give_run(fixture, 1, 0.6);
    uint64_t before = fixture->shards.decided_sequence;
    pass(fixture, 7 * SECOND);
    give_span(fixture, 0, 1, 3, 0.2);
    commit(fixture);
    fixture->shards.decided_sequence = before; /* as of before the commit of the first verdict */
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 2);
    give_span(fixture, 0, 1, 4, 0.9);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 3);
    SAYS(fixture->records[2], "\"revision\":3,");
    check_cohorts(fixture, (int64_t[VERDICTS]){1, 0, 0, 0}, (int64_t[VERDICTS]){0, 1, 0, 0});
    end(fixture);
}
END_TEST

/* One rule of each kind: a score, a score under a condition that does not hold, one that more spans
 * can only raise, one that they could only better, and what is computed from texts. */
static const char *const every_kind =
    "{ name: quality, measure: [score.Quality, groundedness.lexical], fail_below: 0.5 }, "
    "{ name: guarded, measure: score.Safety, when: steps.retriever > 0, fail_below: 0.5 }, "
    "{ name: many, measure: spans, fail_above: 3 }, "
    "{ name: few, measure: spans, fail_below: 2 }";

static void give_named_score(struct fixture *fixture, const char *name, double score)
{
    trace_log(&fixture->shards.builder,
              &(struct log_spec){
                  .trace = 1, .time_ms = 1700000005000, .score_name = name, .score = score});
    give(fixture, 0, WIRE_GATE_LOGS);
}

START_TEST(without_content_only_what_is_certain_changes)
{
    struct fixture *fixture = begin_rules(every_kind, "trajectory: { late: { retain: none } }\n");
    give_run(fixture, 1, 0.9);
    pass(fixture, 7 * SECOND);
    give_named_score(fixture, "Safety", 0.1); /* its condition did not hold */
    give_span(fixture, 0, 1, 3, -1);          /* one span is few; all are not */
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 0);
    check_cohorts(fixture, (int64_t[VERDICTS]){1, 0, 0, 0}, (int64_t[VERDICTS]){1, 0, 0, 0});
    for (uint32_t span = 10; span < 14; span++)
        give_span(fixture, 0, 1, span, -1);
    pass(fixture, 7 * SECOND);
    ck_assert_uint_eq(fixture->record_count, 1);
    SAYS(fixture->records[0], "\"rule\":\"quality\",\"measurement\":\"score.Quality\","
                              "\"outcome\":\"pass\",\"value\":0.9");
    SAYS(fixture->records[0], "\"outcome\":\"na\",\"na_reason\":\"when_false\"");
    SAYS(fixture->records[0], "\"rule\":\"many\",\"measurement\":\"spans\",\"outcome\":\"fail\","
                              "\"value\":4");
    SAYS(fixture->records[0], "\"rule\":\"few\",\"measurement\":\"spans\",\"outcome\":\"pass\","
                              "\"value\":2");
    check_cohorts(fixture, (int64_t[VERDICTS]){0, 0, 1, 0}, (int64_t[VERDICTS]){1, 0, 0, 0});
    end(fixture);
}
END_TEST

START_TEST(a_value_that_was_unknown_moves_the_run_to_its_cohort)
{
    struct fixture *fixture = begin("");
    shard_fixture_build(&fixture->shards, 1, 0.9); /* without a resource */
    give(fixture, 0, WIRE_GATE_TRACES);
    pass(fixture, 7 * SECOND);
    give_span(fixture, 0, 1, 3, -1);
    pass(fixture, 7 * SECOND);
    struct bytes release = BYTES_LITERAL("release");
    struct cohort_result result;
    struct error error = {0};
    ck_assert_int_eq(cohort_query(fixture->temp.store, &release, 1,
                                  (int64_t)fixture->shards.wall_ms, 0, &result, &error),
                     STATUS_OK);
    int64_t total = 0;
    for (size_t i = 0; i < result.row_count; i++) {
        int64_t passed = result.rows[i].sums.verdicts[VERDICT_PASS];
        ck_assert_int_eq(passed, bytes_equal_text(result.rows[i].values[0], "a"));
        total += passed;
    }
    ck_assert_int_eq(total, 1);
    cohort_result_finish(&result);
    end(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("late");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_late_score_on_a_span_makes_the_next_revision_of_the_whole_run);
    tcase_add_test(all, a_late_score_in_a_log_turns_a_pass_without_record_into_review_work);
    tcase_add_test(all, the_same_spans_once_more_change_nothing);
    tcase_add_test(all, the_ninth_time_nothing_is_decided_any_more);
    tcase_add_test(all, without_retained_content_it_is_the_same_but_for_the_content);
    tcase_add_test(all, a_crash_between_makes_each_revision_once);
    tcase_add_test(all, a_verdict_that_is_not_committed_yet_is_waited_for);
    tcase_add_test(
        all, a_commit_between_the_clock_and_the_recall_is_no_reason_to_decide_twice_from_one_row);
    tcase_add_test(all, without_content_only_what_is_certain_changes);
    tcase_add_test(all, a_value_that_was_unknown_moves_the_run_to_its_cohort);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
