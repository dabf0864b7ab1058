/* Names that no row knows are read by their ending: vendors agree on words where they do
 * not agree on namespaces. */
#include "processor/normalize/semconv/semconv_endings.h"

/* What vendors to come will call it: the ending of a name says it where no row does, and counts
 * last. Text only where text is meant. */
static const struct semconv_row ending_rows[] = {
    {"input", SC_IN_ENDING, FAMILY_ANY, 255},
    {"output", SC_OUT_ENDING, FAMILY_ANY, 255},
    {"span.type", SC_KIND, FAMILY_ANY, 255},
    {"span_type", SC_KIND, FAMILY_ANY, 255},
    {"span.kind", SC_KIND, FAMILY_ANY, 255},
    {"span_kind", SC_KIND, FAMILY_ANY, 255},
    {"tool.name", SC_TOOL_NAME, FAMILY_ANY, 255},
    {"tool_name", SC_TOOL_NAME, FAMILY_ANY, 255},
    {"input_tokens", SC_TOKENS_INPUT, FAMILY_ANY, 255},
    {"prompt_tokens", SC_TOKENS_INPUT, FAMILY_ANY, 255},
    {"output_tokens", SC_TOKENS_OUTPUT, FAMILY_ANY, 255},
    {"completion_tokens", SC_TOKENS_OUTPUT, FAMILY_ANY, 255},
    {"session.id", SC_CONVERSATION, FAMILY_ANY, 255},
    {"session_id", SC_CONVERSATION, FAMILY_ANY, 255},
    {"thread.id", SC_CONVERSATION, FAMILY_ANY, 255},
    {"thread_id", SC_CONVERSATION, FAMILY_ANY, 255},
    {"conversation.id", SC_CONVERSATION, FAMILY_ANY, 255},
    {"conversation_id", SC_CONVERSATION, FAMILY_ANY, 255},
};

/* Namespaces that end so and mean something else: parts of counts, transports, ids of processes. */
static const char *const closed_namespaces[] = {"gen_ai.usage.", "gen_ai.aggregated_usage.",
                                                "llm.",          "http.",
                                                "db.",           "rpc.",
                                                "messaging.",    "process.",
                                                "mcp.",          "thread.",
                                                "langsmith.",    "langfuse.",
                                                "otel.",         "traceloop.",
                                                "metadata.",     "eval.",
                                                "openinference."};

const struct semconv_row *semconv_find_ending(struct bytes name)
{
    for (size_t i = 0; i < sizeof closed_namespaces / sizeof *closed_namespaces; i++)
        if (bytes_starts_with(name, bytes_of_text(closed_namespaces[i])))
            return NULL;
    for (size_t i = 0; i < sizeof ending_rows / sizeof *ending_rows; i++) {
        const char *ending = ending_rows[i].name;
        size_t size = strlen(ending);
        if (name.size <= size || memcmp(name.data + name.size - size, ending, size) != 0)
            continue;
        uint8_t before = name.data[name.size - size - 1];
        if (before == '.' || before == '_' || before == ':' || before == '/')
            return &ending_rows[i];
    }
    return NULL;
}
