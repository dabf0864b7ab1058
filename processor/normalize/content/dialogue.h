/* Messages in order, folded to the one text that is wanted of them. */
#pragma once
#include "processor/normalize/content/message.h"

enum wanted {
    WANTED_QUESTION, /* the last text of the user */
    WANTED_ANSWER,   /* the last text of the assistant after the user's last */
    WANTED_RESULT,   /* of a tool: whatever text it is */
    WANTED_CHOICE,   /* of one model call: the first of its choices; none when it calls tools */
};

/* What was said, in order: of the messages that were folded last. */
enum { TURNS_MAX = 64 };
struct turns {
    struct {
        enum role role; /* user or assistant */
        struct bytes text;
    } items[TURNS_MAX]; /* the newest; turn i stands at i % TURNS_MAX */
    uint32_t count;
};

struct dialogue {
    struct turns *turns; /* NULL: nobody asks */
    bool has_turns;      /* those in `turns` are of this dialogue */
    struct bytes question, unnamed, answer, last;
    struct bytes choice; /* the first text of the assistant after the user's last */
    bool has_user, has_calls;
};
/* The assistant called tools here. */
void dialogue_add_calls(struct dialogue *dialogue);
void dialogue_add(struct dialogue *dialogue, enum role role, struct bytes text);
struct bytes dialogue_text(const struct dialogue *dialogue, enum wanted wanted);
