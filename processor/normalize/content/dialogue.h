/* Messages in order, folded to the one text that is wanted of them. */
#pragma once
#include "processor/normalize/content/message.h"

enum wanted {
    WANTED_QUESTION, /* the last text of the user */
    WANTED_ANSWER,   /* the last text of the assistant after the user's last */
    WANTED_RESULT,   /* of a tool: whatever text it is */
};

struct dialogue {
    struct bytes question, unnamed, answer, last;
    bool has_user;
};
void dialogue_add(struct dialogue *dialogue, enum role role, struct bytes text);
struct bytes dialogue_text(const struct dialogue *dialogue, enum wanted wanted);
