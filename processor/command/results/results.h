/* flywheel results: what its actions share. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/review/outcome.h"
#include "processor/command/api_client.h"

struct results_arguments {
    const char *config, *endpoint, *token_file, *reviewer, *since, *from;
    const char *const *paths;
    int path_count;
};

/* What became of the results, by outcome; refused ones are told one by one on stderr. */
struct results_summary {
    uint64_t counts[RESULT_OUTCOMES];
    uint64_t refused;
};

/* Where results go: a listener, or the directory itself. `results`: JSON each, at most
 * RESULTS_PER_POST_MAX. FATAL with `ret_error`. */
struct results_sink {
    const struct api_target *target; /* NULL: the directory */
    struct results_directory *directory;
};
MUST_CHECK enum status results_sink_give(struct results_sink *sink, const struct bytes *results,
                                         uint32_t count, struct results_summary *summary,
                                         struct error *ret_error);
/* Taken back; returns how many in `ret_count`. */
MUST_CHECK enum status results_sink_withdraw(struct results_sink *sink, const char *reviewer,
                                             const char *since, uint64_t *ret_count,
                                             struct error *ret_error);
void results_say_refused(const char *outcome, const char *field, const char *reason);

/* --- directory.c: beside nobody, as the daemon would --- */

/* Takes the directory. FATAL with `ret_error` (EXIT_TEMPORARY: a daemon holds it). */
MUST_CHECK enum status results_directory_open(const struct pipeline_config *config,
                                              struct results_directory **ret_directory,
                                              struct error *ret_error);
void results_directory_close(struct results_directory *directory); /* accepts NULL */
MUST_CHECK enum status results_directory_give(struct results_directory *directory,
                                              const struct bytes *results, uint32_t count,
                                              struct results_summary *summary,
                                              struct error *ret_error);
MUST_CHECK enum status results_directory_withdraw(struct results_directory *directory,
                                                  const char *reviewer, int64_t since_ms,
                                                  uint64_t *ret_count, struct error *ret_error);
