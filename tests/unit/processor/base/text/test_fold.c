/* link: base */
#include <check.h>

#include "processor/base/text/fold.h"
#include "processor/base/text/utf8.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    arena_finish(&arena);
}

START_TEST(folding_is_case_blind_and_composed)
{
    ck_assert(bytes_equal_text(text_fold(BYTES_LITERAL("Hello WORLD 1"), &arena), "hello world 1"));
    ck_assert(bytes_equal_text(text_fold(bytes_of_text("STRA\u00dfE \u00c9 E\u0301"), &arena),
                               "strasse \u00e9 \u00e9"));
    ck_assert(bytes_equal_text(text_fold(BYTES_LITERAL("A\xff"
                                                       "B"),
                                         &arena),
                               "a\xef\xbf\xbd"
                               "b"));
    ck_assert_ptr_nonnull(text_fold(BYTES_LITERAL(""), &arena).data);
}
END_TEST

START_TEST(folding_every_code_point_stays_within_its_room)
{
    /* all of the small scripts, and samples of the large blocks that have neither case nor parts */
    for (uint32_t point = 1; point < 0x110000;
         point += point < 0x3400 || (point >= 0xf900 && point < 0x11000) ||
                          (point >= 0x1d100 && point < 0x1d200)
                      ? 1
                      : 61) {
        if (point >= 0xd800 && point < 0xe000)
            continue;
        char raw[8 * 3 + 1];
        struct buffer text = {.data = (uint8_t *)raw, .capacity = sizeof raw, .limit = sizeof raw};
        for (int i = 0; i < 3; i++) {
            if (point < 0x80)
                buffer_append_byte(&text, (uint8_t)point);
            else if (point < 0x800)
                buffer_append(
                    &text,
                    (uint8_t[]){(uint8_t)(0xc0 | point >> 6), (uint8_t)(0x80 | (point & 63))}, 2);
            else if (point < 0x10000)
                buffer_append(&text,
                              (uint8_t[]){(uint8_t)(0xe0 | point >> 12),
                                          (uint8_t)(0x80 | (point >> 6 & 63)),
                                          (uint8_t)(0x80 | (point & 63))},
                              3);
            else
                buffer_append(&text,
                              (uint8_t[]){(uint8_t)(0xf0 | point >> 18),
                                          (uint8_t)(0x80 | (point >> 12 & 63)),
                                          (uint8_t)(0x80 | (point >> 6 & 63)),
                                          (uint8_t)(0x80 | (point & 63))},
                              4);
        }
        size_t wide = point < 0x80 ? 0 : text.size;
        struct bytes folded = text_fold(buffer_bytes(&text), &arena);
        ck_assert_uint_le(folded.size, text.size + 2 * wide);
        ck_assert(utf8_is_valid(folded));
        arena_reset(&arena);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fold");
    TCase *tests = tcase_create("fold");
    tcase_add_test(tests, folding_is_case_blind_and_composed);
    tcase_add_test(tests, folding_every_code_point_stays_within_its_room);
    tcase_add_checked_fixture(tests, setup, teardown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
