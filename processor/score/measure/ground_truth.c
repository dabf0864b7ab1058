/* The answer against the expected one, where a trace carries it; of several alternatives the one
 * that fits best counts:
 *
 *   exact     the same words in order
 *   f1        harmonic mean of precision and recall over words, each as often as it stands
 *   recall    share of the distinct expected words that the answer has, numbers by value
 *   contains  the expected words stand in the answer in order, with nothing in between
 *
 * An answer is a sentence where the expected one is a name, so f1 fails most right ones; recall
 * does not count what else was said. */
#include <stdlib.h>

#include "processor/base/text/utf8.h"
#include "processor/base/text/words.h"
#include "processor/score/language/number.h"
#include "processor/score/language/word_set.h"
#include "processor/score/measure/expected.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

/* One alternative next to the answer. */
struct pair {
    struct bytes expected_text;
    struct words answer, expected;
    struct words sorted_answer;    /* by hash */
    struct word_set answer_values; /* see values_of() */
    struct arena *scratch;
};

static int compare_words(const void *a_, const void *b_)
{
    const struct word *a = a_, *b = b_;
    return (a->hash > b->hash) - (a->hash < b->hash);
}

static struct words sorted_copy(struct words words, struct arena *scratch)
{
    struct word *items = arena_alloc(scratch, (words.count + 1) * sizeof *items);
    if (!items)
        return (struct words){0};
    if (words.count > 0)
        memcpy(items, words.items, words.count * sizeof *items);
    qsort(items, words.count, sizeof *items, compare_words);
    return (struct words){items, words.count};
}

static uint32_t count_common(struct words a, struct words b)
{
    uint32_t common = 0;
    for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
        if (a.items[i].hash == b.items[j].hash) {
            common++;
            i++, j++;
        } else if (a.items[i].hash < b.items[j].hash)
            i++;
        else
            j++;
    }
    return common;
}

static bool are_equal(const struct word *a, const struct word *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i].hash != b[i].hash)
            return false;
    return true;
}

static double exact(const struct pair *pair)
{
    return pair->answer.count == pair->expected.count &&
           are_equal(pair->answer.items, pair->expected.items, pair->answer.count);
}

static double f1(const struct pair *pair)
{
    struct words expected = sorted_copy(pair->expected, pair->scratch);
    return 2.0 * count_common(pair->sorted_answer, expected) /
           (double)(pair->answer.count + pair->expected.count);
}

static double contains(const struct pair *pair)
{
    size_t wanted = pair->expected.count;
    for (size_t at = 0; at + wanted <= pair->answer.count; at++)
        if (are_equal(pair->answer.items + at, pair->expected.items, wanted))
            return 1;
    return 0;
}

static struct number number_at(struct bytes text, struct word word)
{
    struct number number = {0};
    number_of_word(bytes_of(text.data + word.start, word.end - word.start), word.hash, &number);
    return number;
}

/* Its words as a set; those with a digit by every value that they may be read as. */
static struct word_set values_of(struct bytes text, struct words words, struct arena *scratch)
{
    struct word_set set = {
        arena_alloc(scratch, (words.count * NUMBER_READINGS_MAX + 1) * sizeof *set.hashes), 0};
    for (size_t i = 0; set.hashes && i < words.count; i++) {
        if (!words.items[i].has_digit) {
            set.hashes[set.count++] = words.items[i].hash;
            continue;
        }
        struct number number = number_at(text, words.items[i]);
        for (uint32_t j = 0; j < number.reading_count; j++)
            set.hashes[set.count++] = number.readings[j];
    }
    word_set_sort(&set);
    return set;
}

static bool holds_word(const struct word_set *set, struct bytes text, struct word word)
{
    if (!word.has_digit)
        return word_set_find(set, word.hash) >= 0;
    struct number number = number_at(text, word);
    for (uint32_t i = 0; i < number.reading_count; i++)
        if (word_set_find(set, number.readings[i]) >= 0)
            return true;
    return false;
}

static double recall(const struct pair *pair)
{
    struct words expected = sorted_copy(pair->expected, pair->scratch);
    uint32_t distinct = 0, found = 0;
    for (size_t i = 0; i < expected.count; i++) {
        if (i > 0 && expected.items[i].hash == expected.items[i - 1].hash)
            continue;
        distinct++;
        found += holds_word(&pair->answer_values, pair->expected_text, expected.items[i]);
    }
    return distinct ? (double)found / distinct : 0;
}

static double compare(const struct pair *pair, int what)
{
    switch (what) {
    case GROUND_TRUTH_EXACT:
        return exact(pair);
    case GROUND_TRUTH_F1:
        return f1(pair);
    case GROUND_TRUTH_RECALL:
        return recall(pair);
    default:
        return contains(pair);
    }
}

static void explain(int what, double value, const struct pair *best, struct score_context *context,
                    struct reading *reading)
{
    switch (what) {
    case GROUND_TRUTH_EXACT:
        reading_explain(reading, context,
                        value > 0 ? "The answer is the expected one"
                                  : "The answer differs from the expected one");
        break;
    case GROUND_TRUTH_F1:
        reading_explain(reading, context,
                        "Answer (%zu words) and expected answer (%zu words) agree to %.0f %%",
                        best->answer.count, best->expected.count, value * 100);
        break;
    case GROUND_TRUTH_RECALL:
        reading_explain(reading, context, "The answer has %.0f %% of the %zu expected words",
                        value * 100, best->expected.count);
        break;
    default:
        reading_explain(reading, context,
                        value > 0 ? "The answer contains the expected one"
                                  : "The answer does not contain the expected one");
    }
}

/* The best of the alternatives; -1 where none has a word. */
static double best_of(int what, struct pair *pair, struct bytes expected, struct pair *ret_best)
{
    struct expected_answers answers = expected_read(expected, pair->scratch);
    double best = -1;
    size_t answer_size = pair->answer.count * sizeof(struct word);
    for (uint32_t i = 0; i < answers.count && arena_look(pair->scratch, answer_size); i++) {
        pair->expected_text = answers.items[i];
        pair->expected = text_words(answers.items[i], pair->scratch);
        double value = pair->expected.count > 0 ? compare(pair, what) : -1;
        if (value > best) {
            best = value;
            *ret_best = *pair;
        }
    }
    return best;
}

void measure_ground_truth(const struct measurement *self, struct score_context *context,
                          struct reading *ret_reading)
{
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    struct pair best = {0};
    struct bytes answer = utf8_cut(context->run->output, ANSWER_BYTES_MAX);
    struct pair pair = {.scratch = &scratch};
    if (answer.size > 0)
        pair.answer = text_words(answer, &scratch);
    pair.sorted_answer = sorted_copy(pair.answer, &scratch);
    pair.answer_values = values_of(answer, pair.answer, &scratch);
    struct bytes expected = utf8_cut(context->run->expected, ANSWER_BYTES_MAX);
    double value = best_of(self->parameter, &pair, expected, &best);
    if (value < 0)
        reading_na(ret_reading, "no_expected");
    else if (answer.size == 0)
        reading_na(ret_reading, "no_answer");
    else {
        reading_number(ret_reading, value);
        explain(self->parameter, value, &best, context, ret_reading);
        if (self->parameter == GROUND_TRUTH_F1 || value < 1)
            reading_point(ret_reading, context, NO_SPAN, FIELD_OUTPUT, 0,
                          context->run->output.size);
    }
    arena_finish(&scratch);
}
