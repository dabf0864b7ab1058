/* link: state base */
#include "state/tables/item.h"
#include "tests/support/temp_store.h"

static struct temp_store temp;
static struct items *items;
static struct arena arena;

static void begin(void)
{
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(items_open(temp.store, &items), STATUS_OK);
    arena_init(&arena, 1 << 20);
}

static void end(void)
{
    arena_finish(&arena);
    items_close(items);
    temp_store_finish(&temp);
}

static void reopen(void)
{
    items_close(items);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(items_open(temp.store, &items), STATUS_OK);
}

static struct item_row row_of(uint8_t id, const char *queue)
{
    struct item_row row = {.queue = bytes_of_text(queue),
                           .priority = 5,
                           .has_content = true,
                           .record_count = 1,
                           .emitted_ms = 1000000 + id,
                           .expires_ms = 2000000,
                           .wanted = 1,
                           .u = 0.5,
                           .probability = 0.25,
                           .summary = BYTES_LITERAL("summary"),
                           .decision.failure_mode = -1};
    memset(row.item_id, id, sizeof row.item_id);
    memset(row.trajectory_id, id, sizeof row.trajectory_id);
    memset(row.record_ids[0], id, 16);
    return row;
}

static uint64_t append(uint8_t id, const char *queue)
{
    struct store_txn txn;
    struct item_row row = row_of(id, queue);
    store_begin(temp.store, true, &txn);
    items_append(items, &txn, &row, BYTES_LITERAL("content"));
    COMMIT(&txn);
    return row.sequence;
}

static uint64_t count(const char *name, enum item_state state)
{
    struct store_txn txn;
    struct item_queue queues[ITEM_QUEUES_MAX];
    uint64_t found = 0;
    store_begin(temp.store, false, &txn);
    uint32_t queue_count = item_queues_read(&txn, &arena, queues);
    for (uint32_t i = 0; i < queue_count; i++)
        if (bytes_equal_text(queues[i].name, name))
            found = queues[i].counts[state];
    COMMIT(&txn);
    return found;
}

static uint64_t rows_of(char kind)
{
    struct store_txn txn;
    struct store_cursor cursor;
    uint64_t rows = 0;
    store_begin(temp.store, false, &txn);
    store_cursor_begin(&txn, TABLE_ITEM_OPEN, bytes_of(&kind, 1), 1, &cursor);
    while (store_cursor_next(&cursor))
        rows++;
    store_cursor_finish(&cursor);
    COMMIT(&txn);
    return rows;
}

START_TEST(an_item_reads_back_as_it_was_put_and_is_found_by_its_ids)
{
    struct store_txn txn;
    struct item_row row = row_of(7, "review"), read;
    struct buffer content = {0};
    row.decision = (struct item_decision){.number = 3,
                                          .is_decided = true,
                                          .verdict = 1,
                                          .reviewers = 2,
                                          .agreeing = 2,
                                          .labels = {BYTES_LITERAL("wrong_tool")},
                                          .label_count = 1,
                                          .row_id = BYTES_LITERAL("row")};
    begin();
    store_begin(temp.store, true, &txn);
    items_append(items, &txn, &row, BYTES_LITERAL("content"));
    COMMIT(&txn);
    reopen();
    store_begin(temp.store, false, &txn);
    ck_assert(item_read(&txn, row.sequence, &arena, &read));
    ck_assert(bytes_equal_text(read.queue, "review"));
    ck_assert(bytes_equal_text(read.summary, "summary"));
    ck_assert_double_eq(read.probability, 0.25);
    ck_assert(read.decision.is_decided && !read.decision.is_adjudicated);
    ck_assert_uint_eq(read.decision.number, 3);
    ck_assert_int_eq(read.decision.failure_mode, 0);
    ck_assert(bytes_equal_text(read.decision.labels[0], "wrong_tool"));
    ck_assert_uint_eq(item_find(&txn, 'i', row.item_id), row.sequence);
    ck_assert_uint_eq(item_find(&txn, 'r', row.record_ids[0]), row.sequence);
    ck_assert_uint_eq(item_of_trajectory(&txn, row.trajectory_id, UINT64_MAX), row.sequence);
    ck_assert_int_eq(item_content_read(&txn, row.sequence, &content), STATUS_OK);
    ck_assert(bytes_equal_text(buffer_bytes(&content), "content"));
    COMMIT(&txn);
    buffer_finish(&content);
    end();
}
END_TEST

START_TEST(indexes_and_counts_follow_the_state_of_an_item)
{
    struct store_txn txn;
    struct item_row row;
    begin();
    uint64_t sequence = append(1, "review");
    ck_assert_uint_eq(count("review", ITEM_OPEN), 1);
    ck_assert_uint_eq(rows_of('p') + rows_of('s') + rows_of('e'), 3);
    store_begin(temp.store, true, &txn);
    ck_assert(item_read(&txn, sequence, &arena, &row));
    row.state = ITEM_DISPUTED;
    items_put(items, &txn, &row);
    COMMIT(&txn);
    ck_assert_uint_eq(count("review", ITEM_OPEN), 0);
    ck_assert_uint_eq(count("review", ITEM_DISPUTED), 1);
    ck_assert_uint_eq(rows_of('p') + rows_of('s') + rows_of('e'), 0);
    ck_assert_uint_eq(rows_of('d'), 1);
    end();
}
END_TEST

START_TEST(a_transaction_that_was_aborted_leaves_nothing_behind)
{
    struct store_txn txn;
    struct item_row row = row_of(2, "review");
    begin();
    (void)append(1, "review");
    uint64_t next = items_next_sequence(items), bytes = items_bytes(items);
    store_begin(temp.store, true, &txn);
    items_append(items, &txn, &row, BYTES_LITERAL("content"));
    store_abort(&txn);
    ck_assert_uint_eq(items_next_sequence(items), next);
    ck_assert_uint_eq(items_bytes(items), bytes);
    ck_assert_uint_eq(count("review", ITEM_OPEN), 1);
    end();
}
END_TEST

START_TEST(what_is_deleted_is_gone_from_every_index_and_its_number_is_not_used_again)
{
    struct store_txn txn;
    begin();
    uint64_t sequence = append(1, "review");
    store_begin(temp.store, true, &txn);
    items_delete(items, &txn, sequence);
    ck_assert_uint_eq(store_count(&txn, TABLE_ITEM), 0);
    ck_assert_uint_eq(store_count(&txn, TABLE_ITEM_ID), 0);
    ck_assert_uint_eq(store_count(&txn, TABLE_ITEM_CONTENT), 0);
    COMMIT(&txn);
    ck_assert_uint_eq(rows_of('p') + rows_of('s') + rows_of('e') + rows_of('c'), 0);
    ck_assert_uint_eq(count("review", ITEM_OPEN), 0);
    ck_assert_uint_eq(items_bytes(items), 0);
    reopen();
    ck_assert_uint_gt(append(2, "review"), sequence);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("item");
    TCase *tcase = tcase_create("item");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, an_item_reads_back_as_it_was_put_and_is_found_by_its_ids);
    tcase_add_test(tcase, indexes_and_counts_follow_the_state_of_an_item);
    tcase_add_test(tcase, a_transaction_that_was_aborted_leaves_nothing_behind);
    tcase_add_test(tcase, what_is_deleted_is_gone_from_every_index_and_its_number_is_not_used_again);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
