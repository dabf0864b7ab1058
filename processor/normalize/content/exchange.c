/* A model call is read from its messages, and where it has messages nothing else is asked: a call
 * that ends in tool calls has no answer, whatever its other attributes show. Other spans are read
 * from the value that the library wrote for the span as a whole, then from messages. What neither
 * says, log records may (content.c). */
#include "processor/normalize/content/exchange.h"

#include "processor/base/json/json.h"
#include "processor/base/text/text.h"
#include "processor/normalize/content/messages_flat.h"
#include "processor/normalize/content/python_repr.h"
#include "processor/normalize/content/said.h"
#include "processor/normalize/content/transcript.h"

static const enum semconv_concept question_values[] = {
    SC_IN_RAW, SC_IN_VALUE, SC_IN_PROMPT, SC_IN_ENTITY, SC_IN_LIBRARY, SC_IN_LEGACY, SC_IN_ENDING};
static const enum semconv_concept answer_values[] = {SC_OUT_RAW,     SC_OUT_VALUE,  SC_OUT_ENTITY,
                                                     SC_OUT_LIBRARY, SC_OUT_LEGACY, SC_OUT_ENDING};

struct bytes exchange_concept_text(const struct semconv *semconv, enum semconv_concept concept,
                                   struct arena *arena)
{
    const struct value *value = semconv_get(semconv, concept);
    if (!value)
        return (struct bytes){0};
    return value->type == VALUE_KVLIST || value->type == VALUE_ARRAY ? value_json(*value, arena)
                                                                     : value_text(*value, arena);
}

static struct bytes read_concept(const struct semconv *semconv, enum semconv_concept concept,
                                 enum wanted wanted, struct arena *arena)
{
    struct bytes text = exchange_concept_text(semconv, concept, arena), turn;
    if (text.size == 0)
        return text;
    /* The type says it is text: a word for "absent" is then a word. */
    enum semconv_concept mime = concept == SC_IN_VALUE ? SC_IN_MIME : SC_OUT_MIME;
    if ((concept == SC_IN_VALUE || concept == SC_OUT_VALUE) && wanted != WANTED_RESULT &&
        bytes_equal_text(semconv_text(semconv, mime), "text/plain") &&
        messages_is_absent_word(text_trim(text)))
        return text;
    if (concept == SC_IN_LEGACY && wanted == WANTED_QUESTION &&
        transcript_text(text, wanted, arena, &turn))
        return turn;
    text = messages_text(text, wanted, arena);
    /* Frameworks write the messages of a call down as one text, too. */
    bool is_whole = wanted == WANTED_QUESTION && text.size > 0 && transcript_is_dialogue(text);
    return is_whole && transcript_text(text, wanted, arena, &turn) && turn.size > 0 ? turn : text;
}

/* LangGraph: Command(resume='approved'), or the same as JSON. */
static bool is_resume(struct bytes text, struct arena *arena)
{
    static const char repr[] = "Command(resume=";
    if (text.size == 0)
        return false;
    if (memmem(text.data, text.size, repr, sizeof repr - 1))
        return true;
    static const char member[] = "\"resume\"";
    struct json_reader reader;
    struct json_value value, resume;
    if (text.data[0] != '{' || !memmem(text.data, text.size, member, sizeof member - 1) ||
        !json_parse(text, arena, &reader, &value))
        return false;
    struct json_value inner;
    if (json_member(&reader, &value, "inputs", &inner) ||
        json_member(&reader, &value, "input", &inner))
        value = inner.type == JSON_OBJECT ? inner : value;
    return json_member(&reader, &value, "resume", &resume) && resume.type != JSON_NULL &&
           json_member(&reader, &value, "goto", &inner);
}

/* The first task's description: a crew that is started without inputs has no other question. */
static struct bytes first_task(const struct semconv *semconv, struct arena *arena)
{
    const struct value *tasks = semconv_get(semconv, SC_IN_TASKS);
    struct json_reader reader, elements;
    struct json_value value, task, description;
    if (!tasks || tasks->type != VALUE_STRING ||
        !json_parse(tasks->bytes, arena, &reader, &value) || value.type != JSON_ARRAY)
        return (struct bytes){0};
    json_children(&reader, &value, &elements);
    if (json_next(&elements, &task) != JSON_OBJECT ||
        !json_member(&elements, &task, "description", &description) ||
        description.type != JSON_STRING)
        return (struct bytes){0};
    return description.text;
}

static struct bytes first_value(const struct semconv *semconv, const enum semconv_concept *concepts,
                                size_t count, enum wanted wanted, struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes text = read_concept(semconv, concepts[i], wanted, arena);
        if (text.size > 0)
            return text;
    }
    return (struct bytes){0};
}

/* An application's own function is read by its longest text where no member is known. */
static struct bytes first_text_of_function(const struct semconv *semconv,
                                           const enum semconv_concept *concepts, size_t count,
                                           enum wanted wanted, struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes text = exchange_concept_text(semconv, concepts[i], arena);
        if (text.size > 0)
            text = messages_text_of_function(text, wanted, arena);
        if (text.size > 0)
            return text;
    }
    return (struct bytes){0};
}

static bool is_function(const struct agent_run *run, uint32_t index)
{
    enum step_kind kind = run->steps[index].kind;
    return index == run->trajectory->top && (kind == STEP_WORKFLOW || kind == STEP_AGENT ||
                                             kind == STEP_CHAIN || kind == STEP_OTHER);
}

static struct bytes question_of(const struct agent_run *run, uint32_t index,
                                const struct semconv *semconv)
{
    const struct span *span = &run->trajectory->spans[index];
    struct arena *arena = run->arena;
    bool is_model = run->steps[index].kind == STEP_LLM, has_messages = false;
    struct bytes values = {0}, messages = {0};
    if (semconv->seen & SEEN_CONTENT)
        messages = messages_flat_text(span->wire, OF_SPAN, DIRECTION_INPUT, WANTED_QUESTION, arena,
                                      &has_messages);
    if (semconv_has(semconv, SC_IN_MESSAGES)) {
        has_messages = true;
        struct bytes text = read_concept(semconv, SC_IN_MESSAGES, WANTED_QUESTION, arena);
        messages = messages.size > 0 ? messages : text;
    }
    if (messages.size == 0 && semconv_has(semconv, SC_EVENTS))
        messages = read_concept(semconv, SC_EVENTS, WANTED_QUESTION, arena);
    if (!is_model || !has_messages)
        values =
            first_value(semconv, question_values, sizeof question_values / sizeof *question_values,
                        WANTED_QUESTION, arena);
    struct bytes found = is_model || values.size == 0 ? messages : values;
    if (found.size == 0)
        found = values;
    if (found.size == 0 && semconv->seen & SEEN_CONTENT)
        found = messages_flat_of_events(span, DIRECTION_INPUT, arena);
    if (found.size == 0)
        found = first_task(semconv, arena);
    if (found.size == 0 && is_function(run, index))
        found = first_text_of_function(semconv, question_values,
                                       sizeof question_values / sizeof *question_values,
                                       WANTED_QUESTION, arena);
    return found;
}

/* "assistant: Hello", as LlamaIndex prints a message. */
static struct bytes without_role(struct bytes text)
{
    static const char prefix[] = "assistant: ";
    if (!bytes_starts_with(text, BYTES_LITERAL(prefix)))
        return text;
    text = bytes_of(text.data + sizeof prefix - 1, text.size - (sizeof prefix - 1));
    return bytes_equal_text(text, "None") ? (struct bytes){0} : text;
}

/* ReAct agents think aloud before they answer: only what stands behind the marker is shown. */
static struct bytes without_reasoning(struct bytes text)
{
    static const char *const markers[] = {"\nFinal Answer:", "\nAnswer:"};
    if (!bytes_starts_with(text, BYTES_LITERAL("Thought:")))
        return text;
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        const uint8_t *at = memmem(text.data, text.size, markers[i], strlen(markers[i]));
        if (!at)
            continue;
        at += strlen(markers[i]);
        struct bytes answer = text_trim(bytes_of(at, (size_t)(text.data + text.size - at)));
        return answer.size > 0 ? answer : text;
    }
    return text;
}

static struct bytes final_result(const struct semconv *semconv, struct arena *arena)
{
    struct bytes text = read_concept(semconv, SC_OUT_FINAL, WANTED_CHOICE, arena);
    if (text.size > 0)
        return text;
    /* A structured result is the answer itself; calls that wait for approval are none. */
    static const char approvals[] = "\"approvals\"";
    text = exchange_concept_text(semconv, SC_OUT_FINAL, arena);
    return text.size > 0 && memmem(text.data, text.size, approvals, sizeof approvals - 1)
               ? (struct bytes){0}
               : text;
}

static struct bytes answer_of(const struct agent_run *run, uint32_t index,
                              const struct semconv *semconv)
{
    const struct span *span = &run->trajectory->spans[index];
    struct arena *arena = run->arena;
    bool is_model = run->steps[index].kind == STEP_LLM, has_messages = false;
    struct bytes values = {0}, messages = {0},
                 text = exchange_concept_text(semconv, SC_OUT_TEXT, arena);
    if (text.size > 0) /* Vercel: the text itself, or the object that was asked for */
        return said_without_thoughts(text);
    enum wanted wanted = is_model ? WANTED_CHOICE : WANTED_ANSWER;
    if (semconv->seen & SEEN_CONTENT)
        messages =
            messages_flat_text(span->wire, OF_SPAN, DIRECTION_OUTPUT, wanted, arena, &has_messages);
    if (semconv_has(semconv, SC_OUT_MESSAGES)) {
        has_messages = true;
        text = read_concept(semconv, SC_OUT_MESSAGES, wanted, arena);
        messages = messages.size > 0 ? messages : text;
    }
    if (messages.size == 0 && semconv_has(semconv, SC_EVENTS))
        messages = read_concept(semconv, SC_EVENTS, WANTED_ANSWER, arena);
    values = final_result(semconv, arena);
    if (values.size == 0 && (!is_model || !has_messages))
        values = first_value(semconv, answer_values, sizeof answer_values / sizeof *answer_values,
                             wanted, arena);
    if (is_model)
        values = without_role(values);
    struct bytes found = is_model || values.size == 0 ? messages : values;
    if (found.size == 0)
        found = values;
    if (found.size == 0 && semconv->seen & SEEN_CONTENT)
        found = messages_flat_of_events(span, DIRECTION_OUTPUT, arena);
    if (found.size == 0 && is_model && !has_messages)
        found = read_concept(semconv, SC_OUT_LAST_RESORT, wanted, arena);
    if (found.size == 0 && !is_model)
        found = read_concept(semconv, SC_IN_ALL_MESSAGES, WANTED_ANSWER, arena);
    if (found.size == 0 && is_function(run, index))
        found = first_text_of_function(semconv, answer_values,
                                       sizeof answer_values / sizeof *answer_values, WANTED_ANSWER,
                                       arena);
    return found;
}

void exchange_of_span(const struct agent_run *run, uint32_t index, const struct semconv *semconv,
                      struct exchange *ret)
{
    *ret = (struct exchange){.is_resumed = semconv->seen & SEEN_RESUMED};
    for (size_t i = 0; i < sizeof question_values / sizeof *question_values; i++)
        ret->is_resumed |=
            is_resume(exchange_concept_text(semconv, question_values[i], run->arena), run->arena);
    ret->question = question_of(run, index, semconv);
    ret->answer = without_reasoning(said_without_thoughts(answer_of(run, index, semconv)));
    ret->history = read_concept(semconv, SC_IN_ALL_MESSAGES, WANTED_QUESTION, run->arena);
}

struct bytes exchange_output_value(const struct agent_run *run)
{
    if (run->output_span == NO_SPAN || run->output_span >= run->step_count)
        return (struct bytes){0};
    struct semconv semconv;
    semconv_read_span(run->steps[run->output_span].span, &semconv);
    struct bytes text = exchange_concept_text(&semconv, SC_OUT_FINAL, run->arena);
    for (size_t i = 0; text.size == 0 && i < sizeof answer_values / sizeof *answer_values; i++)
        text = exchange_concept_text(&semconv, answer_values[i], run->arena);
    return text;
}

static bool is_json(struct bytes text)
{
    return text.size > 0 && (text.data[0] == '{' || text.data[0] == '[');
}

/* Opens {"kwargs": {..}}, {"args": [..], "kwargs": {}}, {"input_str": "{'a': 1}", ...} and strings
 * of JSON. */
static struct bytes open_arguments(struct bytes text, struct arena *arena)
{
    struct json_reader reader;
    struct json_value value, member;
    for (int i = 0; i < 4; i++) {
        if (python_repr_looks(text) && is_json(text)) {
            struct bytes json = python_repr_to_json(text, arena);
            text = json.data ? json : text;
        }
        if (!json_parse(text, arena, &reader, &value))
            return text;
        if (value.type == JSON_STRING) {
            text = value.text;
            continue;
        }
        if (value.type != JSON_OBJECT)
            return text;
        bool has_kwargs = json_member(&reader, &value, "kwargs", &member) &&
                          member.type == JSON_OBJECT && member.raw.size > 2;
        bool is_typed = json_member(&reader, &value, "type", &member) &&
                        bytes_equal_text(member.text, "json") &&
                        json_member(&reader, &value, "value", &member) &&
                        member.type == JSON_OBJECT;
        if (is_typed) {
            return member.raw;
        } else if (json_member(&reader, &value, "input_str", &member) &&
                   member.type == JSON_STRING) {
            text = member.text;
        } else if (has_kwargs && json_member(&reader, &value, "kwargs", &member)) {
            return member.raw;
        } else if (json_member(&reader, &value, "args", &member) && member.type == JSON_ARRAY) {
            return member.raw;
        } else {
            return text;
        }
    }
    return text;
}

struct bytes exchange_tool_arguments(const struct semconv *semconv, struct arena *arena)
{
    static const enum semconv_concept concepts[] = {SC_TOOL_ARGUMENTS, SC_IN_VALUE,   SC_IN_RAW,
                                                    SC_IN_ENTITY,      SC_IN_LIBRARY, SC_IN_LEGACY,
                                                    SC_IN_ENDING};
    for (size_t i = 0; i < sizeof concepts / sizeof *concepts; i++) {
        struct bytes text = exchange_concept_text(semconv, concepts[i], arena);
        if (text.size > 0 && !bytes_equal_text(text, "[]"))
            return open_arguments(text, arena);
    }
    /* tool.parameters is the arguments, or the schema that has "properties". */
    struct bytes parameters = exchange_concept_text(semconv, SC_TOOL_PARAMETERS, arena);
    struct json_reader reader;
    struct json_value value, properties;
    if (parameters.size > 0 && json_parse(parameters, arena, &reader, &value) &&
        json_member(&reader, &value, "properties", &properties))
        return (struct bytes){0};
    return parameters;
}

struct bytes exchange_tool_result(const struct semconv *semconv, struct arena *arena)
{
    static const enum semconv_concept concepts[] = {SC_TOOL_RESULT, SC_OUT_VALUE,   SC_OUT_RAW,
                                                    SC_OUT_ENTITY,  SC_OUT_LIBRARY, SC_OUT_LEGACY,
                                                    SC_OUT_ENDING};
    for (size_t i = 0; i < sizeof concepts / sizeof *concepts; i++) {
        struct bytes text = exchange_concept_text(semconv, concepts[i], arena);
        if (text.size == 0)
            continue;
        struct bytes read = messages_text(text, WANTED_RESULT, arena);
        return read.size > 0 ? read : text;
    }
    return (struct bytes){0};
}
