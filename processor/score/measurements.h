/* One row per measurement of a trajectory: name, unit, range, function, meaning. Only what rules,
 * dimensions or expressions name is computed. */
#pragma once
#include "processor/score/rules.h"

/* What a measurement says: a number or a text, or na with a reason; with evidence and one sentence
 * for the reviewer. */
struct reading {
    bool has_value;
    double value;
    struct bytes text;     /* of the textual ones: model_route, tool_path, label.X */
    const char *na_reason; /* when neither value nor text */
    struct bytes explanation;
    struct evidence *evidence;
    uint32_t evidence_count;
    struct bytes evaluator_id, evaluator_version;
    enum evaluator_type evaluator_type;
    bool is_error; /* the outside evaluator failed */
};

struct score_context;
typedef void measurement_fn(const struct measurement *self, struct score_context *context,
                            struct reading *ret_reading);

struct measurement {
    const char *name, *unit, *range;
    bool is_judging, is_text, needs_content;
    const char *na_conditions, *meaning, *source;
    measurement_fn *measure;
    int parameter; /* for rows that share a function: a step kind, a mode */
};

extern const struct measurement measurements[];
extern const uint32_t measurement_count;

/* Computed at most once per run and remembered in the context. */
const struct reading *measure_read(const struct measure *measure, struct score_context *context);
/* The table, for `flywheel help measurements` and the reference page (Markdown). */
void measurements_print(struct buffer *to);
