/* PCRE2 with match, depth and heap limits, and one of bytes looked at: a multiple of a text's size,
 * and what the run has to spare. So no pattern can be made to run for long, by whatever text. UTF
 * mode with invalid sequences tolerated (PCRE2_MATCH_INVALID_UTF). A compiled regex is immutable and
 * may be shared by threads; the match data belongs to a thread's `struct regex_scratch`. */
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
/* Another run: what the one before looked at does not count any more. */
void regex_scratch_begin(struct regex_scratch *scratch);
/* At the text at hand, in all of its searches. */
uint64_t regex_looked(const struct regex_scratch *scratch);

enum regex_result {
    REGEX_NONE,
    REGEX_FOUND,
    REGEX_GAVE_UP /* a limit was hit (regex_limit_hits counts it): nobody knows */
};
/* Searches `subject` from `offset` (inside a code point: from the next), FOUND with the byte range
 * of the match. From 0 it is another text; else it goes on with what is left to look at. */
enum regex_result regex_search(const struct regex *regex, struct regex_scratch *scratch, struct bytes subject,
                               size_t offset, size_t *ret_start, size_t *ret_end);
uint64_t regex_limit_hits(void);
