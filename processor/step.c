/* Names: of kinds, as records state them, and of tools, as agents and servers call them. */
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

static bool ends_with_name(struct bytes name, struct bytes inner)
{
    static const char *const separators[] = {"__", ".", "/", ":"};
    if (inner.size == 0 || name.size <= inner.size ||
        memcmp(name.data + name.size - inner.size, inner.data, inner.size) != 0)
        return false;
    struct bytes prefix = bytes_of(name.data, name.size - inner.size);
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
        size_t size = strlen(separators[i]);
        if (prefix.size > size &&
            memcmp(prefix.data + prefix.size - size, separators[i], size) == 0)
            return true;
    }
    uint8_t last = prefix.data[prefix.size - 1];
    return bytes_starts_with(prefix, BYTES_LITERAL("mcp")) && (last == '_' || last == '-');
}

bool step_tool_is(struct bytes tool, struct bytes listed)
{
    return bytes_equal(tool, listed) || ends_with_name(tool, listed) ||
           ends_with_name(listed, tool);
}
