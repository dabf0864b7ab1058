/* The age of a low watermark is the age of the request at it. The journal knows when that came; a
 * source without one is as old as its watermark has been seen standing still. */
#include "pipelines/daemon/telemetry_sources.h"

#include "processor/base/clock.h"
#include "state/tables/journal.h"

static const struct metric_family age_family = {"flywheel_low_watermark_age_seconds", METRIC_GAUGE,
                                                "Time since the oldest position of a source that "
                                                "an open trajectory still needs was received; 0 "
                                                "when none is needed."};

struct standing {
    char name[SOURCE_NAME_BYTES_MAX + 1];
    uint64_t next_position, low_watermark;
    double age_seconds;
};

struct reading {
    struct telemetry_sources *sources;
    struct store_txn *txn;
    struct standing *standings;
    uint32_t count;
};

static int64_t age_ms(struct reading *reading, const struct source_row *row)
{
    struct watermark_seen *seen = &reading->sources->seen[reading->count];
    int64_t received_ms, now_ms = clock_monotonic_ms();
    if (row->low_watermark >= row->next_position) {
        seen->since_ms = 0; /* nothing is needed; the time starts when something is */
        return 0;
    }
    if (seen->since_ms == 0 || seen->watermark != row->low_watermark)
        *seen = (struct watermark_seen){row->low_watermark, now_ms};
    if (!journal_received_ms(reading->txn, row->id, row->low_watermark, &received_ms))
        return now_ms - seen->since_ms;
    int64_t age = clock_realtime_ms() - received_ms;
    return age > 0 ? age : 0;
}

static void take(void *context, const struct source_row *row)
{
    struct reading *reading = context;
    if (reading->count == SOURCES_MAX)
        return;
    struct standing *standing = &reading->standings[reading->count];
    memcpy(standing->name, row->name, sizeof standing->name);
    standing->next_position = row->next_position;
    standing->low_watermark = row->low_watermark;
    standing->age_seconds = (double)age_ms(reading, row) / 1000;
    reading->count++;
}

static uint32_t read_all(struct telemetry_sources *sources, struct standing standings[SOURCES_MAX])
{
    struct store_txn txn;
    struct reading reading = {sources, &txn, standings, 0};
    store_begin(sources->store, false, &txn);
    source_scan(&txn, take, &reading);
    store_abort(&txn);
    return reading.count;
}

void telemetry_sources_collect(void *context, struct buffer *to)
{
    struct standing standings[SOURCES_MAX];
    struct buffer labels = {0};
    uint32_t count = read_all(context, standings);
    metrics_write_family(to, &age_family);
    for (uint32_t i = 0; i < count; i++) {
        buffer_clear(&labels);
        metrics_append_label(&labels, "source", bytes_of_text(standings[i].name));
        buffer_append_byte(&labels, 0);
        if (!labels.failed)
            metrics_write_sample(to, age_family.name, (const char *)labels.data,
                                 standings[i].age_seconds);
    }
    buffer_finish(&labels);
}

void telemetry_sources_json(struct telemetry_sources *sources, struct json_writer *json)
{
    struct standing standings[SOURCES_MAX];
    uint32_t count = read_all(sources, standings);
    json_array_begin(json);
    for (uint32_t i = 0; i < count; i++) {
        json_object_begin(json);
        json_put_text(json, "name", standings[i].name);
        json_put_uint(json, "next_position", standings[i].next_position);
        json_put_uint(json, "low_watermark", standings[i].low_watermark);
        json_put_double(json, "low_watermark_age_s", standings[i].age_seconds);
        json_object_end(json);
    }
    json_array_end(json);
}
