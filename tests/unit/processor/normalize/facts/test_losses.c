/* link: normalize */
/* What was left out at the door matters where it would have been read. */
#include <check.h>
#include <stdlib.h>

#include "processor/normalize/content/content.h"
#include "processor/normalize/facts/facts.h"
#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/left_out.h"

enum { SPANS = 2 };

static struct arena arena;
static struct buffer wires[SPANS];
static struct span spans[SPANS];
static struct trajectory trajectory;
static struct agent_run run;

static void put_text(struct buffer *to, const char *key, const char *text)
{
    struct buffer value = {0}, attribute = {0};
    wire_put_bytes(&value, ANY_STRING, bytes_of_text(text));
    wire_put_bytes(&attribute, KEY_VALUE_KEY, bytes_of_text(key));
    wire_put_bytes(&attribute, KEY_VALUE_VALUE, buffer_bytes(&value));
    wire_put_bytes(to, SPAN_ATTRIBUTES, buffer_bytes(&attribute));
    buffer_finish(&value);
    buffer_finish(&attribute);
}

/* A root and a step of this kind below it. */
static void setup_run(const char *below)
{
    for (uint32_t i = 0; i < SPANS; i++) {
        buffer_clear(&wires[i]);
        spans[i] = (struct span){.start_ns = 100 + i, .end_ns = 200, .has_parent = i > 0};
        spans[i].id[0] = (uint8_t)(1 + i);
        spans[i].parent_id[0] = (uint8_t)i;
        put_text(&wires[i], "openinference.span.kind", i == 0 ? "AGENT" : below);
    }
}

static void note(uint32_t span, enum left_out_part part, const char *name, uint32_t count)
{
    struct left_out_notes notes = {0};
    left_out_add(&notes, (struct left_out){.part = part,
                                           .reason = WIRE_GATE_TOO_LARGE,
                                           .name = bytes_of_text(name),
                                           .bytes = 2000000,
                                           .count = count});
    left_out_put(&wires[span], &notes);
    spans[span].has_left_out = true;
    spans[span].is_stub |= part == LEFT_OUT_REST;
}

static uint32_t lost(void)
{
    arena_reset(&arena);
    for (uint32_t i = 0; i < SPANS; i++)
        spans[i].wire = buffer_bytes(&wires[i]);
    trajectory = (struct trajectory){.spans = spans, .span_count = SPANS};
    ck_assert(trajectory_order(&trajectory, &arena));
    facts_read(&trajectory, &arena, &run);
    content_read(&run);
    return agent_run_lost(&run);
}

static void setup(void)
{
    arena_init(&arena, 16 << 20);
    setup_run("LLM");
}

static void teardown(void)
{
    for (uint32_t i = 0; i < SPANS; i++)
        buffer_finish(&wires[i]);
    arena_finish(&arena);
}

START_TEST(a_whole_run_has_lost_nothing)
{
    ck_assert_uint_eq(lost(), 0);
    ck_assert(agent_run_is_whole(&run));
}
END_TEST

START_TEST(names_say_which_texts_are_gone)
{
    static const struct {
        const char *name;
        uint32_t texts;
    } cases[] = {
        {"output.value", RUN_TEXT_OUTPUT},
        {"input.value", RUN_TEXT_INPUT},
        {"gen_ai.input.messages", RUN_TEXT_INPUT},
        {"llm.output_messages.0.message.content", RUN_TEXT_OUTPUT},
        {"gen_ai.completion.0.content", RUN_TEXT_OUTPUT},
        {"gen_ai.user.message", RUN_TEXT_INPUT | RUN_TEXT_OUTPUT},
        {"retrieval.documents.0.document.content", RUN_TEXT_DOCUMENTS},
        {"gen_ai.tool.definitions", RUN_TEXT_TOOLS},
        {"ground_truth", RUN_TEXT_EXPECTED},
        {"gen_ai.usage.input_tokens", RUN_TEXT_USAGE},
        {"thumbnail.png", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setup_run("LLM");
        note(0, LEFT_OUT_ATTRIBUTE, cases[i].name, 1);
        ck_assert_msg(lost() == cases[i].texts, "%s: %x", cases[i].name, lost());
        ck_assert(!agent_run_is_whole(&run)); /* what did not happen is not known */
        ck_assert_uint_eq(run.refused_spans, 0);
    }
}
END_TEST

START_TEST(what_is_lost_below_does_not_matter_where_the_top_spoke)
{
    note(1, LEFT_OUT_ATTRIBUTE, "output.value", 1);
    ck_assert_uint_eq(lost(), RUN_TEXT_OUTPUT);
    put_text(&wires[0], "output.value", "the answer");
    ck_assert_uint_eq(lost(), 0);
    note(0, LEFT_OUT_ATTRIBUTE, "output.value", 1); /* and what the top lost does */
    ck_assert_uint_eq(lost(), RUN_TEXT_OUTPUT);
}
END_TEST

START_TEST(the_texts_of_tools_and_retrievers_are_of_their_kind)
{
    setup_run("TOOL");
    note(1, LEFT_OUT_ATTRIBUTE, "output.value", 1);
    ck_assert_uint_eq(lost(), RUN_TEXT_TOOLS);
    setup_run("RETRIEVER");
    note(1, LEFT_OUT_ATTRIBUTE, "output.value", 1);
    ck_assert_uint_eq(lost(), RUN_TEXT_DOCUMENTS);
}
END_TEST

START_TEST(stubs_and_refused_spans_may_have_held_anything)
{
    note(1, LEFT_OUT_REST, "", 1);
    ck_assert_uint_eq(lost(), RUN_TEXTS_ALL);
    ck_assert_uint_eq(run.refused_spans, 1);
    ck_assert_uint_eq(run.dropped_attributes, 0);
    setup_run("LLM");
    note(0, LEFT_OUT_SPAN, "", 3);
    ck_assert_uint_eq(lost(), RUN_TEXTS_ALL);
    ck_assert_uint_eq(run.refused_spans, 3);
}
END_TEST

START_TEST(parts_that_are_no_attributes_count_as_dropped_too)
{
    spans[0].dropped_attributes = 5; /* the span's own count holds its attributes */
    note(0, LEFT_OUT_ATTRIBUTE, "a", 1);
    note(0, LEFT_OUT_EVENT, "log", 1);
    note(0, LEFT_OUT_MORE_PARTS, "", 7);
    note(1, LEFT_OUT_PARENT, "", 1);
    (void)lost();
    ck_assert_uint_eq(run.dropped_attributes, 5 + 1 + 7 + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("losses");
    TCase *tests = tcase_create("losses");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_whole_run_has_lost_nothing);
    tcase_add_test(tests, names_say_which_texts_are_gone);
    tcase_add_test(tests, what_is_lost_below_does_not_matter_where_the_top_spoke);
    tcase_add_test(tests, the_texts_of_tools_and_retrievers_are_of_their_kind);
    tcase_add_test(tests, stubs_and_refused_spans_may_have_held_anything);
    tcase_add_test(tests, parts_that_are_no_attributes_count_as_dropped_too);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
