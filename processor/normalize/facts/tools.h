/* The tools that a model was given to choose from. */
#pragma once
#include "processor/normalize/facts/lists.h"
#include "processor/normalize/semconv/semconv.h"

struct tool_offers {
    struct text_list names, definitions; /* same indexes */
    struct text_list sources;            /* attribute values read before: calls repeat them */
    struct arena *arena;
};

/* Adds the definitions on one model call. */
void tools_of_span(struct tool_offers *offers, const struct span *span,
                   const struct semconv *semconv);
