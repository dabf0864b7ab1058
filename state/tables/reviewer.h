/* Who the actors of the audit trail are: name -> a random id, made when the name first acts. It is
 * the only place where both stand, so deleting the row leaves the trail pointing to nobody.
 *   key = first 16 bytes of SHA-256(name)
 * Owner: the writer's transaction. */
#pragma once
#include "state/store/store.h"

enum { REVIEWER_ACTOR_SIZE = 17 /* 16 digits and a NUL */ };

struct reviewer_row {
    struct bytes name; /* borrowed */
    char actor[REVIEWER_ACTOR_SIZE];
    int64_t created_ms;
};

/* Of the name; made in the transaction when there is none. */
void reviewer_actor(struct store_txn *txn, struct bytes name, int64_t wall_ms,
                    char ret_actor[REVIEWER_ACTOR_SIZE]);
/* Of the name that stands in a result; an erased person's is the actor itself. */
void reviewer_actor_of_row(struct store_txn *txn, struct bytes name, int64_t wall_ms,
                           char ret_actor[REVIEWER_ACTOR_SIZE]);
/* False: that name never acted, or was erased. */
bool reviewer_read(struct store_txn *txn, struct bytes name, struct reviewer_row *ret_row);
/* Was it there? `ret_actor` is what the trail goes on to say. */
bool reviewer_erase(struct store_txn *txn, struct bytes name, char ret_actor[REVIEWER_ACTOR_SIZE]);
MUST_CHECK enum status reviewer_row_decode(struct bytes value, struct reviewer_row *ret_row);
