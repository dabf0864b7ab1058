/* What came over the network must not move the cursor of a terminal, nor turn what stands on it. */
#pragma once
#include "processor/base/bytes.h"

/* Appends the text with `?` for each control character, for those that are invisible or turn the
 * direction of writing, and for each byte that is not UTF-8. */
void terminal_append(struct buffer *to, struct bytes text);
/* The same, with ‹U+202E› for each of them: who reads it sees what stood there. */
void terminal_append_visible(struct buffer *to, struct bytes text);
/* Is it one of them? Also U+FFFD. */
bool terminal_is_hidden(uint32_t point);
