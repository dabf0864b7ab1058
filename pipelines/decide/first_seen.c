/* A direct-mapped cache of counts: one slot where a cohort can be, the newest wins. */
#include "pipelines/decide/first_seen.h"

#include <stdlib.h>

#include "processor/base/digest.h"

enum {
    SLOTS = 1 << 14
}; /* 256 KiB a shard; a cohort that is pushed out costs one record written for nothing */

void first_seen_finish(struct first_seen *seen)
{
    free(seen->slots);
    seen->slots = NULL;
}

static uint64_t cohort_of(const struct pipeline_config *config, uint32_t grouping,
                          const struct bytes *dimension_values)
{
    const struct grouping_config *dimensions = &config->groupings[grouping];
    uint64_t parts[GROUPING_DIMENSIONS_MAX + 1] = {grouping};
    for (uint32_t i = 0; i < dimensions->count; i++)
        parts[i + 1] = digest_table_hash(dimension_values[dimensions->dimensions[i]]);
    return digest_table_hash(bytes_of(parts, (dimensions->count + 1) * sizeof parts[0])) | 1;
}

bool first_seen_note(struct first_seen *seen, const struct pipeline_config *config,
                     const struct bytes *dimension_values)
{
    bool is_first = false;
    if (!seen->slots)
        seen->slots = calloc(SLOTS, sizeof(*seen->slots));
    if (!seen->slots)
        return true;
    for (uint32_t i = 0; i < config->grouping_count; i++) {
        uint64_t cohort = cohort_of(config, i, dimension_values);
        struct first_seen_slot *slot = &seen->slots[(cohort >> 1) % SLOTS];
        if (slot->cohort != cohort)
            *slot = (struct first_seen_slot){.cohort = cohort};
        is_first |= slot->runs < config->selection.new_cohort;
        slot->runs += slot->runs < UINT32_MAX;
    }
    return is_first;
}
