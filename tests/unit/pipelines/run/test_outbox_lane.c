/* The way from the outbox to a file exporter and back, with an emitter in
 * between that can be full. */
#include <errno.h>
#include <time.h>

#include "pipelines/config/load.h"
#include "pipelines/run/outbox_lane.h"
#include "processor/emit/outgoing.h"
#include "state/store/store_faults.h"
#include "tests/support/fake_emitter.h"
#include "tests/support/shard_fixture.h"
#include "tests/support/temp_store.h"
#include "tests/support/waiting.h"

enum { MAP_BYTES = 256 << 20 };

struct fixture {
    struct temp_store temp;
    struct pipeline_config *config;
    struct writer *writer;
    struct outbox_lane lane;
    struct fake_emitter fake;
    struct effects *effects;
    struct closed closed[600];
    char ids[600][37];
    uint64_t position;
};

static void commit(struct fixture *fixture, enum status wanted)
{
    outbox_lane_add_to(&fixture->lane, fixture->writer);
    ck_assert_int_eq(writer_commit(fixture->writer, 1000, 1700000000000), wanted);
    if (wanted == STATUS_OK)
        outbox_lane_settle(&fixture->lane);
}

static void open_all(struct fixture *fixture, uint32_t room)
{
    static const char *const names[] = {"otlp/grpc"};
    struct error error = {0};
    fixture->writer = writer_create(fixture->temp.store, fixture->config, 1, names, 1, &error);
    ck_assert_msg(fixture->writer != NULL, "%s", error.text);
    ck_assert_msg(outbox_lane_open(&fixture->lane, 0, &fixture->config->exporters[0],
                                   fixture->temp.store, &error) == STATUS_OK,
                  "%s", error.text);
    fake_emitter_init(&fixture->fake, fixture->lane.emitter, room);
    fixture->lane.emitter = &fixture->fake.base;
    outbox_lane_catch_up(&fixture->lane, 1000); /* nothing while the store does not know the file */
    ck_assert(!fixture->lane.is_unplaced || fixture->fake.sent_count == 0);
    writer_begin(fixture->writer);
    commit(fixture, STATUS_OK);
    ck_assert(!fixture->lane.is_unplaced);
}

static void close_all(struct fixture *fixture)
{
    outbox_lane_stop(&fixture->lane, 2000);
    outbox_lane_close(&fixture->lane);
    writer_destroy(fixture->writer);
}

static struct fixture *begin(uint32_t room)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error error = {0};
    char text[512];
    ck_assert_ptr_nonnull(fixture);
    temp_store_open(&fixture->temp, MAP_BYTES);
    snprintf(text, sizeof(text),
             "rules: [{ name: quality, measure: score.Quality, fail_below: 0.5 }]\n"
             "exporters: { file/out: { path: %s/records.jsonl } }\n"
             "service: { pipelines: { traces: { receivers: [otlp], exporters: [file/out] } } }\n",
             fixture->temp.path);
    fixture->config = config_load_text("test.yaml", bytes_of_text(text), &error);
    ck_assert_msg(fixture->config != NULL, "%s", error.text);
    fixture->effects = effects_create(0);
    open_all(fixture, room);
    return fixture;
}

static void end(struct fixture *fixture)
{
    close_all(fixture);
    effects_destroy(fixture->effects);
    config_destroy(fixture->config);
    temp_store_finish(&fixture->temp);
    free(fixture);
}

/* As after a crash: nothing is committed any more. */
static void crash(struct fixture *fixture, uint32_t room)
{
    close_all(fixture);
    temp_store_reopen(&fixture->temp, MAP_BYTES);
    open_all(fixture, room);
}

/* `count` records become durable and are offered, as the writer's thread does. */
static void decide(struct fixture *fixture, uint32_t first_trace, uint32_t count)
{
    uint8_t outcome[1] = {OUTCOME_FAIL};
    bool is_missing[1] = {false};
    struct bytes values[DIMENSIONS_MAX];
    for (uint32_t i = 0; i < DIMENSIONS_MAX; i++)
        values[i] = BYTES_LITERAL("unknown");
    struct buffer frame = {0};
    effects_clear(fixture->effects);
    for (uint32_t i = 0; i < count; i++) {
        struct closed *closed = &fixture->closed[i];
        char payload[128];
        snprintf(fixture->ids[i], sizeof(fixture->ids[i]), "%08x-0000-5000-8000-000000000000",
                 first_trace + i);
        snprintf(payload, sizeof(payload),
                 "{\"schema\":\"flywheel.review/v1\",\"record_id\":\"%s\"}", fixture->ids[i]);
        struct outgoing outgoing = {
            .key = BYTES_LITERAL("00"),
            .payload = bytes_of_text(payload),
            .headers = {{"record_id", bytes_of_text(fixture->ids[i])}},
            .header_count = 1,
        };
        buffer_clear(&frame);
        outgoing_encode(&outgoing, &frame);
        *closed = (struct closed){
            .next = i + 1 < count ? closed + 1 : NULL,
            .config = fixture->config,
            .verdict = VERDICT_FAIL,
            .event_ms = 1700000000000,
            .decided_ms = 1700000000000,
            .outcomes = outcome,
            .is_rule_missing = is_missing,
            .dimension_values = values,
            .selection.record = {.queue = BYTES_LITERAL("review"),
                                 .frame =
                                     arena_copy(&fixture->effects->arena, buffer_bytes(&frame))},
        };
        trace_id_of(first_trace + i, closed->trace_id);
    }
    fixture->effects->first = fixture->closed;
    writer_begin(fixture->writer);
    writer_add_effects(fixture->writer, fixture->effects, 1700000000000);
    commit(fixture, STATUS_OK);
    uint64_t sequence, behind;
    writer_committed_records(fixture->writer, &sequence, &behind);
    for (const struct closed *closed = fixture->effects->first; closed; closed = closed->next)
        outbox_lane_offer(&fixture->lane, sequence++, 1000, closed->emission.record->frame);
    buffer_finish(&frame);
}

static void settle(struct fixture *fixture)
{
    for (int i = 0; i < PATIENCE_MS && writer_gauges(fixture->writer).outbox_records > 0; i++) {
        pause_ms(1);
        outbox_lane_catch_up(&fixture->lane, 2000);
        writer_begin(fixture->writer);
        commit(fixture, STATUS_OK);
    }
    ck_assert_uint_eq(writer_gauges(fixture->writer).outbox_records, 0);
    ck_assert(!outbox_lane_has_news(&fixture->lane));
}

static uint32_t lines_of(const struct fixture *fixture)
{
    char path[128], line[512];
    uint32_t lines = 0;
    unsigned last = 0, id;
    snprintf(path, sizeof(path), "%s/records.jsonl", fixture->temp.path);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    for (; fgets(line, sizeof(line), file); lines++) {
        ck_assert_int_eq(sscanf(strstr(line, "record_id"), "record_id\":\"%8x", &id), 1);
        ck_assert_uint_eq(id, ++last); /* in order, each once */
    }
    fclose(file);
    return lines;
}

START_TEST(records_go_to_the_file_in_order_and_their_rows_leave)
{
    struct fixture *fixture = begin(UINT32_MAX);
    outbox_lane_catch_up(&fixture->lane, 1000);
    decide(fixture, 1, 50);
    decide(fixture, 51, 50);
    ck_assert_uint_eq(fixture->fake.sent_count, 100);
    settle(fixture);
    ck_assert_uint_eq(lines_of(fixture), 100);
    end(fixture);
}
END_TEST

START_TEST(what_does_not_fit_is_read_from_the_store_in_order)
{
    struct fixture *fixture = begin(10);
    outbox_lane_catch_up(&fixture->lane, 1000);
    decide(fixture, 1, 30);
    decide(fixture, 31, 600 - 30); /* offered while behind: not taken */
    ck_assert_uint_eq(fixture->fake.sent_count, 10);
    ck_assert_uint_eq(fixture->fake.refused, 1);
    outbox_lane_catch_up(&fixture->lane, 1000);
    ck_assert_uint_eq(fixture->fake.sent_count, 10);
    fixture->fake.room = 15;
    outbox_lane_catch_up(&fixture->lane, 1099); /* asked again only after a while */
    ck_assert_uint_eq(fixture->fake.sent_count, 10);
    outbox_lane_catch_up(&fixture->lane, 1100);
    ck_assert_uint_eq(fixture->fake.sent_count, 25);
    fixture->fake.room = UINT32_MAX;
    outbox_lane_catch_up(&fixture->lane, 1200); /* a bounded part of it */
    ck_assert_uint_lt(fixture->fake.sent_count, 600);
    settle(fixture);
    ck_assert_uint_eq(fixture->fake.sent_count, 600);
    ck_assert_uint_eq(lines_of(fixture), 600);
    decide(fixture, 601, 5); /* no longer behind */
    ck_assert_uint_eq(fixture->fake.sent_count, 605);
    settle(fixture);
    end(fixture);
}
END_TEST

START_TEST(what_the_file_holds_after_a_crash_is_not_written_again)
{
    struct fixture *fixture = begin(20);
    outbox_lane_catch_up(&fixture->lane, 1000);
    decide(fixture, 1, 40); /* 20 of them reach the file, none of their rows leaves */
    crash(fixture, UINT32_MAX);
    ck_assert_uint_eq(writer_gauges(fixture->writer).outbox_records, 40);
    settle(fixture);
    ck_assert_uint_eq(fixture->fake.sent_count, 20); /* the others */
    ck_assert_uint_eq(lines_of(fixture), 40);
    end(fixture);
}
END_TEST

START_TEST(a_line_that_is_not_what_the_row_holds_settles_nothing)
{
    struct fixture *fixture = begin(1);
    char path[128];
    outbox_lane_catch_up(&fixture->lane, 1000);
    decide(fixture, 1, 2);
    WAIT_UNTIL(outbox_lane_has_news(&fixture->lane));
    snprintf(path, sizeof(path), "%s/records.jsonl", fixture->temp.path);
    outbox_lane_stop(&fixture->lane, 2000);
    FILE *file = fopen(path, "r+");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)strlen("{\"schema\":\"fly"), SEEK_SET), 0);
    ck_assert_int_eq(fputc('W', file), 'W'); /* the id is whole, another byte is not */
    ck_assert_int_eq(fclose(file), 0);
    crash(fixture, UINT32_MAX);
    settle(fixture);
    ck_assert_uint_eq(fixture->fake.sent_count, 2);
    end(fixture);
}
END_TEST

START_TEST(a_replacement_is_durable_when_its_commit_has_succeeded)
{
    struct fixture *fixture = begin(0);
    struct store_faults faults = {0};
    struct replacements *replacements = &fixture->lane.replacements;
    struct bytes frame = BYTES_LITERAL("shorter");
    outbox_lane_catch_up(&fixture->lane, 1000);
    decide(fixture, 1, 1);
    uint64_t sequence, end_of_records;
    writer_committed_records(fixture->writer, &sequence, &end_of_records);
    replacements_ask(replacements, sequence, frame);
    ck_assert(outbox_lane_has_news(&fixture->lane));
    ck_assert(!replacements_is_durable(replacements, sequence));
    store_set_faults(fixture->temp.store, &faults);
    faults.commit_error = ENOSPC;
    writer_begin(fixture->writer);
    outbox_lane_add_replacements(&fixture->lane, fixture->writer);
    commit(fixture, STATUS_BUSY);
    ck_assert(!replacements_is_durable(replacements, sequence));
    writer_begin(fixture->writer); /* a commit without it, as of deletions alone */
    commit(fixture, STATUS_OK);
    ck_assert(!replacements_is_durable(replacements, sequence));
    writer_begin(fixture->writer);
    outbox_lane_add_to(&fixture->lane, fixture->writer);
    outbox_lane_add_replacements(&fixture->lane, fixture->writer);
    ck_assert_int_eq(writer_commit(fixture->writer, 1000, 1700000000000), STATUS_OK);
    outbox_lane_settle(&fixture->lane);
    ck_assert(replacements_is_durable(replacements, sequence));
    ck_assert(!replacements_is_durable(replacements, sequence)); /* said once */
    ck_assert_uint_eq(writer_gauges(fixture->writer).outbox_records, 1);
    end(fixture);
}
END_TEST

START_TEST(a_file_is_known_to_the_store_before_anything_is_written)
{
    struct fixture *fixture = begin(UINT32_MAX);
    struct store_txn txn;
    struct outbox_file file = {0};
    store_begin(fixture->temp.store, false, &txn);
    ck_assert(outbox_file_read(&txn, 0, &file));
    store_abort(&txn);
    ck_assert_uint_ne(file.inode, 0);
    ck_assert_uint_eq(file.length, 0);
    end(fixture);
}
END_TEST

START_TEST(an_acknowledgement_survives_a_commit_that_fails)
{
    struct fixture *fixture = begin(UINT32_MAX);
    struct store_faults faults = {0};
    outbox_lane_catch_up(&fixture->lane, 1000);
    decide(fixture, 1, 10);
    WAIT_UNTIL(outbox_lane_has_news(&fixture->lane));
    store_set_faults(fixture->temp.store, &faults);
    faults.commit_error = ENOSPC;
    writer_begin(fixture->writer);
    commit(fixture, STATUS_BUSY);
    ck_assert(outbox_lane_has_news(&fixture->lane));
    ck_assert_uint_eq(writer_gauges(fixture->writer).outbox_records, 10);
    settle(fixture);
    ck_assert_uint_eq(lines_of(fixture), 10);
    end(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lane");
    TCase *cases = tcase_create("lane");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, records_go_to_the_file_in_order_and_their_rows_leave);
    tcase_add_test(cases, what_does_not_fit_is_read_from_the_store_in_order);
    tcase_add_test(cases, what_the_file_holds_after_a_crash_is_not_written_again);
    tcase_add_test(cases, a_line_that_is_not_what_the_row_holds_settles_nothing);
    tcase_add_test(cases, a_replacement_is_durable_when_its_commit_has_succeeded);
    tcase_add_test(cases, a_file_is_known_to_the_store_before_anything_is_written);
    tcase_add_test(cases, an_acknowledgement_survives_a_commit_that_fails);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
