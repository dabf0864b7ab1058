/* Near questions, where questions are long and near is meant widely. */
#include <check.h>
#include <stdlib.h>

#include "pipelines/decide/near_questions.h"

enum { LONG_BYTES = 1000, CUT_MAX = 300 };

/* Letters in no order, so that nearly all grams are different ones. */
static void scribble(uint8_t text[LONG_BYTES])
{
    uint64_t random = 7;
    for (int i = 0; i < LONG_BYTES; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        text[i] = (uint8_t)('a' + (random >> 33) % 26);
    }
}

START_TEST(a_long_question_that_shares_hundreds_of_rare_grams_is_found_once)
{
    uint8_t text[LONG_BYTES];
    scribble(text);
    struct bytes whole = bytes_of(text, sizeof text);
    struct near_questions *near = near_questions_create(&whole, 1, 0.5);
    ck_assert_ptr_nonnull(near);
    for (size_t cut = 0; cut < CUT_MAX; cut += 20) {
        uint32_t found[NEAR_FOUND_MAX];
        struct arena arena;
        arena_init(&arena, 1 << 20);
        struct bytes question = bytes_of(text, sizeof text - cut);
        uint32_t count = near_questions_find(near, question, &arena, found);
        arena_finish(&arena);
        ck_assert_msg(count == 1 && found[0] == 0, "without its last %zu letters: %u", cut, count);
    }
    near_questions_destroy(near);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("near_questions");
    TCase *tests = tcase_create("near_questions");
    tcase_add_test(tests, a_long_question_that_shares_hundreds_of_rare_grams_is_found_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
