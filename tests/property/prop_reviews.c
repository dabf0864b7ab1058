/* link: review base */
/* Random scores of some people on some traces, in any order and over any files: the results are those of
 * a model that keeps, for each person, trace and name, what was said last. The same scores in
 * another order give the same ids. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/base/clock.h"
#include "processor/review/result_json.h"
#include "processor/review/reviews.h"

enum { TRACES = 4, PEOPLE = 3, SCORES_MAX = 60, FILES = 3, ROUNDS = 300, LABELS = 4 };

static uint64_t seed, state;
static struct label_set labels;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13, state ^= state >> 7,
        state ^= state << 17; /* xorshift64 (Marsaglia 2003) */
    return (state >> 11) % below;
}

static void seed_from_environment(void)
{
    const char *given = getenv("SEED");
    seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    state = seed | 1;
}

/* --- what is said --- */

enum what { SAYS_VERDICT, SAYS_LABEL, SAYS_LIST, SAYS_EXPECTED, SAYS_NOTHING, WHATS };
struct score {
    uint32_t trace, person, label, second;
    enum what what;
    uint32_t value; /* verdict, or whether the label holds */
    int64_t at_ms;  /* no two have the same */
};
static struct score scores[SCORES_MAX];
static uint32_t score_count;

static void draw_scores(void)
{
    score_count = 1 + (uint32_t)draw(SCORES_MAX);
    for (uint32_t i = 0; i < score_count; i++) {
        scores[i] = (struct score){.trace = (uint32_t)draw(TRACES),
                                   .person = (uint32_t)draw(PEOPLE),
                                   .what = (enum what)draw(WHATS),
                                   .label = (uint32_t)draw(LABELS),
                                   .second = (uint32_t)draw(LABELS),
                                   .value = (uint32_t)draw(REVIEWER_VERDICTS),
                                   .at_ms = 1700000000000 + 1000 * (int64_t)i};
        if (scores[i].what == SAYS_LABEL)
            scores[i].value %= 2;
    }
    for (uint32_t i = score_count; i > 1; i--) { /* times in no order */
        uint32_t other = (uint32_t)draw(i);
        int64_t at_ms = scores[i - 1].at_ms;
        scores[i - 1].at_ms = scores[other].at_ms;
        scores[other].at_ms = at_ms;
    }
}

static const char *label_id(uint32_t label)
{
    return (const char *)labels.items[label].id.data;
}

static void write_score(const struct score *score, uint32_t number, struct buffer *to)
{
    static const char *const verdicts[REVIEWER_VERDICTS][3] = {{"pass", "Right", "yes"},
                                                               {"fail", "WRONG", "thumbs-down"},
                                                               {"unsure", "can't tell", "unsure"}};
    static const char *const names[] = {"verdict", "", "labels", "expected_response", "tone"};
    char time_text[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(time_text, (uint64_t)score->at_ms * 1000000);
    buffer_printf(to,
                  "{\"id\":\"s%u\",\"traceId\":\"%032x\",\"source\":\"ANNOTATION\","
                  "\"authorUserName\":\"p%u\",\"updatedAt\":\"%s\",\"name\":\"%s\",\"value\":",
                  number, score->trace + 1, score->person, time_text,
                  score->what == SAYS_LABEL ? label_id(score->label) : names[score->what]);
    if (score->what == SAYS_VERDICT)
        buffer_printf(to, "\"%s\"}", verdicts[score->value][number % 3]);
    else if (score->what == SAYS_LABEL)
        buffer_printf(to, "%u}", score->value);
    else if (score->what == SAYS_LIST)
        buffer_printf(to, "[\"%s\",\"%s\"]}", label_id(score->label), label_id(score->second));
    else
        buffer_printf(to, "\"answer %u\"}", number);
}

/* --- the model --- */

struct judgement {
    bool is_there, has_verdict;
    uint32_t verdict, expected;
    uint32_t labels;
};

static void newest(uint32_t trace, uint32_t person, struct judgement *ret)
{
    int64_t verdict_ms = 0, expected_ms = 0, label_ms[LABELS] = {0};
    *ret = (struct judgement){.expected = UINT32_MAX};
    for (uint32_t i = 0; i < score_count; i++) {
        const struct score *score = &scores[i];
        if (score->trace != trace || score->person != person || score->what == SAYS_NOTHING)
            continue;
        ret->is_there = true;
        if (score->what == SAYS_VERDICT && score->at_ms > verdict_ms) {
            verdict_ms = score->at_ms;
            ret->has_verdict = true;
            ret->verdict = score->value;
        }
        if (score->what == SAYS_EXPECTED && score->at_ms > expected_ms) {
            expected_ms = score->at_ms;
            ret->expected = i;
        }
        for (uint32_t label = 0; label < LABELS; label++) {
            bool is_said =
                (score->what == SAYS_LABEL && score->label == label) ||
                (score->what == SAYS_LIST && (score->label == label || score->second == label));
            if (!is_said || score->at_ms <= label_ms[label])
                continue;
            label_ms[label] = score->at_ms;
            ret->labels &= ~((uint32_t)1 << label);
            if (score->what == SAYS_LIST || score->value == 1)
                ret->labels |= (uint32_t)1 << label;
        }
    }
}

/* The first three of the default labels imply fail, the last pass. False: it is refused. */
static bool settle(struct judgement *judgement)
{
    bool fails = (judgement->labels & 7) != 0, passes = (judgement->labels & 8) != 0;
    if (!judgement->has_verdict && fails == passes)
        return false;
    if (!judgement->has_verdict)
        judgement->verdict = fails ? REVIEW_FAIL : REVIEW_PASS;
    return !(judgement->verdict == REVIEW_PASS && fails) &&
           !(judgement->verdict == REVIEW_FAIL && passes);
}

/* --- the import --- */

static struct judgement found[TRACES][PEOPLE];
static char ids[TRACES][PEOPLE][40];
static uint32_t told_count;

static void tell(void *context, const char *file, uint64_t line, const char *reason)
{
    (void)context, (void)file, (void)reason;
    ck_assert_uint_ge(line, 1);
    told_count++;
}

static bool take(void *context, const char *file, uint64_t line, struct bytes json)
{
    static struct result result;
    struct result_refusal refusal;
    struct arena arena;
    unsigned trace = 0, person = 0;
    (void)context, (void)file, (void)line;
    arena_init(&arena, 1 << 20);
    ck_assert(result_json_read(json, &labels, (struct bytes){0}, &arena, &result, &refusal));
    ck_assert_int_eq(sscanf((const char *)result.trajectory_id.data, "%32x", &trace), 1);
    ck_assert_int_eq(sscanf((const char *)result.reviewer.data, "import:p%1u", &person), 1);
    struct judgement *one = &found[trace - 1][person];
    ck_assert_msg(!one->is_there, "two results of one person");
    *one = (struct judgement){.is_there = true, .verdict = result.verdict, .expected = UINT32_MAX};
    for (uint32_t i = 0; i < result.label_count; i++)
        one->labels |= (uint32_t)1 << result.labels[i];
    if (result.expected_response.size > 0)
        ck_assert_int_eq(
            sscanf((const char *)result.expected_response.data, "answer %u", &one->expected), 1);
    snprintf(ids[trace - 1][person], sizeof ids[0][0], "%.*s", (int)result.result_id.size,
             (const char *)result.result_id.data);
    arena_finish(&arena);
    return true;
}

/* In a random order over some files, each a list or lines. */
static void import(void)
{
    uint32_t order[SCORES_MAX];
    struct buffer texts[FILES] = {{0}};
    struct reviews *reviews =
        reviews_create(reviews_tool_find(BYTES_LITERAL("langfuse")), &labels, tell, NULL);
    memset(found, 0, sizeof found);
    told_count = 0;
    for (uint32_t i = 0; i < score_count; i++) {
        uint32_t other = (uint32_t)draw(i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    bool is_list = draw(2) == 0;
    for (uint32_t i = 0; i < score_count; i++) {
        struct buffer *text = &texts[draw(FILES)];
        buffer_append_text(text, text->size == 0 ? (is_list ? "{\"data\":[" : "")
                                 : is_list       ? ",\n"
                                                 : "\n");
        write_score(&scores[order[i]], order[i], text);
    }
    for (int i = 0; i < FILES; i++) {
        if (is_list && texts[i].size > 0)
            buffer_append_text(&texts[i], "]}");
        ck_assert_int_eq(reviews_read(reviews, "f", buffer_bytes(&texts[i])), STATUS_OK);
        buffer_finish(&texts[i]);
    }
    ck_assert_int_eq(reviews_write(reviews, take, NULL), STATUS_OK);
    ck_assert_uint_eq(reviews_counts(reviews)->refused, told_count);
    reviews_destroy(reviews);
}

static void compare(void)
{
    uint32_t refused = 0;
    for (uint32_t trace = 0; trace < TRACES; trace++) {
        for (uint32_t person = 0; person < PEOPLE; person++) {
            struct judgement wanted, *got = &found[trace][person];
            newest(trace, person, &wanted);
            bool is_sound = wanted.is_there && settle(&wanted);
            refused += wanted.is_there && !is_sound;
            ck_assert_msg(got->is_there == is_sound, "seed %" PRIu64 ": %u of p%u", seed, trace,
                          person);
            if (is_sound)
                ck_assert_msg(got->verdict == wanted.verdict && got->labels == wanted.labels &&
                                  got->expected == wanted.expected,
                              "seed %" PRIu64 ": %u of p%u", seed, trace, person);
        }
    }
    ck_assert_uint_eq(told_count, refused);
}

START_TEST(results_are_what_each_person_said_last)
{
    static char before[TRACES][PEOPLE][40];
    seed_from_environment();
    for (int round = 0; round < ROUNDS; round++) {
        memset(ids, 0, sizeof ids);
        draw_scores();
        import();
        compare();
        memcpy(before, ids, sizeof ids);
        memset(ids, 0, sizeof ids);
        import();
        compare();
        ck_assert_msg(memcmp(before, ids, sizeof ids) == 0, "seed %" PRIu64, seed);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prop_reviews");
    TCase *tests = tcase_create("prop_reviews");
    label_set_default(&labels);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, results_are_what_each_person_said_last);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
