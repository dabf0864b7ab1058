/* What was erased must not come back with late spans, a replay of the topic, an import or a restore:
 * keyed fingerprints of trajectories, which say nothing to whoever has not the key of this state.
 * Owner: the writer's transaction. */
#pragma once
#include "state/store/store.h"

enum { FINGERPRINT_SIZE = 16 };

struct erased; /* what is erased, in memory; follows the commit */

MUST_CHECK enum status erased_open(struct store *store, struct erased **ret_erased);
void erased_close(struct erased *erased);
/* HMAC with the key of this state, which the first call makes. `what` tells kinds of ids apart. */
void erased_fingerprint(struct store_txn *txn, const char *what, struct bytes id,
                        uint8_t ret_fingerprint[FINGERPRINT_SIZE]);
void erased_add(struct erased *erased, struct store_txn *txn, const uint8_t trajectory_id[16],
                uint8_t ret_fingerprint[FINGERPRINT_SIZE]);
/* One that another life of this state made, with its key. */
void erased_add_fingerprint(struct erased *erased, struct store_txn *txn,
                            const uint8_t fingerprint[FINGERPRINT_SIZE]);
/* Costs nothing while nothing was erased. Within a write transaction. */
bool erased_has(const struct erased *erased, struct store_txn *txn,
                const uint8_t trajectory_id[16]);
uint64_t erased_count(const struct erased *erased);
