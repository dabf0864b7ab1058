/* How far reviewers agree: counts of patterns, which are all that agreement statistics need. A pattern
 * says how many of an item's reviewers chose each category; an item adds 1 to each subject of which it
 * says something, on its day and in the total.
 *
 *   agreement  'd' | be32 day | place        place = be64 queue | u8 subject | u8 size, id | 3 counts
 *              't' | place                   of all days
 *   pair       'd' | be32 day | cell         cell  = actor 8 | actor 8 | u8 subject | u8 size, id | 2
 *              't' | cell                            categories, of the first and of the second actor
 *              'a' | actor 8                 it stands for itself
 *
 * Subjects: the verdict (three categories); a label (given, not given), of items where somebody gave
 * it, since all others are what the verdict's patterns have more; a rule against people (bad, fired).
 * Actors are those of reviewer.h, never names; the machine is agreement_machine, whoever there was no
 * room for agreement_other. The lesser actor comes first. Rows of count 0 are deleted. A queue in a key is
 * item_row_hash() of its name.
 * Owner: the writer's transaction; reads from any thread. */
#pragma once
#include "state/store/store.h"
#include "state/tables/day_key.h"

enum { AGREEMENT_CATEGORIES = 3, AGREEMENT_ID_MAX = 64, AGREEMENT_ACTOR_SIZE = 8 };
enum agreement_subject {
    AGREEMENT_VERDICT = 'v', /* id "" */
    AGREEMENT_LABEL = 'l',   /* id: of the label, as it was given */
    AGREEMENT_RULE = 'm',    /* id: be32 of the rule's name; "": the machine's verdict */
};
extern const uint8_t agreement_machine[AGREEMENT_ACTOR_SIZE], agreement_other[AGREEMENT_ACTOR_SIZE];

enum { AGREEMENT_TOTAL = DAY_KEY_TOTAL }; /* as a day: all of them */

struct agreement_row {
    int64_t day; /* since 1970; or AGREEMENT_TOTAL */
    uint64_t queue;
    enum agreement_subject subject;
    struct bytes id;                      /* borrowed */
    uint8_t counts[AGREEMENT_CATEGORIES]; /* the pattern */
    int64_t count;                        /* items */
};

struct agreement_pair {
    int64_t day;
    uint8_t actors[2][AGREEMENT_ACTOR_SIZE];
    enum agreement_subject subject;
    struct bytes id;
    uint8_t categories[2];
    int64_t count;
    bool is_actor; /* a row 'a': actors[0] alone; count 1: it stands for itself */
};

/* Adds `count`, which may be negative. Actors and categories are put in order. */
void agreement_add(struct store_txn *txn, const struct agreement_row *row);
void agreement_add_pair(struct store_txn *txn, const struct agreement_pair *pair);
/* Under which key they stand. */
void agreement_row_key(const struct agreement_row *row, struct state_key *ret_key);
void agreement_pair_key(const struct agreement_pair *pair, struct state_key *ret_key);
/* Who the actor is in pairs: itself, or agreement_other when `most` others were there before; those have
 * no row, so with another limit all is counted anew. `may_add` false: a new one is another. */
void agreement_actor(struct store_txn *txn, const uint8_t actor[AGREEMENT_ACTOR_SIZE],
                     uint32_t most, bool may_add, uint8_t ret_actor[AGREEMENT_ACTOR_SIZE]);

typedef void agreement_row_fn(void *context, const struct agreement_row *row);
typedef void agreement_pair_fn(void *context, const struct agreement_pair *pair);
/* Of the days from `from` to `to`, both included; from = AGREEMENT_TOTAL: the totals. */
void agreement_scan(struct store_txn *txn, int64_t from, int64_t to, agreement_row_fn *fn,
                    void *context);
void agreement_scan_pairs(struct store_txn *txn, int64_t from, int64_t to, agreement_pair_fn *fn,
                          void *context);

MUST_CHECK enum status agreement_decode(struct bytes key, struct bytes value,
                                        struct agreement_row *ret_row);
MUST_CHECK enum status agreement_decode_pair(struct bytes key, struct bytes value,
                                             struct agreement_pair *ret_pair);
