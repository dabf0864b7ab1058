/* UTF-8: code points out of bytes that anybody may have sent. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

/* Decodes one code point at `at` (< text.size); invalid input gives U+FFFD, one byte long. */
uint32_t utf8_decode(struct bytes text, size_t at, size_t *ret_next);
bool utf8_is_valid(struct bytes text);
/* Number of code points; an invalid byte counts as one. */
size_t utf8_length(struct bytes text);
/* At most `limit` bytes, never cutting a code point in two. */
struct bytes utf8_cut(struct bytes text, size_t limit);
