/* What a run cost: as recorded, else priced model call by model call. A call whose model has no
 * price makes the cost na: part of a sum would look like a cheap run. */
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

/* An exact name, else the longest prefix with a trailing `*`. */
static const struct model_price *find_price(const struct measurement_config *config,
                                            struct bytes model)
{
    const struct model_price *best = NULL;
    for (uint32_t i = 0; i < config->price_count; i++) {
        const struct model_price *price = &config->prices[i];
        if (bytes_equal(price->model, model))
            return price;
        if (price->model.size == 0 || price->model.data[price->model.size - 1] != '*')
            continue;
        struct bytes prefix = bytes_of(price->model.data, price->model.size - 1);
        if (bytes_starts_with(model, prefix) && (!best || price->model.size > best->model.size))
            best = price;
    }
    return best;
}

static double tokens_cost(const struct model_price *price, int64_t input, int64_t output)
{
    double usd_in = input > 0 ? (double)input * price->input : 0;
    double usd_out = output > 0 ? (double)output * price->output : 0;
    return (usd_in + usd_out) / 1e6;
}

void measure_cost(const struct measurement *self, struct score_context *context,
                  struct reading *ret_reading)
{
    (void)self;
    const struct agent_run *run = context->run;
    const struct measurement_config *config = &context->ruleset->measurements;
    if (run->cost_usd >= 0) {
        reading_number(ret_reading, run->cost_usd);
        return;
    }
    if (config->price_count == 0) {
        reading_na(ret_reading, "no_prices");
        return;
    }
    double sum = 0;
    bool has_usage = false, has_price = true;
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->kind != STEP_LLM || !step_counts(step) ||
            (step->tokens_input < 0 && step->tokens_output < 0))
            continue;
        has_usage = true;
        const struct model_price *price = find_price(config, step->model);
        if (!price)
            price = find_price(config, step->model_asked);
        if (price)
            sum += tokens_cost(price, step->tokens_input, step->tokens_output);
        has_price = has_price && price;
    }
    /* Totals that only the agent's own span states: of one model there is no doubt whose. */
    if (!has_usage && (run->tokens_input >= 0 || run->tokens_output >= 0)) {
        const struct model_price *price =
            run->models.count == 1 ? find_price(config, run->models.items[0]) : NULL;
        has_usage = true;
        has_price = price;
        if (price)
            sum = tokens_cost(price, run->tokens_input, run->tokens_output);
    }
    if (!has_usage)
        reading_na(ret_reading, "no_usage");
    else if (!has_price)
        reading_na(ret_reading, "no_prices");
    else
        reading_number(ret_reading, sum);
}
