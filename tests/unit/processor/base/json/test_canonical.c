/* link: base */
#include <check.h>
#include <stdlib.h>

#include "processor/base/json/canonical.h"

static struct arena arena;
static struct buffer out;

static bool write_canonical(const char *text)
{
    arena_finish(&arena);
    arena_init(&arena, 1 << 20);
    buffer_finish(&out);
    out = (struct buffer){.limit = 1 << 20};
    return json_canonical(bytes_of_text(text), &arena, &out);
}

static void is_written(const char *text, const char *as)
{
    ck_assert_msg(write_canonical(text), "%s", text);
    ck_assert_msg(bytes_equal_text(buffer_bytes(&out), as), "%.*s", (int)out.size, out.data);
}

START_TEST(texts_that_say_the_same_become_one)
{
    is_written(" { \"b\" : 1.0, \"a\":[ true , null,{\"z\":1,\"y\":\"\\u0041\"}] } ",
               "{\"a\":[true,null,{\"y\":\"A\",\"z\":1}],\"b\":1}");
    is_written("{\"a\":[true,null,{\"y\":\"A\",\"z\":1e0}],\"b\":1,\"c\":null}",
               "{\"a\":[true,null,{\"y\":\"A\",\"z\":1}],\"b\":1}");
    is_written("[]", "[]");
    is_written("\"x\"", "\"x\"");
}
END_TEST

START_TEST(what_could_be_read_in_two_ways_is_refused)
{
    ck_assert(!write_canonical("{\"a\":1,\"a\":2}"));
    ck_assert(!write_canonical("{\"a\":{\"b\":1,\"\\u0062\":1}}"));
    ck_assert(!write_canonical("{\"a\":"));
    ck_assert(!write_canonical("{\"a\":1} x"));
    ck_assert(!write_canonical(""));
}
END_TEST

START_TEST(depth_is_bounded)
{
    char deep[2 * 80 + 1];
    for (size_t depth = 1; depth <= 80; depth++) {
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        deep[2 * depth] = 0;
        ck_assert_int_eq(write_canonical(deep), depth < JSON_DEPTH_MAX);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("canonical");
    TCase *tests = tcase_create("canonical");
    tcase_add_test(tests, texts_that_say_the_same_become_one);
    tcase_add_test(tests, what_could_be_read_in_two_ways_is_refused);
    tcase_add_test(tests, depth_is_bounded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_finish(&arena);
    buffer_finish(&out);
    return failed != 0;
}
