/* Lists grow by doubling; linear search is fine for the handful of names a run has, and a cap keeps
 * it so when a run has thousands. */
#include "processor/normalize/facts/lists.h"

enum { DISTINCT_MAX = 1024 };

bool list_reserve(void **items, uint32_t count, uint32_t *capacity, size_t size,
                  struct arena *arena)
{
    if (count < *capacity)
        return true;
    uint32_t grown_capacity = *capacity ? *capacity * 2 : 8;
    void *grown = arena_zalloc(arena, grown_capacity, size);
    if (!grown)
        return false;
    if (count > 0)
        memcpy(grown, *items, count * size);
    *items = grown;
    *capacity = grown_capacity;
    return true;
}

bool text_list_holds(const struct text_list *list, struct bytes text)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (bytes_equal(list->items[i], text))
            return true;
    return false;
}

void text_list_add(struct text_list *list, struct bytes text, struct arena *arena)
{
    void *items = list->items;
    if (!list_reserve(&items, list->count, &list->capacity, sizeof *list->items, arena))
        return;
    list->items = items;
    list->items[list->count++] = text;
}

void text_list_add_new(struct text_list *list, struct bytes text, struct arena *arena)
{
    if (text.size > 0 && list->count < DISTINCT_MAX && !text_list_holds(list, text))
        text_list_add(list, text, arena);
}
