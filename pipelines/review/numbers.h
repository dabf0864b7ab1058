/* A list of numbers that grows, for quantiles. Zeroed: empty. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct number_list {
    double *items;
    size_t count, capacity;
    bool is_sorted, failed; /* failed: no memory, and the list lacks some */
};

void number_list_add(struct number_list *list, double number);
/* By nearest rank: the least number that at least the share `q` of all do not pass. 0 of none. */
double number_list_quantile(struct number_list *list, double q);
void number_list_finish(struct number_list *list);
