/* Who gets what to see next. */
#include "pipelines/review/next_item.h"
#include "tests/support/review_fixture.h"

static struct review_fixture it;

static void set_up(void)
{
    review_fixture_set_up(&it);
    it.config->review.mix = 0;
}

static void tear_down(void)
{
    review_fixture_tear_down(&it);
}

/* The run of the item that they get; 0: none. */
static uint32_t next_of(const char *name)
{
    struct item_row row;
    struct review_next next = {.person = bytes_of_text(name),
                               .name = bytes_of_text(name),
                               .people = 100,
                               .wall_ms = it.now_ms};
    arena_reset(&it.arena);
    if (!review_next_item(it.temp.store, &it.config->review, review_leases(it.review), &next,
                          &it.arena, &row))
        return 0;
    return get_be32(row.trajectory_id + 12);
}

static void add(uint32_t run, const char *queue, uint8_t priority, uint64_t conversation)
{
    review_fixture_add(&it, &(struct record_case){.run = run,
                                                  .content = 1,
                                                  .queue = queue,
                                                  .priority = priority,
                                                  .conversation = conversation});
    it.now_ms += 1000;
}

START_TEST(the_most_urgent_comes_first_and_of_these_the_oldest)
{
    add(1, "review", 5, 0);
    add(2, "refusals", 2, 0);
    add(3, "review", 2, 0);
    ck_assert_uint_eq(next_of("asha"), 2);
    ck_assert_uint_eq(next_of("lee"), 3);
    ck_assert_uint_eq(next_of("mia"), 1);
    ck_assert_uint_eq(next_of("noor"), 0);
}
END_TEST

START_TEST(a_lease_ends_with_its_time_and_is_the_same_persons_again_meanwhile)
{
    add(1, "review", 5, 0);
    ck_assert_uint_eq(next_of("asha"), 1);
    ck_assert_uint_eq(next_of("asha"), 1);
    ck_assert_uint_eq(next_of("lee"), 0);
    it.now_ms += 15 * 60 * 1000;
    ck_assert_uint_eq(next_of("lee"), 1);
}
END_TEST

START_TEST(as_many_have_it_as_results_are_wanted_and_nobody_twice)
{
    struct principal asha = review_fixture_person("asha");
    it.config->review.queues[0].reviewers = 2;
    add(1, "review", 5, 0);
    ck_assert_uint_eq(next_of("asha"), 1);
    ck_assert_uint_eq(next_of("lee"), 1);
    ck_assert_uint_eq(next_of("mia"), 0);
    ck_assert_int_eq(review_fixture_say(&it, &asha, 1, FAIL).outcome, RESULT_WAS_ACCEPTED);
    ck_assert_uint_eq(next_of("asha"), 0);
    ck_assert_uint_eq(next_of("mia"), 0); /* lee has the only place that is left */
}
END_TEST

START_TEST(a_lease_never_refuses_a_result)
{
    struct principal lee = review_fixture_person("lee");
    add(1, "review", 5, 0);
    ck_assert_uint_eq(next_of("asha"), 1);
    ck_assert_int_eq(review_fixture_say(&it, &lee, 1, FAIL).outcome, RESULT_WAS_ACCEPTED);
}
END_TEST

START_TEST(the_same_conversation_does_not_come_twice_in_a_row_while_there_is_another)
{
    add(1, "review", 5, 77);
    add(2, "review", 5, 77);
    add(3, "review", 5, 0);
    struct principal asha = review_fixture_person("asha");
    ck_assert_uint_eq(next_of("asha"), 1);
    (void)review_fixture_say(&it, &asha, 1, FAIL);
    ck_assert_uint_eq(next_of("asha"), 3);
    (void)review_fixture_say(&it, &asha, 3, FAIL);
    ck_assert_uint_eq(next_of("asha"), 2);
}
END_TEST

START_TEST(a_tenth_of_what_is_served_is_control_although_it_is_least_urgent)
{
    struct principal asha = review_fixture_person("asha");
    uint32_t control = 0;
    it.config->review.mix = 0.1;
    for (uint32_t run = 1; run <= 20; run++) {
        add(run, "review", 1, 0);
        add(100 + run, "control", 9, 0);
    }
    for (int i = 0; i < 20; i++) {
        uint32_t run = next_of("asha");
        ck_assert_uint_ne(run, 0);
        control += run > 100;
        (void)review_fixture_say(&it, &asha, run, FAIL);
    }
    ck_assert_uint_eq(control, 2);
}
END_TEST

START_TEST(a_queue_in_sample_order_is_served_by_u_whatever_its_priorities)
{
    uint32_t order[8], count = 0;
    double last = -1;
    it.config->review.queues[0].order = ORDER_SAMPLE;
    for (uint32_t run = 1; run <= 8; run++)
        add(run, "control", (uint8_t)(10 - run), 0);
    for (; count < 8 && (order[count] = next_of("asha")) != 0; count++) {
        double u = review_fixture_item(&it, order[count], 0).u;
        ck_assert_double_gt(u, last);
        last = u;
        struct principal asha = review_fixture_person("asha");
        (void)review_fixture_say(&it, &asha, order[count], FAIL);
    }
    ck_assert_uint_eq(count, 8);
}
END_TEST

START_TEST(a_skip_that_names_somebody_is_served_to_them_first)
{
    struct principal asha = review_fixture_person("asha");
    add(1, "review", 1, 0);
    add(2, "review", 9, 0);
    (void)review_fixture_say(&it, &asha, 2,
                             "\"status\":\"skipped\",\"skip_reason\":\"not_me\",\"to\":\"lee\"");
    ck_assert_uint_eq(next_of("lee"), 2);
}
END_TEST

START_TEST(whoever_had_an_item_has_the_one_that_supersedes_it)
{
    add(1, "review", 5, 0);
    ck_assert_uint_eq(next_of("asha"), 1);
    review_fixture_add(&it, &(struct record_case){.run = 1, .revision = 2, .content = 2});
    ck_assert_uint_eq(next_of("lee"), 0);
    ck_assert_uint_eq(next_of("asha"), 1);
}
END_TEST

static void count_rows(void *context, const struct item_row *row)
{
    *(uint32_t *)context += get_be32(row->trajectory_id + 12);
}

START_TEST(lists_are_paged_by_key_and_by_state_queue_and_person)
{
    struct principal asha = review_fixture_person("asha");
    struct review_query open = {.state = ITEM_OPEN, .limit = 2};
    struct review_page page = {0};
    uint32_t sum = 0, pages = 1;
    for (uint32_t run = 1; run <= 5; run++)
        add(run, run == 5 ? "other" : "review", 5, 0);
    while (review_items_list(it.temp.store, &open, &page, count_rows, &sum))
        pages++;
    ck_assert_uint_eq(sum, 15);
    ck_assert_uint_eq(pages, 3);
    (void)review_fixture_say(&it, &asha, 3, UNSURE);
    struct review_query disputed = {.state = ITEM_DISPUTED, .limit = 9};
    struct review_query mine = {.state = ITEM_STATES, .person = BYTES_LITERAL("asha"), .limit = 9};
    struct review_query other = {.state = ITEM_STATES, .queue = BYTES_LITERAL("other"), .limit = 9};
    const struct review_query *queries[] = {&disputed, &mine, &other};
    uint32_t expected[] = {3, 3, 5};
    for (int i = 0; i < 3; i++) {
        page = (struct review_page){0};
        sum = 0;
        ck_assert(!review_items_list(it.temp.store, queries[i], &page, count_rows, &sum));
        ck_assert_uint_eq(sum, expected[i]);
    }
}
END_TEST

START_TEST(an_item_reads_with_its_record)
{
    struct item_row row;
    struct buffer record = {0};
    uint8_t id[16];
    add(1, "review", 5, 0);
    struct item_row item = review_fixture_item(&it, 1, 0);
    ck_assert(review_item_find(it.temp.store, item.trajectory_id, id));
    ck_assert_mem_eq(id, item.item_id, sizeof id);
    ck_assert_int_eq(review_item_read(it.temp.store, id, &it.arena, &row, &record), STATUS_OK);
    buffer_append_byte(&record, 0);
    ck_assert_ptr_nonnull(strstr((const char *)record.data, "flywheel.review/v1"));
    memset(id, 0xee, sizeof id);
    ck_assert_int_eq(review_item_read(it.temp.store, id, &it.arena, &row, &record),
                     STATUS_NOT_FOUND);
    buffer_finish(&record);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("next_item");
    TCase *all = tcase_create("all");
    suite_add_tcase(suite, all);
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, the_most_urgent_comes_first_and_of_these_the_oldest);
    tcase_add_test(all, a_lease_ends_with_its_time_and_is_the_same_persons_again_meanwhile);
    tcase_add_test(all, as_many_have_it_as_results_are_wanted_and_nobody_twice);
    tcase_add_test(all, a_lease_never_refuses_a_result);
    tcase_add_test(all, the_same_conversation_does_not_come_twice_in_a_row_while_there_is_another);
    tcase_add_test(all, a_tenth_of_what_is_served_is_control_although_it_is_least_urgent);
    tcase_add_test(all, a_queue_in_sample_order_is_served_by_u_whatever_its_priorities);
    tcase_add_test(all, a_skip_that_names_somebody_is_served_to_them_first);
    tcase_add_test(all, whoever_had_an_item_has_the_one_that_supersedes_it);
    tcase_add_test(all, lists_are_paged_by_key_and_by_state_queue_and_person);
    tcase_add_test(all, an_item_reads_with_its_record);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
