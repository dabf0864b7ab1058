/* PCRE2 with match, depth and heap limits, so that no pattern can be made to run for long. UTF mode
 * with invalid sequences tolerated (PCRE2_MATCH_INVALID_UTF). A compiled regex is immutable and may
 * be shared by threads; the match data belongs to a thread's `struct regex_scratch`. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/error.h"

struct regex;
struct regex_scratch;

/* NULL with `ret_error` set (what is wrong and at which character) when the pattern does not
 * compile. */
struct regex *regex_create(struct bytes pattern, struct error *ret_error);
void regex_destroy(struct regex *regex);
struct regex_scratch *regex_scratch_create(void);
void regex_scratch_destroy(struct regex_scratch *scratch);

enum regex_result {
    REGEX_NONE,
    REGEX_FOUND,
    REGEX_GAVE_UP /* a limit was hit (regex_limit_hits counts it): nobody knows */
};
/* Searches `subject` from `offset` (inside a code point: from the next), FOUND with the byte range
 * of the match. */
enum regex_result regex_search(const struct regex *regex, struct regex_scratch *scratch, struct bytes subject,
                               size_t offset, size_t *ret_start, size_t *ret_end);
uint64_t regex_limit_hits(void);
