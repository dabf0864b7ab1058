/* A question starts anew: what the assistant said before it is not its answer. Where nobody's role
 * is known, the last text stands for either. */
#include "processor/normalize/content/dialogue.h"

void dialogue_add_calls(struct dialogue *dialogue)
{
    dialogue->has_calls = true;
    dialogue->choice = (struct bytes){0};
}

static void note_turn(struct dialogue *dialogue, enum role role, struct bytes text)
{
    struct turns *turns = dialogue->turns;
    if (!turns || (role != ROLE_USER && role != ROLE_ASSISTANT))
        return;
    if (!dialogue->has_turns)
        turns->count = 0;
    dialogue->has_turns = true;
    turns->items[turns->count % TURNS_MAX].role = role;
    turns->items[turns->count++ % TURNS_MAX].text = text;
}

void dialogue_add(struct dialogue *dialogue, enum role role, struct bytes text)
{
    if (text.size == 0)
        return;
    note_turn(dialogue, role, text);
    dialogue->last = text;
    switch (role) {
    case ROLE_USER:
        dialogue->question = text;
        dialogue->has_user = true;
        dialogue->answer = dialogue->choice = (struct bytes){0};
        dialogue->has_calls = false;
        break;
    case ROLE_ASSISTANT:
        dialogue->answer = text;
        if (dialogue->choice.size == 0)
            dialogue->choice = text;
        break;
    case ROLE_NONE:
        dialogue->unnamed = text;
        break;
    case ROLE_TOOL: /* What follows answers the calls. */
        dialogue->choice = (struct bytes){0};
        dialogue->has_calls = false;
        break;
    case ROLE_SYSTEM:
        break;
    }
}

struct bytes dialogue_text(const struct dialogue *dialogue, enum wanted wanted)
{
    if (wanted == WANTED_QUESTION)
        return dialogue->question.size ? dialogue->question : dialogue->unnamed;
    if (wanted == WANTED_CHOICE && dialogue->has_calls)
        return (struct bytes){0};
    if (wanted == WANTED_CHOICE && dialogue->choice.size > 0)
        return dialogue->choice;
    if (wanted == WANTED_ANSWER || wanted == WANTED_CHOICE)
        return dialogue->answer.size || dialogue->has_user ? dialogue->answer : dialogue->unnamed;
    return dialogue->last;
}
