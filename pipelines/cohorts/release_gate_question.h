/* The release gate's question from texts, as the options of `flywheel gate` and the parameters of
 * /api/v1/gate hold them: the same names, but `--min-pass-rate` and `min_pass_rate`. */
#pragma once
#include "pipelines/cohorts/release_gate_ask.h"

/* Absent ones take the default. */
struct release_gate_words {
    struct bytes cohort, min_pass_rate, window, confidence, min_scored, require, max_missing,
        missing, baseline, as_of;
    bool is_strict, is_repeated, is_calibrated;
    bool are_options; /* errors name options, else parameters */
};

/* Texts of the question are borrowed from the words or live in the arena. MALFORMED with
 * `ret_error` (EXIT_USAGE). */
MUST_CHECK enum status release_gate_question_parse(const struct release_gate_words *words,
                                                   int64_t now_ms, struct arena *arena,
                                                   struct release_gate_question *ret_question,
                                                   struct error *ret_error);
