/* Which kind a feedback is of, and what of a note makes it the same one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/review/feedback.h"

#define TRACE "\"trace_id\":\"0123456789abcdef0123456789abcdef\""
#define TIME "\"time\":\"2026-12-01T00:00:00Z\""

static const int64_t now_ms = 1796083200000; /* 2026-12-01 */
static struct feedback_settings settings;
static struct arena arena;

static void set_up(void)
{
    settings = (struct feedback_settings){.is_present = true};
    settings.kinds[FEEDBACK_ESCALATION].names[0] = BYTES_LITERAL("To_Human");
    settings.kinds[FEEDBACK_ESCALATION].count = 1;
    arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    arena_finish(&arena);
}

static uint8_t kind_of(const char *name, const char *label, bool is_negative)
{
    return feedback_kind_of(&settings, bytes_of_text(name), bytes_of_text(label), is_negative);
}

START_TEST(a_kind_has_its_own_name_and_those_of_the_file)
{
    ck_assert_uint_eq(kind_of("thumbs_down", NULL, false), FEEDBACK_THUMBS_DOWN);
    ck_assert_uint_eq(kind_of("to_human", NULL, false), FEEDBACK_ESCALATION);
    ck_assert_uint_eq(kind_of("outcome", "TO_HUMAN", false), FEEDBACK_ESCALATION);
    ck_assert_uint_eq(kind_of("Reopened_Ticket", NULL, true), FEEDBACK_REOPENED);
}
END_TEST

START_TEST(what_is_negative_and_of_no_kind_is_a_thumbs_down)
{
    ck_assert_uint_eq(kind_of("rating", "poor", true), FEEDBACK_THUMBS_DOWN);
    ck_assert_uint_eq(kind_of("rating", "fine", false), FEEDBACK_OTHER);
    ck_assert_uint_eq(kind_of("", NULL, false), FEEDBACK_OTHER);
}
END_TEST

static bool read(const char *json, struct feedback_note *note, const char **field)
{
    const char *reason = NULL;
    *field = NULL;
    return feedback_read(&settings, bytes_of_text(json), &arena, now_ms, note, field, &reason);
}

START_TEST(equal_notes_are_one_and_each_member_makes_another)
{
    static const char *const notes[] = {
        "{" TRACE ",\"kind\":\"a\"," TIME "}",
        "{" TRACE ",\"kind\":\"b\"," TIME "}",
        "{" TRACE ",\"kind\":\"a\",\"value\":1," TIME "}",
        "{" TRACE ",\"kind\":\"a\",\"value\":\"1\"," TIME "}",
        "{" TRACE ",\"kind\":\"a\",\"time\":\"2026-12-01T00:00:01Z\"}",
        "{\"conversation_id\":\"x\",\"kind\":\"a\"," TIME "}",
    };
    enum { NOTES = sizeof notes / sizeof *notes };
    struct feedback_note read_notes[NOTES], again;
    const char *field;
    for (int i = 0; i < NOTES; i++) {
        ck_assert_msg(read(notes[i], &read_notes[i], &field), "%d", i);
        for (int k = 0; k < i; k++)
            ck_assert_msg(memcmp(read_notes[i].identity, read_notes[k].identity, 16) != 0,
                          "%d is %d", i, k);
    }
    ck_assert(read("{ " TIME ", \"kind\" : \"a\", " TRACE " }", &again, &field));
    ck_assert_mem_eq(again.identity, read_notes[0].identity, 16);
    ck_assert_uint_eq(again.id, read_notes[0].id);
}
END_TEST

START_TEST(a_note_that_is_none_names_its_member)
{
    static const struct {
        const char *json, *field;
    } cases[] = {
        {"[]", NULL},
        {"{\"kind\":\"a\"," TIME "}", "trace_id"},
        {"{\"trace_id\":\"xyz\",\"kind\":\"a\"," TIME "}", "trace_id"},
        {"{\"conversation_id\":\"\",\"kind\":\"a\"," TIME "}", "conversation_id"},
        {"{" TRACE "," TIME "}", "kind"},
        {"{" TRACE ",\"kind\":\"a\"}", "time"},
        {"{" TRACE ",\"kind\":\"a\",\"time\":\"2026-12-01T00:06:00Z\"}", "time"},
        {"{" TRACE ",\"kind\":\"a\",\"value\":[1]," TIME "}", "value"},
    };
    struct feedback_note note;
    const char *field;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(!read(cases[i].json, &note, &field), "%s", cases[i].json);
        ck_assert_msg(!field == !cases[i].field && (!field || strcmp(field, cases[i].field) == 0),
                      "%s", cases[i].json);
    }
}
END_TEST

START_TEST(negative_values_are_a_thumbs_down)
{
    static const char *const values[] = {"-1", "false", "\"down\"", "\"Bad\""};
    char json[256];
    struct feedback_note note;
    const char *field;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        (void)snprintf(json, sizeof json, "{" TRACE ",\"kind\":\"rating\",\"value\":%s," TIME "}",
                       values[i]);
        ck_assert(read(json, &note, &field));
        ck_assert_uint_eq(note.kind, FEEDBACK_THUMBS_DOWN);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("feedback");
    TCase *cases = tcase_create("all");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_kind_has_its_own_name_and_those_of_the_file);
    tcase_add_test(cases, what_is_negative_and_of_no_kind_is_a_thumbs_down);
    tcase_add_test(cases, equal_notes_are_one_and_each_member_makes_another);
    tcase_add_test(cases, a_note_that_is_none_names_its_member);
    tcase_add_test(cases, negative_values_are_a_thumbs_down);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
