/* link: review base */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/review/subject.h"

static struct label_set labels;
static struct arena arena;

static void begin(void)
{
    arena_init(&arena, 1 << 20);
    label_set_default(&labels);
    labels.items[0].name = BYTES_LITERAL("Said \"so\" & <not>");
}

static void end(void)
{
    arena_finish(&arena);
}

START_TEST(words_mean_what_they_say)
{
    enum reviewer_verdict verdict;
    bool holds;
    ck_assert(subject_verdict(BYTES_LITERAL("  Thumbs-Up "), &verdict) && verdict == REVIEW_PASS);
    ck_assert(subject_verdict(BYTES_LITERAL("I can\xe2\x80\x99t tell"), &verdict) &&
              verdict == REVIEW_UNSURE);
    ck_assert(subject_verdict(BYTES_LITERAL("WRONG"), &verdict) && verdict == REVIEW_FAIL);
    ck_assert(!subject_verdict(BYTES_LITERAL("failing"), &verdict));
    ck_assert(!subject_verdict(BYTES_LITERAL("0.5"), &verdict));
    ck_assert(!subject_verdict(BYTES_LITERAL(""), &verdict));
    ck_assert(subject_truth(BYTES_LITERAL("No"), &holds) && !holds);
    ck_assert(!subject_truth(BYTES_LITERAL("2"), &holds));
    ck_assert_int_eq(subject_label(&labels, BYTES_LITERAL("Wrong tool")), 1);
    ck_assert_int_eq(subject_label(&labels, BYTES_LITERAL("said \"SO\" & <not>")), 0);
    ck_assert_int_eq(subject_label(&labels, BYTES_LITERAL("rude")), -1);
    ck_assert_int_eq(subject_of(&labels, BYTES_LITERAL("Missing context")).kind, SUBJECT_ONE_LABEL);
    ck_assert_int_eq(subject_of(&labels, BYTES_LITERAL("Expected response")).kind,
                     SUBJECT_EXPECTED);
    char long_word[200];
    memset(long_word, 'a', sizeof long_word);
    ck_assert_int_eq(subject_of(&labels, bytes_of(long_word, sizeof long_word)).kind, SUBJECT_NONE);
}
END_TEST

/* What the value says, as texts between bars. */
static const char *said(const char *json)
{
    static char text[400];
    struct json_reader reader;
    struct json_value value;
    struct subject_said found;
    size_t size = 0;
    ck_assert(json_parse(bytes_of_text(json), &arena, &reader, &value));
    subject_said_read(&reader, &value, &found);
    text[0] = 0;
    for (uint32_t i = 0; i < found.count && size < sizeof text; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "|%.*s", (int)found.texts[i].size,
                                 (const char *)found.texts[i].data);
    return text;
}

START_TEST(values_say_their_texts_however_they_are_wrapped)
{
    ck_assert_str_eq(said("\" fail \""), "|fail");
    ck_assert_str_eq(said("1.0"), "|1");
    ck_assert_str_eq(said("0"), "|0");
    ck_assert_str_eq(said("0.25"), "|0.25");
    ck_assert_str_eq(said("true"), "|true");
    ck_assert_str_eq(said("{\"choices\":[\"a\",\"b\"]}"), "|a|b");
    ck_assert_str_eq(said("{\"selected\":[\"a\"]}"), "|a");
    ck_assert_str_eq(said("{\"text\":[\"a\",\"\"]}"), "|a");
    ck_assert_str_eq(said("{\"value\":\"up\"}"), "|up");
    ck_assert_str_eq(said("{\"rating\":4}"), "|4");
    ck_assert_str_eq(said("null"), "");
    ck_assert_str_eq(said("{\"other\":1}"), "");
    ck_assert_str_eq(said("[[[[[\"deep\"]]]]]"), "");
}
END_TEST

START_TEST(more_texts_than_there_is_room_for_are_told)
{
    struct buffer json = {0};
    struct json_reader reader;
    struct json_value value;
    struct subject_said found;
    for (int i = 0; i <= SAID_TEXTS_MAX; i++)
        buffer_append_text(&json, i == 0 ? "[\"a\"" : ",\"a\"");
    buffer_append_text(&json, "]");
    ck_assert(json_parse(buffer_bytes(&json), &arena, &reader, &value));
    subject_said_read(&reader, &value, &found);
    ck_assert(found.is_cut && found.count == SAID_TEXTS_MAX);
    buffer_finish(&json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("subject");
    TCase *tests = tcase_create("subject");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, words_mean_what_they_say);
    tcase_add_test(tests, values_say_their_texts_however_they_are_wrapped);
    tcase_add_test(tests, more_texts_than_there_is_room_for_are_told);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
