/* OTLP export requests by hand: spans and logs of several traces under several resources, as the
 * bytes that a sender would send. Traces and spans have small numbers; a trace id is the number
 * spread over 16 bytes, so that traces fall to different shards. Link otlp. */
#pragma once
#include "processor/otlp/wire_gate.h"

struct trace_builder {
    struct buffer request, resource, items; /* finished groups; the group under way */
};

struct span_spec {
    uint32_t trace, id, parent; /* parent 0: a root */
    uint64_t start_ms, end_ms;
    uint32_t flags;
    const char *name;       /* NULL: "step" */
    const char *text;       /* NULL: none; an attribute of any size */
    const char *text_key;   /* NULL: "note" */
    const char *score_name; /* NULL: none; an evaluation event */
    double score;
};

struct log_spec {
    uint32_t trace, span; /* 0: no id */
    uint64_t time_ms;
    const char *event_name; /* NULL: gen_ai.evaluation.result */
    const char *score_name; /* NULL: none */
    double score;
};

void trace_id_of(uint32_t trace, uint8_t to[TRACE_ID_SIZE]);
uint32_t trace_of_id(const uint8_t id[TRACE_ID_SIZE]);
void span_id_of(uint32_t span, uint8_t to[SPAN_ID_SIZE]);

/* Starts a group: what follows has this resource. Without it the resource is empty. */
void trace_resource(struct trace_builder *builder, const char *service);
/* Spans or logs, not both in one request. */
void trace_span(struct trace_builder *builder, const struct span_spec *spec);
void trace_log(struct trace_builder *builder, const struct log_spec *spec);
/* The request so far; borrowed until the next call. trace_clear() begins another one. */
struct bytes trace_request(struct trace_builder *builder);
void trace_clear(struct trace_builder *builder);
void trace_finish(struct trace_builder *builder);
