/* Results go straight into a directory that no daemon holds, in transactions like the daemon's own. */
#pragma once
#include "pipelines/config/config.h"
#include "processor/command/results/summary.h"

struct results_directory;

/* Takes the directory. FATAL with `ret_error` (EXIT_TEMPORARY: a daemon holds it). */
MUST_CHECK enum status results_directory_open(const struct pipeline_config *config,
                                              struct results_directory **ret_directory,
                                              struct error *ret_error);
void results_directory_close(struct results_directory *directory); /* accepts NULL */
/* `results`: JSON each. */
MUST_CHECK enum status results_directory_give(struct results_directory *directory,
                                              const struct bytes *results, uint32_t count,
                                              struct results_summary *summary,
                                              struct error *ret_error);
/* A person's results are taken back. */
MUST_CHECK enum status results_directory_withdraw(struct results_directory *directory,
                                                  const char *reviewer, int64_t since_ms,
                                                  uint64_t *ret_count, struct error *ret_error);
