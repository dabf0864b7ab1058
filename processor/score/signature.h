/* What makes two bad runs the same problem: the rules that failed, the tools that were called, and
 * the error with its changing parts taken out. Stable between processes and versions, since a
 * budget per signature counts by it. */
#pragma once
#include "processor/verdict.h"

/* 16 hex digits and a NUL. */
void signature_write(char to[17], const struct verdict_report *report, const struct agent_run *run);

enum { NORMALIZED_ERROR_MAX = 200 };
/* Lower case, every run of digits or hex digits as one `#`, cut at 200 bytes. Returns the size. */
size_t signature_normalize_error(char to[NORMALIZED_ERROR_MAX], struct bytes error);
