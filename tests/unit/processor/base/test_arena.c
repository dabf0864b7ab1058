/* link: base */
#include <check.h>
#include <stdint.h>

#include "processor/base/arena.h"

START_TEST(places_are_aligned_and_do_not_overlap)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    uint8_t *places[200];
    for (int i = 0; i < 200; i++) {
        places[i] = arena_alloc(&arena, (size_t)i * 7);
        ck_assert_ptr_nonnull(places[i]);
        ck_assert_uint_eq((uintptr_t)places[i] % 16, 0);
        memset(places[i], i, (size_t)i * 7);
    }
    for (int i = 0; i < 200; i++)
        for (size_t at = 0; at < (size_t)i * 7; at++)
            ck_assert_uint_eq(places[i][at], (uint8_t)i);
    arena_finish(&arena);
}
END_TEST

START_TEST(the_budget_is_kept)
{
    struct arena arena;
    arena_init(&arena, 1000);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 600));
    ck_assert(!arena.failed);
    ck_assert_ptr_null(arena_alloc(&arena, 600));
    ck_assert(arena.failed);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 100));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
    arena_finish(&arena);
}
END_TEST

START_TEST(small_allocations_can_not_pass_the_budget_by_their_padding)
{
    struct arena arena;
    arena_init(&arena, 160);
    int count = 0;
    while (arena_alloc(&arena, 1))
        count++;
    ck_assert_int_eq(count, 10);
    arena_finish(&arena);
}
END_TEST

START_TEST(a_reset_arena_reuses_its_first_block)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    void *first = arena_alloc(&arena, 100);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 100000));
    arena_reset(&arena);
    ck_assert_uint_eq(arena.used, 0);
    ck_assert_ptr_eq(arena_alloc(&arena, 100), first);
    arena_finish(&arena);
}
END_TEST

START_TEST(a_reset_arena_forgets_its_failure)
{
    struct arena arena;
    arena_init(&arena, 100);
    ck_assert_ptr_null(arena_alloc(&arena, 101));
    arena_reset(&arena);
    ck_assert(!arena.failed);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 100));
    arena_finish(&arena);
}
END_TEST

START_TEST(zeroed_memory_is_zero_and_its_size_can_not_overflow)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX / 4);
    uint8_t *dirty = arena_alloc(&arena, 64);
    memset(dirty, 0xff, 64);
    arena_reset(&arena);
    uint8_t *clean = arena_zalloc(&arena, 8, 8);
    for (int i = 0; i < 64; i++)
        ck_assert_uint_eq(clean[i], 0);
    ck_assert_ptr_null(arena_zalloc(&arena, SIZE_MAX / 2, 3));
    ck_assert(arena.failed);
    arena_finish(&arena);
}
END_TEST

START_TEST(a_copy_lives_in_the_arena)
{
    struct arena arena;
    arena_init(&arena, 32);
    char text[] = "words";
    struct bytes copy = arena_copy(&arena, bytes_of_text(text));
    text[0] = 'x';
    ck_assert(bytes_equal_text(copy, "words"));
    ck_assert_ptr_nonnull(arena_copy(&arena, BYTES_LITERAL("")).data);
    ck_assert_ptr_null(arena_copy(&arena, (struct bytes){0}).data);
    ck_assert(!arena.failed);
    ck_assert_ptr_null(
        arena_copy(&arena, BYTES_LITERAL("more than there is room for, by far")).data);
    ck_assert(arena.failed);
    arena_finish(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");
    tcase_add_test(tests, places_are_aligned_and_do_not_overlap);
    tcase_add_test(tests, the_budget_is_kept);
    tcase_add_test(tests, small_allocations_can_not_pass_the_budget_by_their_padding);
    tcase_add_test(tests, a_reset_arena_reuses_its_first_block);
    tcase_add_test(tests, a_reset_arena_forgets_its_failure);
    tcase_add_test(tests, zeroed_memory_is_zero_and_its_size_can_not_overflow);
    tcase_add_test(tests, a_copy_lives_in_the_arena);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
