/* Bump allocation with a budget: everything lives until the arena is reset or finished.
 *   block 0  [used......|free..]  ->  block 1  [used..|free......]  -> NULL
 * Reset keeps the first block, so that a warm arena of a repeated job does not call malloc at all.
 */
#pragma once
#include <stddef.h>

#include "processor/base/bytes.h"

struct arena_block;

struct arena {
    struct arena_block *first, *current;
    size_t used;  /* bytes handed out since the last reset, padding included */
    size_t limit; /* bytes; a request above it returns NULL and sets `failed` */
    bool failed;
    bool no_memory; /* it failed for that, not for its limit */
};

void arena_init(struct arena *arena, size_t limit);
void arena_finish(struct arena *arena);
void arena_reset(struct arena *arena);
/* 16-byte aligned, not zeroed; NULL when over the budget or out of memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* Zeroed. NULL also when count * size overflows. */
void *arena_zalloc(struct arena *arena, size_t count, size_t size);
/* A copy in the arena; absent bytes where there was no room (`failed` is set). */
struct bytes arena_copy(struct arena *arena, struct bytes bytes);
