/* A shard's idea of which cohorts may still be among their first runs. It only ever says "maybe"
 * too often: the writer, which knows, decides. Bounded; a cohort that is pushed out by another is
 * asked about again. */
#pragma once
#include "pipelines/config/config.h"

struct first_seen_slot {
    uint64_t cohort; /* hash of grouping and values; 0: free */
    uint32_t runs;
};

struct first_seen {
    struct first_seen_slot *slots; /* NULL until selection.new_cohort asks */
};

void first_seen_finish(struct first_seen *seen);
/* Counts a run for each of its cohorts. True: one of them may be among the first `new_cohort` of
 * it, as far as this shard has seen. Without memory: true. */
bool first_seen_note(struct first_seen *seen, const struct pipeline_config *config,
                     const struct bytes *dimension_values);
