/* Which rows ask the same: clusters of near-duplicates and conversations, each with the split that
 * it keeps for ever. A cluster's rows stay in it also after they retired: what was trained on once
 * must not be evaluated on later.
 *   'c' cluster 16                      -> split, number in order of founding, founded_ms
 *   'v' conversation 16                 -> cluster
 *   'q' row 16                          -> cluster, normalized question
 *   'b' be16 band, be64 hash, row 16    -> (nothing)
 *   'm' cluster 16, mode 8, be64 first version, row 16 -> (nothing): a live row of that failure mode
 * Owner: the writer's transaction. */
#pragma once
#include "state/store/store.h"

enum { CLUSTER_ID_SIZE = 16, CLUSTER_CANDIDATES_MAX = 4096 };

struct cluster {
    uint8_t id[CLUSTER_ID_SIZE];
    uint8_t split; /* enum row_split */
    uint64_t number;
    int64_t founded_ms;
};

bool cluster_read(struct store_txn *txn, const uint8_t id[CLUSTER_ID_SIZE],
                  struct cluster *ret_cluster);
/* Founds it; its number is the next one. */
void cluster_found(struct store_txn *txn, struct cluster *cluster);

bool cluster_of_conversation(struct store_txn *txn, const uint8_t conversation[16],
                             uint8_t ret_id[CLUSTER_ID_SIZE]);
void cluster_put_conversation(struct store_txn *txn, const uint8_t conversation[16],
                              const uint8_t id[CLUSTER_ID_SIZE]);

/* `bands`: none when the question is empty. */
void cluster_put_question(struct store_txn *txn, const uint8_t row_id[16],
                          const uint8_t id[CLUSTER_ID_SIZE], struct bytes question,
                          const uint64_t *bands, uint32_t band_count);
void cluster_delete_question(struct store_txn *txn, const uint8_t row_id[16], const uint64_t *bands,
                             uint32_t band_count);
/* The question is borrowed until the next write. */
bool cluster_question(struct store_txn *txn, const uint8_t row_id[16],
                      uint8_t ret_id[CLUSTER_ID_SIZE], struct bytes *ret_question);
/* Each row that shares the band, until `fn` says false. */
typedef bool cluster_row_fn(void *context, const uint8_t row_id[16]);
void cluster_each_in_band(struct store_txn *txn, uint32_t band, uint64_t hash, cluster_row_fn *fn,
                          void *context);

/* Live rows of one cluster and failure mode: how many, and which is the oldest. */
uint32_t cluster_members(struct store_txn *txn, const uint8_t id[CLUSTER_ID_SIZE],
                         struct bytes failure_mode, uint8_t ret_oldest[16]);
void cluster_put_member(struct store_txn *txn, const uint8_t id[CLUSTER_ID_SIZE],
                        struct bytes failure_mode, uint64_t first_version,
                        const uint8_t row_id[16]);
void cluster_delete_member(struct store_txn *txn, const uint8_t id[CLUSTER_ID_SIZE],
                           struct bytes failure_mode, uint64_t first_version,
                           const uint8_t row_id[16]);
MUST_CHECK enum status cluster_row_check(struct bytes key, struct bytes value);
