/* link: score */
/* Random answers and documents over a small vocabulary. Groundedness agrees with a naive reading of
 * its formula, lies in [0, 1], and a sentence added to the documents lowers it by no more than what
 * more documents hold by chance. */
#include <check.h>
#include <math.h>
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

/* A text as the words of its sentences, each a bit set beside the words in order. */
struct model_text {
    uint32_t count;
    uint32_t sets[SENTENCES_MAX * 2], sizes[SENTENCES_MAX * 2];
    uint32_t words[SENTENCES_MAX * 2][WORDS_MAX];
    char text[TEXT_MAX];
};

static void add_sentence(struct model_text *model)
{
    uint32_t words = 1 + draw(WORDS_MAX), set = 0;
    size_t used = strlen(model->text);
    for (uint32_t i = 0; i < words; i++) {
        uint32_t word = draw(VOCABULARY);
        set |= 1u << word;
        model->words[model->count][i] = word;
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

/* --- the formula, part for part --- */

static bool is_claim(const struct model_text *answer, uint32_t sentence)
{
    return answer->sizes[sentence] >= 3;
}

/* The largest share of the claim's words in one or two neighboring sentences. */
static double support_of(uint32_t claim, const struct model_text *documents,
                         uint32_t document_count)
{
    double best = 0;
    for (uint32_t d = 0; d < document_count; d++)
        for (uint32_t s = 0; s < documents[d].count; s++)
            for (uint32_t width = 1; width <= 2 && s + width <= documents[d].count; width++) {
                uint32_t window = documents[d].sets[s];
                if (width == 2)
                    window |= documents[d].sets[s + 1];
                best = fmax(best, (double)size_of_set(claim & window) / size_of_set(claim));
            }
    return best;
}

static double chance_of(const struct model_text *documents, uint32_t document_count)
{
    uint32_t sentences = 0;
    for (uint32_t d = 0; d < document_count; d++)
        sentences += documents[d].count;
    return fmin(0.5, 0.012 * sqrt(sentences));
}

typedef bool pair_table[VOCABULARY][VOCABULARY];

static void add_pairs(const struct model_text *text, bool claims_alone, pair_table pairs)
{
    for (uint32_t s = 0; s < text->count; s++)
        for (uint32_t i = 0; i + 1 < text->sizes[s] && (!claims_alone || is_claim(text, s)); i++)
            pairs[text->words[s][i]][text->words[s][i + 1]] = true;
}

static double share_of_pairs(const struct model_text *answer, const struct model_text *documents,
                             uint32_t document_count)
{
    pair_table wanted = {{0}}, there = {{0}};
    uint32_t count = 0, found = 0;
    add_pairs(answer, true, wanted);
    for (uint32_t d = 0; d < document_count; d++)
        add_pairs(&documents[d], false, there);
    for (uint32_t i = 0; i < VOCABULARY; i++)
        for (uint32_t j = 0; j < VOCABULARY; j++) {
            count += wanted[i][j];
            found += wanted[i][j] && there[i][j];
        }
    return (double)found / count;
}

/* All words of a text in order, whatever its sentences. */
static uint32_t flatten(const struct model_text *text, uint32_t to[SENTENCES_MAX * 2 * WORDS_MAX])
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < text->count; s++)
        for (uint32_t i = 0; i < text->sizes[s]; i++)
            to[count++] = text->words[s][i];
    return count;
}

static bool stands_word_for_word(const struct model_text *answer,
                                 const struct model_text *documents, uint32_t document_count)
{
    uint32_t wanted[SENTENCES_MAX * 2 * WORDS_MAX], there[SENTENCES_MAX * 2 * WORDS_MAX];
    uint32_t count = flatten(answer, wanted);
    for (uint32_t d = 0; d < document_count && count <= 32; d++) {
        uint32_t size = flatten(&documents[d], there);
        for (uint32_t at = 0; at + count <= size; at++)
            if (memcmp(there + at, wanted, count * sizeof *wanted) == 0)
                return true;
    }
    return false;
}

/* -1 without claims. The vocabulary has no names and no numbers. */
static double naive(const struct model_text *answer, const struct model_text *documents,
                    uint32_t document_count)
{
    uint32_t claims = 0, all = 0;
    double support = 0, anywhere = 0, chance = chance_of(documents, document_count);
    if (stands_word_for_word(answer, documents, document_count))
        return 1;
    for (uint32_t d = 0; d < document_count; d++)
        for (uint32_t s = 0; s < documents[d].count; s++)
            all |= documents[d].sets[s];
    for (uint32_t c = 0; c < answer->count; c++) {
        if (!is_claim(answer, c))
            continue;
        claims++;
        support += support_of(answer->sets[c], documents, document_count);
        anywhere += (double)size_of_set(answer->sets[c] & all) / size_of_set(answer->sets[c]);
    }
    if (claims == 0)
        return -1;
    return (support / claims + fmax(0, (anywhere / claims - chance) / (1 - chance)) +
            share_of_pairs(answer, documents, document_count)) /
           3;
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

START_TEST(groundedness_agrees_with_its_formula_and_falls_by_chance_alone)
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
        double chance = chance_of(documents, document_count);
        add_sentence(&documents[document_count - 1]);
        double after = measured(fixture, &answer, documents, document_count);
        double now = chance_of(documents, document_count);
        double by_chance = (now - chance) / ((1 - now) * (1 - now));
        ck_assert_msg(after >= before - by_chance, "seed %llu round %d: %g after %g",
                      (unsigned long long)seed, round, after, before);
    }
    score_fixture_destroy(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("groundedness");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, groundedness_agrees_with_its_formula_and_falls_by_chance_alone);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
