/* Shapes of a message that are told apart here:
 *   {"role", "content": text | parts}                       OpenAI, Anthropic, Vercel, Bedrock
 *   {"role", "parts": [..]}                                 OpenTelemetry, Google
 *   {"role", "blocks": [..]}                                LlamaIndex
 *   {"type": "human", "data": {"content"}}                  LangChain, dumped
 *   {"lc": 1, "id": [.., "HumanMessage"], "kwargs": {..}}   LangChain, serialized
 *   {"type": "ai", "content"}                               LangChain, as a dict
 *   {"content", "additional_kwargs", ...}                   LangChain, as a repr: no role is written
 *   {"message": {..}}                                       a choice, a generation */
#include "processor/normalize/content/message.h"

enum { PARTS_MAX = 64, WRAPPERS_MAX = 4 };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

enum role message_role(struct bytes name)
{
    static const struct {
        const char *name;
        enum role role;
    } roles[] = {
        {"user", ROLE_USER},
        {"human", ROLE_USER},
        {"customer", ROLE_USER},
        {"assistant", ROLE_ASSISTANT},
        {"ai", ROLE_ASSISTANT},
        {"model", ROLE_ASSISTANT},
        {"bot", ROLE_ASSISTANT},
        {"chatbot", ROLE_ASSISTANT},
        {"agent", ROLE_ASSISTANT},
        {"aimessage", ROLE_ASSISTANT},
        {"aimessagechunk", ROLE_ASSISTANT},
        {"humanmessage", ROLE_USER},
        {"humanmessagechunk", ROLE_USER},
        {"system", ROLE_SYSTEM},
        {"developer", ROLE_SYSTEM},
        {"systemmessage", ROLE_SYSTEM},
        {"tool", ROLE_TOOL},
        {"function", ROLE_TOOL},
        {"toolmessage", ROLE_TOOL},
        {"functionmessage", ROLE_TOOL},
        {"tool_call", ROLE_ASSISTANT},
        {"tool-call", ROLE_ASSISTANT},
        {"tool-response", ROLE_TOOL},
        {"tool_response", ROLE_TOOL},
    };
    /* MessageRole.USER, models.HumanMessage: what stands behind the last dot */
    for (size_t i = name.size; i-- > 0;) {
        if (name.data[i] != '.')
            continue;
        name = bytes_of(name.data + i + 1, name.size - i - 1);
        break;
    }
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        size_t at = 0;
        while (at < name.size && roles[i].name[at] &&
               lower(name.data[at]) == (uint8_t)roles[i].name[at])
            at++;
        if (at == name.size && at > 0 && !roles[i].name[at])
            return roles[i].role;
    }
    return ROLE_NONE;
}

static bool member_string(const struct json_reader *reader, const struct json_value *object,
                          const char *name, struct bytes *ret_text)
{
    struct json_value member;
    if (!json_member(reader, object, name, &member) || member.type != JSON_STRING)
        return false;
    *ret_text = member.text;
    return true;
}

static bool has_member(const struct json_reader *reader, const struct json_value *object,
                       const char *name)
{
    struct json_value member;
    return json_member(reader, object, name, &member) && member.type != JSON_NULL;
}

struct bytes message_part_text(const struct json_reader *reader, const struct json_value *part)
{
    static const char *const texts[] = {"text",       "input_text", "output_text", "TextBlock",
                                        "text_delta", "TextPart",   "str"};
    struct bytes type = {0}, text;
    struct json_value inner;
    if (part->type != JSON_OBJECT)
        return (struct bytes){0};
    if (!member_string(reader, part, "type", &type) &&
        !member_string(reader, part, "block_type", &type) &&
        !member_string(reader, part, "part_kind", &type) &&
        !member_string(reader, part, "kind", &type))
        member_string(reader, part, "__class__", &type);
    if (bytes_equal_text(type, "refusal") && member_string(reader, part, "refusal", &text))
        return text;
    bool is_text = type.size == 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        is_text |= bytes_equal_text(type, texts[i]);
    if (!is_text || has_member(reader, part, "role") || has_member(reader, part, "page_content"))
        return (struct bytes){0};
    /* Google marks reasoning on a text part. */
    if (json_member(reader, part, "thought", &inner) && inner.type == JSON_BOOL && inner.boolean)
        return (struct bytes){0};
    if (member_string(reader, part, "text", &text))
        return text;
    if (json_member(reader, part, "text", &inner) && inner.type == JSON_OBJECT &&
        member_string(reader, &inner, "value", &text))
        return text;
    return type.size > 0 && member_string(reader, part, "content", &text) ? text
                                                                          : (struct bytes){0};
}

struct bytes message_parts_join(const struct bytes *parts, uint32_t count, struct arena *arena)
{
    size_t size = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        size += parts[i].size + 1;
        used += parts[i].size > 0;
    }
    if (used == 0)
        return (struct bytes){0};
    uint8_t *joined = arena_alloc(arena, size);
    if (!joined)
        return (struct bytes){0};
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].size == 0)
            continue;
        if (at > 0)
            joined[at++] = '\n';
        memcpy(joined + at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    return bytes_of(joined, at);
}

struct bytes message_content_text(const struct json_reader *reader,
                                  const struct json_value *content, struct arena *arena)
{
    if (content->type == JSON_STRING)
        return content->text.size > 0 ? content->text : (struct bytes){0};
    if (content->type == JSON_OBJECT) {
        struct json_value parts;
        if (json_member(reader, content, "parts", &parts) && parts.type == JSON_ARRAY)
            return message_content_text(reader, &parts, arena);
        return message_part_text(reader, content);
    }
    if (content->type != JSON_ARRAY)
        return (struct bytes){0};
    struct bytes texts[PARTS_MAX];
    uint32_t count = 0;
    struct json_reader elements;
    struct json_value element;
    json_children(reader, content, &elements);
    while (count < PARTS_MAX) {
        enum json_type type = json_next(&elements, &element);
        if (type == JSON_END || type == JSON_BROKEN)
            break;
        struct bytes text =
            type == JSON_STRING ? element.text : message_part_text(&elements, &element);
        if (text.size > 0)
            texts[count++] = text;
    }
    return message_parts_join(texts, count, arena);
}

/* The class at the end of LangChain's {"id": ["langchain", "schema", "messages", "AIMessage"]}. */
static struct bytes serialized_class(const struct json_reader *reader,
                                     const struct json_value *object)
{
    struct json_value id, element;
    struct bytes last = {0};
    if (!json_member(reader, object, "id", &id) || id.type != JSON_ARRAY)
        return last;
    struct json_reader elements;
    json_children(reader, &id, &elements);
    for (enum json_type type = json_next(&elements, &element);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&elements, &element))
        if (type == JSON_STRING)
            last = element.text;
    return last;
}

/* A repr leaves the role out; what only one kind of message has gives it away. */
static enum role role_by_members(const struct json_reader *reader, const struct json_value *object)
{
    struct json_value member;
    struct bytes text;
    if (has_member(reader, object, "tool_call_id"))
        return ROLE_TOOL;
    if (has_member(reader, object, "tool_calls") ||
        has_member(reader, object, "invalid_tool_calls") ||
        has_member(reader, object, "usage_metadata"))
        return ROLE_ASSISTANT;
    if (json_member(reader, object, "response_metadata", &member) && member.type == JSON_OBJECT &&
        member.raw.size > 2)
        return ROLE_ASSISTANT;
    if (member_string(reader, object, "id", &text) &&
        (bytes_starts_with(text, BYTES_LITERAL("run-")) ||
         bytes_starts_with(text, BYTES_LITERAL("lc_run-"))))
        return ROLE_ASSISTANT;
    return has_member(reader, object, "additional_kwargs") ? ROLE_USER : ROLE_NONE;
}

/* AutoGen: the source is the user or the name of an agent. Its messages count tokens, unless the
 * exporter drops what is null; then the class of a message says whose they are. */
static enum role role_by_source(const struct json_reader *reader, const struct json_value *object)
{
    struct bytes source, type = {0};
    static const char execution[] = "ToolCallExecution";
    if (!member_string(reader, object, "source", &source) || source.size == 0)
        return ROLE_NONE;
    member_string(reader, object, "type", &type);
    if (!has_member(reader, object, "models_usage") && !bytes_equal_text(type, "TextMessage") &&
        !bytes_equal_text(type, "StructuredMessage") && !bytes_equal_text(type, "StopMessage") &&
        !bytes_equal_text(type, "ToolCallSummaryMessage"))
        return ROLE_NONE;
    return type.size > 0 && memmem(type.data, type.size, execution, sizeof execution - 1)
               ? ROLE_TOOL
               : ROLE_ASSISTANT;
}

static enum role read_role(const struct json_reader *reader, const struct json_value *object)
{
    static const char *const names[] = {"role",   "_role", "type",  "__class__",
                                        "author", "from",  "source"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bytes name;
        enum role role;
        if (member_string(reader, object, names[i], &name) &&
            (role = message_role(name)) != ROLE_NONE)
            return role;
    }
    return role_by_source(reader, object);
}

/* Steps inside data, kwargs or message; the role may be said outside. */
static bool unwrap(const struct json_reader *reader, struct json_value *object, enum role *role)
{
    struct json_value inner;
    struct bytes class = serialized_class(reader, object);
    if (class.size > 0 && json_member(reader, object, "kwargs", &inner) &&
        inner.type == JSON_OBJECT) {
        enum role said = message_role(class);
        *role = said != ROLE_NONE ? said : *role;
        *object = inner;
        return true;
    }
    enum role said = read_role(reader, object);
    if (said != ROLE_NONE && json_member(reader, object, "data", &inner) &&
        inner.type == JSON_OBJECT && !has_member(reader, object, "content")) {
        *role = said;
        *object = inner;
        return true;
    }
    if (json_member(reader, object, "message", &inner) && inner.type == JSON_OBJECT &&
        !has_member(reader, object, "content") && !has_member(reader, object, "role")) {
        *object = inner;
        return true;
    }
    return false;
}

/* Tool calls, as a list beside the text or as parts of it. */
static bool has_calls(const struct json_reader *reader, const struct json_value *object)
{
    static const char *const lists[] = {"tool_calls", "toolCalls", "function_call"};
    static const char *const parts[] = {"content", "parts", "blocks", "_content"};
    static const char *const types[] = {"tool_call",    "tool-call",   "tool_use",
                                        "toolUse",      "toolCall",    "function_call",
                                        "functionCall", "ToolCallPart"};
    struct json_value member, part, inner;
    struct json_reader elements;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (json_member(reader, object, lists[i], &member) &&
            (member.type == JSON_ARRAY || member.type == JSON_OBJECT) && member.raw.size > 2)
            return true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!json_member(reader, object, parts[i], &member) || member.type != JSON_ARRAY)
            continue;
        json_children(reader, &member, &elements);
        while (json_next(&elements, &part) == JSON_OBJECT) {
            struct bytes type = {0};
            member_string(&elements, &part, "type", &type);
            for (size_t j = 0; j < sizeof types / sizeof *types; j++)
                if (bytes_equal_text(type, types[j]) ||
                    (json_member(&elements, &part, types[j], &inner) && inner.type == JSON_OBJECT))
                    return true;
        }
    }
    return false;
}

bool message_read(const struct json_reader *reader, const struct json_value *object,
                  struct arena *arena, struct message *ret_message)
{
    static const char *const contents[] = {"content", "_content", "parts",
                                           "blocks",  "text",     "value"};
    if (object->type != JSON_OBJECT)
        return false;
    struct json_value at = *object, content;
    enum role role = ROLE_NONE;
    bool is_wrapped = false;
    for (int i = 0; i < WRAPPERS_MAX && unwrap(reader, &at, &role); i++)
        is_wrapped = true;
    enum role said = read_role(reader, &at);
    role = said != ROLE_NONE ? said : role;
    if (role == ROLE_NONE && json_member(reader, &at, "content", &content) &&
        content.type == JSON_OBJECT) /* Google: the role stands with the parts */
        role = read_role(reader, &content);
    /* Without a role only `content` makes a message, and only with what goes with it. */
    if (role == ROLE_NONE) {
        if (!json_member(reader, &at, "content", &content) ||
            has_member(reader, &at, "page_content"))
            return false;
        /* A role of the application's own, such as the name of a tool, is none of these. */
        struct bytes own_role;
        if (!member_string(reader, &at, "role", &own_role) || own_role.size == 0)
            role = role_by_members(reader, &at);
    }
    struct message message = {.role = role, .has_calls = has_calls(reader, &at)};
    for (size_t i = 0; i < sizeof contents / sizeof *contents && !message.text.data; i++)
        if (json_member(reader, &at, contents[i], &content))
            message.text = message_content_text(reader, &content, arena);
    struct bytes refusal;
    if (!message.text.data && role == ROLE_ASSISTANT &&
        member_string(reader, &at, "refusal", &refusal) && refusal.size > 0)
        message.text = refusal;
    if (!message.text.data && !is_wrapped && !has_member(reader, &at, "content") &&
        !has_member(reader, &at, "parts") && !has_member(reader, &at, "tool_calls") &&
        !has_member(reader, &at, "role"))
        return false;
    *ret_message = message;
    return true;
}
