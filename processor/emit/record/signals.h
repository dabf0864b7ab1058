/* Three parts of a record, key and value each: usage, signals, redaction. */
#pragma once
#include "processor/emit/record/writer.h"

void record_usage(struct record_writer *record);
void record_signals(struct record_writer *record);
void record_redaction(struct record_writer *record);
