/* Message lists, in whatever form they are written, to the text that a person said or read. */
#pragma once
#include "processor/base/arena.h"
#include "processor/normalize/content/dialogue.h"

/* Reads any text: plain, JSON of any of the known shapes, a Python repr, JSON within JSON. Absent
 * when it holds nothing of that kind; never the JSON or repr around it. Borrows from `text` or the
 * arena. */
struct bytes messages_text(struct bytes text, enum wanted wanted, struct arena *arena);
/* The text of a list of content parts, when the text is one; otherwise the text itself. */
struct bytes messages_parts_text(struct bytes text, struct arena *arena);
