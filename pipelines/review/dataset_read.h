/* The dataset as it was in a version, read beside a running daemon: which rows were live, and what
 * they said, byte for byte, until an erasure. Read transactions are opened anew each second or 1,000
 * rows, so that the daemon's pages are not kept. */
#pragma once
#include "processor/review/row_snapshot.h"
#include "state/store/store.h"
#include "state/tables/row.h"

struct dataset_listing {
    struct row_version_head *rows; /* live ones, by row id */
    size_t count, retired; /* those that had left by then */
    uint64_t version;
    char snapshot[SNAPSHOT_TEXT_SIZE]; /* of their contents: equal content, equal snapshot */
};

/* `name`: a number or a tag; absent: the newest. False after a sentence. */
MUST_CHECK bool dataset_read_version(struct store *store, struct bytes name, uint64_t *ret_version,
                                     struct error *ret_error);
MUST_CHECK enum status dataset_read_listing(struct store *store, uint64_t version,
                                            struct dataset_listing *ret_listing,
                                            struct error *ret_error);
void dataset_listing_finish(struct dataset_listing *listing);
/* Each row's JSON, by row id; false from `fn` ends it. */
typedef bool dataset_row_fn(void *context, const struct row_version_head *head, struct bytes json);
MUST_CHECK enum status dataset_read_rows(struct store *store, const struct dataset_listing *listing,
                                         dataset_row_fn *fn, void *context,
                                         struct error *ret_error);
