/* What one job may cost: memory, and bytes looked at by the readers of other people's text.
 * Bump allocation: everything lives until the arena is reset or finished.
 *   block 0  [used......|free..]  ->  block 1  [used..|free......]  -> NULL
 * Reset keeps the first block, so that a warm arena of a repeated job does not call malloc at all;
 * unless it is as large as the one request that it was made for. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "processor/base/bytes.h"

struct arena_block;

struct arena {
    struct arena_block *first, *current;
    size_t used;  /* bytes handed out since the last reset, padding included */
    size_t limit; /* bytes; a request above it returns NULL and sets `failed` */
    bool failed;
    bool no_memory; /* it failed for that, not for its limit */
    /* Bytes looked at since the last reset: what is read again counts again. Limit 0: none. */
    uint64_t looked, look_limit;
    bool is_too_costly;  /* the limit of looking was met: readers have ended early */
    struct arena *payer; /* what is looked at through this one counts there; NULL: here */
};

void arena_init(struct arena *arena, size_t limit);
/* Memory of its own for a part of the job: what it looks at is counted with the job's. */
void arena_init_part(struct arena *arena, size_t limit, struct arena *job);
/* Counts `size` bytes as looked at. False from the one on that passes the limit: the reader ends as
 * at the end of its text, and whoever began the job says that its result is too costly to have. */
static inline bool arena_look(struct arena *arena, size_t size)
{
    struct arena *payer = arena->payer ? arena->payer : arena;
    if (payer->look_limit == 0)
        return true;
    if (!payer->is_too_costly)
        payer->looked += size;
    payer->is_too_costly = payer->looked > payer->look_limit;
    return !payer->is_too_costly;
}
void arena_finish(struct arena *arena);
void arena_reset(struct arena *arena);
/* 16-byte aligned, not zeroed; NULL when over the budget or out of memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* Zeroed. NULL also when count * size overflows. */
void *arena_zalloc(struct arena *arena, size_t count, size_t size);
/* A copy in the arena; absent bytes where there was no room (`failed` is set). */
struct bytes arena_copy(struct arena *arena, struct bytes bytes);
