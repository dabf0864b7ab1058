/* A model is given the turns before the question along with it. So the first calls are asked for
 * their messages, and where the run's question is among them, what stands before it is the history.
 *
 *   system, user A, assistant B, user C = the question   ->   user A, assistant B */
#include "processor/normalize/content/history.h"

#include "processor/normalize/content/exchange.h"
#include "processor/normalize/content/messages_flat.h"

/* Runs of one turn have no history anywhere: a few calls are enough to know. */
enum { ASKED_MAX = 4 };

/* The turns before the last one that is the question. */
static bool take_turns(struct agent_run *run, const struct turns *turns)
{
    uint32_t first = turns->count > TURNS_MAX ? turns->count - TURNS_MAX : 0, end = turns->count;
    while (end > first && !(turns->items[(end - 1) % TURNS_MAX].role == ROLE_USER &&
                            bytes_equal(turns->items[(end - 1) % TURNS_MAX].text, run->input)))
        end--;
    if (end <= first + 1)
        return false;
    end--;
    if (end - first > HISTORY_MAX)
        first = end - HISTORY_MAX;
    run->history = arena_zalloc(run->arena, end - first, sizeof *run->history);
    for (uint32_t i = first; run->history && i < end; i++)
        run->history[run->history_count++] =
            (struct turn){turns->items[i % TURNS_MAX].role == ROLE_USER,
                          turns->items[i % TURNS_MAX].text};
    return true;
}

static bool ask(struct agent_run *run, uint32_t index, struct turns *turns)
{
    static const enum semconv_concept concepts[] = {SC_IN_MESSAGES, SC_IN_RAW, SC_IN_VALUE,
                                                    SC_IN_PROMPT, SC_IN_ALL_MESSAGES};
    struct semconv semconv;
    semconv_read_span(run->steps[index].span, &semconv);
    turns->count = 0;
    if (semconv.seen & SEEN_CONTENT)
        messages_flat_turns(run->steps[index].span, run->arena, turns);
    if (take_turns(run, turns))
        return true;
    for (size_t i = 0; i < sizeof concepts / sizeof *concepts; i++) {
        struct bytes text = exchange_concept_text(&semconv, concepts[i], run->arena);
        turns->count = 0;
        if (text.size > 0)
            messages_turns(text, run->arena, turns);
        if (take_turns(run, turns))
            return true;
    }
    return false;
}

void history_read(struct agent_run *run)
{
    struct turns *turns = run->input.size > 0 ? arena_zalloc(run->arena, 1, sizeof *turns) : NULL;
    if (!turns)
        return;
    if (run->input_span != NO_SPAN && ask(run, run->input_span, turns))
        return;
    uint32_t asked = 0;
    for (uint32_t i = 0; i < run->step_count && asked < ASKED_MAX; i++) {
        const struct step *step = &run->steps[i];
        if (!step->is_own || step->kind != STEP_LLM || i == run->input_span)
            continue;
        asked++;
        if (ask(run, i, turns))
            return;
    }
}
