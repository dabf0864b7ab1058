/* The release gate as people and programs read and write it: a cohort on a command line, the answer
 * as one JSON object for CI or as a few lines for a person. */
#pragma once
#include "pipelines/cohorts/release_gate_ask.h"

/* DIM=VALUE[,DIM=VALUE]; `\` takes the next character as it is, so that values may hold commas and
 * backslashes (`\,` `\\`). White space around names and values is left out. Texts live in the
 * arena. `option` names the origin in the error (EXIT_USAGE). */
MUST_CHECK enum status release_gate_text_parse_cohort(const char *option, struct bytes text,
                                                      struct arena *arena,
                                                      struct release_gate_cohort *ret_cohort,
                                                      struct error *ret_error);

void release_gate_text_write_json(const struct pipeline_config *config,
                                  const struct release_gate_question *question,
                                  const struct release_gate_answer *answer, struct buffer *to);
void release_gate_text_write(const struct pipeline_config *config,
                             const struct release_gate_question *question,
                             const struct release_gate_answer *answer, struct buffer *to);
