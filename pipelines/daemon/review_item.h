/* One item as the review API shows it to a person: blinded, until what that person judged first is
 * stored. */
#pragma once
#include "pipelines/daemon/review_api_state.h"
#include "pipelines/review/review_items.h"

enum { REVIEW_ITEM_ARENA_BYTES = 64 << 20, REVIEW_ITEM_RECORD_BYTES = 16 << 20 };

struct review_item { /* all of it in the arena, the record in its buffer */
    struct arena arena;
    struct item_row row;
    struct buffer record; /* JSON; empty: its content has left */
    bool has_own;         /* the person has a result, or has revealed */
    struct result_row own;
    const struct review_queue_settings *queue;
    bool is_revealed;
};

/* False: there is no such item (or it can't be read); nothing is to be finished. */
MUST_CHECK bool review_item_open(struct review_api *review, const uint8_t item_id[ITEM_ID_BYTES],
                                 const struct http_caller *caller, struct review_item *ret_item);
void review_item_finish(struct review_item *item);
/* The document. `lease_ms` > 0: until then nobody else is given the place. */
void review_item_write(struct review_api *review, struct review_item *item,
                       const struct http_caller *caller, int64_t lease_ms, struct buffer *to);
/* {"machine", "links"}: what the reveal answers. */
void review_item_write_machine(struct review_item *item, struct buffer *to);
/* 32 hexadecimal digits. */
MUST_CHECK bool review_item_id(struct bytes text, uint8_t ret_id[ITEM_ID_BYTES]);
