/* link: pipelines */
/* A run's readers look at so many bytes of its texts and no more, however these are nested; counted
 * is the work, not the time. */
#include <math.h>
#include <stdlib.h>

#include "pipelines/decide/shard_state.h"
#include "processor/emit/outgoing.h"
#include "tests/support/corpus.h"
#include "tests/support/shard_fixture.h"

enum { SECOND = 1000, TEXT_BYTES = 700 << 10 };

/* Every measurement that reads a text. */
static const char rules[] = "{ name: quality, measure: score.Quality, fail_below: 0.5 },"
                            "{ name: grounded, measure: groundedness.lexical, fail_below: 0.1 },"
                            "{ name: numbers, measure: groundedness.numeric, fail_below: 0.1 },"
                            "{ name: cited, measure: citation.validity, fail_below: 0.1 },"
                            "{ name: looping, measure: loop, fail_below: 0.1 },"
                            "{ name: relevant, measure: context_relevance.max, fail_below: 0.01 },"
                            "{ name: fitting, measure: tool_args.valid, fail_below: 0.1 },"
                            "{ name: leaking, measure: leak, fail_above: 1 },"
                            "{ name: formed, measure: output.contract, fail_below: 1 }";
static const char options[] =
    "measurements: { output_contract: { json: true, required_keys: [a, b] } }\n";

static const struct arena *scratch_of(const struct shard_fixture *fixture)
{
    return &fixture->shards[0]->judge.arena;
}

/* --- hostile texts --- */

typedef void text_fn(struct buffer *text);

static void repeat(struct buffer *text, const char *part, size_t bytes)
{
    for (size_t end = text->size + bytes; text->size < end;)
        buffer_append_text(text, part);
}

static void deep_objects_around_escapes(struct buffer *text)
{
    for (int i = 0; i < 10; i++)
        buffer_append_text(text, "{\"data\":");
    buffer_append_text(text, "{\"zz\":\"");
    repeat(text, "\\\"", TEXT_BYTES);
    buffer_append_text(text, "\",\"yy\":\"x\"}");
    repeat(text, "}", 10);
}

static void deep_lists(struct buffer *text)
{
    repeat(text, "[", 60);
    repeat(text, "\"page_content\",", TEXT_BYTES);
    buffer_append_text(text, "1");
    repeat(text, "]", 60);
}

static void lists_only(struct buffer *text)
{
    repeat(text, "[", TEXT_BYTES);
}

static void json_in_json(struct buffer *text)
{
    struct buffer inner = {0}, outer = {0};
    buffer_append_text(&inner, "{\"output\":\"");
    repeat(&inner, "word ", TEXT_BYTES / 300);
    buffer_append_text(&inner, "\"}");
    while (inner.size < TEXT_BYTES / 3) {
        buffer_clear(&outer);
        buffer_append_text(&outer, "{\"output\":\"");
        for (size_t i = 0; i < inner.size; i++) {
            if (inner.data[i] == '"' || inner.data[i] == '\\')
                buffer_append_byte(&outer, '\\');
            buffer_append_byte(&outer, inner.data[i]);
        }
        buffer_append_text(&outer, "\"}");
        struct buffer swap = inner;
        inner = outer;
        outer = swap;
    }
    buffer_append_bytes(text, buffer_bytes(&inner));
    buffer_finish(&inner);
    buffer_finish(&outer);
}

static void reprs_in_json_in_reprs(struct buffer *text)
{
    buffer_append_text(text, "{'output': '[");
    repeat(text, "\"{\\'content\\': \\'x\\'}\",", TEXT_BYTES);
    buffer_append_text(text, "1]'}");
}

static void many_small_documents(struct buffer *text)
{
    buffer_append_text(text, "{\"documents\":[");
    for (int i = 0; i < 9000; i++)
        buffer_printf(text, "{\"id\":\"%d\",\"page_content\":\"the same long words %060d\"},", i,
                      i);
    buffer_append_text(text, "{}]}");
}

static void numbers(struct buffer *text)
{
    for (int i = 0; text->size < TEXT_BYTES; i++)
        buffer_printf(text, "%d) 1 2 3 %d.%d.%d\n", i, i % 31, i % 12, i);
}

static void open_brackets(struct buffer *text)
{
    repeat(text, "[(", TEXT_BYTES);
}

/* --- */

/* A run of one retriever, one tool and a root that all say `text`, beside a score. */
static void give(struct shard_fixture *fixture, uint32_t trace, const char *text)
{
    static const char *const keys[] = {"output.value", "input.value", "gen_ai.retrieval.documents",
                                       "gen_ai.input.messages"};
    trace_resource(&fixture->builder, "agent");
    for (uint32_t i = 0; i < 4; i++)
        trace_span(&fixture->builder, &(struct span_spec){.trace = trace,
                                                          .id = i + 1,
                                                          .parent = i > 0,
                                                          .start_ms = 1700000000000 + i,
                                                          .end_ms = 1700000000500 + i,
                                                          .text_key = keys[i],
                                                          .text = text,
                                                          .score_name = i == 3 ? "Quality" : NULL,
                                                          .score = 0.1});
    (void)shard_fixture_give(fixture, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(fixture, 7 * SECOND);
}

START_TEST(looking_ends_at_its_limit_and_scores_are_read_all_the_same)
{
    static text_fn *const texts[] = {
        deep_objects_around_escapes, deep_lists,           lists_only, json_in_json,
        reprs_in_json_in_reprs,      many_small_documents, numbers,    open_brackets};
    struct shard_fixture fixture;
    struct buffer text = {0};
    texts[_i](&text);
    buffer_append_byte(&text, 0);
    ck_assert(!text.failed);
    shard_fixture_begin_rules(&fixture, 1, rules, options);
    give(&fixture, 1, (const char *)text.data);
    const struct closed *closed = shard_fixture_closed(&fixture);
    const struct arena *scratch = scratch_of(&fixture);
    uint64_t limit = JUDGE_LOOK_BYTES_MIN + JUDGE_LOOKS_PER_BYTE * (4 * (uint64_t)text.size + 4096);
    /* The last reader may have begun with one text more. */
    ck_assert_uint_le(scratch->looked, limit + 4 * text.size);
    ck_assert_uint_gt(scratch->looked, 0);
    ck_assert_int_eq(closed->outcomes[0], OUTCOME_FAIL);
    ck_assert_int_eq(closed->verdict, VERDICT_FAIL);
    ck_assert_uint_gt(closed->selection.record.frame.size, 0);
    buffer_finish(&text);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(what_is_too_costly_says_so_in_the_record_and_the_next_run_is_read)
{
    struct shard_fixture fixture;
    struct buffer text = {0};
    struct outgoing outgoing;
    deep_objects_around_escapes(&text);
    buffer_append_byte(&text, 0);
    shard_fixture_begin_rules(&fixture, 1, rules, options);
    fixture.shards[0]->judge.looks_per_byte = 1;
    give(&fixture, 1, (const char *)text.data);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert(closed->is_too_costly);
    ck_assert_int_eq(closed->outcomes[0], OUTCOME_FAIL);
    ck_assert_int_eq(closed->outcomes[1], OUTCOME_NA);
    ck_assert_int_eq(outgoing_decode(closed->selection.record.frame, &outgoing), STATUS_OK);
    static const char reason[] = "\"na_reason\":\"too_costly\"", place[] = "\"field\":\"content\"";
    struct bytes record = outgoing.payload;
    ck_assert_ptr_nonnull(memmem(record.data, record.size, reason, sizeof reason - 1));
    ck_assert_ptr_nonnull(memmem(record.data, record.size, place, sizeof place - 1));
    shard_fixture_clear(&fixture);
    give(&fixture, 2, "a plain question");
    ck_assert(!shard_fixture_closed(&fixture)->is_too_costly);
    buffer_finish(&text);
    shard_fixture_end(&fixture);
}
END_TEST

static void judge_file(const struct corpus_file *file, double *most)
{
    struct shard_fixture fixture;
    shard_fixture_begin_rules(&fixture, 1, rules, options);
    shard_emit_all(fixture.shards[0]);
    buffer_append_bytes(&fixture.builder.request, file->body);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    for (int round = 0; round < 100; round++) {
        shard_fixture_tick(&fixture, round < 99 ? 100 : 400 * SECOND);
        const struct arena *scratch = scratch_of(&fixture);
        if (scratch->look_limit > 0)
            *most = fmax(*most, (double)scratch->looked / (double)scratch->look_limit);
    }
    shard_fixture_end(&fixture);
}

START_TEST(no_recorded_run_uses_more_than_a_tenth_of_its_looks)
{
    struct corpus corpus = corpus_load("corpus/*/*.otlp.pb");
    double most = 0;
    for (size_t i = 0; i < corpus.count; i++)
        judge_file(&corpus.files[i], &most);
    corpus_free(&corpus);
    ck_assert_double_gt(most, 0);
    ck_assert_double_lt(most, 0.1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("looking");
    TCase *tcase = tcase_create("core");
    tcase_set_timeout(tcase, 300);
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, looking_ends_at_its_limit_and_scores_are_read_all_the_same, 0, 8);
    tcase_add_test(tcase, what_is_too_costly_says_so_in_the_record_and_the_next_run_is_read);
    tcase_add_test(tcase, no_recorded_run_uses_more_than_a_tenth_of_its_looks);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
