/* Names of kinds are rows; Vercel alone puts its kinds into the ids of its functions. */
#include "processor/normalize/semconv/kinds.h"

struct kind_name {
    const char *name; /* lower case */
    enum step_kind kind;
};

/* OpenInference, traceAI, MLflow, LangSmith and Langfuse name kinds alike; case is folded, because
 * they do not agree on it. What is missing (UNKNOWN, span, event) says nothing. */
static const struct kind_name span_kinds[] = {
    {"llm", STEP_LLM},
    {"chat_model", STEP_LLM},
    {"generation", STEP_LLM},
    {"chain", STEP_CHAIN},
    {"task", STEP_CHAIN},
    {"tool", STEP_TOOL},
    {"agent", STEP_AGENT},
    {"workflow", STEP_WORKFLOW},
    {"retriever", STEP_RETRIEVER},
    {"retrieval", STEP_RETRIEVER},
    {"reranker", STEP_RERANKER},
    {"embedding", STEP_EMBEDDING},
    {"guardrail", STEP_GUARDRAIL},
    {"evaluator", STEP_EVALUATOR},
    {"memory", STEP_MEMORY},
    {"plan", STEP_PLAN},
    {"prompt", STEP_OTHER},
    {"parser", STEP_OTHER},
    {"handoff", STEP_OTHER},
    {"conversation", STEP_WORKFLOW},
    /* LangWatch */
    {"rag", STEP_RETRIEVER},
    {"component", STEP_CHAIN},
    {"evaluation", STEP_EVALUATOR},
    /* Mastra; a generation holds its inferences */
    {"agent_run", STEP_AGENT},
    {"workflow_run", STEP_WORKFLOW},
    {"workflow_step", STEP_CHAIN},
    {"model_generation", STEP_LLM},
    {"llm_generation", STEP_LLM},
    {"model_inference", STEP_LLM},
    {"model_step", STEP_CHAIN},
    {"model_chunk", STEP_OTHER},
    {"tool_call", STEP_TOOL},
    {"mcp_tool_call", STEP_TOOL},
    {"processor_run", STEP_GUARDRAIL},
    {"rag_embedding", STEP_EMBEDDING},
    /* Genkit */
    {"model", STEP_LLM},
    {"flow", STEP_WORKFLOW},
    {"embedder", STEP_EMBEDDING},
    /* llm.request.type */
    {"chat", STEP_LLM},
    {"completion", STEP_LLM},
    {"rerank", STEP_RERANKER},
};

static const struct kind_name operations[] = {
    {"chat", STEP_LLM},
    {"generate_content", STEP_LLM},
    {"text_completion", STEP_LLM},
    {"chat.completions", STEP_LLM}, /* Semantic Kernel */
    {"text.completions", STEP_LLM},
    {"chat_completions", STEP_LLM},
    {"response", STEP_LLM},
    {"responses", STEP_LLM},
    {"embeddings", STEP_EMBEDDING},
    {"retrieval", STEP_RETRIEVER},
    {"vector_db_retrieve", STEP_RETRIEVER},
    {"rerank", STEP_RERANKER},
    {"invoke_agent", STEP_AGENT},
    {"create_agent", STEP_OTHER},
    {"invoke_workflow", STEP_WORKFLOW},
    {"execute_tool", STEP_TOOL},
    {"execute_task", STEP_CHAIN},
    {"execute_event_loop_cycle", STEP_CHAIN},
    {"guardrail", STEP_GUARDRAIL},
    {"apply_guardrail", STEP_GUARDRAIL},
    {"evaluate", STEP_EVALUATOR},
    {"evaluation", STEP_EVALUATOR},
    /* OpenLIT */
    {"framework", STEP_WORKFLOW},
    {"vectordb", STEP_RETRIEVER},
    {"moderation", STEP_GUARDRAIL},
    {"tools", STEP_TOOL},
};

/* Names of spans that say their kind, where no attribute does. */
static const struct kind_name span_names[] = {
    {"haystack.pipeline.run", STEP_WORKFLOW},
    {"haystack.async_pipeline.run", STEP_WORKFLOW},
    {"haystack.agent.run", STEP_AGENT},
    {"haystack.agent.step", STEP_CHAIN},
    {"haystack.agent.step.llm", STEP_LLM},
    {"haystack.agent.step.tool", STEP_TOOL},
    {"autofunctioninvocationloop", STEP_CHAIN}, /* Semantic Kernel */
    {"autogen process", STEP_CHAIN},
};

/* Haystack's components are classes, and their names end in what they do. */
static const struct kind_name component_endings[] = {
    {"Generator", STEP_LLM},       {"Retriever", STEP_RETRIEVER},
    {"Ranker", STEP_RERANKER},     {"Embedder", STEP_EMBEDDING},
    {"Agent", STEP_AGENT},         {"WebSearch", STEP_RETRIEVER},
    {"Evaluator", STEP_EVALUATOR}, {"", STEP_CHAIN},
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool equal_folded(struct bytes text, const char *name)
{
    size_t i = 0;
    for (; i < text.size && name[i]; i++)
        if (lower(text.data[i]) != (uint8_t)name[i])
            return false;
    return i == text.size && !name[i];
}

static bool ends_with(struct bytes text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

static bool starts_with(struct bytes text, const char *start)
{
    return bytes_starts_with(text, bytes_of_text(start));
}

static bool find_kind(const struct kind_name *names, size_t count, struct bytes text,
                      enum step_kind *ret_kind)
{
    for (size_t i = 0; i < count; i++) {
        if (!equal_folded(text, names[i].name))
            continue;
        *ret_kind = names[i].kind;
        return true;
    }
    return false;
}

/* ai.generateText and ai.streamObject run a loop of model calls and tools: they are the agent. */
static bool kind_of_vercel(struct bytes id, enum step_kind *ret_kind)
{
    if (!starts_with(id, "ai."))
        return false;
    if (ends_with(id, ".doGenerate") || ends_with(id, ".doStream"))
        *ret_kind = STEP_LLM;
    else if (starts_with(id, "ai.toolCall"))
        *ret_kind = STEP_TOOL;
    else if (starts_with(id, "ai.embed"))
        *ret_kind = STEP_EMBEDDING;
    else if (starts_with(id, "ai.rerank"))
        *ret_kind = STEP_RERANKER;
    else
        *ret_kind = STEP_AGENT;
    return true;
}

bool kind_of_span_name(struct bytes name, enum step_kind *ret_kind)
{
    for (size_t i = 0; i < sizeof span_names / sizeof *span_names; i++) {
        size_t size = strlen(span_names[i].name);
        bool is_start = name.size > size && name.data[size] == ' ';
        if (!equal_folded(is_start ? bytes_of(name.data, size) : name, span_names[i].name))
            continue;
        *ret_kind = span_names[i].kind;
        return true;
    }
    return false;
}

static enum step_kind kind_of_component(struct bytes class)
{
    size_t i = 0;
    while (!ends_with(class, component_endings[i].name))
        i++; /* the last one always fits */
    return component_endings[i].kind;
}

bool kind_of_value(enum semconv_family family, struct bytes text, enum step_kind *ret_kind)
{
    if (text.size >= 2 && text.data[0] == '"') /* MLflow writes JSON strings */
        text = bytes_of(text.data + 1, text.size - 2);
    if (family == FAMILY_VERCEL)
        return kind_of_vercel(text, ret_kind);
    if (family == FAMILY_HAYSTACK) {
        *ret_kind = kind_of_component(text);
        return true;
    }
    return find_kind(span_kinds, sizeof span_kinds / sizeof *span_kinds, text, ret_kind);
}

bool kind_of_operation(struct bytes text, enum step_kind *ret_kind)
{
    if (find_kind(operations, sizeof operations / sizeof *operations, text, ret_kind))
        return true;
    if (ends_with(text, "_memory") || ends_with(text, "_memory_store")) {
        *ret_kind = STEP_MEMORY;
        return true;
    }
    /* MLflow and others put their own kinds here: CHAIN, RETRIEVER, ... */
    return find_kind(span_kinds, sizeof span_kinds / sizeof *span_kinds, text, ret_kind);
}
