/* Identity first, then the payload by kind, then the frame of the outbox. */
#include "pipelines/cohorts/alert_record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "pipelines/config/groupings.h"
#include "pipelines/config/value.h"
#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/json/writer.h"
#include "processor/emit/outgoing.h"

static const char schema_name[] = "flywheel.alert/v1";

static void write_time(struct json_writer *json, const char *key, int64_t ms)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(text, (uint64_t)(ms > 0 ? ms : 0) * 1000000);
    json_put_text(json, key, text);
}

static void write_duration(struct json_writer *json, const char *key, int64_t ms)
{
    struct buffer text = {0};
    config_value_print_duration(&text, ms);
    json_put_bytes(json, key, buffer_bytes(&text));
    buffer_finish(&text);
}

static void write_id(const struct alert_news *news, char to[UUID_TEXT_SIZE])
{
    struct buffer name = {0};
    const struct grouping_config *grouping = &news->config->groupings[news->pinned->grouping];
    buffer_printf(&name, "flywheel:alert/%s/%s/%" PRId64 "/", news->instance,
                  alert_kind_names[news->kind], news->alert ? news->alert->window_ms : 0);
    config_groupings_text(news->config, news->pinned->grouping, &name);
    for (uint32_t i = 0; i < grouping->count; i++) {
        buffer_printf(&name, "/%zu:", news->pinned->values[i].size);
        buffer_append_bytes(&name, news->pinned->values[i]);
    }
    buffer_printf(&name, "/%" PRIu64 "/%s", news->row->episode,
                  news->is_firing ? "firing" : "resolved");
    digest_uuid_v5_url(to, buffer_bytes(&name));
    buffer_finish(&name);
}

static void write_cohort(struct json_writer *json, const struct alert_news *news)
{
    const struct grouping_config *grouping = &news->config->groupings[news->pinned->grouping];
    json_key(json, "cohort");
    json_object_begin(json);
    for (uint32_t i = 0; i < grouping->count; i++) {
        json_key_bytes(json, news->config->dimensions[grouping->dimensions[i]].name);
        json_string(json, news->pinned->values[i]);
    }
    json_object_end(json);
}

static void write_rate(struct json_writer *json, const struct release_gate_rate *rate)
{
    json_put_int(json, "scored", rate->scored);
    if (!rate->rates.fail.is_known)
        json_put_int(json, "counted", rate->counted);
    json_put_double(json, "n_effective", rate->n_effective);
    if (!rate->is_known)
        return;
    json_put_double(json, "pass_rate", rate->pass_rate);
    json_put_double(json, "pass_rate_low", rate->low);
    json_put_double(json, "pass_rate_high", rate->high);
}

static void write_burn_window(struct json_writer *json, const char *key, int64_t window_ms,
                              const struct release_gate_rate *rate, double burn_rate)
{
    json_key(json, key);
    json_object_begin(json);
    write_duration(json, "window", window_ms);
    write_rate(json, rate);
    if (burn_rate >= 0)
        json_put_double(json, "burn_rate", burn_rate);
    json_object_end(json);
}

/* --- one sentence for a person --- */

static void say(struct json_writer *json, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(struct json_writer *json, const char *format, ...)
{
    char text[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_put_text(json, "summary", text);
}

static void say_floor(struct json_writer *json, const struct alert_news *news)
{
    const struct release_gate_rate *rate = news->rate;
    double target = 100 * news->alert->min_pass_rate;
    if (news->is_firing)
        say(json,
            "The pass rate is %.2f %% (99.9 %%: %.2f to %.2f) of %" PRId64
            " runs, below the target of %g %%.",
            100 * rate->pass_rate, 100 * rate->low, 100 * rate->high, rate->counted, target);
    else if (rate->counted < (int64_t)news->alert->min_n)
        say(json, "Only %" PRId64 " such runs are left in the window: too few to say.",
            rate->counted);
    else
        say(json, "The pass rate is %.2f %% of %" PRId64 " runs, the target %g %%.",
            100 * rate->pass_rate, rate->counted, target);
}

static void say_burn(struct json_writer *json, const struct alert_news *news)
{
    const struct burn_windows *windows = news->windows;
    if (news->is_firing)
        say(json,
            "The error budget is spent %.1f times too fast in the long window and %.1f times in "
            "the "
            "short one; %g is the limit.",
            windows->long_burn, windows->short_burn, news->burn->factor);
    else
        say(json, "The error budget is no longer spent %g times too fast.", news->burn->factor);
}

static void say_change(struct json_writer *json, const struct alert_news *news)
{
    const struct cusum_design *design = news->design;
    bool is_worse = news->kind == ALERT_WORSE;
    if (news->is_firing)
        say(json, "The fail rate has %s %.2f %%: the runs look more like %.2f %%.",
            is_worse ? "risen above" : "fallen below", 100 * news->row->p0, 100 * design->p1);
    else
        say(json, "The fail rate is no longer %s %.2f %%.", is_worse ? "above" : "below",
            100 * news->row->p0);
}

static void write_floor(struct json_writer *json, const struct alert_news *news)
{
    say_floor(json, news);
    json_put_double(json, "min_pass_rate", news->alert->min_pass_rate);
    write_duration(json, "window", news->alert->window_ms);
    write_rate(json, news->rate);
}

static void write_burn(struct json_writer *json, const struct alert_news *news)
{
    const struct burn_config *burn = news->burn;
    say_burn(json, news);
    json_put_double(json, "min_pass_rate", news->alert->min_pass_rate);
    json_key(json, "burn");
    json_object_begin(json);
    json_put_double(json, "factor", burn->factor);
    write_burn_window(json, "long", burn->long_ms, &news->windows->of_long,
                      news->windows->long_burn);
    write_burn_window(json, "short", burn->short_ms, &news->windows->of_short,
                      news->windows->short_burn);
    json_object_end(json);
}

static void write_change(struct json_writer *json, const struct alert_news *news)
{
    say_change(json, news);
    json_key(json, "change");
    json_object_begin(json);
    json_put_double(json, "statistic", news->row->statistic);
    json_put_double(json, "limit", news->design->limit);
    json_put_double(json, "usual_fail_rate", news->row->p0);
    json_put_double(json, "suspected_fail_rate", news->design->p1);
    json_object_end(json);
}

static void write_payload(const struct alert_news *news, const char *record_id, struct buffer *to)
{
    struct json_writer json;
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_text(&json, "schema", schema_name);
    json_put_text(&json, "record_id", record_id);
    json_put_text(&json, "kind", alert_kind_names[news->kind]);
    json_put_text(&json, "state", news->is_firing ? "firing" : "resolved");
    json_put_text(&json, "severity", news->kind == ALERT_BETTER ? "info" : "alarm");
    json_put_uint(&json, "episode", news->row->episode);
    write_time(&json, "changed", news->row->changed_ms);
    write_time(&json, "at", news->wall_ms);
    json_put_text(&json, "instance", news->instance);
    write_cohort(&json, news);
    if (news->kind == ALERT_FLOOR)
        write_floor(&json, news);
    else if (news->kind == ALERT_BURN_RATE)
        write_burn(&json, news);
    else
        write_change(&json, news);
    json_object_end(&json);
}

void alert_record_write(const struct alert_news *news, struct buffer *to)
{
    struct buffer payload = {0};
    char record_id[UUID_TEXT_SIZE], key[2 * COHORT_HASH_SIZE];
    uint8_t hash[COHORT_HASH_SIZE];
    write_id(news, record_id);
    write_payload(news, record_id, &payload);
    cohort_hash(hash, news->pinned->values, news->config->groupings[news->pinned->grouping].count);
    hex_encode(key, hash, sizeof hash);
    struct outgoing record = {.key = bytes_of(key, sizeof key), /* a cohort's alerts in order */
                              .payload = buffer_bytes(&payload),
                              .header_count = 3,
                              .headers = {{"schema", bytes_of_text(schema_name)},
                                          {"content-type", BYTES_LITERAL("application/json")},
                                          {"record_id", bytes_of_text(record_id)}}};
    outgoing_encode(&record, to);
    to->failed |= payload.failed;
    buffer_finish(&payload);
}
