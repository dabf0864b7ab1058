/* What a pipeline file says of cohorts: groupings of dimensions, cohorts that are pinned, the pass
 * rates that they should keep. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum {
    GROUPINGS_MAX = 32,
    GROUPING_DIMENSIONS_MAX = 8,
    PINNED_MAX = 256,
    ALERTS_MAX = 256,
    BURNS_MAX = 8
};

struct grouping_config {
    uint32_t dimensions[GROUPING_DIMENSIONS_MAX]; /* indexes into pipeline_config.dimensions */
    uint32_t count;
};

struct pinned_config { /* one cohort: a value for each dimension of some grouping */
    uint32_t grouping;
    struct bytes values[GROUPING_DIMENSIONS_MAX];
};

struct burn_config { /* fires when both windows burn the error budget `factor` times too fast */
    double factor;
    int64_t long_ms, short_ms;
};

struct alert_config { /* the pass rate that a pinned cohort should keep */
    uint32_t pinned;  /* index into pipeline_config.pinned; an alert pins its cohort */
    double min_pass_rate;
    int64_t window_ms;      /* 24 h */
    uint32_t min_n;         /* 50 */
    double usual_fail_rate; /* 0: 1 - min_pass_rate */
    bool may_condemn;       /* some rule only condemns (score/rules.h) */
    struct burn_config burns[BURNS_MAX];
    uint32_t burn_count;
    bool has_burns; /* by the file; else the defaults that the target leaves possible */
};
