/* What a run says and does again in nearly the same words. */
#pragma once
#include "processor/score/measure/tool_calls.h"

struct near_repeats {
    uint32_t outputs; /* model outputs that are near one before them, any */
    uint32_t calls;   /* tool calls near an earlier one of the tool, and not the same */
    uint32_t errors;  /* errors that were met before, but for digits and ids */
};

/* Points at the outputs and calls that it finds. */
struct near_repeats near_repeats_find(struct score_context *context, const struct tool_calls *calls,
                                      struct reading *reading);
