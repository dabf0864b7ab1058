/* The way a run took: fallbacks, cache hits, retries, and the two paths that cohorts are made of.
 */
#include "processor/score/measurement_functions.h"
#include "processor/score/reading.h"

void measure_fallback(const struct measurement *self, struct score_context *context,
                      struct reading *ret_reading)
{
    (void)self;
    reading_number(ret_reading, context->run->fallback ? 1 : 0);
}

void measure_cache_hit(const struct measurement *self, struct score_context *context,
                       struct reading *ret_reading)
{
    (void)self;
    reading_number(ret_reading, context->run->cache_hit ? 1 : 0);
}

void measure_retries(const struct measurement *self, struct score_context *context,
                     struct reading *ret_reading)
{
    (void)self;
    reading_number(ret_reading, context->run->retries);
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
