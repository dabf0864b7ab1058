/* The first mistake wins: what follows from it would only confuse. */
#include "processor/base/error.h"

#include <stdarg.h>
#include <stdio.h>

void error_set(struct error *error, enum exit_code exit_code, const char *format, ...)
{
    if (!error || error->is_set)
        return;
    error->is_set = true;
    error->exit_code = exit_code;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
}
