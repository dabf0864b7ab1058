/* A question starts anew: what the assistant said before it is not its answer. Where nobody's role
 * is known, the last text stands for either. */
#include "processor/normalize/content/dialogue.h"

void dialogue_add(struct dialogue *dialogue, enum role role, struct bytes text)
{
    if (text.size == 0)
        return;
    dialogue->last = text;
    switch (role) {
    case ROLE_USER:
        dialogue->question = text;
        dialogue->has_user = true;
        dialogue->answer = (struct bytes){0};
        break;
    case ROLE_ASSISTANT:
        dialogue->answer = text;
        break;
    case ROLE_NONE:
        dialogue->unnamed = text;
        break;
    case ROLE_SYSTEM:
    case ROLE_TOOL:
        break;
    }
}

struct bytes dialogue_text(const struct dialogue *dialogue, enum wanted wanted)
{
    if (wanted == WANTED_QUESTION)
        return dialogue->question.size ? dialogue->question : dialogue->unnamed;
    if (wanted == WANTED_ANSWER)
        return dialogue->answer.size || dialogue->has_user ? dialogue->answer : dialogue->unnamed;
    return dialogue->last;
}
