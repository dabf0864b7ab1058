/* One span as a step of the run, after normalization. Plain data; bytes live in the run's arena or
 * in the wire bytes. */
#pragma once
#include "processor/span.h"

enum step_kind {
    STEP_AGENT,
    STEP_WORKFLOW,
    STEP_CHAIN,
    STEP_LLM,
    STEP_TOOL,
    STEP_RETRIEVER,
    STEP_RERANKER,
    STEP_EMBEDDING,
    STEP_GUARDRAIL,
    STEP_EVALUATOR,
    STEP_MEMORY,
    STEP_PLAN,
    STEP_OTHER,
    STEP_KINDS
};
extern const char *const step_kind_names[STEP_KINDS + 1]; /* ends with NULL */

struct step {
    const struct span *span;
    enum step_kind kind;
    uint8_t family;  /* enum semconv_family: the vocabulary that decided the kind, for debugging */
    bool is_counted; /* of nested spans of one model call or one retrieval only one is counted */
    bool is_own; /* false: an evaluator's or judge's doing below an EVALUATOR span; not part of the
                    agent's work */
    bool cache_hit, is_fallback;
    bool is_repeat; /* a second library's span of a call that is counted elsewhere: at `repeated` */
    bool is_control_flow; /* ended by an exception that steers: a pause, a jump, a cancellation */
    uint32_t repeated;    /* index of the step that stands for it, when is_repeat */
    struct bytes name;    /* span name */
    struct bytes tool;    /* tool name; absent unless kind is tool */
    struct bytes agent;   /* agent name */
    struct bytes model;   /* that answered, else that was asked */
    struct bytes model_asked;
    struct bytes provider;
    struct bytes response_id; /* of a model's answer, by its provider */
    struct bytes call_id;     /* of a tool: which call of the model's it is */
    struct bytes error;       /* what failed, when it did; first line, without a traceback */
    struct bytes error_type;
    struct bytes finish_reason;
    int64_t tokens_input, tokens_output; /* -1: none recorded */
    double cost_usd;                     /* negative: none recorded */
    int64_t ttft_ns;                     /* time to first token; -1: none recorded */

    /* Content: set by content_read(), absent before. As a person reads it. */
    struct bytes input, output;
    struct bytes arguments; /* of a tool call: JSON when it was JSON */
};

/* Is a tool the one that a list names? Agents put the server in front of a name: mcp__loans__lookup
 * is `lookup`, and both are one. */
bool step_tool_is(struct bytes tool, struct bytes listed);

/* The one answer to "did this step fail": by its status or in the vendor's own words. A run that
 * waits for a human, jumps in its graph or is called off has not failed. */
static inline bool step_has_failed(const struct step *step)
{
    return step->error.size > 0;
}
