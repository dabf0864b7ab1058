/* One part of a record, key and value: the rows of the regression set that the run failed. */
#pragma once
#include "processor/emit/record/writer.h"

/* Nothing where there are none. */
void record_regressions(struct record_writer *record);
