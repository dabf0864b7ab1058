/* Blocks grow by doubling up to 256 KiB, so that an arena for one small span costs 1 KiB and one
 * for a large batch few calls of malloc. A request larger than that gets a block of its own size.
 */
#include "processor/base/arena.h"

#include <assert.h>
#include <stdlib.h>

/* AddressSanitizer is told what has been handed out, so that it sees a write behind an allocation
 * or after a reset. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum { ALIGNMENT = 16, FIRST_BLOCK = 1024, LARGEST_STEP = 256 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t capacity, used; /* of the bytes behind this header */
};

_Static_assert(sizeof(struct arena_block) <= 32, "the header fits its padded size");
enum { HEADER = 32 }; /* keeps what follows 16-byte aligned, as malloc returns it */

static void free_from(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        ASAN_UNPOISON_MEMORY_REGION((uint8_t *)block + HEADER, block->capacity);
        free(block);
        block = next;
    }
}

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

void arena_init_part(struct arena *arena, size_t limit, struct arena *job)
{
    *arena = (struct arena){.limit = limit, .payer = job->payer ? job->payer : job};
}

void arena_finish(struct arena *arena)
{
    free_from(arena->first);
    *arena = (struct arena){.limit = arena->limit, .look_limit = arena->look_limit,
                             .payer = arena->payer};
}

void arena_reset(struct arena *arena)
{
    if (arena->first && arena->first->capacity > LARGEST_STEP) {
        free_from(arena->first);
        arena->first = NULL;
    }
    if (arena->first) {
        free_from(arena->first->next);
        arena->first->next = NULL;
        arena->first->used = 0;
        ASAN_POISON_MEMORY_REGION((uint8_t *)arena->first + HEADER, arena->first->capacity);
    }
    arena->current = arena->first;
    arena->used = 0;
    arena->failed = arena->no_memory = arena->is_too_costly = false;
    arena->looked = 0;
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
    size_t capacity = FIRST_BLOCK - HEADER;
    if (arena->current) {
        size_t doubled = (arena->current->capacity + HEADER) * 2;
        capacity = (doubled < LARGEST_STEP ? doubled : LARGEST_STEP) - HEADER;
    }
    if (capacity < size)
        capacity = size;
    struct arena_block *block = malloc(HEADER + capacity);
    if (!block)
        return NULL;
    *block = (struct arena_block){.capacity = capacity};
    ASAN_POISON_MEMORY_REGION((uint8_t *)block + HEADER, capacity);
    if (arena->current)
        arena->current->next = block;
    else
        arena->first = block;
    arena->current = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > arena->limit || arena->limit - arena->used < size) {
        arena->failed = true;
        return NULL;
    }
    /* Within the limit, so rounding can't overflow unless the limit itself is absurd. */
    assert(size <= SIZE_MAX - 2 * HEADER);
    size_t padded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (padded == 0)
        padded = ALIGNMENT; /* a distinct, non-NULL place for nothing */
    struct arena_block *block = arena->current;
    if (!block || block->capacity - block->used < padded)
        block = add_block(arena, padded);
    if (!block) {
        arena->failed = arena->no_memory = true;
        return NULL;
    }
    void *place = (uint8_t *)block + HEADER + block->used;
    ASAN_UNPOISON_MEMORY_REGION(place, size);
    block->used += padded;
    arena->used += padded;
    if (arena->used > arena->limit)
        arena->used = arena->limit; /* the padding of the last allocation may pass the limit */
    return place;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        arena->failed = true;
        return NULL;
    }
    void *place = arena_alloc(arena, bytes);
    if (place)
        memset(place, 0, bytes);
    return place;
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    if (!bytes.data)
        return (struct bytes){0};
    uint8_t *place = arena_alloc(arena, bytes.size);
    if (!place)
        return (struct bytes){0};
    if (bytes.size)
        memcpy(place, bytes.data, bytes.size);
    return bytes_of(place, bytes.size);
}
