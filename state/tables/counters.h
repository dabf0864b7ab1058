/* Counters that outlive the process, by name, such as `spans_decided` or
 * `spans_dropped{reason="duplicate"}`. An addition belongs to a transaction: it is written by it,
 * and shows in memory only once it is durable, so a retried batch is counted once. Owner: the
 * writer thread; values may be read from any thread. */
#pragma once
#include "processor/base/metrics.h"
#include "state/store/store.h"

enum { COUNTER_NAME_BYTES_MAX = 200, COUNTERS_MAX = 4096 };

struct counters;
struct persistent_counter; /* stays where it is until counters_close() */

/* Loads every stored counter. */
MUST_CHECK enum status counters_open(struct store *store, struct counters **ret_counters);
void counters_close(struct counters *counters);
/* The counter of `name`, created at 0 (nothing is stored until it is added to). NULL: COUNTERS_MAX
 * reached or the name too long. */
struct persistent_counter *counters_get(struct counters *counters, const char *name);
/* For the metrics registry: the durable value. */
const struct counter *persistent_counter_value(const struct persistent_counter *counter);
const char *persistent_counter_name(const struct persistent_counter *counter);
void counters_add(struct counters *counters, struct store_txn *txn,
                  struct persistent_counter *counter, uint64_t by);
/* Writes what was added in this transaction. Must be called before store_commit() by whoever called
 * counters_add; committing without is a bug. */
void counters_write(struct counters *counters, struct store_txn *txn);
/* In order of creation; ends with NULL. */
struct persistent_counter *counters_at(struct counters *counters, size_t index);
MUST_CHECK enum status counter_value_decode(struct bytes value, uint64_t *ret_value);
