/* In memory a part is gone when its content has been read: it is read once, when its conversation
 * is decided. */
#include "pipelines/decide/conversation_parts.h"

#include <stdlib.h>

static enum status read_stored(void *context, uint64_t from, uint64_t through, part_fn *fn,
                               void *fn_context)
{
    return parts_read(context, from, through, fn, fn_context);
}

static enum status content_stored(void *context, uint64_t sequence, struct buffer *to)
{
    return parts_content(context, sequence, to);
}

struct conversation_parts conversation_parts_from_store(struct store *store)
{
    return (struct conversation_parts){store, read_stored, content_stored};
}

struct kept_part {
    struct part_row row;
    struct buffer content;
};

struct conversation_parts_memory {
    struct kept_part *items; /* of sequences 1, 2, ... */
    size_t count, capacity;
};

struct conversation_parts_memory *conversation_parts_memory_create(void)
{
    return calloc(1, sizeof(struct conversation_parts_memory));
}

void conversation_parts_memory_destroy(struct conversation_parts_memory *memory)
{
    if (!memory)
        return;
    for (size_t i = 0; i < memory->count; i++)
        buffer_finish(&memory->items[i].content);
    free(memory->items);
    free(memory);
}

bool conversation_parts_memory_append(struct conversation_parts_memory *memory,
                                      const struct part_row *row, struct bytes content)
{
    if (memory->count == memory->capacity) {
        size_t capacity = memory->capacity ? memory->capacity * 2 : 64;
        struct kept_part *grown = realloc(memory->items, capacity * sizeof(*grown));
        if (!grown)
            return false;
        memory->items = grown;
        memory->capacity = capacity;
    }
    struct kept_part *part = &memory->items[memory->count];
    *part = (struct kept_part){.row = *row};
    part->row.sequence = ++memory->count;
    buffer_append_bytes(&part->content, content);
    return !part->content.failed;
}

uint64_t conversation_parts_memory_last(const struct conversation_parts_memory *memory)
{
    return memory->count;
}

static enum status read_kept(void *context, uint64_t from, uint64_t through, part_fn *fn,
                             void *fn_context)
{
    struct conversation_parts_memory *memory = context;
    for (uint64_t i = from > 0 ? from : 1; i <= through && i <= memory->count; i++)
        if (!fn(fn_context, &memory->items[i - 1].row))
            break;
    return STATUS_OK;
}

static enum status content_kept(void *context, uint64_t sequence, struct buffer *to)
{
    struct conversation_parts_memory *memory = context;
    if (sequence == 0 || sequence > memory->count)
        return STATUS_NOT_FOUND;
    struct buffer *content = &memory->items[sequence - 1].content;
    buffer_append_bytes(to, buffer_bytes(content));
    buffer_finish(content);
    *content = (struct buffer){0};
    return to->failed ? STATUS_FATAL : STATUS_OK;
}

struct conversation_parts conversation_parts_from_memory(struct conversation_parts_memory *memory)
{
    return (struct conversation_parts){memory, read_kept, content_kept};
}
