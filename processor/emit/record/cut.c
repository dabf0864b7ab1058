/* Which texts give way when a record is too large. Within a class the largest give first: one cap
 * for all, the largest with which the sum of the cut sizes is small enough.
 *
 *   sizes  900 700 90 40    excess 800    ->    cap 400:  400 400 90 40, two entries in truncation */
#include "processor/emit/record/cut.h"

#include "processor/emit/record/input.h"

/* Below these a text says nothing any more. */
static const uint32_t floors[TEXT_CLASSES] = {
    [TEXT_CONTEXT] = 64, [TEXT_STEP] = 64, [TEXT_MESSAGE] = 64,
    [TEXT_REASON] = 200, [TEXT_NAME] = 64,
};

struct cut_plan cut_plan_widest(void)
{
    return (struct cut_plan){
        .caps =
            {
                [TEXT_CONTEXT] = REVIEW_RECORD_MAX,
                [TEXT_STEP] = REVIEW_RECORD_MAX,
                [TEXT_MESSAGE] = REVIEW_RECORD_MAX,
                [TEXT_REASON] = 4000,
                [TEXT_NAME] = 256,
            },
        .steps_max = UINT32_MAX,
        .contexts_max = 500,
        .list_max = 100,
        .evidence_max = 32,
        .has_quotes = true,
    };
}

/* What a cap saves at least. A text is left whole while it is less than CUT_COST over the cap. */
static size_t saved(const struct text_sizes *sizes, uint32_t cap)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < sizes->count; i++)
        if (sizes->items[i] > cap + 2 + CUT_COST)
            sum += sizes->items[i] - cap - 2 - CUT_COST;
    return sum;
}

/* The largest cap that saves `excess`, or the floor. */
static uint32_t find_cap(const struct text_sizes *sizes, uint32_t floor, uint32_t widest,
                         size_t excess)
{
    uint32_t low = floor, high = widest;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        if (saved(sizes, middle) >= excess)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

bool cut_plan_narrow(struct cut_plan *plan, const struct cut_measures *measured, size_t excess,
                     int round)
{
    if (round == 0) {
        plan->steps_whole = measured->steps_bytes;
        for (int i = 0; i < TEXT_CLASSES && excess > 0; i++) {
            const struct text_sizes *sizes = &measured->sizes[i];
            uint32_t cap = find_cap(sizes, floors[i], plan->caps[i], excess);
            size_t gain = saved(sizes, cap);
            plan->caps[i] = cap;
            excess = gain < excess ? excess - gain : 0;
        }
        return true;
    }
    if (plan->has_quotes) {
        plan->has_quotes = false;
        return true;
    }
    uint32_t steps = measured->step_count;
    if (plan->steps_max < steps)
        steps = plan->steps_max;
    if (steps > 0) {
        /* With a step goes what truncation[] says of it. In proportion, and a little less, since
         * steps differ in size. */
        size_t bytes = measured->steps_bytes + measured->cuts_bytes;
        size_t fits = bytes > excess ? bytes - excess : 0;
        plan->steps_max = (uint32_t)((double)steps * (double)fits / (double)bytes * (15.0 / 16.0));
        return true;
    }
    if (plan->list_max + plan->contexts_max + plan->evidence_max == 0)
        return false;
    plan->list_max /= 2;
    plan->contexts_max /= 2;
    plan->evidence_max /= 2;
    return true;
}
