/* Passes on what it takes. */
#include "tests/support/fake_emitter.h"

#include <stdlib.h>

static struct fake_emitter *fake_of(struct emitter *emitter)
{
    return (struct fake_emitter *)(void *)emitter; /* `base` is the first member */
}

static enum status fake_start(struct emitter *emitter, struct error *ret_error)
{
    struct emitter *inner = fake_of(emitter)->inner;
    return inner ? inner->operations->start(inner, ret_error) : STATUS_OK;
}

static enum status fake_send(struct emitter *emitter, struct emit_item *item)
{
    struct fake_emitter *fake = fake_of(emitter);
    if (fake->room == 0) {
        fake->refused++;
        return STATUS_BUSY;
    }
    fake->room--;
    fake->sent[fake->sent_count++ % FAKE_SENT_MAX] = item->sequence;
    if (fake->inner)
        return fake->inner->operations->send(fake->inner, item);
    free(item);
    return STATUS_OK;
}

static bool fake_has_room(struct emitter *emitter, size_t bytes)
{
    const struct fake_emitter *fake = fake_of(emitter);
    return fake->room > 0 &&
           (!fake->inner || fake->inner->operations->has_room(fake->inner, bytes));
}

static void fake_stop(struct emitter *emitter, int64_t grace_ms)
{
    struct emitter *inner = fake_of(emitter)->inner;
    if (inner)
        inner->operations->stop(inner, grace_ms);
}

static void fake_destroy(struct emitter *emitter)
{
    struct emitter *inner = fake_of(emitter)->inner;
    if (inner)
        inner->operations->destroy(inner);
}

static const struct emitter_operations fake_operations = {
    .kind = "fake",
    .start = fake_start,
    .send = fake_send,
    .has_room = fake_has_room,
    .stop = fake_stop,
    .destroy = fake_destroy,
};

void fake_emitter_init(struct fake_emitter *fake, struct emitter *inner, uint32_t room)
{
    *fake = (struct fake_emitter){
        .base = {.operations = &fake_operations}, .inner = inner, .room = room};
}
