/* The way a run took: fallbacks, cache hits, retries, and the two paths that cohorts are made of.
 */
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

void measure_fallback(const struct measurement *self, struct score_context *context,
                      struct reading *ret_reading)
{
    (void)self;
    const struct agent_run *run = context->run;
    reading_number(ret_reading, run->fallback ? 1 : 0);
    if (!run->fallback)
        return;
    if (run->model_route.size > 0)
        reading_explain(ret_reading, context, "Models answered in the order %.*s",
                        SHOWN(run->model_route));
    for (uint32_t i = 0; i < run->step_count; i++)
        if (run->steps[i].is_own && run->steps[i].is_fallback)
            reading_point(ret_reading, context, i, FIELD_NAME, 0, run->steps[i].name.size);
}

void measure_cache_hit(const struct measurement *self, struct score_context *context,
                       struct reading *ret_reading)
{
    (void)self;
    const struct agent_run *run = context->run;
    uint32_t hits = 0;
    reading_number(ret_reading, run->cache_hit ? 1 : 0);
    for (uint32_t i = 0; i < run->step_count; i++) {
        if (!run->steps[i].is_own || !run->steps[i].cache_hit)
            continue;
        hits++;
        reading_point(ret_reading, context, i, FIELD_NAME, 0, run->steps[i].name.size);
    }
    if (hits > 0)
        reading_explain(ret_reading, context, "A semantic cache answered %u calls", hits);
}

void measure_retries(const struct measurement *self, struct score_context *context,
                     struct reading *ret_reading)
{
    (void)self;
    reading_number(ret_reading, context->run->retries);
    if (context->run->retries > 0)
        reading_explain(ret_reading, context, "%u model calls repeat one that failed",
                        context->run->retries);
}

static void read_path(struct bytes path, const char *na_reason, struct reading *reading)
{
    if (path.size > 0)
        reading->text = path;
    else
        reading_na(reading, na_reason);
}

void measure_model_route(const struct measurement *self, struct score_context *context,
                         struct reading *ret_reading)
{
    (void)self;
    read_path(context->run->model_route, "no_models", ret_reading);
}

void measure_tool_path(const struct measurement *self, struct score_context *context,
                       struct reading *ret_reading)
{
    (void)self;
    read_path(context->run->tool_path, "no_tools", ret_reading);
}

void measure_routing_policy(const struct measurement *self, struct score_context *context,
                            struct reading *ret_reading)
{
    (void)self;
    read_path(context->run->routing_policy, "not_recorded", ret_reading);
}
