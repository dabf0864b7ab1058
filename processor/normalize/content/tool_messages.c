/* A call and its result are parts of messages that name it:
 *   {"type": "tool_call", "id": "c1", "arguments": {..}}            the call
 *   {"id": "c1", "function": {"name": .., "arguments": ".."}}
 *   {"type": "tool_call_response", "id": "c1", "response": ..}      the result
 *   {"role": "tool", "tool_call_id": "c1", "content": ..}
 * An object that holds the id under a known name is read; the values are searched for the id first,
 * so runs without such tools pay nothing. */
#include "processor/normalize/content/tool_messages.h"

#include "processor/base/json/json.h"
#include "processor/normalize/content/exchange.h"
#include "processor/normalize/content/messages.h"
#include "processor/otlp/span_fields.h"

/* Calls that are looked up, values that are looked at for one, levels of nesting. */
enum { CALLS_MAX = 64, VALUES_MAX = 5000, LEVELS_MAX = 10 };

struct search {
    struct bytes id;
    struct bytes arguments, result;
    struct arena *arena;
    int budget;
};

static struct bytes text_of(const struct json_value *value)
{
    return value->type == JSON_STRING ? value->text
           : value->type == JSON_NULL ? (struct bytes){0}
                                      : value->raw;
}

static struct bytes member_text(const struct json_reader *reader, const struct json_value *object,
                                const char *const *names)
{
    struct json_value member;
    for (; *names; names++)
        if (json_member(reader, object, *names, &member) && text_of(&member).size > 0)
            return text_of(&member);
    return (struct bytes){0};
}

static bool names_call(const struct json_reader *reader, const struct json_value *object,
                       struct bytes id)
{
    static const char *const names[] = {"id",        "tool_call_id", "toolCallId", "call_id",
                                        "toolUseId", "tool_use_id",  "callId",     "ref"};
    struct json_value member;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_member(reader, object, names[i], &member) && member.type == JSON_STRING &&
            bytes_equal(member.text, id))
            return true;
    return false;
}

static void read_object(struct search *search, const struct json_reader *reader,
                        const struct json_value *object)
{
    static const char *const given[] = {"arguments", "args", "input", NULL};
    static const char *const returned[] = {"response", "result", "output", "content", NULL};
    struct json_value function;
    struct bytes arguments = member_text(reader, object, given);
    if (arguments.size == 0 && json_member(reader, object, "function", &function) &&
        function.type == JSON_OBJECT)
        arguments = member_text(reader, &function, given);
    if (arguments.size > 0) {
        search->arguments = search->arguments.size > 0 ? search->arguments : arguments;
        return;
    }
    struct bytes result = member_text(reader, object, returned);
    if (result.size > 0 && search->result.size == 0) {
        struct bytes read = messages_text(result, WANTED_RESULT, search->arena);
        search->result = read.size > 0 ? read : result;
    }
}

static void find_call(struct search *search, const struct json_reader *reader,
                      const struct json_value *value, int level)
{
    struct json_reader children;
    struct json_value child;
    if (level >= LEVELS_MAX)
        return;
    if (value->type == JSON_OBJECT && names_call(reader, value, search->id))
        read_object(search, reader, value);
    json_children(reader, value, &children);
    for (enum json_type type = json_next(&children, &child);
         type != JSON_END && type != JSON_BROKEN && --search->budget > 0;
         type = json_next(&children, &child))
        if (type == JSON_OBJECT || type == JSON_ARRAY)
            find_call(search, &children, &child, level + 1);
}

static void find_in_span(struct search *search, const struct semconv *semconv)
{
    static const enum semconv_concept messages[] = {
        SC_OUT_MESSAGES, SC_IN_MESSAGES, SC_OUT_VALUE, SC_IN_VALUE,       SC_OUT_LIBRARY,
        SC_IN_LIBRARY,   SC_OUT_LEGACY,  SC_IN_LEGACY, SC_IN_ALL_MESSAGES};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct bytes text = exchange_concept_text(semconv, messages[i], search->arena);
        struct json_reader reader;
        struct json_value value;
        if (search->arguments.size > 0 && search->result.size > 0)
            return;
        if (text.size > 0 && memmem(text.data, text.size, search->id.data, search->id.size) &&
            json_parse(text, search->arena, &reader, &value))
            find_call(search, &reader, &value, 0);
    }
}

static bool may_hold_messages(const struct step *step)
{
    return step->kind == STEP_LLM || step->kind == STEP_AGENT || step->kind == STEP_WORKFLOW ||
           step->kind == STEP_CHAIN;
}

void tool_messages_by_call(struct agent_run *run)
{
    uint32_t calls = 0;
    for (uint32_t i = 0; i < run->step_count && calls < CALLS_MAX; i++) {
        struct step *step = &run->steps[i];
        bool is_whole = step->arguments.size > 0 && step->output.size > 0;
        if (step->kind != STEP_TOOL || step->call_id.size == 0 || is_whole)
            continue;
        calls++;
        struct search search = {.id = step->call_id, .arena = run->arena, .budget = VALUES_MAX};
        for (uint32_t j = 0; j < run->step_count; j++) {
            const struct step *other = &run->steps[j];
            if (!may_hold_messages(other) || !memmem(other->span->wire.data, other->span->wire.size,
                                                     search.id.data, search.id.size))
                continue;
            struct semconv semconv;
            semconv_read_span(other->span, &semconv);
            find_in_span(&search, &semconv);
        }
        if (step->arguments.size == 0)
            step->input = step->arguments = search.arguments;
        if (step->output.size == 0 && !step_has_failed(step))
            step->output = search.result;
    }
}

static struct bytes event_text(const struct span_event *event, const char *key, struct arena *arena)
{
    struct value value = attributes_find(event->wire, OF_EVENT, bytes_of_text(key));
    if (value.type == VALUE_NONE)
        return (struct bytes){0};
    return value.type == VALUE_KVLIST || value.type == VALUE_ARRAY ? value_json(value, arena)
                                                                   : value_text(value, arena);
}

void tool_messages_of_events(struct step *step, struct arena *arena)
{
    struct span_events events = span_events_of(step->span);
    struct span_event event;
    while (span_events_next(&events, &event)) {
        if (bytes_equal_text(event.name, "gen_ai.tool.message") && step->arguments.size == 0)
            step->input = step->arguments = event_text(&event, "content", arena);
        if (!bytes_equal_text(event.name, "gen_ai.choice") || step->output.size > 0)
            continue;
        struct bytes text = event_text(&event, "message", arena);
        struct bytes read = text.size > 0 ? messages_text(text, WANTED_RESULT, arena) : text;
        step->output = read.size > 0 ? read : text;
    }
}
