/* A run that goes round in circles rarely repeats itself to the letter. Texts are compared by their
 * pairs of neighboring words, as sets:
 *
 *   |A and B| / |A or B|   >= 0.5 for outputs of models, >= 0.8 for arguments of one tool
 *
 * with any text before, not just the last: A B C A B C goes round too. What repeats is not kept, so
 * that a long circle is compared with its few distinct texts; of distinct ones the latest
 * KEPT_MAX are. */
#include "processor/score/measure/near_repeats.h"

#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/base/text/utf8.h"
#include "processor/base/text/words.h"
#include "processor/score/language/word_set.h"
#include "processor/score/measure/reading.h"
#include "processor/score/signature.h"

static const double near_output = 0.5, near_call = 0.8;

/* Bounds on the work of one run: TEXTS_MAX * KEPT_MAX comparisons of PAIRS_MAX each. Outputs below
 * five words ("OK.", "Done.") are alike by nature. */
enum { TEXTS_MAX = 1024, KEPT_MAX = 64, PAIRS_MAX = 512, TEXT_BYTES_MAX = 8 * 1024 };
enum { OUTPUT_WORDS_MIN = 5, CALL_WORDS_MIN = 2, ERRORS_MAX = 1024 };

/* A distinct text; `group` parts what is not compared: the tools. */
struct kept {
    struct word_set pairs;
    uint64_t group;
};

struct kept_texts {
    struct kept items[KEPT_MAX]; /* a ring */
    uint32_t added;
    struct arena *arena;
};

static struct word_set pairs_of(struct bytes text, size_t words_min, struct arena *scratch,
                                struct arena *arena)
{
    struct words words = text_words(utf8_cut(text, TEXT_BYTES_MAX), scratch);
    struct word_set set = {0};
    if (words.count < words_min)
        return set;
    size_t count = words.count - 1 < PAIRS_MAX ? words.count - 1 : PAIRS_MAX;
    set.hashes = arena_alloc(arena, count * sizeof *set.hashes);
    for (size_t i = 0; set.hashes && i < count; i++)
        set.hashes[set.count++] =
            words.items[i].hash * 0x9e3779b97f4a7c15 ^ words.items[i + 1].hash;
    word_set_sort(&set);
    return set;
}

static bool are_near(const struct word_set *a, const struct word_set *b, double from)
{
    uint32_t smaller = a->count < b->count ? a->count : b->count;
    uint32_t larger = a->count < b->count ? b->count : a->count;
    if (smaller == 0 || smaller < from * larger)
        return false;
    uint32_t common = word_set_common(a, b);
    return (double)common / (a->count + b->count - common) >= from;
}

static bool is_near_kept(const struct kept_texts *kept, const struct kept *text, double from)
{
    uint32_t count = kept->added < KEPT_MAX ? kept->added : KEPT_MAX;
    for (uint32_t i = 0; i < count; i++)
        if (kept->items[i].group == text->group &&
            are_near(&kept->items[i].pairs, &text->pairs, from))
            return true;
    return false;
}

static void keep(struct kept_texts *kept, const struct kept *text)
{
    if (text->pairs.count > 0)
        kept->items[kept->added++ % KEPT_MAX] = *text;
}

static void look_at_outputs(struct near_repeats *found, struct kept_texts *kept,
                            struct score_context *context, struct reading *reading)
{
    const struct agent_run *run = context->run;
    struct arena scratch;
    uint32_t looked = 0;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, run->arena);
    for (uint32_t i = 0; i < run->step_count && looked < TEXTS_MAX; i++) {
        const struct step *step = &run->steps[i];
        if (step->kind != STEP_LLM || !step_counts(step) || step->output.size == 0)
            continue;
        looked++;
        struct kept text = {.pairs =
                                pairs_of(step->output, OUTPUT_WORDS_MIN, &scratch, kept->arena)};
        arena_reset(&scratch);
        if (!is_near_kept(kept, &text, near_output)) {
            keep(kept, &text);
            continue;
        }
        found->outputs++;
        reading_point(reading, context, i, FIELD_STEP_OUTPUT, 0, step->output.size);
    }
    arena_finish(&scratch);
}

/* A call that is another to the letter is counted elsewhere. */
static void look_at_calls(struct near_repeats *found, struct kept_texts *kept,
                          const struct tool_calls *calls, struct score_context *context,
                          struct reading *reading)
{
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    for (uint32_t i = 0; i < calls->count && i < TEXTS_MAX; i++) {
        const struct tool_call *call = &calls->items[i];
        if (!call->has_arguments || call->earlier > 0)
            continue;
        struct kept text = {.pairs =
                                pairs_of(call->arguments, CALL_WORDS_MIN, &scratch, kept->arena),
                            .group = call->name_hash};
        arena_reset(&scratch);
        if (!is_near_kept(kept, &text, near_call)) {
            keep(kept, &text);
            continue;
        }
        found->calls++;
        reading_point(reading, context, call->span, call->field, 0, call->arguments.size);
    }
    arena_finish(&scratch);
}

static int compare_hashes(const void *a_, const void *b_)
{
    uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;
    return (a > b) - (a < b);
}

static void look_at_errors(struct near_repeats *found, const struct agent_run *run)
{
    uint64_t hashes[ERRORS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->step_count && count < ERRORS_MAX; i++) {
        char error[NORMALIZED_ERROR_MAX];
        const struct step *step = &run->steps[i];
        if (step->kind != STEP_TOOL || !step_counts(step) || !step_has_failed(step))
            continue;
        hashes[count++] =
            digest_fnv1a64(bytes_of(error, signature_normalize_error(error, step->error)));
    }
    qsort(hashes, count, sizeof *hashes, compare_hashes);
    for (uint32_t i = 1; i < count; i++)
        found->errors += hashes[i] == hashes[i - 1];
}

struct near_repeats near_repeats_find(struct score_context *context, const struct tool_calls *calls,
                                      struct reading *reading)
{
    struct near_repeats found = {0};
    struct arena arena;
    arena_init_part(&arena, SCRATCH_BYTES_MAX, context->run->arena);
    struct kept_texts *kept = arena_zalloc(&arena, 2, sizeof *kept);
    if (kept) {
        kept[0].arena = kept[1].arena = &arena;
        look_at_outputs(&found, &kept[0], context, reading);
        look_at_calls(&found, &kept[1], calls, context, reading);
    }
    arena_finish(&arena);
    look_at_errors(&found, context->run);
    return found;
}
