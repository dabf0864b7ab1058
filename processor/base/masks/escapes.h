/* A text as it reads once its escapes are read, and the way back from there:
 *
 *   raw     "j\u00f6rg@example.com\\n"      one unit: a run of backslashes and what it escapes
 *   plain    j ö     rg@example.com NL
 *
 * The escapes are those of JSON, of JSON in JSON however deep (each level doubles the run), of a
 * Python repr (\xa0) and of Markdown (\_). Nothing else of a document is read, so that one that is
 * cut, or stands inside prose, reads the same. For what an escaper makes of a text:
 * plain(escape(x)) = plain(x). */
#pragma once
#include "processor/base/masks/ranges.h"

bool escapes_stand_in(struct bytes raw);
/* Appends the plain text; to->failed when there was no memory. */
void escapes_read(struct bytes raw, struct buffer *to);
/* Adds to `ranges` those of `plain`, which are bytes of the plain text, as bytes of the raw one. A
 * unit is in a range whole or not at all; a quoted value ends at its own closing quote. */
void escapes_map(struct bytes raw, const struct mask_ranges *plain, struct mask_ranges *ranges);
