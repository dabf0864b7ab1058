/* Rolling counts per cohort. A cohort is every trajectory with the same values of a grouping of
 * dimensions, such as intent=refund. Its sums lie in rows of one bucket each:
 *   key = be16 grouping | 16-byte hash of the values | u8 ring | be64 bucket start (ms, event time)
 *   ring 0: 60 minutes   ring 1: 48 hours   ring 2: 35 days   ring 3: one row, start 0, since start
 * Owner: the writer thread. */
#pragma once
#include "state/cohorts/bucket.h"
#include "state/store/store.h"

enum cohort_ring { RING_MINUTE, RING_HOUR, RING_DAY, RING_TOTAL, COHORT_RINGS };
extern const int64_t cohort_ring_ms[COHORT_RINGS];       /* of one bucket; 0 for the total */
extern const uint32_t cohort_ring_buckets[COHORT_RINGS]; /* 60, 48, 35, 1 */

enum { COHORT_DIMENSIONS_MAX = 16, COHORT_VALUE_BYTES_MAX = 256 };
#define COHORT_OTHER "__other__"

/* Start of the bucket that holds `event_ms`; times before 1970 count as 1970. */
int64_t cohort_bucket_start(enum cohort_ring ring, int64_t event_ms);
/* Start of the oldest bucket that the ring holds at `now_ms`. */
int64_t cohort_ring_horizon(enum cohort_ring ring, int64_t now_ms);

/* First 16 bytes of the SHA-256 of the values, each with its length in front. */
void cohort_hash(uint8_t ret_hash[COHORT_HASH_SIZE], const struct bytes *values, size_t count);

/* Row of TABLE_COHORT_NAME: version | signed first_seen_ms | varint count | value, ... */
struct cohort_name {
    int64_t first_seen_ms;
    uint32_t count;
    struct bytes values[COHORT_DIMENSIONS_MAX]; /* borrowed */
};
MUST_CHECK enum status cohort_name_decode(struct bytes value, struct cohort_name *ret_name);

/* The key of a row of TABLE_COHORT. */
struct cohort_key {
    uint16_t grouping;
    uint8_t hash[COHORT_HASH_SIZE];
    enum cohort_ring ring;
    int64_t start_ms;
};
void cohort_key_encode(const struct cohort_key *key, struct state_key *to);
MUST_CHECK enum status cohort_key_decode(struct bytes key, struct cohort_key *ret_key);

/* --- which cohorts there are --- */

/* The known cohorts, in memory; loaded at start. Above `max_per_group` of a grouping a new one
 * becomes the cohort whose values are all __other__; pinned ones never do. */
struct cohorts;
MUST_CHECK enum status cohorts_open(struct store *store, uint32_t max_per_group,
                                    struct cohorts **ret_cohorts);
void cohorts_close(struct cohorts *cohorts);
/* `values` of a pinned cohort of `grouping`, in its order of dimensions. */
void cohorts_pin(struct cohorts *cohorts, uint16_t grouping, const struct bytes *values,
                 size_t count);
/* The hash under which a trajectory with these values counts. Writes the name row of a new cohort
 * in the transaction; if that fails the cohort is not known. True when the cohort is new. */
bool cohort_assign(struct cohorts *cohorts, struct store_txn *txn, uint16_t grouping,
                   const struct bytes *values, size_t count, int64_t now_ms,
                   uint8_t ret_hash[COHORT_HASH_SIZE]);
uint64_t cohorts_assigned(const struct cohorts *cohorts);   /* since start */
uint64_t cohorts_overflowed(const struct cohorts *cohorts); /* of these, to __other__ */
uint32_t cohorts_known(const struct cohorts *cohorts, uint16_t grouping);
