/* What became of results that a command gives, by outcome. Refused ones are told one by one on stderr. */
#pragma once
#include "pipelines/review/outcome.h"

struct results_place { /* where a result stands */
    const char *file;  /* NULL: not known */
    uint64_t line;
};
struct results_summary {
    uint64_t counts[RESULT_OUTCOMES];
    uint64_t refused;
    const struct results_place *places; /* of the results that are given; NULL: not known */
};

/* `field` and `reason` may be "", `place` NULL. */
void results_summary_refused(struct results_summary *summary, const struct results_place *place,
                             const char *outcome, const char *field, const char *reason);
/* Of those that are given, the one at that index. */
void results_summary_refused_at(struct results_summary *summary, uint32_t index,
                                const char *outcome, const char *field, const char *reason);
/* One line on standard output; none where a failure is all there is to say. */
void results_summary_say(const struct results_summary *summary, bool has_failed);
