/* The cohorts of a grouping as they are known by name. */
#pragma once
#include "state/cohorts/cohort.h"

/* Borrowed until it returns. False: enough. */
typedef bool cohort_names_fn(void *context, const struct cohort_name *name);
void cohort_names(struct store_txn *txn, uint16_t grouping, cohort_names_fn *fn, void *context);
/* Borrowed until the next write. False: there is none. */
bool cohort_names_read(struct store_txn *txn, uint16_t grouping,
                       const uint8_t hash[COHORT_HASH_SIZE], struct cohort_name *ret_name);
/* The place of a dimension among the values of a grouping; COHORT_DIMENSIONS_MAX: it has it not. */
uint32_t cohort_names_place(struct store_txn *txn, uint16_t grouping, struct bytes dimension);
