/* The text is the key of the store's dictionary, so it must never change for a grouping that has
 * been counted. */
#include "pipelines/config/groupings.h"

void config_groupings_text(const struct pipeline_config *config, uint32_t grouping,
                           struct buffer *to)
{
    const struct grouping_config *dimensions = &config->groupings[grouping];
    for (uint32_t i = 0; i < dimensions->count; i++) {
        if (i > 0)
            buffer_append_byte(to, ',');
        buffer_append_bytes(to, config->dimensions[dimensions->dimensions[i]].name);
    }
}
