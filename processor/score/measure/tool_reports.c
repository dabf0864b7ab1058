/* Tools that ended well and said that they did not: their span is fine, their result is an error.
 * Read are the members that services state it with, at the top of a JSON result, and the words that
 * a text of an error starts with:
 *
 *   {"error": "..."}  {"success": false}  {"isError": true}  {"status": "failed"}  {"status": 503}
 *   Error: ...   TimeoutError: ...   Traceback (most recent call last): ...   Failed to ... */
#include "processor/base/json/json.h"
#include "processor/base/text/text.h"
#include "processor/base/text/utf8.h"
#include "processor/score/language/phrases.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

enum { MEMBERS_MAX = 64, HTTP_ERROR = 400, HTTP_END = 600, NAME_BYTES_MAX = 80 };

/* Whatever follows. */
static const char error_openings[] =
    "traceback (most recent call last)|failed to|failure to|an error occurred|error executing"
    "|error occurred|error while|error during|error calling|error running|request failed"
    "|execution failed|tool execution failed|command failed|internal server error|bad request"
    "|access denied|permission denied|operation failed|fatal error|unhandled exception"
    "|fehler beim|ein fehler ist aufgetreten|une erreur|se produjo un error|ocurrió un error";
/* With a colon behind it, as the end of the first word too: KeyError: ... */
static const char *const error_names[] = {"error", "exception", "failure", "failed",
                                          "fatal", "fehler",    "erreur"};

static bool ends_with_folded(struct bytes text, const char *ending)
{
    size_t size = strlen(ending);
    for (size_t i = 0; i < size && text.size >= size; i++)
        if ((text.data[text.size - size + i] | 0x20) != (uint8_t)ending[i])
            return false;
    return text.size >= size;
}

static bool is_error_name(struct bytes name)
{
    for (size_t i = 0; i < sizeof error_names / sizeof *error_names; i++)
        if (ends_with_folded(name, error_names[i]))
            return true;
    return false;
}

static bool text_says_failed(struct bytes text)
{
    size_t end = 0;
    text = phrase_skip_marks(text);
    if (phrase_any_at_start(text, error_openings) > 0)
        return true;
    while (end < text.size && end < NAME_BYTES_MAX && text.data[end] > ' ' && text.data[end] != ':')
        end++;
    bool is_name = end < text.size ? text.data[end] == ':' : true;
    return is_name && is_error_name(bytes_of(text.data, end));
}

static bool is_one_of(struct bytes text, const char *const *words)
{
    for (; *words; words++)
        if (text.size == strlen(*words) && ends_with_folded(text, *words))
            return true;
    return false;
}

/* Present and saying something: not null, false, 0, "" or an empty container. */
static bool is_stated(const struct json_value *value)
{
    if (value->type == JSON_BOOL)
        return value->boolean;
    if (value->type == JSON_NUMBER)
        return value->number > 0 || value->number < 0;
    if (value->type == JSON_STRING)
        return value->text.size > 0;
    bool is_container = value->type == JSON_OBJECT || value->type == JSON_ARRAY;
    return is_container && value->raw.size > 2;
}

static bool member_says_failed(const struct json_value *member)
{
    static const char *const faults[] = {"error",         "errors",    "iserror",    "is_error",
                                         "exception",     "errorcode", "error_code", "errormessage",
                                         "error_message", NULL};
    static const char *const successes[] = {"success", "ok", "succeeded", NULL};
    static const char *const states[] = {"status", "state", "result", "outcome", NULL};
    static const char *const codes[] = {"status", "status_code", "statuscode", "http_status", NULL};
    static const char *const failed[] = {"error", "failed", "failure", "fail", NULL};
    if (is_one_of(member->key, faults))
        return is_stated(member);
    if (member->type == JSON_BOOL)
        return !member->boolean && is_one_of(member->key, successes);
    if (member->type == JSON_NUMBER)
        return member->number >= HTTP_ERROR && member->number < HTTP_END &&
               is_one_of(member->key, codes);
    return member->type == JSON_STRING && is_one_of(member->key, states) &&
           is_one_of(member->text, failed);
}

static bool result_says_failed(struct bytes text, struct arena *scratch)
{
    struct json_reader reader, members;
    struct json_value value;
    text = text_trim(utf8_cut(text, DOCUMENT_BYTES_MAX));
    if (text.size == 0)
        return false;
    if (!json_parse(text, scratch, &reader, &value))
        return text_says_failed(text);
    if (value.type == JSON_STRING)
        return text_says_failed(value.text);
    if (value.type != JSON_OBJECT)
        return false;
    json_children(&reader, &value, &members);
    for (int i = 0; i < MEMBERS_MAX; i++) {
        enum json_type type = json_next(&members, &value);
        if (type == JSON_END || type == JSON_BROKEN)
            return false;
        if (member_says_failed(&value))
            return true;
    }
    return false;
}

void measure_tool_errors_reported(const struct measurement *self, struct score_context *context,
                                  struct reading *ret_reading)
{
    const struct agent_run *run = context->run;
    uint32_t calls = 0, count = 0;
    struct arena scratch;
    (void)self;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, run->arena);
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->kind != STEP_TOOL || !step_counts(step) || step->output.size == 0)
            continue;
        calls++;
        if (step_has_failed(step) || !result_says_failed(step->output, &scratch))
            continue;
        arena_reset(&scratch);
        count++;
        reading_point(ret_reading, context, i, FIELD_STEP_OUTPUT, 0, step->output.size);
    }
    arena_finish(&scratch);
    if (calls == 0) {
        reading_na(ret_reading, "no_content");
        return;
    }
    reading_number(ret_reading, count);
    if (count > 0)
        reading_explain(ret_reading, context,
                        "%u of %u tool calls ended well and returned an error", count, calls);
}
