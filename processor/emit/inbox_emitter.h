/* What every emitter of records with a thread of its own begins with: the interface, and the inbox
 * behind it. The functions are rows of its table of operations. */
#pragma once
#include "processor/emit/emitter.h"
#include "processor/emit/inbox.h"

struct inbox_emitter {
    struct emitter emitter; /* first: handed out as this */
    struct inbox inbox;     /* of struct emit_item */
};

MUST_CHECK enum status inbox_emitter_send(struct emitter *emitter, struct emit_item *item);
bool inbox_emitter_has_room(struct emitter *emitter, size_t bytes);
void inbox_emitter_stop(struct emitter *emitter, int64_t grace_ms);
