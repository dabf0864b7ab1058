/* A value is looked at from outside in, a bounded number of levels:
 *   text    JSON or a repr of one is opened, anything else is the text
 *   array   a list of messages is folded; of other elements the last that says something counts
 *   object  a message; else the members that are known to hold one, the most telling first */
#include "processor/normalize/content/messages.h"

#include "processor/base/json/json.h"
#include "processor/base/text/text.h"
#include "processor/normalize/content/python_repr.h"
#include "processor/normalize/content/said.h"
#include "processor/normalize/content/shapes.h"

enum { LEVELS_MAX = 12, ELEMENTS_MAX = 20000, MEMBERS_MAX = 100 };

static const char *const question_keys[] = {
    "messages",     "new_messages", "new_message", "inputs",       "input",     "question",
    "query",        "prompt",       "user_input",  "user_message", "user_msg",  "user_prompt",
    "chat_input",   "input_text",   "message",     "msg",          "text",      "content",
    "contents",     "args",         "kwargs",      "query_bundle", "query_str", "input_str",
    "task",         "description",  "instruction", "instructions", "utterance", "request",
    "chat_history", "start_event",  "state",       "data",         "body",      "payload",
    "params",       "value",        "__value__",   "arg",          "ev",        NULL};

static const char *const answer_keys[] = {
    "messages",     "choices",        "generations",   "candidates", "message",   "final_output",
    "final_answer", "answer",         "output_text",   "output",     "outputs",   "response",
    "result",       "results",        "raw",           "text",       "content",   "completion",
    "completions",  "generated_text", "return_values", "update",     "reply",     "replies",
    "final_result", "data",           "state",         "value",      "__value__", NULL};

/* Of an expected answer, before those of answers. */
static const char *const expected_keys[] = {"expected_output",  "expected_answer", "expected",
                                            "reference_answer", "reference",       "ground_truth",
                                            "answers",          "alternatives",    NULL};

static const char *const result_keys[] = {"output",     "result",    "content", "response",
                                          "text",       "messages",  "update",  "blocks",
                                          "raw_output", "__value__", NULL};

/* Members that only what a library writes around a model's answer has, the most telling first. */
static const char *const envelope_keys[] = {
    "messages",     "choices",   "generations", "candidates",    "message",       "output",
    "outputs",      "response",  "content",     "completion",    "completions",   "generated_text",
    "replies",      "raw",       "text",        "return_values", "update",        "data",
    "value",        "__value__", "tool_calls",  "toolCalls",     "function_call", "usage",
    "final_output", NULL};

struct walk {
    struct arena *arena;
    struct turns *turns;
    enum wanted wanted;
    int levels;
    bool is_of_function; /* arguments or return value of an application's own function */
    bool keeps_lists;    /* several texts or numbers are alternatives, see messages_expected() */
};

static struct bytes read_value(struct walk *walk, const struct json_reader *reader,
                               const struct json_value *value);

bool messages_is_absent_word(struct bytes text)
{
    return bytes_equal_text(text, "null") || bytes_equal_text(text, "None") ||
           bytes_equal_text(text, "undefined") || bytes_equal_text(text, "<not specified>");
}

/* Brackets from end to end, yet neither JSON nor a repr: broken or too deep, nothing to read. */
static bool is_wreck(struct bytes text)
{
    uint8_t first = text.data[0], second = text.size > 1 ? text.data[1] : 0;
    uint8_t last = text.data[text.size - 1];
    return (first == '{' || first == '[') &&
           (second == '"' || second == '{' || second == '[' || second == '\'') &&
           (last == '}' || last == ']');
}

/* What a model wrote as JSON is its answer, whole: an object without anything that a library writes
 * around answers, and that is no part of one. */
static bool is_models_own(const struct walk *walk, const struct json_reader *reader,
                          const struct json_value *value)
{
    static const char *const parts[] = {"role", "type", "arguments", "args", NULL};
    return walk->wanted == WANTED_CHOICE && value->type == JSON_OBJECT && value->raw.size > 2 &&
           !shape_has_any(reader, value, envelope_keys) && !shape_has_any(reader, value, parts);
}

static struct bytes read_text(struct walk *walk, struct bytes text)
{
    struct bytes trimmed = text_trim(text);
    if (trimmed.size == 0 || messages_is_absent_word(trimmed) || walk->levels >= LEVELS_MAX)
        return (struct bytes){0};
    uint8_t first = trimmed.data[0];
    struct json_reader reader;
    struct json_value value;
    struct bytes found = {0};
    walk->levels++;
    if ((first == '{' || first == '[' || first == '"') &&
        json_parse(trimmed, walk->arena, &reader, &value) && !reader.broken) {
        found = is_models_own(walk, &reader, &value) ? trimmed : read_value(walk, &reader, &value);
    } else if (python_repr_looks(trimmed)) {
        struct bytes json = python_repr_to_json(trimmed, walk->arena);
        if (json.data && json_parse(json, walk->arena, &reader, &value))
            found = read_value(walk, &reader, &value);
    } else if (!is_wreck(trimmed)) {
        found = trimmed;
    }
    /* What a tool returned is its result also when it is JSON; only the string around it goes. */
    if (found.size == 0 && walk->wanted == WANTED_RESULT && walk->levels > 1)
        found = trimmed;
    walk->levels--;
    return found;
}

/* Elements of an array, folded. */
struct fold {
    struct dialogue dialogue;
    struct bytes parts[64];
    struct bytes other, single;
    uint32_t part_count, string_count, other_count; /* other: neither a tool's message nor a part */
    uint32_t number_count;
    bool has_message;
};

static void add_message(struct walk *walk, struct fold *fold, const struct message *message)
{
    if (message->has_calls && message->role == ROLE_ASSISTANT)
        dialogue_add_calls(&fold->dialogue);
    dialogue_add(&fold->dialogue, message->role,
                 said_text(message->text, message->role, walk->arena));
}

static void fold_string(struct walk *walk, struct fold *fold, struct bytes text)
{
    fold->string_count++;
    if (!python_repr_looks(text)) {
        fold->single = text;
        return;
    }
    struct json_reader reader;
    struct json_value value;
    struct message message;
    struct bytes json = python_repr_to_json(text, walk->arena);
    if (!json.data || !json_parse(json, walk->arena, &reader, &value))
        return;
    if (message_read(&reader, &value, walk->arena, &message)) {
        fold->has_message = true;
        add_message(walk, fold, &message);
        return;
    }
    struct bytes found = read_value(walk, &reader, &value);
    if (found.size > 0)
        fold->other = found;
}

static void fold_object(struct walk *walk, struct fold *fold, const struct json_reader *reader,
                        const struct json_value *object)
{
    struct message message;
    struct bytes part = message_part_text(reader, object);
    if (part.data && walk->wanted == WANTED_RESULT && !shape_is_pure_part(reader, object))
        part = (struct bytes){0};
    if (part.data && fold->part_count < sizeof fold->parts / sizeof *fold->parts)
        fold->parts[fold->part_count++] = part;
    if (part.data && walk->wanted == WANTED_RESULT)
        return;
    if (message_read(reader, object, walk->arena, &message)) {
        /* A part without a role is no message. */
        fold->has_message |= message.role != ROLE_NONE || !part.data;
        fold->other_count += message.role != ROLE_TOOL;
        add_message(walk, fold, &message);
        return;
    }
    fold->other_count++;
    struct bytes found = read_value(walk, reader, object);
    if (found.size > 0)
        fold->other = found;
}

/* ["user", "Hello"] */
static bool fold_pair(struct fold *fold, const struct json_reader *reader,
                      const struct json_value *array)
{
    struct json_reader elements;
    struct json_value role_name, text, more;
    json_children(reader, array, &elements);
    if (json_next(&elements, &role_name) != JSON_STRING ||
        json_next(&elements, &text) != JSON_STRING || json_next(&elements, &more) != JSON_END)
        return false;
    enum role role = message_role(role_name.text);
    if (role == ROLE_NONE)
        return false;
    fold->has_message = true;
    dialogue_add(&fold->dialogue, role, text.text);
    return true;
}

static struct bytes read_array(struct walk *walk, const struct json_reader *reader,
                               const struct json_value *array)
{
    struct fold fold = {.dialogue = {.turns = walk->turns}};
    struct json_reader elements;
    struct json_value element;
    json_children(reader, array, &elements);
    for (int i = 0; i < ELEMENTS_MAX; i++) {
        enum json_type type = json_next(&elements, &element);
        if (type == JSON_END || type == JSON_BROKEN)
            break;
        if (type == JSON_STRING) {
            fold_string(walk, &fold, element.text);
        } else if (type == JSON_OBJECT) {
            fold_object(walk, &fold, &elements, &element);
        } else if (type == JSON_NUMBER) {
            fold.number_count++;
        } else if (type == JSON_ARRAY && !fold_pair(&fold, &elements, &element)) {
            struct bytes found = read_value(walk, &elements, &element);
            if (found.size > 0)
                fold.other = found;
        }
    }
    if (walk->wanted == WANTED_RESULT && (fold.other_count > 0 || fold.string_count > 1))
        return array->raw; /* A tool's own list is its result. */
    bool is_of_scalars = fold.other_count == 0 && fold.part_count == 0 && !fold.has_message;
    if (walk->keeps_lists && is_of_scalars && fold.string_count + fold.number_count > 1)
        return array->raw;
    if (fold.has_message) {
        struct bytes text = dialogue_text(&fold.dialogue, walk->wanted);
        /* Cut off behind what the assistant said: its last words are lost. */
        bool is_cut = elements.truncated || reader->truncated;
        if (is_cut && walk->wanted != WANTED_QUESTION && walk->wanted != WANTED_RESULT &&
            text.data != fold.dialogue.last.data)
            return (struct bytes){0};
        return text.size > 0 ? text : fold.other;
    }
    if (fold.part_count > 0)
        return message_parts_join(fold.parts, fold.part_count, walk->arena);
    if (fold.other.size == 0 && fold.string_count == 1)
        return read_text(walk, fold.single);
    return fold.other;
}

static bool role_fits(enum role role, enum wanted wanted)
{
    return role == ROLE_NONE || wanted == WANTED_RESULT ||
           (wanted == WANTED_QUESTION ? role == ROLE_USER : role == ROLE_ASSISTANT);
}

/* Members without a known name that are objects themselves: updates of a graph by node, inputs and
 * outputs by component. Questions are not sought there at the outermost level, where such members
 * are configuration. */
static struct bytes read_members(struct walk *walk, const struct json_reader *reader,
                                 const struct json_value *object)
{
    static const char *const passed_over[] = {"metadata", "config",  "usage",
                                              "meta",     "headers", "agent",
                                              "model",    "tools",   "response_metadata"};
    struct json_reader members;
    struct json_value member;
    struct bytes found = {0};
    if (walk->wanted == WANTED_RESULT || (walk->wanted == WANTED_QUESTION && walk->levels < 3))
        return found;
    json_children(reader, object, &members);
    for (int i = 0; i < MEMBERS_MAX; i++) {
        enum json_type type = json_next(&members, &member);
        if (type == JSON_END || type == JSON_BROKEN)
            break;
        bool is_passed_over = type != JSON_OBJECT;
        for (size_t j = 0; j < sizeof passed_over / sizeof *passed_over; j++) {
            /* A node may be called agent or model: then it holds messages. */
            struct json_value messages;
            is_passed_over |= bytes_equal_text(member.key, passed_over[j]) &&
                              !json_member(&members, &member, "messages", &messages);
        }
        if (is_passed_over)
            continue;
        struct bytes text = read_value(walk, &members, &member);
        if (text.size > 0)
            found = text;
    }
    return found;
}

/* Of a tool: the message that carries a result, MCP's envelope, a wrapper of one member; anything
 * else is the result itself. */
static struct bytes read_result(struct walk *walk, const struct json_reader *reader,
                                const struct json_value *object)
{
    struct message message;
    struct json_value member;
    uint32_t count = shape_member_count(reader, object);
    bool is_message = message_read(reader, object, walk->arena, &message) &&
                      (message.role == ROLE_TOOL || (message.role == ROLE_ASSISTANT &&
                                                     json_member(reader, object, "role", &member)));
    if (is_message && message.text.size > 0)
        return message.text;
    if (shape_result(reader, object, &member)) {
        struct bytes text = read_value(walk, reader, &member);
        return text.size > 0 ? text : member.type == JSON_STRING ? member.text : member.raw;
    }
    if (json_member(reader, object, "content", &member) && member.type == JSON_ARRAY &&
        shape_is_mcp_envelope(reader, object))
        return read_value(walk, reader, &member);
    for (const char *const *key = result_keys; count == 1 && *key; key++)
        if (json_member(reader, object, *key, &member) && member.type != JSON_NULL &&
            member.type != JSON_BOOL) {
            struct bytes text = read_value(walk, reader, &member);
            return text.size > 0 ? text : member.raw;
        }
    return object->raw;
}

/* The first of these members that says something. */
static struct bytes read_known_member(struct walk *walk, const struct json_reader *reader,
                                      const struct json_value *object, const char *const *keys)
{
    struct json_value member;
    struct bytes text = {0};
    for (; *keys && text.size == 0; keys++)
        if (json_member(reader, object, *keys, &member) && member.type != JSON_NULL &&
            member.type != JSON_BOOL)
            text = read_value(walk, reader, &member);
    return text;
}

static struct bytes read_object(struct walk *walk, const struct json_reader *reader,
                                const struct json_value *object)
{
    static const char *const *const keys[] = {question_keys, answer_keys, result_keys,
                                              envelope_keys};
    struct message message;
    struct json_value member, messages;
    if (shape_typed_value(reader, object, &member))
        return read_value(walk, reader, &member);
    if (walk->wanted == WANTED_RESULT)
        return read_result(walk, reader, object);
    bool has_messages =
        json_member(reader, object, "messages", &messages) && messages.type != JSON_NULL;
    if (!has_messages && message_read(reader, object, walk->arena, &message) &&
        (message.role != ROLE_NONE || message.text.size > 0)) {
        bool is_call = message.has_calls && walk->wanted == WANTED_CHOICE;
        return role_fits(message.role, walk->wanted) && !is_call
                   ? said_text(message.text, message.role, walk->arena)
                   : (struct bytes){0};
    }
    if (shape_is_tool_call(reader, object))
        return (struct bytes){0};
    struct bytes text = {0};
    if (walk->keeps_lists)
        text = read_known_member(walk, reader, object, expected_keys);
    if (text.size == 0)
        text = read_known_member(walk, reader, object, keys[walk->wanted]);
    if (text.size > 0)
        return text;
    text = shape_only_string(reader, object);
    if (text.size > 0)
        return read_text(walk, text);
    text = read_members(walk, reader, object);
    return text.size == 0 && walk->is_of_function ? shape_longest_text(reader, object) : text;
}

static struct bytes read_value(struct walk *walk, const struct json_reader *reader,
                               const struct json_value *value)
{
    if (walk->levels >= LEVELS_MAX)
        return (struct bytes){0};
    walk->levels++;
    struct bytes found = {0};
    if (value->type == JSON_STRING)
        found = read_text(walk, value->text);
    else if (value->type == JSON_ARRAY)
        found = read_array(walk, reader, value);
    else if (value->type == JSON_OBJECT)
        found = read_object(walk, reader, value);
    else if (value->type == JSON_NUMBER)
        found = value->text;
    walk->levels--;
    return found;
}

struct bytes messages_text(struct bytes text, enum wanted wanted, struct arena *arena)
{
    struct walk walk = {.arena = arena, .wanted = wanted};
    return read_text(&walk, text);
}

void messages_turns(struct bytes text, struct arena *arena, struct turns *turns)
{
    struct walk walk = {.arena = arena, .wanted = WANTED_QUESTION, .turns = turns};
    (void)read_text(&walk, text);
}

struct bytes messages_text_of_function(struct bytes text, enum wanted wanted, struct arena *arena)
{
    struct walk walk = {.arena = arena, .wanted = wanted, .is_of_function = true};
    return read_text(&walk, text);
}

struct bytes messages_expected(struct bytes text, struct arena *arena)
{
    struct walk walk = {.arena = arena, .wanted = WANTED_ANSWER, .keeps_lists = true};
    return read_text(&walk, text);
}

struct bytes messages_parts_text(struct bytes text, struct arena *arena)
{
    struct json_reader reader;
    struct json_value value;
    if (text.size < 2 || text.data[0] != '[' || !json_parse(text, arena, &reader, &value) ||
        value.type != JSON_ARRAY)
        return text;
    struct json_reader elements;
    struct json_value element;
    json_children(&reader, &value, &elements);
    if (json_next(&elements, &element) != JSON_OBJECT)
        return text;
    struct json_value type;
    if (!json_member(&elements, &element, "type", &type))
        return text;
    struct bytes joined = message_content_text(&reader, &value, arena);
    return joined.data ? joined : BYTES_LITERAL("");
}
