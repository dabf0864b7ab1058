/* The only readers of the time. Everything between assemble and score gets `now` as an argument. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "processor/base/bytes.h"

int64_t clock_monotonic_ms(void);
int64_t clock_realtime_ms(void); /* since 1970 UTC */

enum { CLOCK_RFC3339_SIZE = 31 }; /* "2026-11-23T08:56:00.123456789Z" and a NUL */
/* RFC 3339, UTC, always nine fractional digits. Years past 9999 are clamped. */
void clock_format_rfc3339(char to[CLOCK_RFC3339_SIZE], uint64_t unix_ns);
/* Parses RFC 3339 with any offset, or whole seconds since 1970. */
MUST_CHECK enum status clock_parse_rfc3339(struct bytes text, int64_t *ret_unix_ms);
