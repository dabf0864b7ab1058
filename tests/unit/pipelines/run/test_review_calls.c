/* What is asked of the writer for the review is run once and answered once, whatever becomes of it. */
#include "pipelines/run/review_calls.h"

#include <check.h>
#include <stdlib.h>

enum { CALLS = 200 };

struct counted {
    struct review_call call; /* first */
    uint32_t runs, answers;
    enum status status;
    uint32_t order;
};

static struct counted calls[CALLS];
static uint32_t next_order;

static void run(struct review_call *call, struct review *review, struct store_txn *txn,
                int64_t wall_ms)
{
    struct counted *counted = (struct counted *)call;
    (void)review;
    (void)txn;
    (void)wall_ms;
    counted->runs++;
    counted->order = ++next_order;
}

static void done(struct review_call *call, enum status status)
{
    struct counted *counted = (struct counted *)call;
    counted->answers++;
    counted->status = status;
}

static struct review_call *call_of(uint32_t number, size_t bytes)
{
    calls[number] = (struct counted){.call = {.run = run, .done = done, .bytes = bytes}};
    return &calls[number].call;
}

static void commit(struct review_calls *waiting, enum status status)
{
    review_calls_run(waiting, NULL, NULL, 0);
    review_calls_answer(waiting, status);
}

START_TEST(a_transaction_has_so_many_calls_in_the_order_in_which_they_came)
{
    struct review_calls waiting = {.first = NULL};
    ck_assert(review_calls_open(&waiting));
    for (uint32_t i = 0; i < REVIEW_CALLS_PER_COMMIT + 1; i++)
        ck_assert(review_calls_add(&waiting, call_of(i, 10)));
    commit(&waiting, STATUS_OK);
    for (uint32_t i = 0; i < REVIEW_CALLS_PER_COMMIT; i++) {
        ck_assert_uint_eq(calls[i].runs, 1);
        ck_assert_uint_eq(calls[i].answers, 1);
        ck_assert_int_eq(calls[i].status, STATUS_OK);
        ck_assert(i == 0 || calls[i].order > calls[i - 1].order);
    }
    ck_assert_uint_eq(calls[REVIEW_CALLS_PER_COMMIT].runs, 0);
    ck_assert(review_calls_are_waiting(&waiting));
    commit(&waiting, STATUS_OK);
    ck_assert_uint_eq(calls[REVIEW_CALLS_PER_COMMIT].answers, 1);
    ck_assert(!review_calls_are_waiting(&waiting));
    review_calls_end(&waiting);
    review_calls_close(&waiting);
}
END_TEST

START_TEST(what_a_full_state_refuses_is_not_run_again)
{
    struct review_calls waiting = {.first = NULL};
    ck_assert(review_calls_open(&waiting));
    ck_assert(review_calls_add(&waiting, call_of(0, 10)));
    commit(&waiting, STATUS_BUSY);
    commit(&waiting, STATUS_OK);
    ck_assert_uint_eq(calls[0].runs, 1);
    ck_assert_uint_eq(calls[0].answers, 1);
    ck_assert_int_eq(calls[0].status, STATUS_BUSY);
    review_calls_end(&waiting);
    review_calls_close(&waiting);
}
END_TEST

START_TEST(more_bytes_than_may_wait_are_refused_until_some_have_gone)
{
    struct review_calls waiting = {.first = NULL};
    ck_assert(review_calls_open(&waiting));
    ck_assert(review_calls_add(&waiting, call_of(0, REVIEW_CALL_BYTES_MAX - 5)));
    ck_assert(!review_calls_add(&waiting, call_of(1, 6)));
    ck_assert(review_calls_add(&waiting, call_of(2, 5)));
    commit(&waiting, STATUS_OK);
    ck_assert(review_calls_add(&waiting, call_of(1, 6)));
    review_calls_end(&waiting);
    ck_assert_uint_eq(calls[1].answers, 1);
    review_calls_close(&waiting);
}
END_TEST

START_TEST(all_that_wait_are_answered_at_the_end_and_nobody_waits_after_it)
{
    struct review_calls waiting = {.first = NULL};
    ck_assert(review_calls_open(&waiting));
    for (uint32_t i = 0; i < CALLS; i++)
        ck_assert(review_calls_add(&waiting, call_of(i, 1)));
    review_calls_run(&waiting, NULL, NULL, 0); /* and the commit never came */
    review_calls_end(&waiting);
    for (uint32_t i = 0; i < CALLS; i++) {
        ck_assert_uint_eq(calls[i].answers, 1);
        ck_assert_int_eq(calls[i].status, STATUS_BUSY);
    }
    ck_assert(!review_calls_add(&waiting, call_of(0, 1)));
    review_calls_close(&waiting);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("review_calls");
    TCase *all = tcase_create("all");
    suite_add_tcase(suite, all);
    tcase_add_test(all, a_transaction_has_so_many_calls_in_the_order_in_which_they_came);
    tcase_add_test(all, what_a_full_state_refuses_is_not_run_again);
    tcase_add_test(all, more_bytes_than_may_wait_are_refused_until_some_have_gone);
    tcase_add_test(all, all_that_wait_are_answered_at_the_end_and_nobody_waits_after_it);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
