/* The regression set against a model that compares each run with each row: any rows, revisions and
 * tombstones in any order, any runs; and nearness against all pairs. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/decide/near_questions.h"
#include "pipelines/decide/regression.h"
#include "processor/score/language/facts.h"
#include "tests/support/hand_run.h"
#include "tests/support/regression_row.h"

enum { ROUNDS = 300, ROWS_MAX = 40, LINES_MAX = 80, RUNS = 40, TEXT_MAX = 160, QUESTIONS = 400 };

static uint64_t state = 1;

static uint32_t below(uint32_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % limit;
}

static const char *const words[] = {"payoff", "fee",  "of",   "my",   "mortgage", "loan",
                                    "the",    "rate", "what", "is",   "early",    "4711",
                                    "when",   "due",  "card", "limit"};
static const char *const claims[] = {"no fee applies", "a fee of 2 % applies", "it is due in May",
                                     "the limit is 500", "you can repay at any time"};
#define COUNT(table) ((uint32_t)(sizeof(table) / sizeof((table)[0])))

/* Words of a few, so that questions are often equal, near or alike. */
static void write_question(char to[TEXT_MAX], uint32_t seed)
{
    uint64_t kept = state;
    size_t used = 0;
    state = seed % 12 + 1; /* one of a dozen beginnings, then something of its own */
    uint32_t count = 6 + below(6);
    to[0] = 0;
    for (uint32_t i = 0; i < count; i++)
        used += (size_t)snprintf(to + used, TEXT_MAX - used, "%s ", words[below(COUNT(words))]);
    state = kept;
    for (uint32_t i = below(3); i > 0; i--)
        used += (size_t)snprintf(to + used, TEXT_MAX - used, "%s ", words[below(COUNT(words))]);
}

struct made_row {
    struct regression_case row;
    char question[TEXT_MAX], signature[17];
};

static void make_row(struct made_row *made, uint32_t number, uint32_t revision)
{
    write_question(made->question, below(1000));
    snprintf(made->signature, sizeof made->signature, "%016x", below(4));
    made->row = (struct regression_case){
        .number = number,
        .revision = revision,
        .question = below(5) > 0 ? made->question : NULL,
        .signature = below(3) > 0 ? made->signature : NULL,
        .machine_verdict = below(4) > 0 ? "fail" : "pass",
        .must_include = below(2) ? claims[below(COUNT(claims))] : NULL,
        .must_not_include = below(2) ? claims[below(COUNT(claims))] : NULL,
        .forbidden_tool = below(6) == 0 ? "transfer" : NULL,
        .until = below(8) == 0 ? "2020-01-01" : NULL,
        .is_retired = revision > 1 && below(4) == 0,
        .is_no_regression = below(10) == 0,
    };
}

/* --- the model --- */

static struct arena arena;

static bool says(const char *text, const char *phrase)
{
    return facts_say(facts_text_read(bytes_of_text(text), &arena), bytes_of_text(phrase), &arena);
}

static enum regression_check failed_check(const struct regression_case *row, const char *answer,
                                          bool has_transferred)
{
    if (row->must_not_include && says(answer, row->must_not_include))
        return CHECK_MUST_NOT_INCLUDE;
    if (row->must_include && !says(answer, row->must_include))
        return CHECK_MUST_INCLUDE;
    return row->forbidden_tool && has_transferred ? CHECK_FORBIDDEN_TOOL : CHECK_NONE;
}

struct expected {
    uint32_t number;
    enum regression_match match;
    enum regression_check check;
    bool is_fail;
};

static bool expect(const struct regression_case *row, const char *question, const char *answer,
                   bool has_transferred, bool has_failed, const char *signature,
                   struct expected *ret)
{
    struct bytes asked = question_normalize(bytes_of_text(question), &arena);
    struct bytes theirs =
        question_normalize(bytes_of_text(row->question ? row->question : ""), &arena);
    bool is_exact = row->question && bytes_equal(asked, theirs);
    bool is_near = row->question && question_jaccard(question_grams(asked, &arena),
                                                     question_grams(theirs, &arena)) >= 0.75;
    bool is_alike = has_failed && row->signature && strcmp(row->machine_verdict, "fail") == 0 &&
                    strcmp(row->signature, signature) == 0;
    if (row->is_retired || row->is_no_regression || row->until ||
        !(is_exact || is_near || is_alike))
        return false;
    *ret = (struct expected){
        .number = row->number,
        .match = is_exact   ? MATCH_EXACT
                 : is_alike ? MATCH_SIGNATURE
                            : MATCH_NEAR,
        .check = failed_check(row, answer, has_transferred),
    };
    if (ret->check == CHECK_NONE && is_alike)
        ret->check = CHECK_IDENTITY;
    ret->is_fail = ret->check != CHECK_NONE && ret->match != MATCH_NEAR;
    return true;
}

static int rank_of(const struct expected *one)
{
    return one->check == CHECK_NONE ? 2 : one->is_fail ? 0 : 1;
}

static int compare(const void *a_, const void *b_)
{
    const struct expected *a = a_, *b = b_;
    if (rank_of(a) != rank_of(b))
        return rank_of(a) - rank_of(b);
    return a->number < b->number ? -1 : 1;
}

/* --- one run --- */

static void check_run(const struct regression_set *set, const struct made_row *newest)
{
    static struct hand_run hand;
    static struct bytes tools[1] = {{(const uint8_t *)"transfer", 8}};
    char question[TEXT_MAX], answer[TEXT_MAX];
    struct expected wanted[ROWS_MAX];
    struct regression_report found;
    uint32_t count = 0;
    struct verdict_report report = {.verdict = below(2) ? VERDICT_FAIL : VERDICT_PASS};
    snprintf(report.signature, sizeof report.signature, "%016x", below(4));
    write_question(question, below(1000));
    snprintf(answer, sizeof answer, "%s. And %s.", claims[below(COUNT(claims))],
             claims[below(COUNT(claims))]);
    hand_run_init(&hand);
    hand_run_step(&hand, NO_SPAN, STEP_AGENT, "root");
    hand.run.input = bytes_of_text(question);
    hand.run.output = bytes_of_text(answer);
    hand.run.tools = (struct bytes_list){tools, below(2)};
    struct score_context context = {.run = hand_run_ordered(&hand), .arena = &arena};
    for (uint32_t i = 0; i < ROWS_MAX; i++)
        if (newest[i].row.revision > 0 &&
            expect(&newest[i].row, question, answer, hand.run.tools.count > 0,
                   report.verdict == VERDICT_FAIL, report.signature, &wanted[count]))
            count++;
    qsort(wanted, count, sizeof *wanted, compare);
    regression_look(set, &context, &report, 1700000000000, &found);
    ck_assert_uint_eq(found.count, count);
    for (uint32_t i = 0; i < count && i < REGRESSION_HITS_MAX; i++) {
        ck_assert_uint_eq(get_be32(found.hits[i].row_id_bytes + 12), wanted[i].number);
        ck_assert_int_eq(found.hits[i].match, wanted[i].match);
        ck_assert_int_eq(found.hits[i].check, wanted[i].check);
        ck_assert(found.hits[i].check == CHECK_NONE || found.hits[i].is_fail == wanted[i].is_fail);
    }
    hand_run_finish(&hand);
}

START_TEST(a_run_meets_what_a_comparison_with_each_row_finds)
{
    arena_init(&arena, 64 << 20);
    for (int round = 0; round < ROUNDS; round++) {
        static struct made_row newest[ROWS_MAX];
        struct regression_builder *builder = regression_builder_create(0.75, ROWS_MAX);
        memset(newest, 0, sizeof newest);
        for (uint32_t line = below(LINES_MAX); line > 0; line--) {
            static struct made_row made;
            struct buffer json = {0};
            uint32_t number = below(ROWS_MAX), revision = 1 + below(4);
            make_row(&made, number, revision);
            regression_case_write(&made.row, &json);
            ck_assert_int_eq(regression_builder_add(builder, buffer_bytes(&json)), STATUS_OK);
            buffer_finish(&json);
            /* A tombstone of what was never there is forgotten: logs begin with the row. */
            bool is_live = !made.row.is_retired && !made.row.is_no_regression;
            bool is_known = newest[number].row.revision > 0;
            if (is_known ? revision < newest[number].row.revision : !is_live)
                continue;
            newest[number] = made;
            newest[number].row.question = made.row.question ? newest[number].question : NULL;
            newest[number].row.signature = made.row.signature ? newest[number].signature : NULL;
        }
        struct regression_set *set = regression_builder_finish(builder);
        ck_assert_ptr_nonnull(set);
        for (int run = 0; run < RUNS; run++) {
            arena_reset(&arena);
            check_run(set, newest);
        }
        regression_set_release(set);
    }
    arena_finish(&arena);
}
END_TEST

START_TEST(near_questions_are_those_of_all_pairs)
{
    static const double similarities[] = {0.5, 0.6, 0.75, 0.9, 1};
    static char texts[QUESTIONS][TEXT_MAX];
    static struct question_grams grams[QUESTIONS];
    struct bytes questions[QUESTIONS];
    uint32_t met = 0;
    arena_init(&arena, 64 << 20);
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        if (i % 7 == 0)
            snprintf(texts[i], TEXT_MAX, "%.*s", (int)below(9), "short ones"); /* also empty */
        else
            write_question(texts[i], below(1000));
        questions[i] = question_normalize(bytes_of_text(texts[i]), &arena);
        grams[i] = question_grams(questions[i], &arena);
    }
    for (uint32_t s = 0; s < COUNT(similarities); s++) {
        struct near_questions *near =
            near_questions_create(questions, QUESTIONS / 2, similarities[s]);
        ck_assert_ptr_nonnull(near);
        for (uint32_t i = 0; i < QUESTIONS; i++) {
            uint32_t found[NEAR_FOUND_MAX], wanted[QUESTIONS], count = 0;
            for (uint32_t j = 0; j < QUESTIONS / 2; j++)
                if (question_jaccard(grams[i], grams[j]) >= similarities[s])
                    wanted[count++] = j;
            uint32_t got = near_questions_find(near, questions[i], &arena, found);
            if (count > NEAR_FOUND_MAX)
                continue;
            ck_assert_uint_eq(got, count);
            ck_assert(count == 0 || memcmp(found, wanted, count * sizeof *found) == 0);
            met += count;
        }
        near_questions_destroy(near);
    }
    ck_assert_uint_gt(met, QUESTIONS);
    arena_finish(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regression");
    TCase *tests = tcase_create("regression");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_run_meets_what_a_comparison_with_each_row_finds);
    tcase_add_test(tests, near_questions_are_those_of_all_pairs);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
