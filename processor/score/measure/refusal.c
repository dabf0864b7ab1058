/* Did the agent refuse? Anchored phrases at the sentences that start in the first 300 characters of
 * the answer; further on, "we cannot" describes something. */
#include "processor/base/text/sentences.h"
#include "processor/base/text/utf8.h"
#include "processor/score/language/phrases.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"
#include "processor/score/memo.h"

enum { OPENING_CHARACTERS = 300, OPENING_SENTENCES = 32 };

static struct bytes opening(struct bytes answer)
{
    size_t end = 0;
    for (int i = 0; i < OPENING_CHARACTERS && end < answer.size; i++)
        (void)utf8_decode(answer, end, &end);
    return bytes_of(answer.data, end);
}

void measure_refusal(const struct measurement *self, struct score_context *context,
                     struct reading *ret_reading)
{
    (void)self;
    struct bytes answer = context->run->output;
    struct sentence sentences[OPENING_SENTENCES];
    if (answer.size == 0) {
        reading_na(ret_reading, "no_answer");
        return;
    }
    size_t count = text_sentences(opening(answer), sentences, OPENING_SENTENCES);
    for (size_t i = 0; i < count; i++) {
        struct sentence sentence = sentences[i];
        if (!phrase_is_refusal(
                bytes_of(answer.data + sentence.start, sentence.end - sentence.start)))
            continue;
        reading_number(ret_reading, 1);
        reading_point(ret_reading, context, NO_SPAN, FIELD_OUTPUT, sentence.start, sentence.end);
        reading_explain(ret_reading, context, "The answer opens with a refusal");
        return;
    }
    reading_number(ret_reading, 0);
    reading_explain(ret_reading, context, "The answer does not open with a refusal");
}

bool measure_answer_is_na(struct score_context *context, struct reading *reading)
{
    if (context->run->output.size == 0) {
        reading_na(reading, "no_answer");
        return true;
    }
    const struct reading *refusal = memo_read_named("refusal", context);
    if (!refusal->has_value || refusal->value <= 0)
        return false;
    reading_na(reading, "refusal");
    return true;
}
