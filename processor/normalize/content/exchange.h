/* What one span says was asked and answered, from whichever of its attributes, events and log
 * records tells. */
#pragma once
#include "processor/agent_run.h"
#include "processor/normalize/semconv/semconv.h"

struct exchange {
    struct bytes question, answer; /* absent: none */
    /* Question by a list of all messages, where later ones are the library's own. */
    struct bytes history;
    bool is_resumed; /* goes on after a human's answer */
};

void exchange_of_span(const struct agent_run *run, uint32_t index, const struct semconv *semconv,
                      struct exchange *ret);
/* A tool's arguments, as JSON when they were JSON or can be, and its result as text. */
struct bytes exchange_tool_arguments(const struct semconv *semconv, struct arena *arena);
struct bytes exchange_tool_result(const struct semconv *semconv, struct arena *arena);
/* The value of a concept as text; structured values as JSON. Absent when there is none. */
struct bytes exchange_concept_text(const struct semconv *semconv, enum semconv_concept concept,
                                   struct arena *arena);
/* The value that the answer was read from, as its span holds it: "{"answer": ..., "sources": []}"
 * where a person is shown the answer alone. In the arena or the wire bytes; absent when only
 * messages hold it. After content_read(). */
struct bytes exchange_output_value(const struct agent_run *run);
