/* The names are in the hash, so that two groupings with equal values are two cohorts. */
#include "pipelines/review/calibration_scope.h"

#include <assert.h>

#include "state/cohorts/cohort.h"

struct calibration_class calibration_class_of(const struct item_row *item)
{
    return (struct calibration_class){item_row_hash(item->queue), item->verdict, item->priority};
}

void calibration_scope(const struct bytes *names, const struct bytes *values, uint32_t count,
                       uint8_t ret_scope[CALIBRATION_SCOPE_SIZE])
{
    struct bytes texts[2 * CALIBRATION_DIMENSIONS_MAX];
    static_assert((int)CALIBRATION_SCOPE_SIZE == (int)COHORT_HASH_SIZE,
                  "a scope is a hash of a cohort");
    assert(count <= CALIBRATION_DIMENSIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        texts[2 * i] = names[i];
        texts[2 * i + 1] = values[i];
    }
    cohort_hash(ret_scope, texts, 2 * (size_t)count);
}
