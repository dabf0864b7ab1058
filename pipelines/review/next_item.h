/* Which item a person sees next. From any thread; reads what is durable. The arena has room for some
 * hundred rows: 8 MiB are enough. */
#pragma once
#include "pipelines/review/leases.h"
#include "processor/review/settings.h"
#include "state/tables/result.h"

struct review_next {
    struct bytes person, name; /* principal; and the name that a skip may have said */
    struct bytes queue;        /* absent: all of them */
    uint32_t people;           /* enabled reviewers: no item waits for more */
    int64_t wall_ms;
};

/* The item that this person shall see next, with a lease on it; the caller puts it into the trail
 * (review_served). False: there is nothing to do. */
MUST_CHECK bool review_next_item(struct store *store, const struct review_settings *settings,
                                 struct leases *leases, const struct review_next *next,
                                 struct arena *arena, struct item_row *ret_row);
