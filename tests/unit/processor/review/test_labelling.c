/* link: review base */
#include <check.h>
#include <stdlib.h>

#include "processor/base/json/json.h"
#include "processor/review/labelling.h"
#include "processor/review/subject.h"

static struct label_set labels;
static struct buffer text;
static struct arena arena;

static void begin(void)
{
    arena_init(&arena, 1 << 20);
    label_set_default(&labels);
    labels.items[0].name = BYTES_LITERAL("Said \"so\" & <not>");
    labels.items[0].description = BYTES_LITERAL("two\nlines");
}

static void end(void)
{
    arena_finish(&arena);
    buffer_finish(&text);
    text = (struct buffer){0};
}

static const char *written(const char *tool)
{
    buffer_clear(&text);
    labelling_write(bytes_of_text(tool), &labels, BYTES_LITERAL("Read <all> of it."), &text);
    buffer_append_byte(&text, 0);
    return (const char *)text.data;
}

START_TEST(markup_of_names_is_escaped)
{
    const char *xml = written("label-studio");
    ck_assert(strstr(xml, "hint=\"Said &quot;so&quot; &amp; &lt;not&gt;: two&#10;lines\""));
    ck_assert(strstr(xml, "value=\"Read &lt;all&gt; of it.\""));
    ck_assert(strncmp(xml, "<View>\n", 7) == 0);
    ck_assert_str_eq(labelling_suffix(BYTES_LITERAL("label-studio")), ".config.xml");
}
END_TEST

/* Every name that people are asked for means something to an import. */
static void check_names(const char *tool, const char *name)
{
    struct json_reader reader, items;
    struct json_value list, item, member;
    const char *json = written(tool);
    uint32_t count = 0;
    ck_assert(json_parse(bytes_of_text(json), &arena, &reader, &list) && list.type == JSON_ARRAY);
    ck_assert_str_eq(labelling_suffix(bytes_of_text(tool)), ".config.json");
    json_children(&reader, &list, &items);
    for (; json_next(&items, &item) != JSON_END; count++) {
        ck_assert(json_member(&reader, &item, name, &member));
        ck_assert_msg(subject_of(&labels, member.text).kind != SUBJECT_NONE, "%.*s",
                      (int)member.text.size, (const char *)member.text.data);
    }
    ck_assert_uint_ge(count, 6);
}

START_TEST(what_people_are_asked_is_what_an_import_reads)
{
    check_names("langfuse", "name");
    check_names("langsmith", "feedback_key");
    check_names("futureagi", "name");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("labelling");
    TCase *tests = tcase_create("labelling");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, markup_of_names_is_escaped);
    tcase_add_test(tests, what_people_are_asked_is_what_an_import_reads);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
