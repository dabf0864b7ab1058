/* The answer against the expected one, where a trace carries it: word for word, and by the harmonic
 * mean of precision and recall over words, each counted as often as it stands. */
#include <stdlib.h>

#include "processor/base/text/utf8.h"
#include "processor/base/text/words.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

static int compare_words(const void *a_, const void *b_)
{
    const struct word *a = a_, *b = b_;
    return (a->hash > b->hash) - (a->hash < b->hash);
}

static uint32_t count_common(struct words a, struct words b)
{
    uint32_t common = 0;
    qsort(a.items, a.count, sizeof *a.items, compare_words);
    qsort(b.items, b.count, sizeof *b.items, compare_words);
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

static bool are_equal(struct words a, struct words b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++)
        if (a.items[i].hash != b.items[i].hash)
            return false;
    return true;
}

/* The words of both texts; false with an na reason when one has none. */
static bool read_words(struct score_context *context, struct arena *scratch,
                       struct words *ret_answer, struct words *ret_expected,
                       struct reading *reading)
{
    struct bytes expected = utf8_cut(context->run->expected, ANSWER_BYTES_MAX);
    struct bytes answer = utf8_cut(context->run->output, ANSWER_BYTES_MAX);
    if (expected.size > 0)
        *ret_expected = text_words(expected, scratch);
    if (answer.size > 0)
        *ret_answer = text_words(answer, scratch);
    if (ret_expected->count == 0)
        reading_na(reading, "no_expected");
    else if (answer.size == 0)
        reading_na(reading, "no_answer");
    return !reading->na_reason;
}

void measure_ground_truth_exact(const struct measurement *self, struct score_context *context,
                                struct reading *ret_reading)
{
    (void)self;
    struct arena scratch;
    struct words answer = {0}, expected = {0};
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    if (read_words(context, &scratch, &answer, &expected, ret_reading)) {
        bool is_equal = are_equal(answer, expected);
        reading_number(ret_reading, is_equal ? 1 : 0);
        reading_explain(ret_reading, context,
                        is_equal ? "The answer is the expected one"
                                 : "The answer differs from the expected one");
        if (!is_equal)
            reading_point(ret_reading, context, NO_SPAN, FIELD_OUTPUT, 0,
                          context->run->output.size);
    }
    arena_finish(&scratch);
}

void measure_ground_truth_f1(const struct measurement *self, struct score_context *context,
                             struct reading *ret_reading)
{
    (void)self;
    struct arena scratch;
    struct words answer = {0}, expected = {0};
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    if (read_words(context, &scratch, &answer, &expected, ret_reading)) {
        uint32_t common = count_common(answer, expected);
        reading_number(ret_reading, 2.0 * common / (double)(answer.count + expected.count));
        reading_explain(
            ret_reading, context,
            "Answer (%zu words) and expected answer (%zu words) have %u words in common",
            answer.count, expected.count, common);
        reading_point(ret_reading, context, NO_SPAN, FIELD_OUTPUT, 0, context->run->output.size);
    }
    arena_finish(&scratch);
}
