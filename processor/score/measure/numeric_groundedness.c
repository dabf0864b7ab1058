/* Are the numbers of the answer in the documents, the tool results or the question? Amounts, dates
 * and ids are compared by value (numbers.h); the numbers of list items ("2." at the start of a
 * line) state nothing. Sources are passed over line by line. */
#include <stdlib.h>

#include "processor/base/text/utf8.h"
#include "processor/score/language/word_set.h"
#include "processor/score/language/numbers.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

enum { KNOWN_MAX = 65536 }; /* numbers of all sources: 512 KB a run */

struct known_numbers {
    uint64_t *hashes; /* sorted once all are there */
    uint32_t count;
};

static bool add_reading(struct known_numbers *known, uint64_t reading)
{
    if (known->count == KNOWN_MAX)
        return false;
    known->hashes[known->count++] = reading;
    return true;
}

/* A date also makes its day and month known, for whoever leaves the year out; a year its decade. */
static bool add_number(void *known_, const struct number *number)
{
    struct known_numbers *known = known_;
    bool has_room = true;
    for (uint32_t i = 0; i < number->reading_count; i++)
        has_room = add_reading(known, number->readings[i]);
    if (number->day != 0)
        has_room = add_reading(known, number->year ? number->day : number->yearless);
    for (uint32_t i = 0; i < number->told_count; i++)
        has_room = add_reading(known, number->told[i]);
    return has_room;
}

static void add_known(struct known_numbers *known, struct bytes text, struct arena *scratch)
{
    text = utf8_cut(text, DOCUMENT_BYTES_MAX);
    while (text.size > 0) {
        const uint8_t *newline = memchr(text.data, '\n', text.size);
        size_t size = newline ? (size_t)(newline - text.data) + 1 : text.size;
        numbers_read(bytes_of(text.data, size), true, scratch, add_number, known);
        arena_reset(scratch);
        text = bytes_of(text.data + size, text.size - size);
    }
}

static int compare_hashes(const void *a_, const void *b_)
{
    uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;
    return (a > b) - (a < b);
}

static bool is_tool_result(const struct step *step)
{
    return step->kind == STEP_TOOL && step_counts(step) && step->output.size > 0;
}

static bool has_source(const struct agent_run *run)
{
    for (uint32_t i = 0; i < run->document_count; i++)
        if (run->documents[i].text.size > 0)
            return true;
    for (uint32_t i = 0; i < run->step_count; i++)
        if (is_tool_result(&run->steps[i]))
            return true;
    return false;
}

static void read_known(struct known_numbers *question, struct known_numbers *known,
                       const struct agent_run *run)
{
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, run->arena);
    add_known(question, run->input, &scratch);
    for (uint32_t i = 0; i < run->document_count; i++)
        if (!run->documents[i].is_tool_result)
            add_known(known, run->documents[i].text, &scratch);
    for (uint32_t i = 0; i < run->step_count; i++)
        if (is_tool_result(&run->steps[i]))
            add_known(known, run->steps[i].output, &scratch);
    arena_finish(&scratch);
    qsort(question->hashes, question->count, sizeof *question->hashes, compare_hashes);
    qsort(known->hashes, known->count, sizeof *known->hashes, compare_hashes);
}

/* What the answer was found to state. */
struct judgement {
    struct word_set question, known;
    struct score_context *context;
    struct reading *reading;
    uint32_t numbers, unknown;
    uint32_t from_elsewhere; /* not from the question: without one, nothing is proved */
};

static bool is_known(const struct word_set *known, const struct number *number)
{
    for (uint32_t i = 0; i < number->reading_count; i++)
        if (word_set_find(known, number->readings[i]) >= 0)
            return true;
    return false;
}

/* Of groups each for itself; of a full date the day, where it stands without a year, and the year.
 */
static bool are_parts_known(const struct word_set *known, const struct number *number)
{
    if (number->year != 0 && word_set_find(known, number->yearless) >= 0 &&
        word_set_find(known, number->year) >= 0)
        return true;
    uint32_t found = 0;
    while (found < number->part_count && word_set_find(known, number->parts[found]) >= 0)
        found++;
    return number->part_count > 0 && found == number->part_count;
}

static bool judge_number(void *judgement_, const struct number *number)
{
    struct judgement *judgement = judgement_;
    if (number->is_list_item)
        return true;
    judgement->numbers++;
    if (is_known(&judgement->known, number) || are_parts_known(&judgement->known, number)) {
        judgement->from_elsewhere++;
        return true;
    }
    if (is_known(&judgement->question, number) || are_parts_known(&judgement->question, number))
        return true;
    judgement->unknown++;
    reading_point(judgement->reading, judgement->context, NO_SPAN, FIELD_OUTPUT, number->start,
                  number->end);
    return true;
}

static void judge(const struct known_numbers *question, const struct known_numbers *known,
                  struct score_context *context, struct reading *reading, struct arena *scratch)
{
    struct judgement judgement = {.question = {question->hashes, question->count},
                                  .known = {known->hashes, known->count},
                                  .context = context,
                                  .reading = reading};
    numbers_read(utf8_cut(context->run->output, ANSWER_BYTES_MAX), false, scratch, judge_number,
                 &judgement);
    uint32_t numbers = judgement.numbers, unknown = judgement.unknown;
    if (numbers == 0) {
        reading_na(reading, "no_numbers");
        return;
    }
    reading->proves_nothing = judgement.from_elsewhere == 0;
    reading_number(reading, (double)(numbers - unknown) / numbers);
    if (unknown > 0)
        reading_explain(reading, context,
                        "%u of %u numbers of the answer %s in no document, tool result or question",
                        unknown, numbers, unknown == 1 ? "is" : "are");
    else
        reading_explain(reading, context,
                        "All %u numbers of the answer are in a document, tool result or question",
                        numbers);
}

void measure_numeric_groundedness(const struct measurement *self, struct score_context *context,
                                  struct reading *ret_reading)
{
    (void)self;
    if (!has_source(context->run)) {
        reading_na(ret_reading, context->run->output.size ? "no_contexts" : "no_answer");
        return;
    }
    if (measure_answer_is_na(context, ret_reading))
        return;
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    struct known_numbers known = {arena_alloc(&scratch, KNOWN_MAX * sizeof(uint64_t)), 0};
    struct known_numbers question = {arena_alloc(&scratch, KNOWN_MAX * sizeof(uint64_t)), 0};
    if (!known.hashes || !question.hashes)
        reading_na(ret_reading, "no_memory");
    else {
        read_known(&question, &known, context->run);
        judge(&question, &known, context, ret_reading, &scratch);
    }
    arena_finish(&scratch);
}
