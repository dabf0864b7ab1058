/* Trajectories for tests: from recorded requests, or built by hand. Link otlp, nouns and base. */
#pragma once
#include "processor/otlp/attributes.h"
#include "processor/trajectory.h"
#include "tests/support/corpus.h"

/* Every trajectory of one recorded scenario, ordered, by the start of its first span. */
struct recorded_runs {
    struct corpus corpus;
    struct arena arena;
    struct buffer *bodies; /* wire bytes of JSON requests */
    size_t body_count;
    struct trajectory *items;
    uint32_t count;
};
struct recorded_runs recorded_runs_load(const char *library, const char *scenario);
void recorded_runs_free(struct recorded_runs *runs);

/* Groups gated requests, in the order given, into ordered trajectories: a span counts once, logs
 * join by trace id. */
struct gated_request;
uint32_t trajectories_of(const struct gated_request *requests, size_t request_count,
                         struct arena *arena, struct trajectory **ret_items);

/* Spans one after another; attributes and events go to the last one. */
struct run_builder {
    struct buffer wire[64], resource;
    struct span spans[64];
    uint32_t count;
    struct buffer logs_wire[8];
    struct log_record logs[8];
    uint32_t log_count;
    struct bytes scope_bytes, resource_bytes;
    struct buffer scope;
    struct trajectory trajectory;
};
/* `id` and `parent` are small numbers; parent 0: a root. Times are seconds. */
void build_span(struct run_builder *builder, uint8_t id, uint8_t parent, const char *name,
                uint64_t start, uint64_t end);
void build_text(struct run_builder *builder, const char *key, const char *value);
void build_int(struct run_builder *builder, const char *key, int64_t value);
void build_double(struct run_builder *builder, const char *key, double value);
void build_bool(struct run_builder *builder, const char *key, bool value);
void build_texts(struct run_builder *builder, const char *key, const char *const *values,
                 size_t count);
void build_status(struct run_builder *builder, enum span_status status, const char *message);
void build_trace_state(struct run_builder *builder, const char *state);
/* An event with up to two text attributes; NULL keys are left out. */
void build_event(struct run_builder *builder, const char *name, uint64_t time, const char *key1,
                 const char *value1, const char *key2, const char *value2);
/* A log record about span `span` (0: about the trajectory) with text attributes. */
void build_log(struct run_builder *builder, uint8_t span, const char *event_name,
               const char *const *keys_and_values, size_t count);
void build_log_double(struct run_builder *builder, const char *key, double value);
void build_scope(struct run_builder *builder, const char *name);
void build_resource_text(struct run_builder *builder, const char *key, const char *value);
/* Orders what was built so far. */
const struct trajectory *build_done(struct run_builder *builder, struct arena *arena);
void build_free(struct run_builder *builder);
