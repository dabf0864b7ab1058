/* A threshold on a measurement, as the pipeline file states it: where borderline starts, where fail
 * starts. Plain data, immutable once built; score/ checks it and judges by it, emit states it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum {
    RULES_MAX = 200,                 /* of a pipeline file */
    RULES_JUDGED_MAX = RULES_MAX + 1, /* with the built-in one: regression.h */
    RULE_MEASURES_MAX = 8,
    RULE_LABELS_MAX = 16
};

struct expression;  /* score/expression/expression.h */
struct measurement; /* score/measurement.h */

/* What a rule or an expression names: a row of the table, or an imported score or label. */
struct measure {
    struct bytes name;                     /* as written */
    const struct measurement *measurement; /* NULL when imported */
    struct bytes imported;                 /* "Groundedness" of score.Groundedness */
    bool is_label;                         /* label.X: the text of an imported score */
    bool is_attribute;                     /* attributes["key"]: one's own number */
    uint32_t slot;                         /* in the memo of a run; 0: not remembered */
};

struct rule {
    struct bytes name;
    struct measure measures[RULE_MEASURES_MAX]; /* the first that is not na */
    uint32_t measure_count;
    struct expression *when; /* NULL: always */
    bool has_fail_below, has_borderline_below, has_fail_above, has_borderline_above;
    double fail_below, borderline_below, fail_above, borderline_above;
    struct bytes labels[RULE_LABELS_MAX];
    uint32_t label_count;
    uint32_t priority;  /* 1 is most urgent; default 5 */
    struct bytes queue; /* default "review" */
    bool judges;        /* false: it only condemns, whatever gave the value */
    bool has_gate, gate; /* does it count in a gate over a dataset; not said: by its measures */
    bool is_required;   /* a run that it applies to and has no value for does not pass */
    bool is_vouched;    /* `judges: true` was written: a pass of one's own attribute is evidence */
};
