/* One part of a record, key and value: its evaluations. */
#pragma once
#include "processor/emit/record/writer.h"

void record_evaluations(struct record_writer *record);
