/* What never came in, told in truncation[] beside what was cut. */
#pragma once
#include "processor/emit/record/writer.h"

void record_left_out(struct record_writer *record);
