/* What people have said of items: one row for each (item, principal), with what was judged before the
 * reveal, what after, and the texts; the ids of all results that must answer `duplicate`; and results
 * that came before their record.
 *
 *   result          be64 item, be64 principal, be16 chunk     struct result_row and its texts
 *   result_id       SHA-256(principal, 0, result id)[0..16)   struct result_note
 *   result_pending  be64 sequence, be16 chunk                 as the caller encoded it
 *
 * A principal in a key is item_row_hash() of its name. Numbers of verdicts, roles and labels are the
 * caller's. Owner: the writer's transaction; reads from any thread. */
#pragma once
#include "state/tables/item.h"

enum { RESULT_ID_HASH_BYTES = 16, RESULT_SALT_BYTES = 16, RESULT_KEYS_MAX = 256 };

struct result_row { /* times are wall clock; 0: there was none */
    uint64_t item, principal_hash;
    struct bytes principal, reviewer, result_id;
    uint8_t trust, role, status; /* of the caller */
    bool is_given;               /* false: the reveal alone, or withdrawn */
    bool has_first;              /* what was judged first stands, and the reveal */
    bool is_blind;               /* the first judgement was made before the reveal */
    bool is_chosen;              /* opened by id, not served: out of the estimates */
    bool is_served, is_late, is_outdated, is_extra, is_approved;
    uint8_t verdict, first_verdict, skip_cause;
    struct bytes labels[ITEM_LABELS_MAX], first_labels[ITEM_LABELS_MAX]; /* ids */
    uint32_t label_count, first_label_count;
    int32_t failure_mode; /* place in `labels`; -1: none */
    int64_t served_ms, revealed_ms, received_ms, started_ms, completed_ms;
    uint8_t digest[32];    /* of the canonical JSON that came */
    uint8_t label_set[32]; /* in force then */
    uint8_t salt[RESULT_SALT_BYTES];
    struct bytes texts; /* as the caller encoded them; masked */
};

struct result_note {
    uint64_t item; /* 0: it waits for its record */
    uint8_t digest[32];
    int64_t received_ms;
    bool is_pending;
};

struct results;

MUST_CHECK enum status results_open(struct store *store, struct results **ret_results);
void results_close(struct results *results);
/* In place of the row of the same item and principal. */
void results_put(struct results *results, struct store_txn *txn, const struct result_row *row);
void results_delete(struct results *results, struct store_txn *txn, uint64_t item,
                    uint64_t principal_hash);
/* Of results and pending ones, the transaction under way included. */
uint64_t results_bytes(const struct results *results);

/* Texts are in the arena. False: there is none. */
bool result_row_read(struct store_txn *txn, uint64_t item, uint64_t principal_hash,
                     struct arena *arena, struct result_row *ret_row);
/* Whose rows an item has, ascending. */
uint32_t result_principals(struct store_txn *txn, uint64_t item,
                           uint64_t ret_principals[RESULT_KEYS_MAX]);
MUST_CHECK enum status result_row_decode(struct bytes body, struct result_row *ret_row);

void result_id_hash(struct bytes principal, struct bytes result_id,
                    uint8_t to[RESULT_ID_HASH_BYTES]);
bool result_note_read(struct store_txn *txn, const uint8_t hash[RESULT_ID_HASH_BYTES],
                      struct result_note *ret_note);
void result_note_put(struct store_txn *txn, const uint8_t hash[RESULT_ID_HASH_BYTES],
                     const struct result_note *note);
/* Looks at `rows` notes from where it looked last, and deletes those from before `before_ms`. */
void result_notes_sweep(struct results *results, struct store_txn *txn, int64_t before_ms,
                        uint32_t rows);
MUST_CHECK enum status result_note_decode(struct bytes value, struct result_note *ret_note);

/* --- before their record --- */

uint64_t result_pending_append(struct results *results, struct store_txn *txn, struct bytes body);
void result_pending_delete(struct results *results, struct store_txn *txn, uint64_t sequence);
uint64_t
result_pending_count(const struct results *results); /* as bytes: with the transaction's own */
uint64_t result_pending_bytes(const struct results *results);
/* The oldest not below `from`; 0: there is none. */
uint64_t result_pending_next(struct store_txn *txn, uint64_t from);
MUST_CHECK enum status result_pending_read(struct store_txn *txn, uint64_t sequence,
                                           struct buffer *to);
