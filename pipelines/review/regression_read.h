/* The live regression rows of the dataset, as the store holds them, compiled to a set; beside a
 * running writer, in read transactions of some hundred rows. */
#pragma once
#include "pipelines/decide/regression.h"
#include "processor/base/error.h"
#include "state/store/store.h"

struct regression_reading {
    struct regression_set *set; /* held once by the caller; NULL: nothing has changed */
    uint64_t version;           /* of the dataset, that was looked at */
    uint8_t print[32];          /* of the rows that are in it */
};

/* `before`: of the last reading; where its rows are those of now nothing is compiled. NULL: none.
 * FATAL after a sentence. */
MUST_CHECK enum status regression_read(struct store *store, double similarity, uint32_t rows_max,
                                       const uint8_t before[32],
                                       struct regression_reading *ret_reading,
                                       struct error *ret_error);
