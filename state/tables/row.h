/* Dataset rows: what each one is now, and what it was in every version of the dataset.
 *   row          row id 16 -> state, revision, split, cluster, digests
 *   row_version  be64 version, row id 16, be16 chunk -> head, JSON as it was written; append only
 * Version 0 holds what is in no version: the JSON of rows that are held or wait for a person. A row
 * leaves row_version only by an erasure. Owner: the writer's transaction; readers from any thread. */
#pragma once
#include "state/store/store.h"

enum { ROW_ID_SIZE = 16, ROW_REASON_BYTES_MAX = 40, ROW_MODE_BYTES_MAX = 64 };

enum row_state {
    ROW_STATE_LIVE,
    ROW_STATE_HELD,     /* why: reason */
    ROW_STATE_PROPOSED, /* waits for `dataset promote` */
    ROW_STATE_FOLDED,   /* one more occurrence of the row `folded_into` */
    ROW_STATE_RETIRED,
    ROW_STATES
};
extern const char *const row_state_names[ROW_STATES];

struct row_entry {
    uint8_t row_id[ROW_ID_SIZE];
    enum row_state state;
    bool is_regression, is_critical, is_erased;
    uint8_t split;          /* enum row_split */
    uint32_t revision;      /* of the last that was in the dataset; 0: none was */
    uint64_t version;       /* of the dataset, that holds this revision; 0: none */
    uint64_t first_version; /* the first it was in */
    uint32_t occurrences;
    uint8_t trajectory_id[16], content_digest[32], item_id[16];
    uint8_t cluster[16]; /* zeroes: none yet */
    uint8_t folded_into[ROW_ID_SIZE];
    uint8_t conversation[16]; /* keyed fingerprint; zeroes: none */
    uint8_t sha256[32], salt[16];
    int64_t created_ms, changed_ms;
    uint64_t audit_sequence;                        /* of its last entry */
    struct bytes failure_mode, reason, revision_id; /* label; why held or retired; record_id */
};

/* Borrowed until the next write. False: there is none. */
bool row_entry_read(struct store_txn *txn, const uint8_t row_id[ROW_ID_SIZE],
                    struct row_entry *ret_entry);
/* How many rows' ids begin with the text, with or without dashes (2: several); the first of them. */
uint32_t row_entry_find(struct store_txn *txn, struct bytes text, uint8_t ret_row_id[ROW_ID_SIZE]);
void row_entry_write(struct store_txn *txn, const struct row_entry *entry);
MUST_CHECK enum status row_entry_decode(struct bytes key, struct bytes value,
                                        struct row_entry *ret_entry);

struct row_version_head {
    uint64_t version;
    uint8_t row_id[ROW_ID_SIZE];
    uint8_t action, split; /* enum row_action, row_split */
    bool is_regression;
    uint32_t revision;
    uint8_t sha256[32];
    uint64_t body_size;
    size_t part_size; /* of it, that this chunk holds */
};
/* In place of what that version held of the row; the bytes it takes are returned, those it took
 * subtracted. */
int64_t row_version_write(struct store_txn *txn, const struct row_version_head *head,
                          struct bytes body);
/* Appends the body to `to`; NULL: only the head. False: there is none. */
bool row_version_read(struct store_txn *txn, uint64_t version, const uint8_t row_id[ROW_ID_SIZE],
                      struct row_version_head *ret_head, struct buffer *to);
/* The bytes that it took; 0: there was none. */
int64_t row_version_delete(struct store_txn *txn, uint64_t version,
                           const uint8_t row_id[ROW_ID_SIZE]);
/* A key and, of chunk 0, the head. */
MUST_CHECK enum status row_version_decode(struct bytes key, struct bytes value,
                                          struct row_version_head *ret_head);
