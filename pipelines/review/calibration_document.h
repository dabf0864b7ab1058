/* A question about the calibration, from words to the answer as people or programs read it: the same for
 * the command and for the API. */
#pragma once
#include "pipelines/config/config.h"
#include "state/store/store.h"

struct calibration_words { /* absent ones take the default */
    struct bytes window, rule, cohort, min_recall;
    bool has_curve;
};

/* MALFORMED with `ret_error` (EXIT_USAGE) where the words are none. */
MUST_CHECK enum status calibration_write(struct store *store, const struct pipeline_config *config,
                                         const struct calibration_words *words, int64_t now_ms,
                                         bool is_json, struct buffer *to, struct error *ret_error);
