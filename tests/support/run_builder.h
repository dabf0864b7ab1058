/* Builds an agent run by hand, without wire bytes: what a measurement reads is set directly. Its
 * content counts as read, so nothing looks for attributes. Starts empty; spans are one millisecond
 * apart and one second long. */
#pragma once
#include "processor/agent_run.h"

enum { BUILDER_SPANS_MAX = 512, BUILDER_ITEMS_MAX = 64 };

struct run_builder {
    struct arena arena;
    struct trajectory trajectory;
    struct agent_run run;
    struct span spans[BUILDER_SPANS_MAX];
    struct step steps[BUILDER_SPANS_MAX];
    struct document documents[BUILDER_ITEMS_MAX];
    struct score scores[BUILDER_ITEMS_MAX];
    struct feedback feedback[BUILDER_ITEMS_MAX];
    struct bytes offered[BUILDER_ITEMS_MAX], models[BUILDER_ITEMS_MAX], errors[BUILDER_ITEMS_MAX];
};

void run_builder_init(struct run_builder *builder);
void run_builder_finish(struct run_builder *builder);

/* A span below `parent` (NO_SPAN: a root) and its step; returns the index of both. */
uint32_t run_builder_step(struct run_builder *builder, uint32_t parent, enum step_kind kind,
                          const char *name);
/* A tool call below the first span. `arguments` may be NULL. */
struct step *run_builder_tool(struct run_builder *builder, const char *name, const char *arguments);
/* A model call below the first span. */
struct step *run_builder_llm(struct run_builder *builder, const char *model, const char *output);
void run_builder_document(struct run_builder *builder, const char *text);
struct score *run_builder_score(struct run_builder *builder, const char *name, double value);
void run_builder_error(struct run_builder *builder, const char *text);
void run_builder_offer(struct run_builder *builder, const char *tool);
/* Orders the spans; call it after the last one. Returns the run. */
struct agent_run *run_builder_run(struct run_builder *builder);
