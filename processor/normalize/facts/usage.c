/* Libraries say it as two numbers, as a JSON object, or only in the model's reply, and agents
 * repeat the sums of their calls. The total of a run is
 *   the innermost of nested model calls with a count, each call once
 *   an agent's own total instead where calls below it have no count (streams often have none), or
 *   where no call of the run has */
#include "processor/normalize/facts/usage.h"

#include "processor/base/json/json.h"

enum { ANCESTORS_MAX = 1024, LEVELS_MAX = 8, VALUES_MAX = 2000 };

/* Both directions; -1: not said. */
struct tokens {
    double input, output;
};

static const char *const input_names[] = {
    "input_tokens",       "prompt_tokens",    "input",
    "promptTokens",       "inputTokens",      "inputTokenCount",
    "prompt_token_count", "promptTokenCount", NULL};
static const char *const output_names[] = {
    "output_tokens",          "completion_tokens",    "output",
    "completionTokens",       "outputTokens",         "outputTokenCount",
    "candidates_token_count", "candidatesTokenCount", NULL};

static double member_count(const struct json_reader *reader, const struct json_value *object,
                           const char *const *names)
{
    struct json_value member;
    for (; *names; names++)
        if (json_member(reader, object, *names, &member) && member.type == JSON_NUMBER &&
            member.number >= 0 && member.number < 1e15)
            return member.number;
    return -1;
}

static bool has_part(struct bytes text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

/* Langfuse's buckets exclude each other (input, input_cached_tokens, ...): what is named after a
 * direction adds up, unless the two plain ones are the stated total already. */
static struct tokens add_buckets(const struct json_reader *reader, const struct json_value *object)
{
    struct tokens plain = {member_count(reader, object, input_names),
                           member_count(reader, object, output_names)};
    struct tokens sum = {-1, -1};
    struct json_value total;
    if (json_member(reader, object, "total", &total) && total.type == JSON_NUMBER &&
        plain.input >= 0 && plain.output >= 0 && plain.input + plain.output > total.number - 0.5)
        return plain;
    struct json_reader members;
    struct json_value member;
    json_children(reader, object, &members);
    for (enum json_type type = json_next(&members, &member);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&members, &member)) {
        if (type != JSON_NUMBER || member.number < 0 || member.number >= 1e15)
            continue;
        double *to = has_part(member.key, "input")    ? &sum.input
                     : has_part(member.key, "output") ? &sum.output
                                                      : NULL;
        if (to)
            *to = (*to < 0 ? 0 : *to) + member.number;
    }
    return (struct tokens){sum.input >= 0 ? sum.input : plain.input,
                           sum.output >= 0 ? sum.output : plain.output};
}

/* A usage object, or LangWatch's {"type": "json", "value": {..}} around one. */
static struct tokens read_object(const struct json_reader *reader, const struct json_value *object,
                                 bool has_buckets)
{
    struct json_value at = *object, inner;
    if (json_member(reader, &at, "value", &inner) && inner.type == JSON_OBJECT)
        at = inner;
    if (has_buckets)
        return add_buckets(reader, &at);
    return (struct tokens){member_count(reader, &at, input_names),
                           member_count(reader, &at, output_names)};
}

/* Looks for what a model's reply says of its usage, wherever SDKs put it: {"usage": {..}},
 * {"replies": [{"meta": {"usage": {..}}}]}, {"response_metadata": {"token_usage": {..}}}. */
static bool find_usage(const struct json_reader *reader, const struct json_value *value, int level,
                       int *budget, struct tokens *ret, struct bytes *ret_model)
{
    static const char *const names[] = {"usage",       "usage_metadata", "usageMetadata",
                                        "token_usage", "tokenUsage",     "usage_details"};
    struct json_value member;
    if (level >= LEVELS_MAX)
        return false;
    for (size_t i = 0; value->type == JSON_OBJECT && i < sizeof names / sizeof *names; i++) {
        if (!json_member(reader, value, names[i], &member) || member.type != JSON_OBJECT)
            continue;
        *ret = read_object(reader, &member, false);
        if (ret->input < 0 && ret->output < 0)
            continue;
        if (json_member(reader, value, "model", &member) && member.type == JSON_STRING)
            *ret_model = member.text;
        return true;
    }
    struct json_reader children;
    json_children(reader, value, &children);
    for (enum json_type type = json_next(&children, &member);
         type != JSON_END && type != JSON_BROKEN && --*budget > 0;
         type = json_next(&children, &member))
        if ((type == JSON_OBJECT || type == JSON_ARRAY) &&
            find_usage(&children, &member, level + 1, budget, ret, ret_model))
            return true;
    return false;
}

static bool tokens_of_reply(const struct semconv *semconv, struct arena *arena, struct tokens *ret,
                            struct bytes *ret_model)
{
    static const enum semconv_concept replies[] = {SC_OUT_VALUE, SC_OUT_LIBRARY, SC_OUT_LEGACY,
                                                   SC_OUT_RAW,   SC_OUT_ENTITY,  SC_OUT_ENDING};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        const struct value *value = semconv_get(semconv, replies[i]);
        struct json_reader reader;
        struct json_value json;
        int budget = VALUES_MAX;
        if (!value || value->type != VALUE_STRING || value->bytes.size < 2 ||
            (value->bytes.data[0] != '{' && value->bytes.data[0] != '[') ||
            !(has_part(value->bytes, "usage") || has_part(value->bytes, "Usage")) ||
            !json_parse(value->bytes, arena, &reader, &json))
            continue;
        if (find_usage(&reader, &json, 0, &budget, ret, ret_model))
            return true;
    }
    return false;
}

static void read_tokens(const struct semconv *semconv, struct arena *arena, struct step *step)
{
    struct tokens tokens = {-1, -1}, more = {-1, -1};
    struct bytes model = {0};
    if (!semconv_number(semconv, SC_TOKENS_INPUT, &tokens.input) &&
        !semconv_number(semconv, SC_AGGREGATE_INPUT, &tokens.input))
        tokens.input = -1;
    if (!semconv_number(semconv, SC_TOKENS_OUTPUT, &tokens.output) &&
        !semconv_number(semconv, SC_AGGREGATE_OUTPUT, &tokens.output))
        tokens.output = -1;
    const struct value *value = semconv_get(semconv, SC_TOKENS_JSON);
    struct json_reader reader;
    struct json_value json;
    if ((tokens.input < 0 || tokens.output < 0) && value && value->type == VALUE_STRING &&
        json_parse(value->bytes, arena, &reader, &json))
        more = read_object(&reader, &json, semconv->family[SC_TOKENS_JSON] == FAMILY_LANGFUSE);
    if (tokens.input < 0 && tokens.output < 0 && more.input < 0 && more.output < 0 &&
        step->kind == STEP_LLM && !tokens_of_reply(semconv, arena, &more, &model))
        more = (struct tokens){-1, -1};
    if (step->model.size == 0)
        step->model = model;
    tokens.input = tokens.input < 0 ? more.input : tokens.input;
    tokens.output = tokens.output < 0 ? more.output : tokens.output;
    /* Nothing read and nothing written: the library did not know. */
    bool is_unknown = tokens.input <= 0 && tokens.output <= 0;
    step->tokens_input = is_unknown || tokens.input >= 1e15 ? -1 : (int64_t)tokens.input;
    step->tokens_output = is_unknown || tokens.output >= 1e15 ? -1 : (int64_t)tokens.output;
}

/* The total, or the parts, which exclude each other. */
static double cost_of_json(const struct json_reader *reader, const struct json_value *object)
{
    struct json_reader members;
    struct json_value member;
    double sum = -1;
    if ((json_member(reader, object, "total", &member) ||
         json_member(reader, object, "total_cost", &member)) &&
        member.type == JSON_NUMBER)
        return member.number < 0 ? -1 : member.number;
    if (object->type != JSON_OBJECT)
        return -1;
    json_children(reader, object, &members);
    for (enum json_type type = json_next(&members, &member);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&members, &member))
        if (type == JSON_NUMBER && member.number >= 0)
            sum = (sum < 0 ? 0 : sum) + member.number;
    return sum;
}

static double read_cost(const struct semconv *semconv, struct arena *arena)
{
    double cost, output;
    if (semconv_number(semconv, SC_COST, &cost))
        return cost;
    const struct value *value = semconv_get(semconv, SC_COST_JSON);
    struct json_reader reader;
    struct json_value json;
    if (value && value->type == VALUE_STRING && json_parse(value->bytes, arena, &reader, &json))
        return cost_of_json(&reader, &json);
    bool has_input = semconv_number(semconv, SC_COST_INPUT, &cost);
    if (!semconv_number(semconv, SC_COST_OUTPUT, &output))
        return has_input ? cost : -1;
    return has_input ? cost + output : output;
}

void usage_read(const struct semconv *semconv, struct arena *arena, struct step *step)
{
    read_tokens(semconv, arena, step);
    step->cost_usd = read_cost(semconv, arena);
}

static bool is_aggregate(const struct step *step)
{
    return step->is_own && !step->is_repeat && step->kind != STEP_LLM &&
           step->kind != STEP_EMBEDDING && step->kind != STEP_RERANKER &&
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

static void mark_above(const struct trajectory *trajectory, uint32_t index, uint8_t *marks)
{
    for (uint32_t at = trajectory->parents[index]; at != NO_SPAN && !marks[at];
         at = trajectory->parents[at])
        marks[at] = 1;
}

/* The outermost span above (or at) `index` that states a total. */
static uint32_t outermost_aggregate(const struct agent_run *run, uint32_t index,
                                    enum quantity quantity)
{
    uint32_t found = NO_SPAN, at = index;
    for (int i = 0; i < ANCESTORS_MAX && at != NO_SPAN; i++) {
        if (is_aggregate(&run->steps[at]) && quantity_of(&run->steps[at], quantity) >= 0)
            found = at;
        at = run->trajectory->parents[at];
    }
    return found;
}

/* What the calls below one stated total say. */
struct below {
    double sum;
    bool is_partial; /* a call that worked has no count */
};

struct summing {
    const struct agent_run *run;
    enum quantity quantity;
    struct below *below;  /* by aggregate */
    uint8_t *has_counted; /* model calls with a counted one inside */
    double total;         /* of calls that no aggregate speaks for; -1: none */
    bool is_any_metered;
};

static void add_calls(struct summing *summing)
{
    const struct agent_run *run = summing->run;
    for (uint32_t i = 0; i < run->step_count; i++)
        if (run->steps[i].kind == STEP_LLM && quantity_of(&run->steps[i], summing->quantity) >= 0)
            mark_above(run->trajectory, i, summing->has_counted);
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        double value = quantity_of(step, summing->quantity);
        if (step->kind != STEP_LLM || !step->is_own || step->is_repeat || summing->has_counted[i])
            continue;
        uint32_t aggregate = outermost_aggregate(run, i, summing->quantity);
        if (value < 0) {
            if (aggregate != NO_SPAN && step->is_counted && !step_has_failed(step))
                summing->below[aggregate].is_partial = true;
            continue;
        }
        summing->is_any_metered = true;
        double *sum = aggregate != NO_SPAN ? &summing->below[aggregate].sum : &summing->total;
        *sum = (*sum < 0 ? 0 : *sum) + value;
    }
}

static double sum(const struct agent_run *run, enum quantity quantity, uint8_t *marks,
                  struct below *below)
{
    memset(marks, 0, run->step_count + 1);
    memset(below, 0, (run->step_count + 1) * sizeof *below);
    struct summing summing = {
        .run = run, .quantity = quantity, .below = below, .has_counted = marks, .total = -1};
    add_calls(&summing);
    for (uint32_t i = 0; i < run->step_count; i++) {
        double stated = quantity_of(&run->steps[i], quantity), value = below[i].sum;
        if (!is_aggregate(&run->steps[i]) || stated < 0 ||
            outermost_aggregate(run, i, quantity) != i)
            continue;
        if (!summing.is_any_metered || (below[i].is_partial && stated > value))
            value = stated;
        else if (!(value > 0))
            continue;
        summing.total = (summing.total < 0 ? 0 : summing.total) + value;
    }
    if (summing.total < 0 && summing.is_any_metered)
        return 0;
    return summing.total;
}

void usage_sum(struct agent_run *run)
{
    run->tokens_input = run->tokens_output = -1;
    run->cost_usd = -1;
    uint8_t *marks = arena_zalloc(run->arena, run->step_count + 1, 1);
    struct below *below = arena_zalloc(run->arena, (size_t)run->step_count + 1, sizeof *below);
    if (!marks || !below)
        return;
    run->tokens_input = (int64_t)sum(run, QUANTITY_INPUT, marks, below);
    run->tokens_output = (int64_t)sum(run, QUANTITY_OUTPUT, marks, below);
    run->cost_usd = sum(run, QUANTITY_COST, marks, below);
}
