/* What one span says was asked and answered, from whichever of its attributes, events and log
 * records tells. */
#pragma once
#include "processor/agent_run.h"
#include "processor/normalize/semconv/semconv.h"

struct reading {
    struct bytes question, answer; /* absent: none */
    struct bytes
        history; /* question by a list of all messages, where later ones are the library's own */
    bool is_resumed; /* goes on after a human's answer */
};

void reading_of_span(const struct agent_run *run, uint32_t index, const struct semconv *semconv,
                     struct reading *ret);
/* A tool's arguments, as JSON when they were JSON or can be, and its result as text. */
struct bytes tool_arguments(const struct semconv *semconv, struct arena *arena);
struct bytes tool_result(const struct semconv *semconv, struct arena *arena);
/* The value of a concept as text; structured values as JSON. Absent when there is none. */
struct bytes concept_text(const struct semconv *semconv, enum semconv_concept concept,
                          struct arena *arena);
