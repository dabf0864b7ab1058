/* Facts of one step, and how nested steps relate. A model call may be written as up to three nested
 * spans, and agents repeat the sums of their calls, so what is counted is:
 *   steps   the innermost of nested model calls, the outermost of nested retrievals
 *   tokens  the innermost of nested model calls with a count; else the outermost of anything */
#include "processor/normalize/facts/steps.h"

#include "processor/base/json/json.h"
#include "processor/normalize/facts/step_kind.h"

enum { TOOL_NESTING_MAX = 16, ANCESTORS_MAX = 1024 };

static struct bytes without_prefix(struct bytes text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (text.size <= size || memcmp(text.data, prefix, size) != 0)
        return text;
    return bytes_of(text.data + size, text.size - size);
}

static struct bytes without_suffix(struct bytes text, const char *suffix)
{
    size_t size = strlen(suffix);
    if (text.size <= size || memcmp(text.data + text.size - size, suffix, size) != 0)
        return text;
    return bytes_of(text.data, text.size - size);
}

static struct bytes first_of(struct bytes a, struct bytes b)
{
    return a.size ? a : b;
}

static struct bytes tool_name(const struct semconv *semconv)
{
    struct bytes name = semconv_text(semconv, SC_TOOL_NAME);
    if (name.size == 0)
        name = semconv_text(semconv, SC_ENTITY_NAME);
    if (name.size == 0)
        name = without_suffix(without_prefix(semconv->name, "execute_tool "), ".tool");
    return name;
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

/* LangGraph stops a run that waits for a human with an exception, which some libraries report as an
 * error. */
static bool is_interrupt(struct bytes text)
{
    return bytes_starts_with(text, BYTES_LITERAL("GraphInterrupt")) ||
           bytes_starts_with(text, BYTES_LITERAL("NodeInterrupt")) ||
           bytes_starts_with(text, BYTES_LITERAL("langgraph.errors.GraphInterrupt")) ||
           bytes_starts_with(text, BYTES_LITERAL("langgraph.errors.NodeInterrupt"));
}

static void read_error(const struct span *span, const struct semconv *semconv, struct step *step)
{
    bool is_error =
        span_has_failed(span) || bytes_equal_text(semconv_text(semconv, SC_LEVEL), "ERROR");
    if (!is_error)
        return;
    struct bytes message = semconv->status_message, type = semconv_text(semconv, SC_ERROR_TYPE);
    if (semconv->exception.data) {
        struct semconv exception;
        semconv_read(semconv->exception, OF_EVENT, &exception);
        message = first_of(message, semconv_text(&exception, SC_ERROR_MESSAGE));
        type = first_of(type, semconv_text(&exception, SC_ERROR_TYPE));
    }
    message = first_of(message, semconv_text(semconv, SC_ERROR_MESSAGE));
    if (is_interrupt(message) || is_interrupt(type))
        return;
    step->error_type = type;
    step->error = first_of(first_line(message), first_of(type, BYTES_LITERAL("error")));
}

/* Members of a JSON object of token counts; names differ by library. */
static int64_t json_count(struct bytes text, const char *const *names, struct arena *arena)
{
    struct json_reader reader;
    struct json_value object, member;
    if (!json_parse(text, arena, &reader, &object))
        return -1;
    for (; *names; names++)
        if (json_member(&reader, &object, *names, &member) && member.type == JSON_NUMBER &&
            member.number >= 0 && member.number < 1e15)
            return (int64_t)member.number;
    return -1;
}

static int64_t token_count(const struct semconv *semconv, enum semconv_concept concept,
                           enum semconv_concept aggregate, const char *const *names,
                           struct arena *arena)
{
    double number;
    if ((semconv_number(semconv, concept, &number) ||
         semconv_number(semconv, aggregate, &number)) &&
        number < 1e15)
        return (int64_t)number;
    const struct value *json = semconv_get(semconv, SC_TOKENS_JSON);
    return json && json->type == VALUE_STRING ? json_count(json->bytes, names, arena) : -1;
}

static void read_tokens(const struct semconv *semconv, struct arena *arena, struct step *step)
{
    static const char *const inputs[] = {"input_tokens", "prompt_tokens", "input",
                                         "promptTokens", "inputTokens",   NULL};
    static const char *const outputs[] = {"output_tokens",    "completion_tokens", "output",
                                          "completionTokens", "outputTokens",      NULL};
    step->tokens_input = token_count(semconv, SC_TOKENS_INPUT, SC_AGGREGATE_INPUT, inputs, arena);
    step->tokens_output =
        token_count(semconv, SC_TOKENS_OUTPUT, SC_AGGREGATE_OUTPUT, outputs, arena);
}

static double read_cost(const struct semconv *semconv, struct arena *arena)
{
    double cost;
    if (semconv_number(semconv, SC_COST, &cost))
        return cost;
    const struct value *json = semconv_get(semconv, SC_COST_JSON);
    struct json_reader reader;
    struct json_value object, total;
    if (!json || json->type != VALUE_STRING || !json_parse(json->bytes, arena, &reader, &object) ||
        !(json_member(&reader, &object, "total", &total) ||
          json_member(&reader, &object, "total_cost", &total)) ||
        total.type != JSON_NUMBER || total.number < 0)
        return -1;
    return total.number;
}

/* Nanoseconds since 1970 of "2026-11-23T05:11:43.123Z", quoted or not; 0: no such time. */
static uint64_t parse_time(struct bytes text)
{
    int fields[6] = {0};
    static const char marks[] = "--T::";
    size_t at = text.size && text.data[0] == '"';
    for (int i = 0; i < 6; i++) {
        size_t digits = i == 0 ? 4 : 2;
        if (at + digits > text.size)
            return 0;
        for (; digits > 0; digits--, at++) {
            if (text.data[at] < '0' || text.data[at] > '9')
                return 0;
            fields[i] = fields[i] * 10 + (text.data[at] - '0');
        }
        if (i < 5 && (at >= text.size || text.data[at++] != (uint8_t)marks[i]))
            return 0;
    }
    uint64_t fraction = 0, unit = 100000000;
    if (at < text.size && text.data[at] == '.')
        for (at++; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
            fraction += (uint64_t)(text.data[at] - '0') * unit;
            unit /= 10;
        }
    if (fields[0] < 1970 || fields[1] < 1 || fields[1] > 12)
        return 0;
    /* Days from civil, after Howard Hinnant's algorithm for the proleptic Gregorian calendar. */
    int64_t year = fields[0] - (fields[1] <= 2), era = year / 400, year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (fields[1] + (fields[1] > 2 ? -3 : 9)) + 2) / 5 + fields[2] - 1;
    int64_t days = era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
                   day_of_year - 719468;
    int64_t seconds = ((days * 24 + fields[3]) * 60 + fields[4]) * 60 + fields[5];
    return seconds < 0 ? 0 : (uint64_t)seconds * 1000000000 + fraction;
}

static int64_t read_ttft(const struct span *span, const struct semconv *semconv)
{
    double number;
    if (semconv_number(semconv, SC_TTFT_SECONDS, &number) && number < 1e6)
        return (int64_t)(number * 1e9);
    if (semconv_number(semconv, SC_TTFT_MS, &number) && number < 1e9)
        return (int64_t)(number * 1e6);
    uint64_t first = semconv->first_token_ns;
    if (first == 0 && semconv_has(semconv, SC_TTFT_TIME))
        first = parse_time(semconv_text(semconv, SC_TTFT_TIME));
    bool is_within = first != 0 && span->start_ns != 0 && first >= span->start_ns &&
                     (span->end_ns == 0 || first <= span->end_ns);
    return is_within ? (int64_t)(first - span->start_ns) : -1;
}

static struct bytes agent_name(const struct semconv *semconv, enum step_kind kind)
{
    struct bytes name = semconv_text(semconv, SC_AGENT_NAME);
    if (name.size == 0 && kind == STEP_AGENT)
        name =
            without_suffix(without_suffix(without_prefix(semconv->name, "invoke_agent "), ".agent"),
                           "._execute_core");
    return name;
}

void step_read(const struct span *span, const struct semconv *semconv, struct bytes scope,
               struct arena *arena, struct step *ret)
{
    enum semconv_family family;
    *ret = (struct step){.span = span, .is_counted = true, .is_own = true, .name = semconv->name};
    ret->kind = step_kind_of_span(semconv, scope, &family);
    ret->family = (uint8_t)family;
    if (ret->kind == STEP_TOOL)
        ret->tool = tool_name(semconv);
    ret->agent = agent_name(semconv, ret->kind);
    ret->model_asked = semconv_text(semconv, SC_MODEL_ASKED);
    ret->model = first_of(semconv_text(semconv, SC_MODEL), ret->model_asked);
    ret->provider = semconv_text(semconv, SC_PROVIDER);
    ret->finish_reason = semconv_text(semconv, SC_FINISH_REASON);
    ret->cache_hit = semconv_flag(semconv, SC_CACHE_HIT);
    ret->is_fallback = semconv_flag(semconv, SC_FALLBACK);
    read_tokens(semconv, arena, ret);
    ret->cost_usd = read_cost(semconv, arena);
    ret->ttft_ns = read_ttft(span, semconv);
    read_error(span, semconv, ret);
}

void step_fill_gaps(const struct semconv *semconv, struct step *step)
{
    double number;
    if (step->tokens_input < 0 && semconv_number(semconv, SC_TOKENS_INPUT, &number))
        step->tokens_input = (int64_t)number;
    if (step->tokens_output < 0 && semconv_number(semconv, SC_TOKENS_OUTPUT, &number))
        step->tokens_output = (int64_t)number;
    step->model_asked = first_of(step->model_asked, semconv_text(semconv, SC_MODEL_ASKED));
    step->model =
        first_of(step->model, first_of(semconv_text(semconv, SC_MODEL), step->model_asked));
    step->provider = first_of(step->provider, semconv_text(semconv, SC_PROVIDER));
    step->finish_reason = first_of(step->finish_reason, semconv_text(semconv, SC_FINISH_REASON));
    step->agent = first_of(step->agent, semconv_text(semconv, SC_AGENT_NAME));
}

/* Everything at and below an evaluator is not the agent's own work. */
static void disown(struct agent_run *run, uint32_t top)
{
    const struct trajectory *trajectory = run->trajectory;
    uint32_t at = top;
    run->steps[at].is_own = false;
    for (;;) {
        uint32_t child = trajectory->first_children[at];
        if (child != NO_SPAN) {
            at = child;
        } else {
            while (at != top && trajectory->next_siblings[at] == NO_SPAN)
                at = trajectory->parents[at];
            if (at == top)
                return;
            at = trajectory->next_siblings[at];
        }
        run->steps[at].is_own = false;
    }
}

/* A tool span right below another of the same tool is the same call seen by a second library. */
static bool repeats_outer_tool(const struct agent_run *run, uint32_t index)
{
    uint32_t at = run->trajectory->parents[index];
    for (int i = 0; i < TOOL_NESTING_MAX && at != NO_SPAN; i++) {
        const struct step *outer = &run->steps[at];
        if (outer->kind == STEP_TOOL)
            return bytes_equal(outer->tool, run->steps[index].tool);
        if (outer->kind == STEP_AGENT || outer->kind == STEP_WORKFLOW || outer->kind == STEP_LLM)
            return false;
        at = run->trajectory->parents[at];
    }
    return false;
}

static bool is_below_kind(const struct agent_run *run, uint32_t index, enum step_kind kind)
{
    uint32_t at = run->trajectory->parents[index];
    for (int i = 0; i < TOOL_NESTING_MAX && at != NO_SPAN; i++) {
        if (run->steps[at].kind == kind)
            return true;
        at = run->trajectory->parents[at];
    }
    return false;
}

/* LlamaIndex marks the preparation of a call as a call of its own. */
static bool is_preparation(const struct step *step)
{
    static const char name[] = "_prepare_chat_with_tools";
    return memmem(step->name.data, step->name.size, name, sizeof name - 1) != NULL;
}

/* Marks the ancestors of `index`, up to one that is marked already. */
static void mark_above(const struct trajectory *trajectory, uint32_t index, uint8_t *marks,
                       uint8_t mark)
{
    for (uint32_t at = trajectory->parents[index]; at != NO_SPAN && !(marks[at] & mark);
         at = trajectory->parents[at])
        marks[at] |= mark;
}

void steps_relate(struct agent_run *run)
{
    uint8_t *marks = arena_zalloc(run->arena, run->step_count + 1, 1);
    for (uint32_t i = 0; i < run->step_count; i++) {
        struct step *step = &run->steps[i];
        if (step->kind == STEP_EVALUATOR && step->is_own)
            disown(run, i);
        if (step->kind == STEP_LLM && is_preparation(step))
            step->is_counted = false;
        else if (step->kind == STEP_LLM && marks)
            mark_above(run->trajectory, i, marks, 1);
        else if (step->kind == STEP_RETRIEVER || step->kind == STEP_EMBEDDING)
            step->is_counted = !is_below_kind(run, i, step->kind);
    }
    for (uint32_t i = 0; i < run->step_count; i++) {
        struct step *step = &run->steps[i];
        if (step->kind == STEP_LLM && marks && marks[i])
            step->is_counted = false;
    }
    /* Backwards, so that an outer span is still a tool when the one inside it looks up. */
    for (uint32_t i = run->step_count; i-- > 0;) {
        struct step *step = &run->steps[i];
        if (step->kind != STEP_TOOL || !repeats_outer_tool(run, i))
            continue;
        step->kind = STEP_OTHER;
        step->is_counted = false;
        step->tool = (struct bytes){0};
    }
}

static bool is_aggregate(const struct step *step)
{
    return step->kind != STEP_LLM && step->kind != STEP_EMBEDDING && step->kind != STEP_RERANKER &&
           step->kind != STEP_RETRIEVER;
}

/* What is summed: tokens of one direction, or cost. */
enum quantity { QUANTITY_INPUT, QUANTITY_OUTPUT, QUANTITY_COST };

static double quantity_of(const struct step *step, enum quantity quantity)
{
    return quantity == QUANTITY_INPUT    ? (double)step->tokens_input
           : quantity == QUANTITY_OUTPUT ? (double)step->tokens_output
                                         : step->cost_usd;
}

static bool has_outer_aggregate(const struct agent_run *run, uint32_t index, enum quantity quantity)
{
    uint32_t at = run->trajectory->parents[index];
    for (int i = 0; i < ANCESTORS_MAX && at != NO_SPAN; i++) {
        const struct step *step = &run->steps[at];
        if (step->is_own && is_aggregate(step) && quantity_of(step, quantity) >= 0)
            return true;
        at = run->trajectory->parents[at];
    }
    return false;
}

static double sum(const struct agent_run *run, enum quantity quantity, uint8_t *marks, uint8_t mark)
{
    double total = -1;
    for (uint32_t i = 0; i < run->step_count; i++)
        if (run->steps[i].kind == STEP_LLM && quantity_of(&run->steps[i], quantity) >= 0)
            mark_above(run->trajectory, i, marks, mark);
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        double value = quantity_of(step, quantity);
        if (step->kind == STEP_LLM && step->is_own && value >= 0 && !(marks[i] & mark))
            total = (total < 0 ? 0 : total) + value;
    }
    if (total >= 0)
        return total;
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        double value = quantity_of(step, quantity);
        if (step->is_own && is_aggregate(step) && value >= 0 &&
            !has_outer_aggregate(run, i, quantity))
            total = (total < 0 ? 0 : total) + value;
    }
    return total;
}

void steps_sum(struct agent_run *run)
{
    run->tokens_input = run->tokens_output = -1;
    run->cost_usd = -1;
    uint8_t *marks = arena_zalloc(run->arena, run->step_count + 1, 1);
    if (!marks)
        return;
    run->tokens_input = (int64_t)sum(run, QUANTITY_INPUT, marks, 1);
    run->tokens_output = (int64_t)sum(run, QUANTITY_OUTPUT, marks, 2);
    run->cost_usd = sum(run, QUANTITY_COST, marks, 4);
}
