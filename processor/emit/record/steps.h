/* One part of a record, key and value: its steps. */
#pragma once
#include "processor/emit/record/writer.h"

void record_steps(struct record_writer *record);
/* The place in steps[] of the run's step `*index`; false when the plan leaves it out. */
bool record_step_place(const struct record_writer *record, uint32_t *index);
