/* Sets on their way to the shards: each is there as long as somebody holds it, and no longer (the leak
 * checker of the sanitizer says so). */
#include "pipelines/decide/regression_board.h"

#include <check.h>
#include <stdlib.h>

#include "tests/support/regression_row.h"

static struct regression_set *set_of(uint32_t rows)
{
    struct regression_builder *builder = regression_builder_create(0.75, 100);
    ck_assert_ptr_nonnull(builder);
    for (uint32_t i = 0; i < rows; i++) {
        struct buffer row = {0};
        struct regression_case one = {
            .number = i + 1, .question = "What is my payoff?", .must_not_include = "no fee"};
        regression_case_write(&one, &row);
        ck_assert_int_eq(regression_builder_add(builder, buffer_bytes(&row)), STATUS_OK);
        buffer_finish(&row);
    }
    struct regression_set *set = regression_builder_finish(builder);
    ck_assert_ptr_nonnull(set);
    ck_assert_uint_eq(regression_set_rows(set), rows);
    return set;
}

START_TEST(each_shard_takes_the_newest_set_when_it_looks)
{
    struct regression_board board;
    struct regression_set *held[2] = {NULL, NULL};
    regression_board_init(&board, 2);
    ck_assert_ptr_null(regression_board_take(&board, 0, held[0]));
    for (uint32_t rows = 1; rows <= 3; rows++) {
        struct regression_set *set = set_of(rows);
        regression_board_publish(&board, set);
        regression_set_release(set); /* the board and the shards hold it */
        if (rows != 2)
            held[0] = regression_board_take(&board, 0, held[0]);
        ck_assert_uint_eq(regression_set_rows(held[0]), rows == 2 ? 1 : rows);
    }
    ck_assert_ptr_eq(regression_board_take(&board, 0, held[0]), held[0]); /* nothing newer */
    held[1] = regression_board_take(&board, 1, held[1]);
    ck_assert_ptr_eq(held[0], held[1]);
    regression_set_release(held[0]);
    regression_set_release(held[1]);
    regression_board_finish(&board);
}
END_TEST

START_TEST(what_nobody_took_goes_with_the_board)
{
    struct regression_board board;
    struct regression_set *set = set_of(1);
    regression_board_init(&board, 3);
    regression_board_publish(&board, set);
    regression_board_publish(&board, set);
    regression_set_release(set);
    regression_board_finish(&board);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regression_board");
    TCase *all = tcase_create("all");
    tcase_add_test(all, each_shard_takes_the_newest_set_when_it_looks);
    tcase_add_test(all, what_nobody_took_goes_with_the_board);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
