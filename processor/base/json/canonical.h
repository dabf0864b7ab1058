/* One JSON text for all that say the same: members sorted by name, no spaces, numbers
 * and strings as the writer has them, members that are null left out. By it a repeat is
 * told from a conflict. */
#pragma once
#include "processor/base/json/json.h"

/* Appends the whole of a text that was parsed. False: it is no complete JSON, a name stands twice
 * in one object, or arena or buffer are full. */
MUST_CHECK bool json_canonical(struct bytes text, struct arena *arena, struct buffer *to);
