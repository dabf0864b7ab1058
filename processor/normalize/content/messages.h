/* Message lists, in whatever form they are written, to the text that a person said or read. */
#pragma once
#include "processor/base/arena.h"

enum role { ROLE_NONE, ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };

enum wanted {
    WANTED_QUESTION, /* the last text of the user */
    WANTED_ANSWER,   /* the last text of the assistant after the user's last */
    WANTED_RESULT,   /* of a tool: whatever text it is */
};

/* "human", "HumanMessage", "MessageRole.USER", "ai", "model", ... */
enum role role_of(struct bytes name);

/* Folds messages, in order, to what is wanted. */
struct conversation {
    struct bytes question, unnamed, answer, last;
    bool has_user;
};
void conversation_add(struct conversation *conversation, enum role role, struct bytes text);
struct bytes conversation_text(const struct conversation *conversation, enum wanted wanted);

/* Reads any text: plain, JSON of any of the known shapes, a Python repr, JSON within JSON. Absent
 * when it holds nothing of that kind; never the JSON or repr around it. Borrows from `text` or the
 * arena. */
struct bytes message_text(struct bytes text, enum wanted wanted, struct arena *arena);
/* The text of a list of content parts, when the text is one; otherwise the text itself. */
struct bytes message_parts_text(struct bytes text, struct arena *arena);
