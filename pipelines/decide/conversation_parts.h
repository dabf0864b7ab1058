/* Where a shard finds the parts of conversations: the store, or what a replay has put by. */
#pragma once
#include "state/tables/part.h"

struct conversation_parts {
    void *context; /* NULL with `read` NULL: there are no conversations */
    enum status (*read)(void *context, uint64_t from, uint64_t through, part_fn *fn,
                        void *fn_context);
    enum status (*content)(void *context, uint64_t sequence, struct buffer *to);
};

struct conversation_parts conversation_parts_from_store(struct store *store);

/* What a replay puts by; stands in for the store. */
struct conversation_parts_memory;
struct conversation_parts_memory *conversation_parts_memory_create(void);
void conversation_parts_memory_destroy(struct conversation_parts_memory *memory);
/* False: no memory. */
MUST_CHECK bool conversation_parts_memory_append(struct conversation_parts_memory *memory,
                                                 const struct part_row *row, struct bytes content);
uint64_t
conversation_parts_memory_last(const struct conversation_parts_memory *memory); /* sequence */
struct conversation_parts conversation_parts_from_memory(struct conversation_parts_memory *memory);
