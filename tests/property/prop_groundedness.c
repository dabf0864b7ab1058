/* link: score */
/* Random answers and documents over a small vocabulary. Groundedness agrees with a naive reading of
 * its formula, lies in [0, 1], and a sentence added to the documents never lowers it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/support/score_fixture.h"

enum { ROUNDS = 1500, SENTENCES_MAX = 6, WORDS_MAX = 9, VOCABULARY = 14, TEXT_MAX = 2048 };

/* No stop words, greetings or hedges; each a content word. */
static const char *const vocabulary[VOCABULARY] = {"alpha",   "bravo", "charlie",  "delta",  "echo",
                                                   "foxtrot", "golf",  "hotel",    "juliet", "kilo",
                                                   "lima",    "mike",  "november", "quebec"};

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

/* A text as the words of its sentences, each a bit set beside its number of words. */
struct model_text {
    uint32_t count;
    uint32_t sets[SENTENCES_MAX * 2], sizes[SENTENCES_MAX * 2];
    char text[TEXT_MAX];
};

static void add_sentence(struct model_text *model)
{
    uint32_t words = 1 + draw(WORDS_MAX), set = 0;
    size_t used = strlen(model->text);
    for (uint32_t i = 0; i < words; i++) {
        uint32_t word = draw(VOCABULARY);
        set |= 1u << word;
        used += (size_t)snprintf(model->text + used, TEXT_MAX - used, "%s%s", i ? " " : "",
                                 vocabulary[word]);
    }
    snprintf(model->text + used, TEXT_MAX - used, ". ");
    model->sizes[model->count] = words;
    model->sets[model->count++] = set;
}

static uint32_t size_of_set(uint32_t set)
{
    uint32_t size = 0;
    for (; set; set &= set - 1)
        size++;
    return size;
}

/* The formula, word for word; -1 without claims. */
static double naive(const struct model_text *answer, const struct model_text *documents,
                    uint32_t document_count)
{
    uint32_t claims = 0;
    double support_of_all = 0;
    for (uint32_t c = 0; c < answer->count; c++) {
        if (answer->sizes[c] < 3)
            continue;
        uint32_t claim = answer->sets[c];
        double best = 0;
        for (uint32_t d = 0; d < document_count; d++)
            for (uint32_t s = 0; s < documents[d].count; s++)
                for (uint32_t width = 1; width <= 2 && s + width <= documents[d].count; width++) {
                    uint32_t window = documents[d].sets[s];
                    if (width == 2)
                        window |= documents[d].sets[s + 1];
                    double support = (double)size_of_set(claim & window) / size_of_set(claim);
                    best = support > best ? support : best;
                }
        claims++;
        support_of_all += best;
    }
    return claims ? support_of_all / claims : -1;
}

static double measured(struct score_fixture *fixture, const struct model_text *answer,
                       const struct model_text *documents, uint32_t document_count)
{
    struct hand_run *hand = &fixture->builder;
    arena_reset(&hand->arena);
    hand->run.output = bytes_of_text(answer->text);
    hand->run.document_count = 0;
    for (uint32_t i = 0; i < document_count; i++)
        hand_run_document(hand, documents[i].text);
    const struct reading *reading = score_fixture_read(fixture, "groundedness.lexical");
    return reading->has_value ? reading->value : -1;
}

START_TEST(groundedness_agrees_with_its_formula_and_only_grows_with_evidence)
{
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    state = seed;
    struct score_fixture *fixture = score_fixture_create();
    for (int round = 0; round < ROUNDS; round++) {
        struct model_text answer = {0}, documents[3] = {{0}};
        uint32_t document_count = 1 + draw(3);
        for (uint32_t i = 0, count = 1 + draw(SENTENCES_MAX); i < count; i++)
            add_sentence(&answer);
        for (uint32_t d = 0; d < document_count; d++)
            for (uint32_t i = 0, count = 1 + draw(SENTENCES_MAX); i < count; i++)
                add_sentence(&documents[d]);
        double before = measured(fixture, &answer, documents, document_count);
        ck_assert_msg(before <= 1 && (before >= 0 || before <= -1), "seed %llu: %g",
                      (unsigned long long)seed, before);
        ck_assert_msg(before >= naive(&answer, documents, document_count) - 1e-12 &&
                          before <= naive(&answer, documents, document_count) + 1e-12,
                      "seed %llu round %d: %g, not %g\n%s\n%s", (unsigned long long)seed, round,
                      before, naive(&answer, documents, document_count), answer.text,
                      documents[0].text);
        add_sentence(&documents[document_count - 1]);
        double after = measured(fixture, &answer, documents, document_count);
        ck_assert_msg(after >= before, "seed %llu round %d: %g after %g", (unsigned long long)seed,
                      round, after, before);
    }
    score_fixture_destroy(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("groundedness");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, groundedness_agrees_with_its_formula_and_only_grows_with_evidence);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
