/* Message lists, in whatever form they are written, to the text that a person said or read. */
#pragma once
#include "processor/base/arena.h"
#include "processor/normalize/content/dialogue.h"

/* Reads any text: plain, JSON of any of the known shapes, a Python repr, JSON within JSON. Absent
 * when it holds nothing of that kind; never the JSON or repr around it. Borrows from `text` or the
 * arena. */
struct bytes messages_text(struct bytes text, enum wanted wanted, struct arena *arena);
/* The turns of the messages in it, for what was said before a question. */
void messages_turns(struct bytes text, struct arena *arena, struct turns *turns);
/* The same of a function's arguments or return value, whose members have names of the application's
 * own: where none is known the longest text counts. */
struct bytes messages_text_of_function(struct bytes text, enum wanted wanted, struct arena *arena);
/* An answer that would be right; of several texts or numbers their JSON list. */
struct bytes messages_expected(struct bytes text, struct arena *arena);
/* null, None, undefined: how libraries write that there is nothing. */
bool messages_is_absent_word(struct bytes text);
/* The text of a list of content parts, when the text is one; otherwise the text itself. */
struct bytes messages_parts_text(struct bytes text, struct arena *arena);
