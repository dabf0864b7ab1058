/* link: base */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "processor/base/json/json.h"
#include "processor/base/json/number.h"
#include "processor/base/json/writer.h"

static struct arena arena;
static struct json_reader reader, members;
static struct json_value root, value;

static bool parse(const char *text)
{
    arena_finish(&arena);
    arena_init(&arena, 1 << 20);
    return json_parse(bytes_of_text(text), &arena, &reader, &root);
}

static void enter(const char *text)
{
    ck_assert_msg(parse(text), "%s", text);
    json_children(&reader, &root, &members);
}

START_TEST(members_are_read_in_order)
{
    enter(" {\"a\" : 1.5, \"b\":\"text\",\"c\":[true,null ],\"d\":{},\"e\":-2e3} ");
    ck_assert_int_eq(json_next(&members, &value), JSON_NUMBER);
    ck_assert(bytes_equal_text(value.key, "a"));
    ck_assert(bytes_equal_text(value.text, "1.5"));
    ck_assert_double_eq(value.number, 1.5);
    ck_assert_int_eq(json_next(&members, &value), JSON_STRING);
    ck_assert(bytes_equal_text(value.text, "text"));
    ck_assert_int_eq(json_next(&members, &value), JSON_ARRAY);
    ck_assert(bytes_equal_text(value.raw, "[true,null ]"));
    struct json_reader elements;
    struct json_value element;
    json_children(&members, &value, &elements);
    ck_assert_int_eq(json_next(&elements, &element), JSON_BOOL);
    ck_assert(element.boolean);
    ck_assert_int_eq(json_next(&elements, &element), JSON_NULL);
    ck_assert_int_eq(json_next(&elements, &element), JSON_END);
    ck_assert_int_eq(json_next(&elements, &element), JSON_END);
    ck_assert_int_eq(json_next(&members, &value), JSON_OBJECT);
    ck_assert(bytes_equal_text(value.raw, "{}"));
    ck_assert_int_eq(json_next(&members, &value), JSON_NUMBER);
    ck_assert_double_eq(value.number, -2000);
    ck_assert_int_eq(json_next(&members, &value), JSON_END);
    ck_assert(!members.truncated && !members.broken && !reader.truncated);
}
END_TEST

START_TEST(plain_words_are_not_json)
{
    static const char *const wrong[] = {
        "",
        "   ",
        "hello",
        "[INST] hello",
        "{'a': 1}",
        "42 apples",
        "[1] Smith",
        "{} {}",
        "true story",
        "n",
        "-",
        "tru",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "[1 2]",
        "[01]",
        "[.5]",
        "[1.]",
        "[1e]",
        "[+1]",
        "[}",
        "{]",
        "[1}",
        "{\"a\":1]",
        "\"a\" he said",
        "[True]",
        "nullify",
        "{\"a\":}",
        "[,1]",
        "{\"a\":1 \"b\"",
        "[\"a\" \"b\"]",
        "NaNa",
        "{\"a\":-}",
        "--1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!parse(wrong[i]), "%s", wrong[i]);
    ck_assert(!json_parse((struct bytes){0}, &arena, &reader, &root));
}
END_TEST

START_TEST(scalars_are_json_too)
{
    ck_assert(parse("42") && root.type == JSON_NUMBER && root.number == 42);
    ck_assert(parse(" \"x\" ") && root.type == JSON_STRING);
    ck_assert(parse("false") && root.type == JSON_BOOL && !root.boolean);
    ck_assert(parse("null") && root.type == JSON_NULL);
}
END_TEST

START_TEST(pythons_numbers_that_are_none_are_null)
{
    enter("[NaN, Infinity, -Infinity, -1, 1e999]");
    ck_assert_int_eq(json_next(&members, &value), JSON_NULL);
    ck_assert_int_eq(json_next(&members, &value), JSON_NULL);
    ck_assert_int_eq(json_next(&members, &value), JSON_NULL);
    ck_assert_int_eq(json_next(&members, &value), JSON_NUMBER);
    ck_assert_int_eq(json_next(&members, &value), JSON_NULL);
    ck_assert_int_eq(json_next(&members, &value), JSON_END);
}
END_TEST

static void unescapes(const char *json, const char *text)
{
    ck_assert(parse(json));
    ck_assert_int_eq(root.type, JSON_STRING);
    ck_assert_msg(bytes_equal_text(root.text, text), "%s gives %.*s", json, (int)root.text.size,
                  (const char *)root.text.data);
}

START_TEST(escapes_are_resolved)
{
    unescapes("\"a\\n\\t\\r\\b\\f\\\"\\\\\\/z\"", "a\n\t\r\b\f\"\\/z");
    unescapes("\"\\u00e9\\u20AC\\ud83d\\ude00\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    unescapes("\"\\ud83d!\"", "\xef\xbf\xbd!");
    unescapes("\"\\ude00\\ud83d\\u0041\"", "\xef\xbf\xbd\xef\xbf\xbd"
                                           "A");
    unescapes("\"a\\u0000b\"", "a\xef\xbf\xbd"
                               "b");
    unescapes("\"\\q\\u12\\u\\u\\u\"", "qu12uuu");
    unescapes("\"\\\\\"", "\\");
}
END_TEST

START_TEST(a_raw_nul_becomes_the_replacement_character)
{
    arena_init(&arena, 100);
    ck_assert(json_parse(bytes_of("\"a\0\\\0b\"", 7), &arena, &reader, &root));
    ck_assert(bytes_equal_text(root.text, "a\xef\xbf\xbd\xef\xbf\xbd"
                                          "b"));
}
END_TEST

START_TEST(a_string_without_escapes_is_borrowed)
{
    static const char text[] = "[\"plain\",\"esc\\n\"]";
    enter(text);
    ck_assert_int_eq(json_next(&members, &value), JSON_STRING);
    ck_assert_ptr_eq(value.text.data, text + 2);
    ck_assert_uint_eq(arena.used, 0);
    ck_assert_int_eq(json_next(&members, &value), JSON_STRING);
    ck_assert_uint_gt(arena.used, 0);
}
END_TEST

START_TEST(a_full_arena_leaves_the_text_absent)
{
    struct arena tiny;
    arena_init(&tiny, 4);
    ck_assert(json_parse(BYTES_LITERAL("[\"too long for it\\n\", 1]"), &tiny, &reader, &root));
    json_children(&reader, &root, &members);
    ck_assert_int_eq(json_next(&members, &value), JSON_STRING);
    ck_assert_ptr_null(value.text.data);
    ck_assert(members.broken);
    ck_assert_int_eq(json_next(&members, &value), JSON_BROKEN);
    arena_finish(&tiny);
}
END_TEST

START_TEST(a_string_cut_in_the_middle_is_delivered)
{
    enter("[{\"role\":\"user\",\"content\":\"What is the pay");
    ck_assert(reader.truncated);
    ck_assert_int_eq(json_next(&members, &value), JSON_OBJECT);
    ck_assert(members.truncated);
    struct json_value content;
    ck_assert(json_member(&members, &value, "content", &content));
    ck_assert(bytes_equal_text(content.text, "What is the pay"));
    ck_assert(json_member(&members, &value, "role", &content));
    ck_assert(bytes_equal_text(content.text, "user"));
    ck_assert_int_eq(json_next(&members, &value), JSON_END);
}
END_TEST

START_TEST(half_an_escape_or_code_point_is_left_off)
{
    unescapes("\"abc\\", "abc");
    unescapes("\"abc\\\\", "abc\\");
    unescapes("\"abc\\u00e", "abc");
    unescapes("\"abc\\u00e9", "abc\xc3\xa9");
    unescapes("\"abc\xc3", "abc");
    unescapes("\"abc\\n\xc3", "abc\n");
    unescapes("\"abc\xe2\x82", "abc");
    unescapes("\"abc\xe2\x82\xac", "abc\xe2\x82\xac");
}
END_TEST

START_TEST(every_prefix_of_a_document_is_read_as_far_as_it_goes)
{
    static const char text[] = "[{\"a\":[1,2,{\"b\":\"x\\ny\"}],\"c\":true},{\"d\":null}]";
    for (size_t size = 1; size < sizeof text - 1; size++) {
        char *copy = malloc(size); /* so that a sanitizer sees one byte too far */
        memcpy(copy, text, size);
        ck_assert(json_parse(bytes_of(copy, size), &arena, &reader, &root));
        ck_assert(reader.truncated);
        json_children(&reader, &root, &members);
        int count = 0;
        while (json_next(&members, &value) == JSON_OBJECT)
            count++;
        ck_assert_int_eq(value.type, JSON_END);
        ck_assert(members.truncated);
        ck_assert_int_eq(count, size < 2                                                       ? 0
                                : size < sizeof "[{\"a\":[1,2,{\"b\":\"x\\ny\"}],\"c\":true}," ? 1
                                                                                               : 2);
        free(copy);
    }
}
END_TEST

START_TEST(a_number_at_the_cut_is_dropped_as_it_may_be_wrong)
{
    enter("[1, 120");
    ck_assert_int_eq(json_next(&members, &value), JSON_NUMBER);
    ck_assert_int_eq(json_next(&members, &value), JSON_END);
    ck_assert(members.truncated);
    enter("{\"a\":1,\"b\":tr");
    ck_assert(json_member(&reader, &root, "a", &value));
    ck_assert(!json_member(&reader, &root, "b", &value));
    enter("{\"a\":1,\"b\"");
    ck_assert(!json_member(&reader, &root, "b", &value));
}
END_TEST

START_TEST(a_member_is_found_by_its_unescaped_name)
{
    enter("{\"x\":{\"y\":1},\"s\":\"{\\\"y\\\":2}\",\"na\\u006de\":3,\"y\":4,\"y\":5}");
    ck_assert(json_member(&reader, &root, "y", &value) && value.number == 4);
    ck_assert(json_member(&reader, &root, "name", &value) && value.number == 3);
    ck_assert(bytes_equal_text(value.key, "name"));
    ck_assert(!json_member(&reader, &root, "z", &value));
    ck_assert(!json_member(&reader, &value, "y", &value));
}
END_TEST

START_TEST(children_of_a_scalar_are_none)
{
    ck_assert(parse("3"));
    json_children(&reader, &root, &members);
    ck_assert_int_eq(json_next(&members, &value), JSON_END);
}
END_TEST

START_TEST(nesting_is_limited)
{
    char text[200];
    for (int depth = 60; depth < 70; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        bool read = json_parse(bytes_of(text, 2 * (size_t)depth), &arena, &reader, &root);
        ck_assert_int_eq(read, depth <= JSON_DEPTH_MAX);
        ck_assert_int_eq(reader.broken, depth > JSON_DEPTH_MAX);
    }
}
END_TEST

START_TEST(values_of_one_text_can_follow_each_other)
{
    json_reader_init(&reader, BYTES_LITERAL("{\"a\":1}\n{\"a\":2}\nx"), &arena);
    ck_assert_int_eq(json_next(&reader, &value), JSON_OBJECT);
    ck_assert_int_eq(json_next(&reader, &value), JSON_OBJECT);
    ck_assert(bytes_equal_text(value.raw, "{\"a\":2}"));
    ck_assert_int_eq(json_next(&reader, &value), JSON_BROKEN);
    ck_assert_int_eq(json_next(&reader, &value), JSON_BROKEN);
}
END_TEST

START_TEST(the_writer_puts_commas_and_escapes)
{
    struct buffer buffer = {0};
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_key(&writer, "a");
    json_array_begin(&writer);
    json_uint(&writer, UINT64_MAX);
    json_int(&writer, INT64_MIN);
    json_double(&writer, 0.1);
    json_double(&writer, (double)NAN);
    json_array_begin(&writer);
    json_array_end(&writer);
    json_bool(&writer, true);
    json_null(&writer);
    json_array_end(&writer);
    json_key_bytes(&writer, BYTES_LITERAL("b\""));
    json_string(&writer, BYTES_LITERAL("\"\\\n\t\r\x01\x7f\xc3\xa9\xff\xed\xa0\x80/"));
    json_key(&writer, "c");
    json_object_begin(&writer);
    json_object_end(&writer);
    json_key(&writer, "d");
    json_raw(&writer, BYTES_LITERAL("[1]"));
    json_object_end(&writer);
    buffer_append_byte(&buffer, 0);
    ck_assert_str_eq(
        (char *)buffer.data,
        "{\"a\":[18446744073709551615,-9223372036854775808,0.1,null,[],true,null],"
        "\"b\\\"\":"
        "\"\\\"\\\\\\n\\t\\r\\u0001\x7f\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd/\","
        "\"c\":{},\"d\":[1]}");
    buffer_finish(&buffer);
}
END_TEST

START_TEST(doubles_are_written_shortest)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {3, "3"},
        {-17, "-17"},
        {0.1, "0.1"},
        {0.7, "0.7"},
        {1.0 / 3, "0.3333333333333333"},
        {1e30, "1e+30"},
        {1e15, "1e+15"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {0.1 + 0.2, "0.30000000000000004"},
        {999999999999999, "999999999999999"},
        {1e-5, "1e-05"},
        {9007199254740993.0, "9007199254740992"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[NUMBER_TEXT_SIZE];
        number_format(text, cases[i].value);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(doubles_are_parsed_strictly)
{
    static const char *const wrong[] = {"",   "-",  ".5", "5.", "0x10",  "inf", "nan",
                                        "1e", "1 ", " 1", "+1", "1e999", "1,5"};
    double number = 42;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!number_parse(bytes_of_text(wrong[i]), &number), "%s", wrong[i]);
    ck_assert_double_eq(number, 42);
    ck_assert(number_parse(BYTES_LITERAL("-12.50e-1"), &number) && number == -1.25);
    ck_assert(number_parse(BYTES_LITERAL("123456789012345678901234567890"), &number));
    ck_assert_double_eq(number, 123456789012345678901234567890.0);
    ck_assert(number_parse(BYTES_LITERAL("0.1000000000000000055511151231257827"), &number) &&
              number == 0.1);
    ck_assert(number_parse(BYTES_LITERAL("1e-400"), &number) && number == 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");
    tcase_add_test(tests, members_are_read_in_order);
    tcase_add_test(tests, plain_words_are_not_json);
    tcase_add_test(tests, scalars_are_json_too);
    tcase_add_test(tests, pythons_numbers_that_are_none_are_null);
    tcase_add_test(tests, escapes_are_resolved);
    tcase_add_test(tests, a_raw_nul_becomes_the_replacement_character);
    tcase_add_test(tests, a_string_without_escapes_is_borrowed);
    tcase_add_test(tests, a_full_arena_leaves_the_text_absent);
    tcase_add_test(tests, a_string_cut_in_the_middle_is_delivered);
    tcase_add_test(tests, half_an_escape_or_code_point_is_left_off);
    tcase_add_test(tests, every_prefix_of_a_document_is_read_as_far_as_it_goes);
    tcase_add_test(tests, a_number_at_the_cut_is_dropped_as_it_may_be_wrong);
    tcase_add_test(tests, a_member_is_found_by_its_unescaped_name);
    tcase_add_test(tests, children_of_a_scalar_are_none);
    tcase_add_test(tests, nesting_is_limited);
    tcase_add_test(tests, values_of_one_text_can_follow_each_other);
    tcase_add_test(tests, the_writer_puts_commas_and_escapes);
    tcase_add_test(tests, doubles_are_written_shortest);
    tcase_add_test(tests, doubles_are_parsed_strictly);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
