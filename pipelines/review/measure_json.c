/* Numerator and denominator stand there even where the value is null. */
#include "pipelines/review/measure_json.h"

#include "processor/base/clock.h"
#include "processor/base/statistics.h"

#define MEASURE_CONFIDENCE 0.95

void measure_json_begin(struct json_writer *writer, struct buffer *to, const char *schema,
                        const struct cohort_report_request *request)
{
    char as_of[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(as_of, (uint64_t)request->as_of_ms * 1000000);
    json_writer_init(writer, to);
    json_object_begin(writer);
    json_put_text(writer, "schema", schema);
    json_put_text(writer, "as_of", as_of);
    json_put_bytes(writer, "window", request->window);
}

static void put_null(struct json_writer *to, const char *reason)
{
    json_key(to, "value");
    json_null(to);
    json_put_text(to, "reason", reason);
}

void measure_json_null(struct json_writer *to, const char *reason)
{
    json_object_begin(to);
    put_null(to, reason);
    json_object_end(to);
}

static void put_counts(struct json_writer *to, uint64_t numerator, uint64_t denominator)
{
    json_put_uint(to, "numerator", numerator);
    json_put_uint(to, "denominator", denominator);
}

void measure_json_census(struct json_writer *to, uint64_t numerator, uint64_t denominator,
                         const char *reason)
{
    json_object_begin(to);
    if (denominator == 0)
        put_null(to, reason);
    else
        json_put_double(to, "value", (double)numerator / (double)denominator);
    put_counts(to, numerator, denominator);
    json_object_end(to);
}

void measure_json_share_members(struct json_writer *to, uint64_t numerator, uint64_t denominator,
                                const char *reason)
{
    if (denominator == 0 || numerator > denominator) {
        put_null(to, denominator == 0 ? reason : "the counts do not belong together");
    } else {
        double p = (double)numerator / (double)denominator;
        struct interval interval =
            statistics_wilson(p, (double)denominator, statistics_z(MEASURE_CONFIDENCE));
        json_put_double(to, "value", p);
        json_put_double(to, "low", interval.low);
        json_put_double(to, "high", interval.high);
    }
    put_counts(to, numerator, denominator);
}

void measure_json_share(struct json_writer *to, uint64_t numerator, uint64_t denominator,
                        const char *reason)
{
    json_object_begin(to);
    measure_json_share_members(to, numerator, denominator, reason);
    json_object_end(to);
}
