/* Do the retrieved documents speak of what was asked? For each document r = |Q in D| / |Q| on
 * content words; over the documents in order of retrieval
 *   max, mean
 *   ap = sum over k of (precision at k) * v_k / sum of v_k,  v_k = [r_k >= 0.3]; 0 without any v */
#include "processor/base/text/utf8.h"
#include "processor/score/language/content_words.h"
#include "processor/score/language/word_set.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

/* Where a pipeline sets none. Ragas and ai-evaluation ask a model which document is
 * relevant; without one, a document that shares three of ten content words with a question
 * is about its subject. */
static const double relevance_default = 0.3;

enum { QUESTION_WORDS_MAX = 512 }; /* the first of a longer question are looked for */

struct relevance {
    uint32_t documents, relevant; /* those with a text; those at or above the limit */
    double max, sum, precision_sum;
};

static double share_found(const struct word_set *question, struct bytes text, struct arena *scratch)
{
    bool found[QUESTION_WORDS_MAX] = {false};
    uint32_t count = 0;
    struct words words = content_words(text, scratch);
    for (size_t i = 0; i < words.count; i++) {
        int64_t at = word_set_find(question, words.items[i].hash);
        if (at >= 0 && !found[at]) {
            found[at] = true;
            count++;
        }
    }
    return (double)count / question->count;
}

static struct relevance judge_documents(const struct word_set *question,
                                        struct score_context *context, struct reading *reading)
{
    const struct agent_run *run = context->run;
    double limit = context->ruleset->measurements.relevance_min;
    if (limit <= 0)
        limit = relevance_default;
    struct relevance relevance = {0};
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    size_t left = CONTEXT_BYTES_MAX;
    for (uint32_t i = 0; i < run->document_count && left > 0; i++) {
        struct bytes text = utf8_cut(run->documents[i].text, DOCUMENT_BYTES_MAX);
        text = utf8_cut(text, left);
        left -= text.size;
        if (text.size == 0)
            continue;
        double share = share_found(question, text, &scratch);
        arena_reset(&scratch);
        relevance.documents++;
        relevance.sum += share;
        if (share > relevance.max)
            relevance.max = share;
        if (share >= limit) {
            relevance.relevant++;
            relevance.precision_sum += (double)relevance.relevant / relevance.documents;
        } else
            reading_point(reading, context, i, FIELD_CONTEXT, 0, text.size);
    }
    arena_finish(&scratch);
    return relevance;
}

void measure_context_relevance(const struct measurement *self, struct score_context *context,
                               struct reading *ret_reading)
{
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    struct word_set question = word_set_content(utf8_cut(context->run->input, ANSWER_BYTES_MAX),
                                                QUESTION_WORDS_MAX, &scratch);
    if (question.count == 0) {
        reading_na(ret_reading, "no_input");
        arena_finish(&scratch);
        return;
    }
    struct relevance relevance = judge_documents(&question, context, ret_reading);
    arena_finish(&scratch);
    if (relevance.documents == 0) {
        reading_na(ret_reading, "no_contexts");
        return;
    }
    if (self->parameter == RELEVANCE_MAX)
        reading_number(ret_reading, relevance.max);
    else if (self->parameter == RELEVANCE_MEAN)
        reading_number(ret_reading, relevance.sum / relevance.documents);
    else
        reading_number(ret_reading,
                       relevance.relevant ? relevance.precision_sum / relevance.relevant : 0);
    reading_explain(ret_reading, context,
                    "%u of %u retrieved documents speak of the question; the best holds %.0f %% of "
                    "its content words",
                    relevance.relevant, relevance.documents, relevance.max * 100);
}
