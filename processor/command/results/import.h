/* results import: what people said in another tool goes where results go. */
#pragma once
#include "processor/command/results/sink.h"
#include "processor/review/reviews.h"

/* The exit code; a failure is in `ret_error`. */
int results_import(const struct reviews_tool *tool, const struct label_set *labels,
                   const char *const *paths, int path_count, struct results_sink *sink,
                   struct error *ret_error);
