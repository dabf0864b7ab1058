/* Names of step kinds, as records state them. */
#include "processor/step.h"

const char *const step_kind_names[STEP_KINDS + 1] = {
    [STEP_AGENT] = "agent",         [STEP_WORKFLOW] = "workflow",
    [STEP_CHAIN] = "chain",         [STEP_LLM] = "llm",
    [STEP_TOOL] = "tool",           [STEP_RETRIEVER] = "retriever",
    [STEP_RERANKER] = "reranker",   [STEP_EMBEDDING] = "embedding",
    [STEP_GUARDRAIL] = "guardrail", [STEP_EVALUATOR] = "evaluator",
    [STEP_MEMORY] = "memory",       [STEP_PLAN] = "plan",
    [STEP_OTHER] = "other",
};
