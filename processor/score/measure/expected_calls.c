/* Arguments agree by value: white space, the order of members and the way a number is written do
 * not count, and neither whether a number stands in quotes. */
#include "processor/score/measure/expected_calls.h"

#include "processor/base/json/canonical.h"
#include "processor/base/json/json.h"
#include "processor/base/text/text.h"
#include "processor/score/measure/tool_calls.h"

enum { MEMBERS_MAX = 256, MEMBER_NAME_SIZE = 128 };

const char *const argument_match_names[] = {
    [ARGUMENTS_SUBSET] = "subset",
    [ARGUMENTS_EXACT] = "exact",
    [ARGUMENTS_IGNORE] = "ignore",
    NULL,
};

/* Of several entries the one that names the tool wins over "*". */
static enum argument_match match_of(struct bytes tool, const struct measurement_config *config)
{
    enum argument_match match = ARGUMENTS_SUBSET;
    for (uint32_t i = 0; i < config->argument_match_count; i++) {
        const struct tool_expectation *entry = &config->argument_match[i];
        int mode = 0;
        while (argument_match_names[mode] &&
               !bytes_equal_text(entry->value, argument_match_names[mode]))
            mode++;
        for (uint32_t j = 0; argument_match_names[mode] && j < entry->tools.count; j++) {
            if (step_tool_is(tool, entry->tools.items[j]))
                return (enum argument_match)mode;
            if (bytes_equal_text(entry->tools.items[j], "*"))
                match = (enum argument_match)mode;
        }
    }
    return match;
}

static const uint8_t *arguments_of(struct bytes call)
{
    return call.size > 0 ? memchr(call.data, '{', call.size) : NULL;
}

struct bytes expected_call_tool(struct bytes call)
{
    const uint8_t *brace = arguments_of(call);
    return text_trim(bytes_of(call.data, brace ? (size_t)(brace - call.data) : call.size));
}

const char *expected_call_problem(struct bytes call, struct arena *arena)
{
    const uint8_t *brace = arguments_of(call);
    struct buffer canonical = {.limit = arena->limit};
    struct json_reader reader, members;
    struct json_value arguments, member;
    if (expected_call_tool(call).size == 0)
        return "names no tool";
    if (!brace)
        return NULL;
    struct bytes text = text_trim(bytes_of(brace, call.size - (size_t)(brace - call.data)));
    bool is_whole = json_canonical(text, arena, &canonical) &&
                    json_parse(text, arena, &reader, &arguments) && arguments.type == JSON_OBJECT;
    buffer_finish(&canonical);
    if (!is_whole)
        return "has arguments that are no whole JSON object, each name once: write it like "
               "'transfer {\"to\": \"A-1\"}'";
    uint32_t count = 0;
    for (json_children(&reader, &arguments, &members); json_next(&members, &member) != JSON_END;)
        if (member.key.size >= MEMBER_NAME_SIZE || ++count >= MEMBERS_MAX)
            return "has too many arguments, or one with a name that is too long, to be compared";
    return NULL;
}

struct expected_calls expected_calls_read(const struct bytes_list *reference,
                                          struct score_context *context)
{
    const struct measurement_config *config = &context->ruleset->measurements;
    struct expected_calls calls = {
        arena_zalloc(context->arena, reference->count + 1, sizeof *calls.items), 0, false};
    for (uint32_t i = 0; calls.items && i < reference->count; i++) {
        struct expected_call *call = &calls.items[calls.count++];
        struct bytes text = reference->items[i];
        const uint8_t *brace = arguments_of(text);
        call->tool = expected_call_tool(text);
        call->match = match_of(call->tool, config);
        if (brace && call->match != ARGUMENTS_IGNORE) {
            call->arguments = bytes_of(brace, text.size - (size_t)(brace - text.data));
            calls.have_arguments = true;
        }
    }
    return calls;
}

/* 100 and "100" are one. */
static bool are_equal(const struct json_value *a, const struct json_value *b, struct arena *arena)
{
    bool a_is_text = a->type == JSON_STRING || a->type == JSON_NUMBER;
    bool b_is_text = b->type == JSON_STRING || b->type == JSON_NUMBER;
    if (a_is_text && b_is_text && bytes_equal(a->text, b->text))
        return true;
    if (a->type == JSON_STRING && b->type == JSON_NUMBER)
        return tool_call_arguments_hash(a->text, arena) == tool_call_arguments_hash(b->raw, arena);
    if (a->type == JSON_NUMBER && b->type == JSON_STRING)
        return are_equal(b, a, arena);
    return a->type == b->type &&
           tool_call_arguments_hash(a->raw, arena) == tool_call_arguments_hash(b->raw, arena);
}

/* Each member of `part` is in `whole`; `ret_members` of `part`. */
static bool holds(struct bytes whole, struct bytes part, uint32_t *ret_members, struct arena *arena)
{
    struct json_reader whole_reader, part_reader, members;
    struct json_value whole_value, part_value, wanted, found;
    *ret_members = 0;
    if (!json_parse(text_trim(whole), arena, &whole_reader, &whole_value) ||
        !json_parse(text_trim(part), arena, &part_reader, &part_value) ||
        whole_value.type != JSON_OBJECT || part_value.type != JSON_OBJECT)
        return false;
    json_children(&part_reader, &part_value, &members);
    while (*ret_members < MEMBERS_MAX) {
        enum json_type type = json_next(&members, &wanted);
        char name[MEMBER_NAME_SIZE];
        if (type == JSON_END || type == JSON_BROKEN)
            return true;
        ++*ret_members;
        if (wanted.key.size >= sizeof name)
            return false;
        memcpy(name, wanted.key.data, wanted.key.size);
        name[wanted.key.size] = '\0';
        if (!json_member(&whole_reader, &whole_value, name, &found) ||
            !are_equal(&wanted, &found, arena))
            return false;
    }
    return false;
}

bool expected_call_is(const struct expected_call *expected, struct bytes tool,
                      struct bytes arguments, struct arena *arena)
{
    uint32_t wanted, given;
    if (!step_tool_is(tool, expected->tool))
        return false;
    if (expected->arguments.size == 0)
        return true;
    if (!arena_look(arena, arguments.size) ||
        !holds(arguments, expected->arguments, &wanted, arena))
        return false;
    return expected->match == ARGUMENTS_SUBSET ||
           (holds(expected->arguments, arguments, &given, arena) && given == wanted);
}
