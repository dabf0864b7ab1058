/* Where each source of spans stands, as the store has it. */
#pragma once
#include "pipelines/decide/effects.h"
#include "processor/base/json/writer.h"
#include "processor/base/metrics.h"
#include "state/tables/source.h"

/* When a watermark was first seen where it is: the least age there is without a journal row. */
struct watermark_seen {
    uint64_t watermark;
    int64_t since_ms; /* monotonic; 0: not seen yet */
};

struct telemetry_sources {
    struct store *store;
    struct watermark_seen seen[SOURCES_MAX]; /* by place in the store's order */
};

/* A collector: flywheel_low_watermark_age_seconds{source}. Owner of `sources`: the admin thread. */
void telemetry_sources_collect(void *sources, struct buffer *to);
/* An array of {name, next_position, low_watermark, low_watermark_age_s}. */
void telemetry_sources_json(struct telemetry_sources *sources, struct json_writer *json);
