/* The last queue is `*`: what bears no other name is of it. */
#include "processor/review/settings.h"

#include <assert.h>

const struct review_queue_settings *review_settings_queue(const struct review_settings *settings,
                                                          struct bytes name)
{
    assert(settings->queue_count > 0);
    uint32_t last = settings->queue_count - 1;
    for (uint32_t i = 0; i < last; i++)
        if (bytes_equal(settings->queues[i].name, name))
            return &settings->queues[i];
    return &settings->queues[last];
}
