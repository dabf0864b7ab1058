/* Which verdicts become review work, and with what probability. Hash-stable: u = first 53 bits of
 * SHA-256 of the trajectory id / 2^53, emitted when u < p, so that replays and instances agree. */
#pragma once
#include "processor/verdict.h"

struct selection_policy {
    double share[VERDICTS]; /* fail 1, borderline 1, unscored 0, pass 0.01 */
    uint32_t new_cohort;    /* at least the first k of a cohort never seen; 0 */
};

enum skip_reason { SKIP_NONE, SKIP_PASS, SKIP_UNSCORED, SKIP_SHARE, SKIP_NO_AGENT, SKIP_REASONS };
extern const char *const skip_reason_names[SKIP_REASONS];

struct selection {
    bool is_emitted;
    enum skip_reason skipped; /* when not emitted */
    double probability;
    bool is_control; /* a pass chosen as control */
    bool is_unscored;
};

/* The u of a trajectory, in [0, 1). */
double select_u(const uint8_t trace_id[TRACE_ID_SIZE]);
struct selection select_run(const struct selection_policy *policy,
                            const uint8_t trace_id[TRACE_ID_SIZE], enum verdict verdict);
