/* Names that no row knows are read by their ending: vendors agree on words where they do
 * not agree on namespaces. */
#include "processor/normalize/semconv/semconv_endings.h"

/* What vendors to come will call it: the ending of a name says it where no row does, and counts
 * last. Text only where text is meant. */
#define ROW(ending, concept)                                                                       \
    {                                                                                              \
        {(ending), (concept), FAMILY_ANY, 255}, sizeof(ending) - 1                                 \
    }
static const struct ending {
    struct semconv_row row;
    size_t size;
} endings[] = {
    ROW("input", SC_IN_ENDING),
    ROW("output", SC_OUT_ENDING),
    ROW("span.type", SC_KIND),
    ROW("span_type", SC_KIND),
    ROW("span.kind", SC_KIND),
    ROW("span_kind", SC_KIND),
    ROW("tool.name", SC_TOOL_NAME),
    ROW("tool_name", SC_TOOL_NAME),
    ROW("input_tokens", SC_TOKENS_INPUT),
    ROW("prompt_tokens", SC_TOKENS_INPUT),
    ROW("output_tokens", SC_TOKENS_OUTPUT),
    ROW("completion_tokens", SC_TOKENS_OUTPUT),
    ROW("session.id", SC_CONVERSATION),
    ROW("session_id", SC_CONVERSATION),
    ROW("thread.id", SC_CONVERSATION),
    ROW("thread_id", SC_CONVERSATION),
    ROW("conversation.id", SC_CONVERSATION),
    ROW("conversation_id", SC_CONVERSATION),
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

static bool is_closed(struct bytes name)
{
    for (size_t i = 0; i < sizeof closed_namespaces / sizeof *closed_namespaces; i++)
        if (bytes_starts_with(name, bytes_of_text(closed_namespaces[i])))
            return true;
    return false;
}

/* Asked for every name that no row knows: the last byte tells most of them. */
static bool ends_with(struct bytes name, const struct ending *ending)
{
    size_t size = ending->size;
    if (name.size <= size || name.data[name.size - 1] != (uint8_t)ending->row.name[size - 1] ||
        memcmp(name.data + name.size - size, ending->row.name, size) != 0)
        return false;
    uint8_t before = name.data[name.size - size - 1];
    return before == '.' || before == '_' || before == ':' || before == '/';
}

const struct semconv_row *semconv_find_ending(struct bytes name)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, &endings[i]))
            return is_closed(name) ? NULL : &endings[i].row;
    return NULL;
}
