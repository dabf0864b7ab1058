/* link: assemble otlp nouns base */
#include <check.h>

#include "processor/assemble/decided_set.h"
#include "tests/support/trace_builder.h"

static struct decided_entry entry_of(uint32_t trace, uint64_t position)
{
    struct decided_entry entry = {.position = position, .decided_ms = trace, .source = 2};
    trace_id_of(trace, entry.trace_id);
    return entry;
}

static const struct decided_entry *find(const struct decided_set *set, uint32_t trace)
{
    uint8_t id[TRACE_ID_SIZE];
    trace_id_of(trace, id);
    return decided_set_find(set, id);
}

static void add(struct decided_set *set, uint32_t trace, uint64_t position)
{
    struct decided_entry entry = entry_of(trace, position);
    ck_assert_int_eq(decided_set_add(set, &entry), STATUS_OK);
}

START_TEST(entries_leave_in_the_order_of_their_decision)
{
    struct decided_set set;
    ck_assert(decided_set_init(&set));
    ck_assert_ptr_null(decided_set_oldest(&set));
    for (uint32_t trace = 1; trace <= 100; trace++)
        add(&set, trace, trace * 2);
    for (uint32_t trace = 1; trace <= 100; trace++) {
        ck_assert_uint_eq(decided_set_oldest(&set)->position, trace * 2);
        decided_set_drop_oldest(&set);
        ck_assert_ptr_null(find(&set, trace));
        ck_assert(trace == 100 || find(&set, trace + 1));
    }
    decided_set_finish(&set);
}
END_TEST

START_TEST(an_id_that_is_there_takes_the_newer_position_and_time)
{
    struct decided_set set;
    ck_assert(decided_set_init(&set));
    add(&set, 1, 10);
    add(&set, 2, 11);
    struct decided_entry again = entry_of(1, 20);
    again.decided_ms = 500;
    ck_assert_int_eq(decided_set_add(&set, &again), STATUS_OK);
    ck_assert_uint_eq(set.count, 2);
    ck_assert_uint_eq(find(&set, 1)->position, 20);
    ck_assert_uint_eq(find(&set, 1)->decided_ms, 500);
    ck_assert_uint_eq(decided_set_oldest(&set)->position, 11); /* the other moved behind it */
    decided_set_finish(&set);
}
END_TEST

START_TEST(the_table_grows_and_shrinks_and_forgets_nothing)
{
    struct decided_set set;
    ck_assert(decided_set_init(&set));
    size_t empty_bytes = decided_set_bytes(&set);
    for (uint32_t trace = 1; trace <= 50000; trace++)
        add(&set, trace, trace);
    ck_assert_uint_gt(decided_set_bytes(&set), 50000 * sizeof(struct decided_entry));
    for (uint32_t trace = 1; trace <= 50000; trace += 7)
        ck_assert_uint_eq(find(&set, trace)->position, trace);
    for (uint32_t trace = 1; trace < 50000; trace++)
        decided_set_drop_oldest(&set);
    ck_assert_uint_eq(find(&set, 50000)->position, 50000);
    ck_assert_uint_le(decided_set_bytes(&set), 2 * empty_bytes);
    decided_set_finish(&set);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decided_set");
    TCase *cases = tcase_create("decided_set");
    tcase_add_test(cases, entries_leave_in_the_order_of_their_decision);
    tcase_add_test(cases, an_id_that_is_there_takes_the_newer_position_and_time);
    tcase_add_test(cases, the_table_grows_and_shrinks_and_forgets_nothing);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
