/* A mistake of the person who starts the program, as one sentence with its place:
 * "default.yaml:14:5: ...". Only startup and command code carries one; at run time there is `enum
 * status`. The first error stays: later sets are ignored, so a caller may go on and report once. */
#pragma once
#include <stdbool.h>

#include "processor/base/status.h"

struct error {
    bool is_set;
    enum exit_code exit_code; /* what the process should exit with when it can't go on */
    char text[1024];
};

void error_set(struct error *error, enum exit_code exit_code, const char *format, ...)
    PRINTF_LIKE(3, 4);
