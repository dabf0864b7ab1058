/* Are the numbers of the answer in the documents, the tool results or the question? Amounts, dates
 * and ids are words with a digit.
 *
 *   1,200.00 = 1200 = 1.200,00      both separators: the later is the decimal one
 *   1.200                           one separator before three digits: read both ways
 *   AB-12, 2nd                      no number: compared folded, as a word
 *
 * The numbers of list items ("2." at the start of a line) state nothing. */
#include <stdlib.h>

#include "processor/score/content_words.h"
#include "processor/score/measurement_functions.h"
#include "processor/score/reading.h"

enum { READINGS_MAX = 2, KNOWN_MAX = 65536, NUMBER_BYTES_MAX = 64 };

/* The ways to read one number, as hashes. */
struct number_readings {
    uint64_t hashes[READINGS_MAX];
    uint32_t count;
};

struct known_numbers {
    uint64_t *hashes;
    uint32_t count;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Digits with at most one decimal point, without leading and trailing zeroes. `decimal_at`: where
 * the fraction starts, the size when there is none. */
static uint64_t plain_hash(struct bytes text, size_t decimal_at)
{
    uint8_t plain[NUMBER_BYTES_MAX + 1];
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (i == decimal_at)
            plain[size++] = '.';
        else if (is_digit(text.data[i]) && (text.data[i] != '0' || size > 0))
            plain[size++] = text.data[i];
    }
    if (decimal_at < text.size) {
        while (size > 0 && plain[size - 1] == '0')
            size--;
        if (size > 0 && plain[size - 1] == '.')
            size--;
    }
    /* FNV-1a, as words are hashed. */
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ plain[i]) * 0x100000001b3;
    return hash;
}

static struct number_readings read_number(struct bytes text, uint64_t word_hash)
{
    struct number_readings readings = {.hashes = {word_hash}, .count = 1};
    size_t dots = 0, commas = 0, last = 0;
    if (text.size > NUMBER_BYTES_MAX)
        return readings;
    for (size_t i = 0; i < text.size; i++) {
        dots += text.data[i] == '.';
        commas += text.data[i] == ',';
        if (text.data[i] == '.' || text.data[i] == ',')
            last = i;
        else if (!is_digit(text.data[i]) && text.data[i] != '\'')
            return readings;
    }
    size_t separators = dots + commas;
    bool one_kind = dots == 0 || commas == 0;
    if (separators == 0 || (one_kind && separators > 1)) {
        readings.hashes[0] = plain_hash(text, text.size);
        return readings;
    }
    readings.hashes[0] = plain_hash(text, last);
    if (separators == 1 && text.size - last == 4 && last <= 3)
        readings.hashes[readings.count++] = plain_hash(text, text.size);
    return readings;
}

static void add_known(struct known_numbers *known, struct bytes text, struct arena *scratch)
{
    struct words words = text_words(utf8_cut(text, DOCUMENT_BYTES_MAX), scratch);
    for (size_t i = 0; i < words.count; i++) {
        struct word word = words.items[i];
        if (!word.has_digit)
            continue;
        struct number_readings readings =
            read_number(bytes_of(text.data + word.start, word.end - word.start), word.hash);
        for (uint32_t j = 0; j < readings.count && known->count < KNOWN_MAX; j++)
            known->hashes[known->count++] = readings.hashes[j];
    }
    arena_reset(scratch);
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

static void read_known(struct known_numbers *known, const struct agent_run *run)
{
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    add_known(known, run->input, &scratch);
    for (uint32_t i = 0; i < run->document_count; i++)
        add_known(known, run->documents[i].text, &scratch);
    for (uint32_t i = 0; i < run->step_count; i++)
        if (is_tool_result(&run->steps[i]))
            add_known(known, run->steps[i].output, &scratch);
    arena_finish(&scratch);
    qsort(known->hashes, known->count, sizeof *known->hashes, compare_hashes);
}

static bool numbers_item(struct bytes answer, struct word word)
{
    if (word.end >= answer.size || (answer.data[word.end] != '.' && answer.data[word.end] != ')'))
        return false;
    size_t at = word.start;
    while (at > 0 && (answer.data[at - 1] == ' ' || answer.data[at - 1] == '\t'))
        at--;
    bool ends_sentence = word.end + 1 >= answer.size || answer.data[word.end + 1] == '\n';
    return (at == 0 || answer.data[at - 1] == '\n') && !ends_sentence;
}

static void judge(const struct known_numbers *known, struct score_context *context,
                  struct reading *reading, struct arena *scratch)
{
    struct bytes answer = utf8_cut(context->run->output, ANSWER_BYTES_MAX);
    struct words words = text_words(answer, scratch);
    uint32_t numbers = 0, unknown = 0;
    for (size_t i = 0; i < words.count; i++) {
        struct word word = words.items[i];
        if (!word.has_digit || numbers_item(answer, word))
            continue;
        struct number_readings readings =
            read_number(bytes_of(answer.data + word.start, word.end - word.start), word.hash);
        const struct word_set set = {known->hashes, known->count};
        bool is_known = false;
        for (uint32_t j = 0; j < readings.count; j++)
            is_known |= word_set_find(&set, readings.hashes[j]) >= 0;
        numbers++;
        if (is_known)
            continue;
        unknown++;
        reading_point(reading, context, NO_SPAN, FIELD_OUTPUT, word.start, word.end);
    }
    if (numbers == 0) {
        reading_na(reading, "no_numbers");
        return;
    }
    reading_number(reading, (double)(numbers - unknown) / numbers);
    if (unknown > 0)
        reading_explain(reading, context,
                        "%u of %u numbers of the answer %s in no document, tool result or question",
                        unknown, numbers, unknown == 1 ? "is" : "are");
    else
        reading_explain(reading, context,
                        "%u of %u numbers of the answer are in a document, a tool result or the "
                        "question",
                        numbers, numbers);
}

void measure_numeric_groundedness(const struct measurement *self, struct score_context *context,
                                  struct reading *ret_reading)
{
    (void)self;
    if (!has_source(context->run)) {
        reading_na(ret_reading, context->run->output.size ? "no_contexts" : "no_answer");
        return;
    }
    if (answer_is_na(context, ret_reading))
        return;
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    struct known_numbers known = {arena_alloc(&scratch, KNOWN_MAX * sizeof(uint64_t)), 0};
    if (!known.hashes)
        reading_na(ret_reading, "no_memory");
    else {
        read_known(&known, context->run);
        judge(&known, context, ret_reading, &scratch);
    }
    arena_finish(&scratch);
}
