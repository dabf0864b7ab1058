/* Canonical hash of JSON without a tree: the members of an object are hashed each for itself and
 * summed, so their order does not show; elements of an array are chained, so theirs does. Open
 * containers are kept on a stack as deep as the reader goes. */
#include "processor/score/measure/tool_calls.h"

#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/base/json/json.h"
#include "processor/base/text/text.h"
#include "processor/score/measure/reading.h"

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 29)) * 0x94d049bb133111eb;
    return x ^ (x >> 32);
}

static uint64_t scalar_hash(const struct json_value *value)
{
    uint64_t content = 0;
    if (value->type == JSON_STRING)
        content = digest_fnv1a64(value->text);
    else if (value->type == JSON_BOOL)
        content = value->boolean;
    else if (value->type == JSON_NUMBER) {
        double number = value->number + 0.0; /* -0 is 0 */
        memcpy(&content, &number, sizeof content);
    }
    return mix(content, (uint64_t)value->type);
}

struct open_container {
    struct json_reader reader;
    enum json_type type;
    uint64_t hash, key_hash; /* of what was met inside; of its own key in the object around it */
};

static void include(struct open_container *container, uint64_t key_hash, uint64_t hash)
{
    if (container->type == JSON_OBJECT)
        container->hash += mix(key_hash, hash);
    else
        container->hash = mix(container->hash, hash);
}

static void open_value(struct open_container *to, const struct json_reader *reader,
                       const struct json_value *value)
{
    *to = (struct open_container){.type = value->type,
                                  .key_hash = value->key.data ? digest_fnv1a64(value->key) : 0};
    json_children(reader, value, &to->reader);
}

uint64_t tool_call_arguments_hash(struct bytes text, struct arena *arena)
{
    struct json_reader reader;
    struct json_value value;
    text = text_trim(text);
    if (!json_parse(text, arena, &reader, &value))
        return digest_fnv1a64(text);
    if (value.type != JSON_OBJECT && value.type != JSON_ARRAY)
        return scalar_hash(&value);
    struct open_container stack[JSON_DEPTH_MAX + 1];
    uint32_t depth = 0;
    open_value(&stack[0], &reader, &value);
    for (;;) {
        struct open_container *top = &stack[depth];
        enum json_type type = json_next(&top->reader, &value);
        if (type == JSON_END || type == JSON_BROKEN) {
            uint64_t hash = mix(top->hash, (uint64_t)top->type);
            if (depth == 0)
                return hash;
            include(&stack[--depth], top->key_hash, hash);
        } else if ((type == JSON_OBJECT || type == JSON_ARRAY) && depth < JSON_DEPTH_MAX)
            open_value(&stack[++depth], &top->reader, &value);
        else
            include(top, value.key.data ? digest_fnv1a64(value.key) : 0, scalar_hash(&value));
    }
}

struct bytes tool_call_name(const struct step *step)
{
    return step->tool.size > 0 ? step->tool : step->name;
}

struct order_key {
    uint64_t identity;
    uint32_t index;
};

static int compare_keys(const void *a_, const void *b_)
{
    const struct order_key *a = a_, *b = b_;
    if (a->identity != b->identity)
        return a->identity < b->identity ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Numbers the calls of each identity, by sorting. */
static void count_earlier(struct tool_calls *calls, struct arena *arena)
{
    struct order_key *keys = arena_alloc(arena, calls->count * sizeof *keys);
    if (!keys)
        return;
    for (uint32_t i = 0; i < calls->count; i++)
        keys[i] = (struct order_key){calls->items[i].identity, i};
    qsort(keys, calls->count, sizeof *keys, compare_keys);
    for (uint32_t i = 1; i < calls->count; i++)
        if (keys[i].identity == keys[i - 1].identity)
            calls->items[keys[i].index].earlier = calls->items[keys[i - 1].index].earlier + 1;
}

static bool is_call(const struct step *step)
{
    return step->kind == STEP_TOOL && step_counts(step);
}

struct tool_calls tool_calls_read(struct score_context *context)
{
    const struct agent_run *run = context->run;
    struct tool_calls calls = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->step_count && count < TOOL_CALLS_MAX; i++)
        count += is_call(&run->steps[i]);
    if (count == 0)
        return calls;
    calls.items = arena_zalloc(context->arena, count, sizeof *calls.items);
    if (!calls.items)
        return calls;
    for (uint32_t i = 0; calls.count < count; i++) {
        const struct step *step = &run->steps[i];
        if (!is_call(step))
            continue;
        struct tool_call *call = &calls.items[calls.count++];
        call->span = i;
        call->name = tool_call_name(step);
        call->name_hash = digest_fnv1a64(call->name);
        call->field = step->arguments.data ? FIELD_ARGUMENTS : FIELD_STEP_INPUT;
        call->arguments = step->arguments.data ? step->arguments : step->input;
        call->has_arguments = call->arguments.data != NULL;
        call->has_failed = step_has_failed(step);
        call->identity =
            call->has_arguments
                ? mix(call->name_hash, tool_call_arguments_hash(call->arguments, context->arena))
                : call->name_hash;
    }
    count_earlier(&calls, context->arena);
    return calls;
}

struct tool_names tool_call_names_read(struct score_context *context)
{
    const struct agent_run *run = context->run;
    struct tool_names calls = {0};
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->step_count && count < TOOL_CALLS_MAX; i++)
        count += is_call(&run->steps[i]);
    calls.names = arena_alloc(context->arena, (count + 1) * sizeof *calls.names);
    calls.spans = arena_alloc(context->arena, (count + 1) * sizeof *calls.spans);
    if (!calls.names || !calls.spans)
        return calls;
    for (uint32_t i = 0; calls.count < count; i++) {
        if (!is_call(&run->steps[i]))
            continue;
        calls.names[calls.count] = tool_call_name(&run->steps[i]);
        calls.spans[calls.count++] = i;
    }
    return calls;
}

const struct bytes_list *tool_calls_expected(const struct tool_expectation *expectations,
                                             uint32_t count, const struct score_context *context)
{
    const struct bytes_list *for_any = NULL;
    bool has_dimension = context->ruleset->dimension_count > 0 && context->dimension_values;
    for (uint32_t i = 0; i < count; i++) {
        if (has_dimension && bytes_equal(expectations[i].value, context->dimension_values[0]))
            return &expectations[i].tools;
        if (bytes_equal_text(expectations[i].value, "*"))
            for_any = &expectations[i].tools;
    }
    return for_any;
}
