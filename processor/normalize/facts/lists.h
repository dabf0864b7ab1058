/* Small lists of distinct texts in the run's arena, in order of first appearance. */
#pragma once
#include "processor/agent_run.h"

/* A list that may grow: capacity doubles, old storage stays in the arena. A full arena leaves it
 * short. */
struct text_list {
    struct bytes *items;
    uint32_t count, capacity;
};

bool text_list_holds(const struct text_list *list, struct bytes text);
void text_list_add(struct text_list *list, struct bytes text, struct arena *arena);
/* Adds what is not there yet; absent and empty texts are passed over. */
void text_list_add_new(struct text_list *list, struct bytes text, struct arena *arena);

static inline struct bytes_list text_list_done(const struct text_list *list)
{
    return (struct bytes_list){list->items, list->count};
}

/* Grows `*items` by one element of `size` bytes when count has reached capacity. */
bool list_reserve(void **items, uint32_t count, uint32_t *capacity, size_t size,
                  struct arena *arena);
