/* Where results go: a listener, or the directory itself. */
#pragma once
#include "processor/command/api_client.h"
#include "processor/command/results/directory.h"

struct results_sink {
    const struct api_target *target; /* NULL: the directory */
    struct results_directory *directory;
};

/* `results`: JSON each, at most RESULTS_PER_POST_MAX. FATAL with `ret_error`. */
MUST_CHECK enum status results_sink_give(struct results_sink *sink, const struct bytes *results,
                                         uint32_t count, struct results_summary *summary,
                                         struct error *ret_error);
/* Taken back, since a time (NULL: all); how many in `ret_count`. */
MUST_CHECK enum status results_sink_withdraw(struct results_sink *sink, const char *reviewer,
                                             const char *since, uint64_t *ret_count,
                                             struct error *ret_error);
