/* The gate over live cohorts by what reviewers said: the target is held against 1 - the calibrated fail
 * rate and its interval, not against what the rules say of themselves.
 *
 *   lower bound of 1 - P reaches the target   pass
 *   upper bound is below it                   fail
 *   the target lies between                   insufficient: undecided
 *   there is no P                             insufficient: uncalibrated, and why */
#pragma once
#include "pipelines/cohorts/release_gate_ask.h"

/* Of a question that is calibrated: in place of the answer's own decision. A required rule that lacks
 * values still makes it insufficient. Any other question: nothing. */
MUST_CHECK enum status calibrated_gate_decide(struct store *store,
                                              const struct pipeline_config *config,
                                              const struct release_gate_question *question,
                                              struct release_gate_answer *answer,
                                              struct error *ret_error);
