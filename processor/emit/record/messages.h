/* input, history, output and expected of a record, and its contexts. */
#pragma once
#include "processor/emit/record/writer.h"

void record_messages(struct record_writer *record);
void record_contexts(struct record_writer *record);
