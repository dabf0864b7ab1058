/* What people have made of runs: sums over the items of the review, for all and by the values of one
 * dimension. One pass over items, their results and their rows, beside a running daemon.
 *
 *   of runs of the window        disputed, with a row, days to it; states of their items
 *   of what happened in it       results, decisions, rows that were promoted, and how far they got
 *   now                          ages of what is open */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/review/numbers.h"
#include "state/store/key_index.h"
#include "state/tables/item.h"

enum { NO_ROW_CAUSES_MAX = 16, NO_ROW_CAUSE_SIZE = 41, MEASURES_GROUPS_MAX = 10000 };

struct item_sums {
    uint64_t states[ITEM_STATES]; /* of items of runs of the window */
    uint64_t disputed;            /* runs that the machine did not fail, and people dispute */
    uint64_t with_row;            /* runs that it failed, or are disputed, with a live row */
    struct number_list days;      /* of these, from the run to the row */
    struct number_list age_min;   /* of open and waiting items, whole minutes */
    uint64_t over_due, live_rows;
    uint64_t results, decisions;     /* made in the window */
    uint64_t timed;                  /* results on items that the server had served, and how long */
    double timed_s;                  /* that took, a lease at most each */
    uint64_t promoted, acknowledged; /* rows of the window; those that every exporter has */
    struct no_row {                  /* decided in the window, and no live row */
        char cause[NO_ROW_CAUSE_SIZE];
        uint64_t count;
    } no_rows[NO_ROW_CAUSES_MAX]; /* the last one stands for all that have no place */
    uint32_t no_row_count;
};

struct item_group {
    struct bytes value; /* of the dimension; absent: of all items */
    struct item_sums sums;
};

struct measures_items {        /* owns what is below; measures_items_finish() */
    struct item_group *groups; /* the first: of all */
    uint32_t group_count, group_capacity;
    struct key_index values;
    struct arena arena;
};

struct measures_span {
    int64_t from_ms, to_ms; /* of event time for runs, of the clock for all else */
};

/* Hears of every item in the same pass; `row` NULL: it has none, live or not. */
struct row_entry;
typedef void measures_item_fn(void *context, struct store_txn *txn, const struct item_row *item,
                              const struct row_entry *row);

/* `dimension` absent: of all alone. `fn` NULL: nobody else wants to hear. */
MUST_CHECK enum status measures_items_read(struct store *store,
                                           const struct pipeline_config *config,
                                           const struct measures_span *span, struct bytes dimension,
                                           measures_item_fn *fn, void *context,
                                           struct measures_items *ret_items);
/* The sums of a value; NULL: no item has it. */
struct item_sums *measures_items_of(struct measures_items *items, struct bytes value);
void measures_items_finish(struct measures_items *items);
