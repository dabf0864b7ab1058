/* What is wrong with a pipeline file, and what is valid but surely not meant: a sentence a line,
 * each with its place. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/error.h"

enum { FINDINGS_MAX = 50 }; /* of each kind */

struct config_findings {
    struct buffer errors, warnings;
    uint32_t error_count, warning_count;
    struct error first; /* of the errors */
};

/* Keeps an error of the file and clears it, so that others can be found behind it. What no file is to
 * blame for (EXIT_CONFIG alone is its), and one more than FINDINGS_MAX, stays set. */
void config_findings_take(struct config_findings *findings, struct error *error);
void config_findings_warn(struct config_findings *findings, const char *name, uint32_t line,
                          uint32_t column, const char *text);
/* By their places in the file; what has none stays behind. */
void config_findings_sort(struct config_findings *findings, const char *name);
void config_findings_finish(struct config_findings *findings);
