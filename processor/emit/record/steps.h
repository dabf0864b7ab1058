/* One part of a record, key and value: its steps. */
#pragma once
#include "processor/emit/record/writer.h"

void record_steps(struct record_writer *record);
