/* Items and results as other threads read them: each call is a short read transaction of its own, over
 * what is durable. Who may see what of it is asked by the caller. */
#pragma once
#include "state/tables/result.h"

/* --- lists --- */

/* Where a page ends; zeroed: at the start. Opaque, but it is two numbers and can be sent. */
struct review_page {
    uint64_t major, minor;
};

struct review_query {
    enum item_state state; /* ITEM_STATES: any */
    struct bytes queue;    /* absent: all */
    struct bytes person;   /* absent: all; else the items that they have a result on */
    uint32_t limit;        /* of rows handed out */
};

/* Borrowed until it returns. */
typedef void review_item_fn(void *context, const struct item_row *row);
/* Those that expire first before the others for open and waiting ones, else oldest first. A page may
 * hold fewer than the limit and yet not be the last. False: that was the last one. */
bool review_items_list(struct store *store, const struct review_query *query,
                       struct review_page *page, review_item_fn *fn, void *context);

/* --- one item --- */

/* By its id, in the arena; `record`: its record as JSON, none when it has left. NOT_FOUND: there is no
 * such item. */
MUST_CHECK enum status review_item_read(struct store *store, const uint8_t item_id[ITEM_ID_BYTES],
                                        struct arena *arena, struct item_row *ret_row,
                                        struct buffer *record);
/* By the id of a record (of any revision) or of a trajectory (the newest). False: there is none. */
bool review_item_find(struct store *store, const uint8_t id[16], uint8_t ret_item[ITEM_ID_BYTES]);
/* All results and reveals of an item, at most RESULT_KEYS_MAX, in the arena. */
uint32_t review_item_results(struct store *store, uint64_t item, struct arena *arena,
                             struct result_row **ret_rows);
/* That of one person. False: they have neither result nor reveal. */
bool review_item_result_of(struct store *store, uint64_t item, struct bytes person,
                           struct arena *arena, struct result_row *ret_row);
