/* Has the answer the form that the pipeline file demands? 1 when it meets every demand of
 * measurements.output_contract, else 0: whoever reads the answer by program can't read half of it.
 * The first demand that is not met is named. Looked at are the answer as it is shown and, where
 * that was taken out of a JSON object, the object: an agent that answers {"answer": ..., "sources":
 * []} has answered with JSON, one whose library wraps a sentence as {"output": ...} has not. */
#include "processor/base/json/json.h"
#include "processor/base/text/text.h"
#include "processor/base/text/utf8.h"
#include "processor/normalize/content/exchange.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

static bool has_key(const struct json_reader *reader, const struct json_value *object,
                    struct bytes key)
{
    struct json_reader members;
    struct json_value member;
    json_children(reader, object, &members);
    for (enum json_type type = json_next(&members, &member);
         type != JSON_END && type != JSON_BROKEN; type = json_next(&members, &member))
        if (bytes_equal(member.key, key))
            return true;
    return false;
}

/* Is every demand on JSON met? Else the reading says which is not. */
static bool meets_json(const struct output_contract *contract, struct bytes answer,
                       struct score_context *context, struct reading *reading)
{
    struct arena scratch;
    struct json_reader reader;
    struct json_value value;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    bool is_json = json_parse(text_trim(answer), &scratch, &reader, &value) && !reader.truncated;
    uint32_t met = 0;
    if (!is_json)
        reading_explain(reading, context, "The answer is not JSON");
    else if (contract->required_key_count > 0 && value.type != JSON_OBJECT)
        reading_explain(reading, context, "The answer is JSON but not an object");
    else
        while (met < contract->required_key_count &&
               has_key(&reader, &value, contract->required_keys[met]))
            met++;
    bool meets = is_json && met == contract->required_key_count;
    if (is_json && value.type == JSON_OBJECT && !meets)
        reading_explain(reading, context, "The answer lacks the key %.*s",
                        SHOWN(contract->required_keys[met]));
    arena_finish(&scratch);
    return meets;
}

/* `ret_is_known` is false when the search for the pattern gave up. */
static bool meets(const struct output_contract *contract, struct bytes answer,
                  struct score_context *context, struct reading *reading, bool *ret_is_known)
{
    size_t start, end;
    enum regex_result result = REGEX_FOUND;
    *ret_is_known = true;
    if ((contract->is_json || contract->required_key_count > 0) &&
        !meets_json(contract, answer, context, reading))
        return false;
    if (contract->max_length > 0 && utf8_length(answer) > contract->max_length) {
        reading_explain(reading, context, "The answer has %zu characters, more than %u",
                        utf8_length(answer), contract->max_length);
        return false;
    }
    if (contract->pattern && arena_look(context->run->arena, answer.size))
        result = regex_search(contract->pattern, context->scratch, answer, 0, &start, &end);
    *ret_is_known = result != REGEX_GAVE_UP;
    if (result != REGEX_FOUND) {
        reading_explain(reading, context, "The answer does not match the demanded pattern");
        return false;
    }
    reading_explain(reading, context, "The answer has the demanded form");
    return true;
}

/* An object around the answer that is the agent's own: it has the demanded keys, or none that
 * libraries wrap an answer in. */
static bool is_structured_answer(const struct output_contract *contract, struct bytes text,
                                 const struct score_context *context)
{
    static const char *const wrappers[] = {"output",  "outputs",  "messages",    "message",
                                           "choices", "content",  "text",        "result",
                                           "results", "response", "generations", "kwargs"};
    struct arena scratch;
    struct json_reader reader;
    struct json_value object, member;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, context->run->arena);
    bool is_own = text.size > 0 && text.data[0] == '{' &&
                  json_parse(text, &scratch, &reader, &object) && object.type == JSON_OBJECT;
    for (size_t i = 0;
         is_own && contract->required_key_count == 0 && i < sizeof wrappers / sizeof *wrappers; i++)
        is_own = !json_member(&reader, &object, wrappers[i], &member);
    arena_finish(&scratch);
    return is_own;
}

void measure_output_contract(const struct measurement *self, struct score_context *context,
                             struct reading *ret_reading)
{
    (void)self;
    const struct output_contract *contract = &context->ruleset->measurements.output_contract;
    if (!contract->is_present) {
        reading_na(ret_reading, "not_configured");
        return;
    }
    if (context->run->output.size == 0) {
        reading_na(ret_reading, "no_answer");
        return;
    }
    bool is_known;
    bool is_met = meets(contract, context->run->output, context, ret_reading, &is_known);
    if (!is_met && is_known) {
        struct bytes value = text_trim(exchange_output_value(context->run));
        if (is_structured_answer(contract, value, context) &&
            !bytes_equal(value, context->run->output))
            is_met = meets(contract, value, context, ret_reading, &is_known);
    }
    if (!is_known) {
        reading_na(ret_reading, "too_costly");
        return;
    }
    reading_number(ret_reading, is_met);
    if (!is_met)
        reading_point(ret_reading, context, NO_SPAN, FIELD_OUTPUT, 0, context->run->output.size);
}
