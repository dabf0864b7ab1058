/* The worst case: the whole budget comes and nobody reviews, until items expire. */
#include "processor/command/check/review_work.h"

#include "pipelines/config/value.h"

enum { UNSEEN_ITEM_BYTES = 20000, REVIEW_SECONDS = 60 };

static void print_size(struct buffer *to, double bytes)
{
    static const char *const units[] = {"MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (bytes /= 1024.0 * 1024; bytes >= 1024 && unit < 2; unit++)
        bytes /= 1024;
    buffer_printf(to, "%.1f %s", bytes, units[unit]);
}

void review_work_print(const struct pipeline_config *config, double item_bytes, struct buffer *to)
{
    const struct review_settings *review = &config->review;
    if (!review->is_present)
        return;
    const struct review_queue_settings *every = &review->queues[review->queue_count - 1];
    double per_hour = config->budget.per_hour / (double)config->budget.instances;
    if (config->budget.per_hour == 0) {
        buffer_append_text(to,
                           "review work: no selection.budget.per_hour, so nothing bounds it but "
                           "limits.review\n");
        return;
    }
    double hours = (double)every->expire_ms / 3.6e6,
           each = item_bytes > 0 ? item_bytes : UNSEEN_ITEM_BYTES;
    double bytes = per_hour * hours * each;
    double reviews = per_hour * 24 * (every->reviewers + every->overlap);
    buffer_printf(to,
                  "review work: at most %.4g items an hour, %.3g person-hours a day at %d s each\n",
                  per_hour, reviews * REVIEW_SECONDS / 3600, REVIEW_SECONDS);
    buffer_append_text(to, "review state: ");
    print_size(to, bytes);
    buffer_append_text(to, " if nobody reviews for ");
    config_value_print_duration(to, every->expire_ms);
    buffer_printf(to, " (%.3g kB an item%s); limits.review is ", each / 1000,
                  item_bytes > 0 ? ", as seen" : "");
    config_value_print_size(to, review->bytes_max);
    if (bytes > (double)review->bytes_max)
        buffer_printf(to, ", so the oldest would expire after %.3g days",
                      (double)review->bytes_max / (per_hour * 24 * each));
    buffer_append_byte(to, '\n');
}
