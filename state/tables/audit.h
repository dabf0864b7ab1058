/* The audit trail: what was decided about reviews, rows, reviewers and datasets, as a chain of
 * hashes. Ids and digests only, never a text: an erasure leaves the chain whole.
 *
 *   be64 sequence -> version, time_ms, actor, role, trust, action, subjects, content, previous hash, hash
 *   hash = SHA-256(key, everything before it); the first entry's previous hash is 32 zero bytes
 *
 * Sequences begin at 1. The oldest entries may be cut when others hold them; the meta row audit_cut
 * says where. Owner: the writer's transaction; readers from any thread. */
#pragma once
#include "state/store/store.h"

enum audit_action {
    AUDIT_RESULT_ACCEPTED,
    AUDIT_RESULT_REVISED,
    AUDIT_RESULT_WITHDRAWN,
    AUDIT_DECISION,
    AUDIT_ADJUDICATION,
    AUDIT_ROW_ADDED,
    AUDIT_ROW_REVISED,
    AUDIT_ROW_RETIRED,
    AUDIT_SPLIT_ASSIGNED,
    AUDIT_ROW_SEVERITY,
    AUDIT_DATASET_TAG,
    AUDIT_DATASET_EXPORTED,
    AUDIT_DATASET_ERASED,
    AUDIT_LABEL_SET_CHANGED,
    AUDIT_RULESET_CHANGED,
    AUDIT_REGRESSION_CHANGED,
    AUDIT_REVIEWER_ADDED,
    AUDIT_REVIEWER_DISABLED,
    AUDIT_ITEM_SERVED,
    AUDIT_RESTORED,
    AUDIT_GATE_VERDICT,
    AUDIT_ACTIONS
};
extern const char *const audit_action_names[AUDIT_ACTIONS]; /* "result.accepted", ... */

/* How the actor is known. */
enum audit_trust {
    AUDIT_AUTHENTICATED,
    AUDIT_DECLARED,
    AUDIT_IMPORTED,
    AUDIT_SYSTEM,
    AUDIT_TRUSTS
};
extern const char *const audit_trust_names[AUDIT_TRUSTS];

enum {
    AUDIT_SUBJECTS_MAX = 8,
    AUDIT_SUBJECT_BYTES_MAX = 96, /* longer ids are cut */
    AUDIT_NAME_BYTES_MAX = 64,    /* of a kind, an actor, a role */
    AUDIT_HASH_SIZE = 32,
};

struct audit_subject {
    const char *kind; /* "item", "result", "record", "row", "trajectory", "version", ... */
    struct bytes id;  /* printable */
};

struct audit_entry {
    uint64_t sequence; /* filled in by audit_append */
    int64_t time_ms;   /* wall clock */
    struct bytes
        actor; /* a random id, whose name is in table `reviewer` alone; empty: the program */
    struct bytes role;
    enum audit_trust trust;
    enum audit_action action;
    struct audit_subject subjects[AUDIT_SUBJECTS_MAX];
    uint32_t subject_count;
    uint8_t content[AUDIT_HASH_SIZE]; /* SHA-256(16-byte salt, text); zero: no text */
    uint8_t previous[AUDIT_HASH_SIZE], hash[AUDIT_HASH_SIZE];
};

/* Where ids stand that are kept in fewer bytes than they are printed in. */
struct audit_texts {
    char ids[AUDIT_SUBJECTS_MAX][AUDIT_SUBJECT_BYTES_MAX];
};

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
MUST_CHECK enum status audit_decode(uint64_t sequence, struct bytes value,
                                    struct audit_texts *texts, struct audit_entry *ret_entry);
/* What the hash of the entry must be, by its fields and its previous hash. */
void audit_hash(const struct audit_entry *entry, uint8_t ret_hash[AUDIT_HASH_SIZE]);
