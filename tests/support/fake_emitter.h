/* An emitter in front of another one (or of none) that takes as many records as it is told to.
 * Without an inner one it keeps the sequences it was given, and acknowledges nothing. */
#pragma once
#include "processor/emit/emitter.h"

enum { FAKE_SENT_MAX = 4096 };

struct fake_emitter {
    struct emitter base;
    struct emitter *inner; /* NULL: none; stopped and destroyed with this one */
    uint32_t room;         /* how many more it takes before it says BUSY */
    uint64_t sent[FAKE_SENT_MAX];
    uint32_t sent_count, refused;
};

void fake_emitter_init(struct fake_emitter *fake, struct emitter *inner, uint32_t room);
