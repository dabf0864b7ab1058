/* How a measurement function says what it found. Explanations and evidence lie in the arena of the
 * context; where it is full they are left out and the value stays. */
#pragma once
#include "processor/score/measurement.h"

enum { EVIDENCE_MAX = 32, EXPLANATION_MAX = 400 };

/* Texts longer than this are read up to here: a bound on the work of one run. */
enum {
    ANSWER_BYTES_MAX = 64 * 1024,
    DOCUMENT_BYTES_MAX = 256 * 1024,
    CONTEXT_BYTES_MAX = 4 * 1024 * 1024, /* of all documents */
    SCRATCH_BYTES_MAX = 64 * 1024 * 1024,
};

static inline void reading_number(struct reading *reading, double value)
{
    reading->has_value = true;
    reading->value = value;
}

static inline void reading_na(struct reading *reading, const char *reason)
{
    reading->has_value = false;
    reading->na_reason = reason;
}

/* One sentence for the reviewer, cut at EXPLANATION_MAX bytes. */
void reading_explain(struct reading *reading, struct score_context *context, const char *format,
                     ...) PRINTF_LIKE(3, 4);
/* Points at a place; what comes after EVIDENCE_MAX is left out. `span` is NO_SPAN for the run's own
 * input and output, and the document's index for FIELD_CONTEXT. */
void reading_point(struct reading *reading, struct score_context *context, uint32_t span,
                   enum evidence_field field, size_t start, size_t end);
/* A name inside an explanation: no longer than is readable. For "%.*s". */
struct bytes reading_shown(struct bytes name);
#define SHOWN(name) (int)reading_shown(name).size, (const char *)reading_shown(name).data

/* Is it a step of the agent, counted once? An evaluator's span counts itself, what it does below
 * itself does not. */
static inline bool step_counts(const struct step *step)
{
    return step->is_counted && (step->is_own || step->kind == STEP_EVALUATOR);
}
