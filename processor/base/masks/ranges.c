/* The last range alone can overlap a new one, because scanners go forward: what overlaps it becomes
 * one with it, and the list stays sorted without a search. */
#include "processor/base/masks/ranges.h"

#include <assert.h>

static bool grow(struct mask_ranges *ranges)
{
    uint32_t capacity = ranges->capacity ? ranges->capacity * 2 : 16;
    struct mask_range *items = arena_alloc(ranges->arena, capacity * sizeof *items);
    if (!items) {
        ranges->failed = true;
        return false;
    }
    if (ranges->count)
        memcpy(items, ranges->items, ranges->count * sizeof *items);
    ranges->items = items;
    ranges->capacity = capacity;
    return true;
}

void mask_ranges_add(struct mask_ranges *ranges, size_t start, size_t end, enum mask_kind kind)
{
    assert(start < end && end <= UINT32_MAX);
    struct mask_range range = {.start = (uint32_t)start, .end = (uint32_t)end, .kind = kind};
    while (ranges->count && ranges->items[ranges->count - 1].end > range.start) {
        struct mask_range last = ranges->items[--ranges->count];
        if (last.start <= range.start) {
            range.start = last.start;
            range.kind = last.kind;
        }
        if (last.end > range.end)
            range.end = last.end;
    }
    if (ranges->count == ranges->capacity && !grow(ranges))
        return;
    ranges->items[ranges->count++] = range;
}
