/* What became of results that a command gives, by outcome. Refused ones are told one by one on stderr. */
#pragma once
#include "pipelines/review/outcome.h"

struct results_summary {
    uint64_t counts[RESULT_OUTCOMES];
    uint64_t refused;
};

/* `field` and `reason` may be "". */
void results_summary_refused(struct results_summary *summary, const char *outcome,
                             const char *field, const char *reason);
/* One line on standard output; none where a failure is all there is to say. */
void results_summary_say(const struct results_summary *summary, bool has_failed);
