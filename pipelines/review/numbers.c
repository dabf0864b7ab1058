/* Sorted when it is asked, once. */
#include "pipelines/review/numbers.h"

#include <math.h>
#include <stdlib.h>

void number_list_add(struct number_list *list, double number)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        double *items = realloc(list->items, capacity * sizeof *items);
        list->failed = list->failed || !items;
        if (!items)
            return;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = number;
    list->is_sorted = false;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double number_list_quantile(struct number_list *list, double q)
{
    if (list->count == 0)
        return 0;
    if (!list->is_sorted)
        qsort(list->items, list->count, sizeof *list->items, compare);
    list->is_sorted = true;
    double rank = ceil(q * (double)list->count);
    return list->items[rank < 1 ? 0 : (size_t)rank - 1];
}

void number_list_finish(struct number_list *list)
{
    free(list->items);
    *list = (struct number_list){0};
}
