/* link: score */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/score/language/numbers.h"

enum { TOLD_MAX = 32 };

struct told {
    struct number items[TOLD_MAX];
    uint32_t count;
};

static bool keep(void *told_, const struct number *number)
{
    struct told *told = told_;
    ck_assert_uint_lt(told->count, TOLD_MAX);
    told->items[told->count++] = *number;
    return true;
}

static struct told read_text(const char *text)
{
    struct told told = {.count = 0};
    struct arena arena;
    arena_init(&arena, 1 << 20);
    numbers_read(bytes_of_text(text), false, &arena, keep, &told);
    arena_finish(&arena);
    return told;
}

static bool share_a_reading(const char *a_text, const char *b_text)
{
    struct told a = read_text(a_text), b = read_text(b_text);
    ck_assert_msg(a.count == 1, "%s: %u numbers", a_text, a.count);
    ck_assert_msg(b.count == 1, "%s: %u numbers", b_text, b.count);
    for (uint32_t i = 0; i < a.items[0].reading_count; i++)
        for (uint32_t j = 0; j < b.items[0].reading_count; j++)
            if (a.items[0].readings[i] == b.items[0].readings[j])
                return true;
    return false;
}

START_TEST(one_value_is_written_many_ways)
{
    static const char *const same[][2] = {
        {"1,234.50", "1.234,50"},
        {"1,234.50", "1234.5"},
        {"1 234,50 €", "1234.50"},
        {"1\xc2\xa0"
         "234\xe2\x80\xaf"
         "567",
         "1,234,567"},
        {"1'234", "1234"},
        {"0.50", "0.5"},
        {"007", "7"},
        {"1.200", "1200"},
        {"1.200", "1.2"},
        {"the 2nd", "2"},
        {"１２３", "123"},
        {"٤٢", "42"},
        {"1.2 million", "1,200,000"},
        {"1.2M", "1200000"},
        {"1,2 Mio", "1 200 000"},
        {"3 Millionen Euro", "3000000"},
        {"120万円", "1200000"},
        {"3億", "300,000,000"},
        {"5k", "5000"},
        {"$1,000.00", "USD 1000"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        ck_assert_msg(share_a_reading(same[i][0], same[i][1]), "%s and %s", same[i][0], same[i][1]);
}
END_TEST

START_TEST(other_values_are_other_numbers)
{
    static const char *const other[][2] = {
        {"1,234.50", "1,234.60"}, {"12", "120"}, {"0.12", "1.2"}, {"1.2 million", "1.2"},
        {"5", "5 billion"},       {"2nd", "3"},  {"1e", "1"},     {"4711", "4712"},
        {"1,234,567", "1234.567"}};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        ck_assert_msg(!share_a_reading(other[i][0], other[i][1]), "%s and %s", other[i][0],
                      other[i][1]);
}
END_TEST

START_TEST(one_day_is_written_many_ways)
{
    static const char *const same[] = {
        "2026-05-03",    "2026-05-03T",       "2026/5/3",    "3 May 2026",   "3rd of May 2026",
        "May 3, 2026",   "May 3rd 2026",      "03.05.2026",  "3.5.26",       "3/5/2026",
        "05/03/2026",    "03-05-26",          "3. Mai 2026", "3 mai 2026",   "3 de mayo de 2026",
        "3 maggio 2026", "3 de maio de 2026", "3 mei 2026",  "2026年5月3日", "2026년 5월 3일",
        "MAY 3 2026",    "3-May-2026"};
    for (size_t i = 1; i < sizeof same / sizeof *same; i++)
        ck_assert_msg(share_a_reading(same[0], same[i]), "%s", same[i]);
    ck_assert(share_a_reading("5. März 2025", "2025-03-05"));
    ck_assert(share_a_reading("1er février 2025", "2025-02-01"));
    ck_assert(share_a_reading("12 août 2025", "12.08.2025"));
    ck_assert(share_a_reading("May 3", "am 3. Mai"));
    ck_assert(share_a_reading("5月3日", "May 3"));
}
END_TEST

START_TEST(other_days_are_other_dates)
{
    ck_assert(!share_a_reading("2026-05-03", "2026-05-04"));
    ck_assert(!share_a_reading("2026-05-03", "3 June 2026"));
    ck_assert(!share_a_reading("2026-05-03", "3 May 2025"));
    ck_assert(!share_a_reading("2026-05-13", "05/14/2026"));
    ck_assert(!share_a_reading("2026-05-03", "3 May"));
}
END_TEST

START_TEST(what_only_looks_like_a_date_is_numbers)
{
    ck_assert_uint_eq(read_text("2026-45-99").count, 3);
    ck_assert_uint_eq(read_text("1-2").count, 2);
    ck_assert_uint_eq(read_text("you may 3 times").count, 1);
    ck_assert_uint_eq(read_text("10/12").count, 2);
    ck_assert_uint_eq(read_text("1.2.3").count, 1);
    ck_assert_uint_eq(read_text("call 3 marches in 2").count, 2);
    ck_assert(share_a_reading("we set 2 alarms", "2"));
    ck_assert(share_a_reading("gen 2", "2"));
    ck_assert(share_a_reading("MÄRZ 5, 2025", "2025-03-05"));
}
END_TEST

START_TEST(numbers_written_as_words_are_numbers)
{
    static const char *const same[][2] = {
        {"two", "2"},           {"Third", "3rd"},       {"forty-two", "42"},
        {"forty two", "42"},    {"one hundred and five", "105"},
        {"two thousand three hundred", "2,300"},        {"twenty-first", "21st"},
        {"drei", "3"},          {"zweiundvierzig", "42"}, {"eenentwintig", "21"},
        {"treinta y uno", "31"}, {"vingt et un", "21"}, {"dritten", "3"},
        {"two million", "2,000,000"}, {"nineteen hundred", "1900"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        ck_assert_msg(share_a_reading(same[i][0], same[i][1]), "%s", same[i][0]);
    ck_assert_uint_eq(read_text("two three").count, 2);
    ck_assert_uint_eq(read_text("two, three").count, 2);
    ck_assert_uint_eq(read_text("five and six").count, 2);
    ck_assert(!share_a_reading("sixteen", "60"));
}
END_TEST

START_TEST(words_that_mostly_count_nothing_are_told_of_sources_only)
{
    static const char text[] = "One of them came first, once, due in a second.";
    struct told told = {.count = 0};
    struct arena arena;
    ck_assert_uint_eq(read_text(text).count, 0);
    arena_init(&arena, 1 << 20);
    numbers_read(bytes_of_text(text), true, &arena, keep, &told);
    arena_finish(&arena);
    ck_assert_uint_eq(told.count, 5);
}
END_TEST

START_TEST(list_items_are_marked)
{
    struct told told = read_text("1. Pay.\n2) Wait 3 days.\n10. May I ask?");
    ck_assert_uint_eq(told.count, 4);
    ck_assert(told.items[0].is_list_item && told.items[1].is_list_item);
    ck_assert(!told.items[2].is_list_item);
    ck_assert(told.items[3].is_list_item);
}
END_TEST

START_TEST(groups_with_plain_spaces_keep_their_parts)
{
    struct told told = read_text("in 12 300 cases");
    ck_assert_uint_eq(told.count, 1);
    ck_assert_uint_eq(told.items[0].part_count, 2);
    ck_assert_uint_eq(told.items[0].parts[1], number_reading((const uint8_t *)"300", 3, 0));
    told = read_text("12\xc2\xa0"
                     "300");
    ck_assert_uint_eq(told.items[0].part_count, 0);
    ck_assert_uint_eq(read_text("in 2020 300 came").count, 2);
    ck_assert_uint_eq(read_text("1 2345").count, 2);
}
END_TEST

START_TEST(offsets_cover_the_whole_number)
{
    static const char text[] = "Due on 3 May 2026, 1 234,50 in all.";
    struct told told = read_text(text);
    ck_assert_uint_eq(told.count, 2);
    ck_assert_int_eq(memcmp(text + told.items[0].start, "3 May 2026", 10), 0);
    ck_assert_uint_eq(told.items[0].end - told.items[0].start, 10);
    ck_assert_uint_eq(told.items[1].end - told.items[1].start, 8);
}
END_TEST

START_TEST(hostile_texts_stay_within_bounds)
{
    static char text[20000];
    static const char pieces[][12] = {"1", "/", "2026", "-", "年", "5月",     " ",    "May",
                                      ".", ",", "12",   "T", "de", "million", "\xff", "٤"};
    struct arena arena;
    struct told told;
    arena_init(&arena, 4 << 20);
    uint64_t state = 7;
    for (int round = 0; round < 300; round++) {
        size_t used = 0;
        while (used < 200) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            used += (size_t)snprintf(text + used, sizeof text - used, "%s",
                                     pieces[(state >> 33) % (sizeof pieces / sizeof *pieces)]);
        }
        told.count = 0;
        for (size_t size = 0; size <= 30; size++) {
            told.count = 0;
            numbers_read(bytes_of(text, size), true, &arena, keep, &told);
            for (uint32_t i = 0; i < told.count; i++)
                ck_assert(told.items[i].start < told.items[i].end && told.items[i].end <= size);
        }
        arena_reset(&arena);
    }
    memset(text, '9', sizeof text);
    told.count = 0;
    numbers_read(bytes_of(text, sizeof text), true, &arena, keep, &told);
    arena_finish(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("numbers");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, one_value_is_written_many_ways);
    tcase_add_test(tests, other_values_are_other_numbers);
    tcase_add_test(tests, one_day_is_written_many_ways);
    tcase_add_test(tests, other_days_are_other_dates);
    tcase_add_test(tests, what_only_looks_like_a_date_is_numbers);
    tcase_add_test(tests, numbers_written_as_words_are_numbers);
    tcase_add_test(tests, words_that_mostly_count_nothing_are_told_of_sources_only);
    tcase_add_test(tests, list_items_are_marked);
    tcase_add_test(tests, groups_with_plain_spaces_keep_their_parts);
    tcase_add_test(tests, offsets_cover_the_whole_number);
    tcase_add_test(tests, hostile_texts_stay_within_bounds);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
