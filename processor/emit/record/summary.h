/* summary: the verdict as one sentence that a person reads. */
#pragma once
#include "processor/emit/record/writer.h"

void record_summary(struct record_writer *record);
