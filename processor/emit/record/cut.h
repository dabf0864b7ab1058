/* A record is written by one pass over its parts, under a plan that says what is cut:
 *
 *   pass 1   with the widest plan; too large?
 *   pass 2   texts of the first class that helps get a common cap, then the next class
 *   pass 3.. steps are left out from the middle, until it fits
 *
 * So almost every record is written once, and a large one depends only on its own content. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they are cut. */
enum text_class {
    TEXT_CONTEXT, /* of retrieved documents */
    TEXT_STEP,    /* input, output and arguments of steps */
    TEXT_MESSAGE, /* the run's own input, output and expected */
    TEXT_REASON,  /* explanations, errors, comments: cut only when nothing else helps */
    TEXT_NAME,
    TEXT_CLASSES
};

/* A text may be this much over its cap: what stating the cut costs, at most. */
enum { CUT_COST = 88 };

struct cut_plan {
    uint32_t caps[TEXT_CLASSES]; /* bytes of JSON, quotes not counted */
    uint32_t steps_max, contexts_max, list_max, evidence_max;
    bool has_quotes; /* of evidence: the first to go after texts, they only repeat */
    size_t steps_whole; /* bytes of the steps before anything was cut */
};

struct text_sizes {
    uint32_t *items; /* bytes of JSON of the texts that could be cut */
    uint32_t count, capacity;
};

/* What a pass has found out for the next plan. */
struct cut_measures {
    struct text_sizes sizes[TEXT_CLASSES];
    size_t steps_bytes; /* of the steps, texts included */
    size_t cuts_bytes;  /* of truncation[] */
    uint32_t step_count;
};

struct cut_plan cut_plan_widest(void);
/* Narrows `plan` for a record that came out `excess` bytes too long; false when nothing is left to
 * cut. `round` counts from 0. */
bool cut_plan_narrow(struct cut_plan *plan, const struct cut_measures *measured, size_t excess,
                     int round);
