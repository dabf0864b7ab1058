/* An item counts by its frame. */
#include "processor/emit/inbox_emitter.h"

static struct inbox *inbox_of(struct emitter *emitter)
{
    return &((struct inbox_emitter *)emitter)->inbox;
}

enum status inbox_emitter_send(struct emitter *emitter, struct emit_item *item)
{
    return inbox_send(inbox_of(emitter), item, item->size);
}

bool inbox_emitter_has_room(struct emitter *emitter, size_t bytes)
{
    return inbox_has_room(inbox_of(emitter), bytes);
}

void inbox_emitter_stop(struct emitter *emitter, int64_t grace_ms)
{
    inbox_stop(inbox_of(emitter), grace_ms);
}
