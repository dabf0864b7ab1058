/* Reads one span, or one log record about it, in a single pass over its wire bytes into slots, one
 * per concept, whatever convention wrote it. Values borrow from the wire bytes. */
#pragma once
#include "processor/normalize/semconv/semconv_table.h"
#include "processor/otlp/attributes.h"
#include "processor/route_sources.h"
#include "processor/step.h"

/* Things seen that a slot can't hold; each makes a second look at that span worthwhile. */
enum semconv_seen {
    SEEN_SCORES = 1 << 0,       /* indexed or named evaluation attributes, see scores.c */
    SEEN_SCORE_EVENTS = 1 << 1, /* gen_ai.evaluation.* span events */
    SEEN_TOOL_SCHEMAS = 1 << 2, /* llm.tools.N..., llm.request.functions.N... */
    SEEN_RESUMED = 1 << 3,      /* the run goes on after a human's answer: it has no question */
    SEEN_INTERRUPTED = 1 << 4,
    SEEN_DOCUMENTS = 1 << 5, /* retrieval.documents.N... */
    SEEN_EMBEDDINGS = 1 << 6,
    SEEN_CONTENT = 1 << 7,   /* message content in indexed keys or events */
    SEEN_JUDGE_RUN = 1 << 8, /* markers of experiments with a free part */
    SEEN_OUTPUT = 1 << 9,    /* any value that may hold an answer, not empty */
    SEEN_STREAM_EVENT = 1 << 10,
};

struct semconv {
    uint64_t present[2]; /* bit per concept: the slot is set */
    uint8_t precedence[SEMCONV_CONCEPTS];
    uint8_t family[SEMCONV_CONCEPTS];
    struct value values[SEMCONV_CONCEPTS];
    uint32_t seen;      /* enum semconv_seen */
    uint32_t families;  /* bit per vocabulary that any attribute is written in */
    bool has_kind;      /* by an attribute that names a kind */
    bool has_operation; /* by gen_ai.operation.name */
    uint8_t kind, kind_family, kind_precedence, operation; /* enum step_kind */

    /* Of a span. */
    struct bytes name, trace_state, status_message;
    struct bytes exception;  /* the last exception event, absent when there is none */
    uint64_t first_token_ns; /* time of the event that announces it; 0: none */
};

void semconv_read_span(const struct span *span, struct semconv *ret);
/* Attributes of a resource or log record only. */
void semconv_read(struct bytes message, enum attribute_owner owner, struct semconv *ret);

/* Puts what the configured attributes of a span say of its route in place of the defaults. */
void semconv_read_route(const struct span *span, const struct route_sources *sources,
                        struct semconv *semconv);

/* Key and encoded AnyValue of a KeyValue message; absent where not set. */
struct bytes semconv_split(struct bytes key_value, struct bytes *ret_any_value);

static inline bool semconv_has(const struct semconv *semconv, enum semconv_concept concept)
{
    return semconv->present[concept / 64] >> (concept % 64) & 1;
}

/* NULL when it was not said. */
static inline const struct value *semconv_get(const struct semconv *semconv,
                                              enum semconv_concept concept)
{
    return semconv_has(semconv, concept) ? &semconv->values[concept] : NULL;
}

/* A string that is not empty; the first element of an array of strings; absent otherwise. */
struct bytes semconv_text(const struct semconv *semconv, enum semconv_concept concept);
/* A number, also from a numeric string; false when there is none or it is negative or no number. */
bool semconv_number(const struct semconv *semconv, enum semconv_concept concept,
                    double *ret_number);
/* True, a number above zero, "true", "yes", a cache's "HIT" in any shape ("SEMANTIC HIT",
 * "hit_exact"), or an index above zero ("config.targets[1]"). */
bool semconv_flag(const struct semconv *semconv, enum semconv_concept concept);
