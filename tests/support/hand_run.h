/* Builds an agent run by hand, without wire bytes: what a measurement reads is set directly. Its
 * content counts as read, so nothing looks for attributes. Starts empty; spans are one millisecond
 * apart and one second long. */
#pragma once
#include "processor/agent_run.h"

enum { HAND_SPANS_MAX = 512, HAND_ITEMS_MAX = 64 };

struct hand_run {
    struct arena arena;
    struct trajectory trajectory;
    struct agent_run run;
    struct span spans[HAND_SPANS_MAX];
    struct step steps[HAND_SPANS_MAX];
    struct document documents[HAND_ITEMS_MAX];
    struct score scores[HAND_ITEMS_MAX];
    struct feedback feedback[HAND_ITEMS_MAX];
    struct bytes offered[HAND_ITEMS_MAX], models[HAND_ITEMS_MAX], errors[HAND_ITEMS_MAX];
};

void hand_run_init(struct hand_run *builder);
void hand_run_finish(struct hand_run *builder);

/* A span below `parent` (NO_SPAN: a root) and its step; returns the index of both. */
uint32_t hand_run_step(struct hand_run *builder, uint32_t parent, enum step_kind kind,
                       const char *name);
/* A tool call below the first span. `arguments` may be NULL. */
struct step *hand_run_tool(struct hand_run *builder, const char *name, const char *arguments);
/* A model call below the first span. */
struct step *hand_run_llm(struct hand_run *builder, const char *model, const char *output);
void hand_run_document(struct hand_run *builder, const char *text);
struct score *hand_run_score(struct hand_run *builder, const char *name, double value);
void hand_run_error(struct hand_run *builder, const char *text);
void hand_run_offer(struct hand_run *builder, const char *tool);
/* Orders the spans; call it after the last one. Returns the run. */
struct agent_run *hand_run_ordered(struct hand_run *builder);
