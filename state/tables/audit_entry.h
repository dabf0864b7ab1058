/* One entry of the audit trail: who did what to which things, when, and the hash that binds it to
 * the entry before it.
 *   be64 sequence -> version, time_ms, actor, role, trust, action, subjects, content, previous hash, hash
 *   hash = SHA-256(key, everything before it); the first entry's previous hash is 32 zero bytes */
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

/* The value of the entry but for its hash, and the hash. `to` has failed when it was too large. */
void audit_encode(const struct audit_entry *entry, struct buffer *to,
                  uint8_t ret_hash[AUDIT_HASH_SIZE]);
/* Borrowed from value and texts; the hash is not checked. */
MUST_CHECK enum status audit_decode(uint64_t sequence, struct bytes value,
                                    struct audit_texts *texts, struct audit_entry *ret_entry);
/* What the hash of the entry must be, by its fields and its previous hash. */
void audit_hash(const struct audit_entry *entry, uint8_t ret_hash[AUDIT_HASH_SIZE]);
