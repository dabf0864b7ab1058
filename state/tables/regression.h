/* What the regression set has met on the stream, by release and by row of the dataset, and how much
 * review work its hits were.
 *   regression   'r' | release 16                  of a release: runs, hits, when
 *                'w' | release 16 | row id 16      of a row in a release; release 0: in all of them
 *   hit          be64 hour | row id 16             of an event-time hour (since 1970), for the pace;
 *                                                  row id 0: the hour as a whole
 * A release in a key is the first bytes of the SHA-256 of its name. Every decided run of an agent is
 * counted once, under its last verdict: a revision takes back what the verdict before had added.
 * Owner: the writer's transaction; readers from any thread. */
#pragma once
#include "state/store/store.h"

enum {
    REGRESSION_ID_SIZE = 16,
    REGRESSION_VERDICTS = 4,       /* the caller's numbers */
    REGRESSION_RELEASES_MAX = 256, /* further ones are counted under REGRESSION_OTHER */
    REGRESSION_NAME_BYTES_MAX = 120,
};
#define REGRESSION_OTHER "__other__"

struct regression_release {
    uint8_t id[REGRESSION_ID_SIZE];
    char name[REGRESSION_NAME_BYTES_MAX + 1];
    int64_t runs[REGRESSION_VERDICTS];
    int64_t hits[REGRESSION_VERDICTS]; /* of them runs that failed a row: by an exact match, a
                                          signature, and not by a near question alone */
    int64_t
        near[REGRESSION_VERDICTS]; /* of the others those that failed a row by a near question */
    int64_t first_ms, last_ms;     /* event time of its runs; never taken back */
};
void regression_release_id(struct bytes name, uint8_t ret_id[REGRESSION_ID_SIZE]);
void regression_put_release(struct store_txn *txn, const struct regression_release *release);
/* False: there is none. */
bool regression_get_release(struct store_txn *txn, struct bytes name,
                            struct regression_release *ret_release);
/* The release and its counts of rows; those in all releases stay. Returns the rows deleted. */
uint64_t regression_delete_release(struct store_txn *txn, const uint8_t id[REGRESSION_ID_SIZE]);

struct regression_count {
    uint8_t release[REGRESSION_ID_SIZE]; /* zeroes: all */
    uint8_t row_id[REGRESSION_ID_SIZE];
    int64_t matched; /* runs that met it: passed + failed + borderline */
    int64_t passed;
    int64_t failed;     /* hits */
    int64_t borderline; /* failed by a near question */
    int64_t last_ms;    /* event time of the last run that met it; never taken back */
};
void regression_put_count(struct store_txn *txn, const struct regression_count *count);
/* Zero counts and false: there is none. `release` NULL: all. */
bool regression_get_count(struct store_txn *txn, const uint8_t release[REGRESSION_ID_SIZE],
                          const uint8_t row_id[REGRESSION_ID_SIZE],
                          struct regression_count *ret_count);

/* False: enough. */
typedef bool regression_release_fn(void *context, const struct regression_release *release);
typedef bool regression_count_fn(void *context, const struct regression_count *count);
void regression_scan_releases(struct store_txn *txn, regression_release_fn *fn, void *context);
/* Of a release, by row id; `release` NULL: of all. */
void regression_scan_counts(struct store_txn *txn, const uint8_t release[REGRESSION_ID_SIZE],
                            regression_count_fn *fn, void *context);

/* Either, for inspection. */
struct regression_any {
    char kind; /* 'r', 'w' */
    struct regression_release release;
    struct regression_count count;
};
MUST_CHECK enum status regression_decode(struct bytes key, struct bytes value,
                                         struct regression_any *ret_row);

/* --- the pace of an hour --- */

struct regression_hit_hour {
    int64_t hour;
    uint8_t row_id[REGRESSION_ID_SIZE]; /* zeroes: the hour as a whole */
    uint64_t hits, emitted; /* first verdicts; of them records for the sake of the hit */
    uint32_t halvings;
    uint64_t halved_at; /* records out when it was last halved */
};
void regression_put_hit_hour(struct store_txn *txn, const struct regression_hit_hour *row);
/* Every row of the hour. */
void regression_delete_hit_hour(struct store_txn *txn, int64_t hour);
typedef void regression_hit_hour_fn(void *context, const struct regression_hit_hour *row);
/* By hour, the hour as a whole before its rows. */
void regression_scan_hit_hours(struct store_txn *txn, regression_hit_hour_fn *fn, void *context);
MUST_CHECK enum status regression_hit_hour_decode(struct bytes key, struct bytes value,
                                                  struct regression_hit_hour *ret_row);
