/* The order in which sources are believed: a named kind, the operation, a name that only evaluators
 * use, then what the span carries. */
#include "processor/normalize/facts/step_kind.h"

#include "processor/normalize/semconv/kinds.h"

static bool ends_with(struct bytes text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

static bool starts_with(struct bytes text, const char *start)
{
    return bytes_starts_with(text, bytes_of_text(start));
}

static enum step_kind kind_by_evidence(const struct semconv *semconv)
{
    if (semconv_has(semconv, SC_TOOL_ARGUMENTS) || semconv_has(semconv, SC_TOOL_RESULT) ||
        (semconv_has(semconv, SC_TOOL_NAME) && !semconv_has(semconv, SC_MODEL_ASKED)))
        return STEP_TOOL;
    if (semconv->seen & SEEN_EMBEDDINGS)
        return STEP_EMBEDDING;
    if (semconv->seen & SEEN_DOCUMENTS || semconv_has(semconv, SC_DOCUMENTS))
        return STEP_RETRIEVER;
    bool has_tokens =
        semconv_has(semconv, SC_TOKENS_INPUT) || semconv_has(semconv, SC_TOKENS_OUTPUT);
    bool has_model = semconv_has(semconv, SC_MODEL) || semconv_has(semconv, SC_MODEL_ASKED);
    if (has_model && (has_tokens || semconv_has(semconv, SC_FINISH_REASON)))
        return STEP_LLM;
    return STEP_OTHER;
}

enum step_kind step_kind_of_span(const struct semconv *semconv, struct bytes scope,
                                 enum semconv_family *ret_family)
{
    *ret_family = FAMILY_GEN_AI;
    if (semconv->has_kind) {
        *ret_family = semconv->kind_family;
        /* Four kinds are too few for OpenLLMetry: its LangChain package says the rest in the
         * operation, its decorators in the function's name. */
        if (semconv->kind_family == FAMILY_OPENLLMETRY && semconv->kind == STEP_CHAIN) {
            if (semconv->has_operation && semconv->operation != STEP_AGENT)
                return semconv->operation;
            if (starts_with(semconv_text(semconv, SC_ENTITY_NAME), "retrieve"))
                return STEP_RETRIEVER;
        }
        /* An agent hands over, no tool runs. */
        if (semconv->kind == STEP_TOOL && !semconv_has(semconv, SC_TOOL_NAME) &&
            (starts_with(semconv->name, "handoff") || ends_with(semconv->name, ".handoff")))
            return STEP_OTHER;
        return semconv->kind;
    }
    if (semconv->has_operation)
        return semconv->operation;
    *ret_family = FAMILY_LOGFIRE;
    if (semconv_has(semconv, SC_FEEDBACK_NAME) ||
        (bytes_equal_text(scope, "pydantic-evals") && starts_with(semconv->name, "evaluator:")))
        return STEP_EVALUATOR;
    enum step_kind named;
    *ret_family = FAMILY_ANY;
    if (kind_of_span_name(semconv->name, &named))
        return named;
    *ret_family = FAMILY_NONE;
    if (semconv_has(semconv, SC_SCORE_NAME) && starts_with(semconv->name, "eval"))
        return STEP_EVALUATOR;
    return kind_by_evidence(semconv);
}
