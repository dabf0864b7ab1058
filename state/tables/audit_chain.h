/* Is the audit trail whole? Entries are given in order, from a directory or from what was exported;
 * the first one that does not follow from those before it is named. Pure.
 *   hash      is that of the entry's own fields
 *   previous  is the hash of the entry before it; after a cut, of the last one that was cut
 *   sequence  is the next one; an entry audit.restored says which numbers were lost with a state
 *             that was set back
 * What the owner of the disk rewrote from its start is found by a checkpoint kept elsewhere. */
#pragma once
#include "state/tables/audit.h"

enum { AUDIT_CHECKPOINTS_MAX = 4096, AUDIT_REMEMBERED = 1024 };

struct audit_checkpoint {
    uint64_t sequence;
    uint8_t hash[AUDIT_HASH_SIZE];
    int64_t time_ms;
};

struct audit_chain {
    uint64_t first, last, entries, repeated;
    uint8_t hash[AUDIT_HASH_SIZE]; /* of the last */
    bool is_anchored;              /* the first entry must follow `last` */
    struct {
        uint64_t sequence;
        uint8_t hash[AUDIT_HASH_SIZE];
    } recent[AUDIT_REMEMBERED]; /* by sequence: what comes again must be the same */
    const struct audit_checkpoint *checkpoints;
    size_t checkpoint_count, met;
    uint64_t bad; /* the first bad sequence; 0: whole so far */
    char reason[160];
};

/* After `cut` (sequence 0: from the very first); NULL: wherever the first entry stands. */
void audit_chain_begin(struct audit_chain *chain, const struct audit_cut *cut,
                       const struct audit_checkpoint *checkpoints, size_t checkpoint_count);
/* False: broken, here or before. An entry that comes again is passed over. */
bool audit_chain_add(struct audit_chain *chain, const struct audit_entry *entry);
/* A checkpoint that stands among the entries. */
bool audit_chain_meet(struct audit_chain *chain, const struct audit_checkpoint *checkpoint);
/* No more entries: was every checkpoint reached? */
bool audit_chain_end(struct audit_chain *chain);
/* The id of the subject of that kind; absent: there is none. */
struct bytes audit_subject_of(const struct audit_entry *entry, const char *kind);
