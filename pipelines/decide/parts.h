/* Where a shard finds the parts of conversations: the store, or what a replay has put by. */
#pragma once
#include "state/tables/part.h"

struct part_source {
    void *context; /* NULL with `read` NULL: there are no conversations */
    enum status (*read)(void *context, uint64_t from, uint64_t through, part_fn *fn,
                        void *fn_context);
    enum status (*content)(void *context, uint64_t sequence, struct buffer *to);
};

struct part_source part_source_from_store(struct store *store);

/* What a replay puts by; stands in for the store. */
struct part_memory;
struct part_memory *part_memory_create(void);
void part_memory_destroy(struct part_memory *memory);
/* False: no memory. */
MUST_CHECK bool part_memory_append(struct part_memory *memory, const struct part_row *row,
                                   struct bytes content);
uint64_t part_memory_last(const struct part_memory *memory); /* sequence */
struct part_source part_source_from_memory(struct part_memory *memory);
