/* A loss matters where its text would have been read. */
#include "processor/agent_run.h"

uint32_t agent_run_lost(const struct agent_run *run)
{
    uint32_t top = run->trajectory->top, below = run->lost_below;
    if (run->refused_spans > 0)
        return RUN_TEXTS_ALL;
    if (run->has_content && run->input.size > 0 && run->input_span == top)
        below &= ~(uint32_t)RUN_TEXT_INPUT;
    if (run->has_content && run->output.size > 0 && run->output_span == top)
        below &= ~(uint32_t)RUN_TEXT_OUTPUT;
    return run->lost_at_top | below;
}
