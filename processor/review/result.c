/* The words of a result. */
#include "processor/review/result.h"

const char *const result_status_names[RESULT_STATUSES] = {"completed", "skipped", "withdrawn"};
const char *const reviewer_verdict_names[REVIEWER_VERDICTS] = {"pass", "fail", "unsure"};
const char *const result_role_names[RESULT_ROLES] = {"reviewer", "adjudicator"};
const char *const skip_cause_names[SKIPPED_CAUSES] = {"not_me", "cannot_tell", "out_of_scope",
                                                      "sensitive"};
const char *const result_fault_names[RESULT_FAULTS] = {"", "malformed", "unknown_label",
                                                       "inconsistent", "too_large"};
