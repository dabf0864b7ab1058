/* Spans of a request that are refused for their own id though their trace is known. Another span of
 * the trace carries the note, so that the run is not judged as whole. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/span.h"

enum { REFUSED_TRACES_MAX = 256 }; /* of a request; more than that say it by the answer alone */

struct refused_spans {
    struct {
        uint8_t trace_id[TRACE_ID_SIZE];
        uint32_t count;
    } traces[REFUSED_TRACES_MAX];
    uint32_t trace_count;
};

/* A well-formed trace request. */
void refused_spans_collect(struct bytes request, struct refused_spans *ret);
/* How many of this trace nobody carries yet; from now on the caller does. */
uint32_t refused_spans_take(struct refused_spans *refused, struct bytes trace_id);
