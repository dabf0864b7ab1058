/* The documents that a run retrieved, distinct, in order of retrieval. */
#pragma once
#include "processor/agent_run.h"
#include "processor/normalize/semconv/semconv.h"

struct document_list {
    struct document *items;
    uint32_t count, capacity;
    struct arena *arena;
};

/* Adds those of one span. `from_output`: read its output too when nothing names documents. */
void documents_of_span(struct document_list *list, const struct span *span, uint32_t index,
                       const struct semconv *semconv, bool from_output);
/* Of a run that asked no retriever, what its tools said is what it knows: adds their results. */
void documents_of_tools(struct document_list *list, const struct agent_run *run);
