/* One measurement: the row that names it, the function that measures a run, and what it says. */
#pragma once
#include "processor/agent_run.h"
#include "processor/score/ruleset.h"

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
    bool is_error;       /* the outside evaluator failed */
    bool proves_nothing; /* of this run, though it judges others (judges_where) */
};

struct redaction_policy;

/* A run, and what it is measured by. */
struct score_context {
    struct agent_run *run; /* content is added when a measurement needs it */
    const struct ruleset *ruleset;
    const struct bytes *dimension_values; /* as ruleset->dimension_names */
    struct arena *arena;
    struct regex_scratch *scratch;
    void *memo; /* of memo.c */
    /* How texts leave (emit/redact.h), for whoever compares them with some that left; NULL: as they are. */
    const struct redaction_policy *redaction;
};

typedef void measurement_fn(const struct measurement *self, struct score_context *context,
                            struct reading *ret_reading);

struct measurement {
    const char *name, *unit, *range;
    bool is_judging, is_text, needs_content;
    uint32_t reads; /* enum run_text; none, and it needs content: all */
    const char *judges_where; /* of one that judges some runs only; NULL: all */
    const char *na_conditions, *meaning, *source;
    measurement_fn *measure;
    int parameter; /* for rows that share a function: a step kind, a mode */
};
