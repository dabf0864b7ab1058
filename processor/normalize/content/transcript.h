/* Messages written down as lines: "system: Be nice\nuser: Hello". */
#pragma once
#include "processor/normalize/content/dialogue.h"

/* Folds the transcript to the text that is wanted; absent when the text is none, or has no such
 * turn. */
bool transcript_text(struct bytes text, enum wanted wanted, struct arena *arena,
                     struct bytes *ret_text);
/* Is it surely one, wherever it stands? It begins with a system's or a user's turn, another begins on a
 * later line, and somebody asks. */
bool transcript_is_dialogue(struct bytes text);
