/* What calibration_tally.c writes by and the report reads by: which items count, in which class, and
 * under which id the sums of a cohort stand. */
#pragma once
#include "pipelines/review/tally_state.h"
#include "state/tables/calibration.h"

enum { CALIBRATION_DIMENSIONS_MAX = 16 };

/* Chosen by chance with a known probability, and still to be reviewed or reviewed. */
bool calibration_is_eligible(const struct item_row *item);
/* By people in planned places; false: not, or it is not known yet what the run was. */
bool calibration_is_reviewed(const struct item_tally *tally, bool *ret_is_bad);
struct calibration_class calibration_class_of(const struct item_row *item);
/* Of names and values, in the order of the grouping. */
void calibration_scope(const struct bytes *names, const struct bytes *values, uint32_t count,
                       uint8_t ret_scope[CALIBRATION_SCOPE_SIZE]);
