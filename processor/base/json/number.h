/* Doubles as decimal text and back. */
#pragma once
#include <stdbool.h>

#include "processor/base/bytes.h"

/* Shortest decimal of a double that reads back the same ("0.1", "3", "1e+30"), NUL-terminated; a
 * whole number below 1e15 has neither point nor exponent. "NaN", "+Inf", "-Inf" as Prometheus
 * writes them. */
enum { NUMBER_TEXT_SIZE = 32 };
void number_format(char to[NUMBER_TEXT_SIZE], double value);
/* Strict decimal parse of all bytes; false for anything else, for hex, inf and nan,
 * and for what is too large for a double. */
MUST_CHECK bool number_parse(struct bytes text, double *ret_value);
