/* Sources are rows, the first that speaks counts:
 *   status ERROR > what the vendor says in words > an exception where the exporter always writes OK
 *   > error.type > a tool's result that is an error envelope
 * An explicit OK outweighs error.type, which libraries leave behind when they recover. */
#include "processor/normalize/facts/failure.h"

#include "processor/base/json/json.h"
#include "processor/base/text/text.h"

/* Words by which an attribute says that the step failed; other values say nothing. */
static const struct {
    enum semconv_concept concept;
    const char *value; /* lower case */
} failure_words[] = {
    {SC_LEVEL, "error"},
    {SC_LEVEL, "critical"},
    {SC_STATE, "error"},
    {SC_STATE, "failure"},
    {SC_STATE, "failed"},
    {SC_STATE, "status_code_error"},
    {SC_FINISH_REASON, "error"},
    {SC_FINISH_REASON, "failed"},
    {SC_FINISH_REASON, "malformed_function_call"},
};

/* Vocabularies whose exporters write status OK whatever happened. */
static const enum semconv_family families_without_status[] = {FAMILY_LANGSMITH};

/* Classes of exceptions that steer: pause for a human, jump in a graph, wait for a deferred call,
 * stop what nobody waits for. */
static const char *const control_flow_classes[] = {
    "GraphInterrupt",
    "NodeInterrupt",
    "GraphBubbleUp",
    "ParentCommand",
    "Interrupt",
    "ToolInterruptError",
    "InterruptError",
    "CallDeferred",
    "ApprovalRequired",
    "StopAgentRun",
    "CancelledError",
    "CancelledException",
    "CanceledError",
    "CancellationError",
    "TaskCanceledException",
    "OperationCanceledException",
    "AbortError",
    "APIUserAbortError",
    "WaitingForEvent",
    "BreakpointException",
    "HumanFeedbackPending",
    "ToolApprovalRequired",
    "SuspendError",
    "GeneratorExit",
};

static bool equal_folded(struct bytes text, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < text.size && i < size; i++)
        if ((text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] + 32 : text.data[i]) !=
            name[i])
            return false;
    return text.size == size;
}

static bool is_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

/* `langgraph.errors.GraphInterrupt((...))`, `CallDeferred('')`, `<class 'a.ParentCommand'>`: the
 * class in front, without its package. */
static bool names_control_flow(struct bytes text)
{
    static const char class_repr[] = "<class '";
    if (bytes_starts_with(text, BYTES_LITERAL(class_repr)))
        text = bytes_of(text.data + sizeof class_repr - 1, text.size - (sizeof class_repr - 1));
    size_t end = 0, start = 0;
    for (; end < text.size && is_name(text.data[end]); end++)
        if (text.data[end] == '.')
            start = end + 1;
    if (start >= end)
        return false;
    /* A sentence that begins with such a word is a message. */
    if (end < text.size && text.data[end] == ' ')
        return false;
    struct bytes name = bytes_of(text.data + start, end - start);
    for (size_t i = 0; i < sizeof control_flow_classes / sizeof *control_flow_classes; i++)
        if (bytes_equal_text(name, control_flow_classes[i]))
            return true;
    return false;
}

/* The first line of an error, without the traceback that some libraries put right behind it. */
static struct bytes first_line(struct bytes text)
{
    static const char traceback[] = "Traceback (most recent call last)";
    if (text.size == 0)
        return text;
    const uint8_t *at = memmem(text.data, text.size, traceback, sizeof traceback - 1);
    if (at && at > text.data)
        text.size = (size_t)(at - text.data);
    const uint8_t *line_end = text.size ? memchr(text.data, '\n', text.size) : NULL;
    if (line_end && line_end > text.data)
        text.size = (size_t)(line_end - text.data);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\r'))
        text.size--;
    return text;
}

static struct bytes first_of(struct bytes a, struct bytes b)
{
    return a.size ? a : b;
}

static bool is_said_in_words(const struct semconv *semconv, const struct step *step)
{
    for (size_t i = 0; i < sizeof failure_words / sizeof *failure_words; i++) {
        struct bytes text = failure_words[i].concept == SC_FINISH_REASON
                                ? step->finish_reason
                                : semconv_text(semconv, failure_words[i].concept);
        if (equal_folded(text, failure_words[i].value))
            return true;
    }
    return false;
}

/* An attribute that is only there when it failed: true, or the error itself. */
static bool is_said_by_presence(const struct semconv *semconv, struct bytes *ret_message)
{
    static const char *const denials[] = {"false", "none", "null", "0", "no"};
    struct bytes text = text_trim(semconv_text(semconv, SC_FAILED));
    if (text.size == 0)
        return semconv_flag(semconv, SC_FAILED);
    for (size_t i = 0; i < sizeof denials / sizeof *denials; i++)
        if (equal_folded(text, denials[i]))
            return false;
    if (!equal_folded(text, "true"))
        *ret_message = text;
    return true;
}

static bool is_without_status(const struct semconv *semconv)
{
    for (size_t i = 0; i < sizeof families_without_status / sizeof *families_without_status; i++)
        if (semconv->families & UINT32_C(1) << families_without_status[i])
            return true;
    return false;
}

static bool member_is(const struct json_reader *reader, const struct json_value *object,
                      const char *key, const char *value)
{
    struct json_value member;
    if (!json_member(reader, object, key, &member))
        return false;
    return value ? member.type == JSON_STRING && bytes_equal_text(member.text, value)
                 : member.type == JSON_BOOL && member.boolean;
}

/* Envelopes of a tool's result that say it is an error. `with`: a member that only the envelope
 * has, so that a tool's own "status" says nothing. NULL as value: true. */
static const struct {
    const char *key, *value, *with;
} error_envelopes[] = {
    {"isError", NULL, "content"},        {"is_error", NULL, "content"},
    {"status", "error", "tool_call_id"}, {"status", "error", "toolCallId"},
    {"status", "error", "toolUseId"},
};

/* A text, or the first block of it. */
static struct bytes content_text(const struct json_reader *reader, const struct json_value *content)
{
    struct json_reader blocks;
    struct json_value block, text;
    if (content->type == JSON_STRING)
        return content->text;
    if (content->type != JSON_ARRAY)
        return (struct bytes){0};
    json_children(reader, content, &blocks);
    return json_next(&blocks, &block) == JSON_OBJECT &&
                   json_member(&blocks, &block, "text", &text) && text.type == JSON_STRING
               ? text.text
               : (struct bytes){0};
}

/* MCP: {"content": [..], "isError": true}; LangChain: ToolMessage(status='error'). */
static bool is_error_envelope(const struct json_reader *reader, const struct json_value *value,
                              struct bytes *ret_message)
{
    static const char *const wrappers[] = {"kwargs", "data", "output", "result", "__value__"};
    struct json_value at = *value, member, with;
    for (int level = 0; level < 4 && at.type == JSON_OBJECT; level++) {
        for (size_t i = 0; i < sizeof error_envelopes / sizeof *error_envelopes; i++) {
            if (!member_is(reader, &at, error_envelopes[i].key, error_envelopes[i].value) ||
                !json_member(reader, &at, error_envelopes[i].with, &with))
                continue;
            if (json_member(reader, &at, "content", &member))
                *ret_message = content_text(reader, &member);
            return true;
        }
        bool is_inside = false;
        for (size_t i = 0; !is_inside && i < sizeof wrappers / sizeof *wrappers; i++)
            is_inside =
                json_member(reader, &at, wrappers[i], &member) && member.type == JSON_OBJECT;
        if (!is_inside)
            return false;
        at = member;
    }
    return false;
}

/* content='Error: ...' name='lookup' tool_call_id='c1' status='error' */
static bool is_failed_message_repr(struct bytes text)
{
    static const char status[] = " status='error'";
    return (bytes_starts_with(text, BYTES_LITERAL("content=")) ||
            bytes_starts_with(text, BYTES_LITERAL("ToolMessage("))) &&
           memmem(text.data, text.size, status, sizeof status - 1) != NULL;
}

static bool is_error_result(const struct semconv *semconv, struct arena *arena,
                            struct bytes *ret_message)
{
    static const enum semconv_concept results[] = {SC_TOOL_RESULT, SC_OUT_VALUE,   SC_OUT_RAW,
                                                   SC_OUT_ENTITY,  SC_OUT_LIBRARY, SC_OUT_LEGACY};
    static const char *const words[] = {"rror\"", "error'"}; /* "isError", "error", 'error' */
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        const struct value *value = semconv_get(semconv, results[i]);
        if (!value)
            continue;
        struct bytes text = value->type == VALUE_STRING   ? text_trim(value->bytes)
                            : value->type == VALUE_KVLIST ? value_json(*value, arena)
                                                          : (struct bytes){0};
        bool is_worth_it = false;
        for (size_t j = 0; text.size > 0 && j < sizeof words / sizeof *words; j++)
            is_worth_it |= memmem(text.data, text.size, words[j], strlen(words[j])) != NULL;
        if (!is_worth_it)
            return false;
        if (is_failed_message_repr(text))
            return true;
        struct json_reader reader;
        struct json_value json;
        return text.size > 0 && json_parse(text, arena, &reader, &json) &&
               is_error_envelope(&reader, &json, ret_message);
    }
    return false;
}

void failure_read(const struct semconv *semconv, struct arena *arena, struct step *step)
{
    struct bytes message = semconv->status_message, type = semconv_text(semconv, SC_ERROR_TYPE);
    bool is_ok = step->span->status == SPAN_STATUS_OK;
    bool has_type = type.size > 0 && !is_ok;
    struct bytes result = {0};
    bool has_failed = span_has_failed(step->span) || is_said_in_words(semconv, step) ||
                      is_said_by_presence(semconv, &result) ||
                      (semconv->exception.data && is_without_status(semconv)) || has_type ||
                      (step->kind == STEP_TOOL && is_error_result(semconv, arena, &result));
    if (!has_failed)
        return;
    if (semconv->exception.data) {
        struct semconv exception;
        semconv_read(semconv->exception, OF_EVENT, &exception);
        message = first_of(message, semconv_text(&exception, SC_ERROR_MESSAGE));
        type = first_of(type, semconv_text(&exception, SC_ERROR_TYPE));
    }
    message = first_of(first_of(message, semconv_text(semconv, SC_ERROR_MESSAGE)), result);
    if (names_control_flow(message) || names_control_flow(type)) {
        step->is_control_flow = true;
        return;
    }
    step->error_type = type;
    step->error = first_of(first_line(message), first_of(type, BYTES_LITERAL("error")));
}
