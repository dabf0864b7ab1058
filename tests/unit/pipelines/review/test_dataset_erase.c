/* Erasure: no text of the run is left in any table, nor in the file once it is compacted; the trail
 * stays whole, and the run stays away. */
#include <sys/stat.h>

#include "processor/base/digest.h"
#include "processor/base/inflate.h"
#include "processor/emit/outgoing.h"
#include "state/store/value.h"
#include "state/tables/audit_chain.h"
#include "state/tables/erased.h"
#include "state/tables/item.h"
#include "state/tables/result.h"
#include "state/tables/retained.h"
#include "state/tables/reviewer.h"
#include "state/tables/row.h"
#include "state/tables/spill.h"
#include "tests/support/review_rows.h"

static const char secret[] = "xylophone-7731 of Mrs Weatherby";
static const char run_id[] = "00000000000000000000000000000001";

struct fixture {
    struct rows_fixture rows;
    struct dataset_tables tables;
};

static void set_up(struct fixture *it)
{
    rows_set_up(&it->rows);
    struct store *store = it->rows.temp.store;
    ck_assert_int_eq(items_open(store, &it->tables.items), STATUS_OK);
    ck_assert_int_eq(results_open(store, &it->tables.results), STATUS_OK);
    ck_assert_int_eq(retained_open(store, &it->tables.retained), STATUS_OK);
    ck_assert_int_eq(spill_open(store, &it->tables.spill), STATUS_OK);
    dataset_use_tables(it->rows.dataset, &it->tables);
}

static void tear_down(struct fixture *it)
{
    items_close(it->tables.items);
    results_close(it->tables.results);
    retained_close(it->tables.retained);
    spill_close(it->tables.spill);
    rows_tear_down(&it->rows);
}

static const struct decided_case a_case = {.number = 1,
                                           .input = "Whose is xylophone-7731 of Mrs Weatherby?",
                                           .output = "xylophone-7731 of Mrs Weatherby is free.",
                                           .conversation = "c-1",
                                           .expected = "It is xylophone-7731 of Mrs Weatherby.",
                                           .must_not_include = "free",
                                           .verdict = REVIEW_FAIL};

/* The run in every table that may hold it. */
static void fill(struct fixture *it)
{
    struct store_txn txn;
    struct item_row item = {.item_id = {1},
                            .queue = BYTES_LITERAL("review"),
                            .state = ITEM_OPEN,
                            .wanted = 1,
                            .record_count = 1,
                            .emitted_ms = 5,
                            .event_ms = 5,
                            .expires_ms = INT64_MAX / 2,
                            .has_content = true,
                            .probability = 1,
                            .skip_to = BYTES_LITERAL(""),
                            .summary = BYTES_LITERAL(""),
                            .decision = {.failure_mode = -1, .row_id = BYTES_LITERAL("")}};
    item.trajectory_id[15] = 1;
    store_begin(it->rows.temp.store, true, &txn);
    struct dataset_change change = rows_decide_in(&it->rows, &txn, &a_case);
    ck_assert(!change.is_held);
    items_append(it->tables.items, &txn, &item, bytes_of_text(secret));
    struct result_row result = {.item = item.sequence,
                                .principal_hash = 7,
                                .principal = BYTES_LITERAL("asha"),
                                .reviewer = BYTES_LITERAL("asha"),
                                .result_id = BYTES_LITERAL("r-1"),
                                .is_given = true,
                                .failure_mode = -1,
                                .texts = bytes_of_text(secret)};
    char actor[REVIEWER_ACTOR_SIZE];
    reviewer_actor(&txn, BYTES_LITERAL("asha"), 5, actor);
    results_put(it->tables.results, &txn, &result);
    result.principal_hash = 8;
    result.principal = BYTES_LITERAL("import:asha");
    reviewer_actor(&txn, result.principal, 5, actor);
    results_put(it->tables.results, &txn, &result);
    (void)result_pending_append(
        it->tables.results, &txn,
        BYTES_LITERAL("{\"trajectory_id\":\"00000000000000000000000000000001\",\"comment\":"
                      "\"xylophone-7731 of Mrs Weatherby\"}"));
    struct spill_header header = {.trace_id = {0}};
    header.trace_id[15] = 1;
    spill_append(it->tables.spill, &txn, 1, &header, bytes_of_text(secret));
    COMMIT(&txn);
}

static struct dataset_answer erase(struct fixture *it, enum erase_subject subject, const char *id)
{
    struct store_txn txn;
    struct dataset_answer answer;
    store_begin(it->rows.temp.store, true, &txn);
    dataset_erase(it->rows.dataset, &txn, &it->rows.settings, subject, bytes_of_text(id),
                  &it->rows.actor, 9, &answer);
    COMMIT(&txn);
    return answer;
}

/* In the values of every table. */
static int tables_with(struct store *store, const char *text)
{
    struct store_txn txn;
    struct store_cursor cursor;
    int count = 0;
    store_begin(store, false, &txn);
    for (enum state_table table = 0; table < STATE_TABLES; table++) {
        bool is_found = false;
        store_cursor_begin(&txn, table, bytes_of("", 0), 0, &cursor);
        while (store_cursor_next(&cursor)) {
            struct bytes value = store_cursor_value(&cursor);
            is_found = is_found || memmem(value.data, value.size, text, strlen(text));
        }
        store_cursor_finish(&cursor);
        count += is_found;
    }
    COMMIT(&txn);
    return count;
}

static bool file_has(const char *path, const char *text)
{
    struct buffer all = {0};
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    uint8_t part[65536];
    for (size_t size; (size = fread(part, 1, sizeof part, file)) > 0;)
        buffer_append(&all, part, size);
    fclose(file);
    bool is_there = memmem(all.data, all.size, text, strlen(text)) != NULL;
    buffer_finish(&all);
    return is_there;
}

START_TEST(no_text_of_an_erased_run_is_left_in_any_table_nor_in_a_compacted_file)
{
    struct fixture it;
    struct error error = {0};
    char copy[128], path[160];
    set_up(&it);
    fill(&it);
    ck_assert_int_ge(tables_with(it.rows.temp.store, "xylophone-7731"), 5);
    struct dataset_answer answer = erase(&it, ERASE_TRACE, run_id);
    ck_assert_int_eq(answer.fate, DATASET_DONE);
    ck_assert_uint_eq(answer.rows, 1);
    ck_assert(answer.is_pending_compact);
    ck_assert_int_eq(tables_with(it.rows.temp.store, "xylophone-7731"), 0);
    ck_assert_int_eq(tables_with(it.rows.temp.store, "xylophone-#"), 0); /* normalized */
    snprintf(copy, sizeof copy, "%s/copy", it.rows.temp.path);
    snprintf(path, sizeof path, "%s/data.mdb", copy);
    ck_assert_int_eq(store_copy(it.rows.temp.store, copy, &error), STATUS_OK);
    ck_assert(!file_has(path, "xylophone-7731"));
    tear_down(&it);
}
END_TEST

START_TEST(a_person_is_erased_under_however_many_names)
{
    enum { NAMES = 150 };
    struct fixture it;
    struct store_txn txn;
    set_up(&it);
    fill(&it);
    store_begin(it.rows.temp.store, true, &txn);
    for (uint64_t i = 0; i < NAMES; i++) {
        char principal[32], actor[REVIEWER_ACTOR_SIZE];
        snprintf(principal, sizeof principal, "service/%u:asha", (unsigned)i);
        struct result_row result = {.item = 1,
                                    .principal_hash = 100 + i,
                                    .principal = bytes_of_text(principal),
                                    .reviewer = BYTES_LITERAL("asha"),
                                    .result_id = BYTES_LITERAL("r"),
                                    .is_given = true,
                                    .failure_mode = -1};
        reviewer_actor(&txn, result.principal, 5, actor);
        results_put(it.tables.results, &txn, &result);
    }
    COMMIT(&txn);
    struct dataset_answer answer = erase(&it, ERASE_REVIEWER, "asha");
    ck_assert_int_eq(answer.fate, DATASET_DONE);
    ck_assert_uint_ge(answer.records, NAMES);
    ck_assert_int_eq(tables_with(it.rows.temp.store, "asha"), 0);
    tear_down(&it);
}
END_TEST

START_TEST(consumers_get_a_tombstone_and_the_row_never_comes_back)
{
    struct fixture it;
    set_up(&it);
    fill(&it);
    struct outbox_held before = outbox_held(it.rows.outbox, 0);
    ck_assert_uint_eq(before.records, 1);
    struct dataset_answer answer = erase(&it, ERASE_TRACE, run_id);
    ck_assert_uint_eq(answer.version, 2);
    ck_assert_uint_eq(outbox_held(it.rows.outbox, 0).records, 1); /* the row left, this came */
    struct dataset_change again = rows_decide(&it.rows, &a_case);
    ck_assert_str_eq(again.row_id, "");
    ck_assert_uint_eq(dataset_version(it.rows.dataset), 2);
    ck_assert_uint_eq(erased_count(dataset_erased(it.rows.dataset)), 1);
    tear_down(&it);
}
END_TEST

struct frames {
    char told[4][512]; /* "key payload" */
    int count;
};

static bool see_frame(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    struct frames *it = context;
    struct outgoing record;
    (void)sequence;
    (void)committed_ms;
    ck_assert_int_lt(it->count, 4);
    ck_assert_int_eq(outgoing_decode(frame, &record), STATUS_OK);
    snprintf(it->told[it->count++], sizeof it->told[0], "%.*s %.*s", (int)record.key.size,
             (const char *)record.key.data, (int)record.payload.size,
             (const char *)record.payload.data);
    return true;
}

START_TEST(a_topic_gets_a_null_value_behind_the_tombstone_and_a_file_does_not)
{
    struct fixture it;
    struct frames topic = {.count = 0}, file = {.count = 0};
    set_up(&it);
    it.rows.settings.exporters = 3;
    it.rows.settings.topics = 2;
    fill(&it);
    (void)erase(&it, ERASE_TRACE, run_id);
    ck_assert_int_eq(outbox_scan(it.rows.temp.store, 0, 0, see_frame, &file), STATUS_OK);
    ck_assert_int_eq(outbox_scan(it.rows.temp.store, 1, 0, see_frame, &topic), STATUS_OK);
    ck_assert_int_eq(file.count, 1);
    ck_assert_int_eq(topic.count, 2);
    ck_assert_str_eq(topic.told[0], file.told[0]);
    ck_assert_ptr_nonnull(strstr(topic.told[0], "\"retire\""));
    ck_assert_uint_eq(strlen(topic.told[1]), UUID_TEXT_SIZE); /* the key, and nothing */
    ck_assert_int_eq(memcmp(topic.told[0], topic.told[1], UUID_TEXT_SIZE), 0);
    tear_down(&it);
}
END_TEST

static void write_bytes(const char *directory, const char *name, struct bytes text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text.data, 1, text.size, file), text.size);
    fclose(file);
}

static void write_file(const char *directory, const char *name, const char *text)
{
    write_bytes(directory, name, bytes_of_text(text));
}

static void write_packed(const char *directory, const char *name, const char *text)
{
    struct buffer packed = {0};
    ck_assert_int_eq(deflate_gzip(bytes_of_text(text), &packed), STATUS_OK);
    write_bytes(directory, name, buffer_bytes(&packed));
    buffer_finish(&packed);
}

static bool is_there(const char *directory, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

START_TEST(dead_letters_of_the_run_leave_and_those_of_others_stay)
{
    struct fixture it;
    char directory[128];
    set_up(&it);
    fill(&it);
    snprintf(directory, sizeof directory, "%s/rows.dead", it.rows.temp.path);
    ck_assert_int_eq(mkdir(directory, 0700), 0);
    write_file(directory, "1.letter", "{\"trace_id\":\"00000000000000000000000000000001\"}");
    write_file(directory, "1.json", "{}");
    write_file(directory, "2.letter", "{\"trace_id\":\"00000000000000000000000000000002\"}");
    write_file(directory, "2.json", "{}");
    write_packed(directory, "3.letter", "{\"trace_id\":\"00000000000000000000000000000001\"}");
    write_packed(directory, "4.letter", "{\"trace_id\":\"00000000000000000000000000000002\"}");
    (void)erase(&it, ERASE_TRACE, run_id);
    ck_assert(!is_there(directory, "1.letter") && !is_there(directory, "1.json"));
    ck_assert(is_there(directory, "2.letter") && is_there(directory, "2.json"));
    ck_assert(!is_there(directory, "3.letter") && is_there(directory, "4.letter"));
    ck_assert(is_there(it.rows.temp.path, "data.mdb"));
    tear_down(&it);
}
END_TEST

START_TEST(a_conversation_is_erased_with_all_its_runs)
{
    struct fixture it;
    struct decided_case other = a_case;
    set_up(&it);
    fill(&it);
    other.number = 2;
    (void)rows_decide(&it.rows, &other);
    ck_assert_int_eq(erase(&it, ERASE_CONVERSATION, "c-2").fate, DATASET_UNKNOWN);
    struct dataset_answer answer = erase(&it, ERASE_CONVERSATION, "c-1");
    ck_assert_int_eq(answer.fate, DATASET_DONE);
    ck_assert_uint_eq(answer.rows, 2);
    ck_assert_int_eq(tables_with(it.rows.temp.store, "xylophone-7731"), 0);
    ck_assert_int_eq(erase(&it, ERASE_TRACE, "no id").fate, DATASET_MALFORMED);
    tear_down(&it);
}
END_TEST

START_TEST(an_erased_reviewer_has_no_name_any_more_and_the_trail_stays_whole)
{
    struct fixture it;
    struct store_txn txn;
    struct audit_chain chain;
    struct audit_texts texts;
    struct audit_entry entry;
    set_up(&it);
    fill(&it);
    ck_assert_int_ge(tables_with(it.rows.temp.store, "asha"), 2);
    ck_assert_int_eq(erase(&it, ERASE_REVIEWER, "asha").fate, DATASET_DONE);
    ck_assert_int_eq(tables_with(it.rows.temp.store, "asha"), 0);
    ck_assert_int_eq(erase(&it, ERASE_REVIEWER, "asha").fate, DATASET_UNKNOWN);
    (void)erase(&it, ERASE_TRACE, run_id);
    audit_chain_begin(&chain, &(struct audit_cut){0}, NULL, 0);
    store_begin(it.rows.temp.store, false, &txn);
    for (uint64_t i = 1; i <= audit_sequence(it.rows.audit); i++) {
        ck_assert(audit_read(&txn, i, &texts, &entry));
        ck_assert(audit_chain_add(&chain, &entry));
    }
    COMMIT(&txn);
    ck_assert(audit_chain_end(&chain));
    tear_down(&it);
}
END_TEST

/* As pipelines/review/pending.c writes it. */
static void wait_for_record(struct fixture *it, struct bytes token, struct bytes json)
{
    static const uint8_t id[16] = {9};
    struct store_txn txn;
    struct buffer body = {0};
    buffer_append_byte(&body, 1);
    value_put_signed(&body, 5);
    value_put_bytes(&body, bytes_of(id, sizeof id));
    value_put_bytes(&body, token);
    value_put_bytes(&body, token);
    buffer_append_byte(&body, 0);
    buffer_append_byte(&body, 0);
    value_put_bytes(&body, json);
    store_begin(it->rows.temp.store, true, &txn);
    uint64_t sequence = result_pending_append(it->tables.results, &txn, buffer_bytes(&body));
    item_mark(&txn, 'w', bytes_of(id, sizeof id), sequence);
    COMMIT(&txn);
    buffer_finish(&body);
}

START_TEST(what_an_erased_reviewer_said_of_a_run_that_has_not_come_does_not_bring_the_name_back)
{
    struct fixture it;
    set_up(&it);
    wait_for_record(&it, BYTES_LITERAL("asha"), BYTES_LITERAL("{\"verdict\":\"fail\"}"));
    wait_for_record(&it, BYTES_LITERAL("bot"),
                    BYTES_LITERAL("{\"verdict\":\"fail\",\"reviewer\":\"asha\"}"));
    wait_for_record(&it, BYTES_LITERAL("bot"),
                    BYTES_LITERAL("{\"verdict\":\"fail\",\"reviewer\":\"lee\"}"));
    struct dataset_answer answer = erase(&it, ERASE_REVIEWER, "asha");
    ck_assert_int_eq(answer.fate, DATASET_DONE);
    ck_assert_uint_eq(answer.records, 2);
    ck_assert_int_eq(tables_with(it.rows.temp.store, "asha"), 0);
    ck_assert_int_eq(tables_with(it.rows.temp.store, "lee"), 1);
    tear_down(&it);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset_erase");
    TCase *cases = tcase_create("dataset_erase");
    tcase_add_test(cases, no_text_of_an_erased_run_is_left_in_any_table_nor_in_a_compacted_file);
    tcase_add_test(cases, a_person_is_erased_under_however_many_names);
    tcase_add_test(cases, consumers_get_a_tombstone_and_the_row_never_comes_back);
    tcase_add_test(cases, a_topic_gets_a_null_value_behind_the_tombstone_and_a_file_does_not);
    tcase_add_test(cases, dead_letters_of_the_run_leave_and_those_of_others_stay);
    tcase_add_test(cases, a_conversation_is_erased_with_all_its_runs);
    tcase_add_test(cases, an_erased_reviewer_has_no_name_any_more_and_the_trail_stays_whole);
    tcase_add_test(
        cases,
        what_an_erased_reviewer_said_of_a_run_that_has_not_come_does_not_bring_the_name_back);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
