/* What the files of the dataset share; nobody else sees it. */
#pragma once
#include <stdatomic.h>

#include "pipelines/review/dataset.h"
#include "processor/base/arena.h"
#include "processor/review/row_stamp.h"
#include "state/tables/cluster.h"
#include "state/tables/erased.h"
#include "state/tables/row.h"

struct dataset_counts { /* follow the commit */
    uint64_t version;
    int64_t bytes;
    int64_t rows[ROW_SPLITS][2]; /* live ones, by split and regression */
    uint64_t erase_pending;
    bool has_news;
};

struct dataset {
    struct store *store;
    struct audit *audit;
    struct outbox *outbox;
    struct erased *erased;
    struct dataset_tables tables;
    struct dataset_counts durable, open; /* open: with the transaction under way */
    struct arena arena;                  /* of one change */
    uint8_t looked_at[ROW_ID_SIZE];      /* where dataset_turn() goes on */
    _Atomic int64_t shown_rows[ROW_SPLITS][2];
    _Atomic uint64_t shown_version;
    _Atomic int64_t shown_bytes;
    _Atomic uint64_t shown_pending; /* erasures with pages that are not overwritten */
    _Atomic uint64_t bytes_max;     /* limits.dataset, as last seen */
};

/* One change of one row, under way. */
struct row_change {
    struct dataset *dataset;
    struct store_txn *txn;
    const struct dataset_settings *settings;
    const struct audit_entry *actor;
    int64_t wall_ms;
    struct row_entry before, entry; /* as it was, as it will be */
    bool was_live;
    struct bytes draft;      /* what it says; absent: nothing new */
    const char *held_reason; /* of dataset_row_join_cluster() */
};

/* Reads the entry, of `dataset` and `txn`; false: there is none. What was allocated for the change
 * before is gone. */
bool dataset_row_begin(struct row_change *change, const uint8_t row_id[16]);
/* By its draft into the next version, or held. */
void dataset_row_place(struct row_change *change);

/* Erasures whose pages may still hold texts, in this file. */
uint64_t dataset_erase_pending(const struct dataset *dataset, struct store_txn *txn);
/* Opens the counts of the transaction. */
void dataset_touch(struct dataset *dataset, struct store_txn *txn);
/* The version that this transaction makes. */
uint64_t dataset_next_version(struct dataset *dataset, struct store_txn *txn);
void dataset_count_bytes(struct dataset *dataset, struct store_txn *txn, int64_t bytes);
/* What it says now, of the version that changed it last or of version 0; absent: nothing. In `to`. */
struct bytes dataset_row_content(struct store_txn *txn, const struct row_entry *entry,
                                 struct buffer *to);

/* Under all their names; how many results had them is added. False: nobody of that name is known. */
bool dataset_erase_person(const struct row_change *change, struct bytes name, uint32_t *records);
/* An entry of the trail: what was erased, by an id that says nothing to anybody. */
void dataset_tell_erased(const struct row_change *change, const char *kind, struct bytes id);
/* Appends to the audit trail, by the change's actor. */
void dataset_row_tell(struct row_change *change, enum audit_action action,
                      struct audit_entry *ret_entry);
/* Puts it into the next version: entry, JSON, cluster members, outbox. */
void dataset_row_publish(struct row_change *change);
/* Takes a live row out; `reason` stays with it. */
void dataset_row_retire(struct row_change *change, const char *reason);
/* Behind its tombstone, to exporters that are topics: with a null value under its key a compacted
 * topic lets go of both. */
void dataset_row_send_null(struct row_change *change);
/* Keeps it, and what it says, in no version. */
void dataset_row_keep(struct row_change *change, enum row_state state, const char *reason);
/* Finds or founds its cluster; false: it can't be in the dataset, `held_reason` says why. */
MUST_CHECK bool dataset_row_join_cluster(struct row_change *change);
/* After it: is there room for one more of its cluster and failure mode? Else the oldest counts one
 * more, and true is returned. */
MUST_CHECK bool dataset_row_folds(struct row_change *change);
/* Takes back what dataset_row_folds() counted. */
void dataset_row_unfold(struct row_change *change);
