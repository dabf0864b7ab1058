/* The audit trail: what was decided about reviews, rows, reviewers and datasets, as a chain of
 * hashes. Ids and digests only, never a text: an erasure leaves the chain whole.
 *
 *   be64 sequence -> entry, whose previous hash is the hash of the one before it
 *
 * Sequences begin at 1. The oldest entries may be cut when others hold them; the meta row audit_cut
 * says where. Owner: the writer's transaction; readers from any thread. */
#pragma once
#include "state/tables/audit_entry.h"

struct audit_cut { /* the last entry that left; sequence 0: none did */
    uint64_t sequence;
    uint8_t hash[AUDIT_HASH_SIZE];
};

struct audit; /* the head of the chain in memory; follows the commit */

MUST_CHECK enum status audit_open(struct store *store, struct audit **ret_audit);
void audit_close(struct audit *audit);
/* Appends to the chain in the transaction; fills in sequence and hashes. */
void audit_append(struct audit *audit, struct store_txn *txn, struct audit_entry *entry);
/* Durable: the last sequence (0: none), its hash, the bytes held. */
uint64_t audit_sequence(const struct audit *audit);
void audit_head(const struct audit *audit, uint8_t ret_hash[AUDIT_HASH_SIZE]);
uint64_t audit_bytes(const struct audit *audit);
/* The same with what the transaction under way has appended. */
uint64_t audit_sequence_open(const struct audit *audit);
void audit_head_open(const struct audit *audit, uint8_t ret_hash[AUDIT_HASH_SIZE]);
/* Nothing that has to be told may happen any more: results and changes of the dataset are refused.
 * `bytes_max` is limits.audit; 0: none. */
bool audit_is_full(const struct audit *audit, size_t bytes_max);
/* Deletes the oldest entries, through `through` and at most `entries_max`, while more than
 * `bytes_keep` are held; returns how many. */
uint32_t audit_trim(struct audit *audit, struct store_txn *txn, uint64_t through,
                    uint32_t entries_max, uint64_t bytes_keep);
/* False: nothing was cut. */
bool audit_cut_read(struct store_txn *txn, struct audit_cut *ret_cut);

/* The entry, borrowed from the transaction and `texts`. False: there is none, or it is not
 * understood (the transaction has failed then). */
bool audit_read(struct store_txn *txn, uint64_t sequence, struct audit_texts *texts,
                struct audit_entry *ret_entry);
