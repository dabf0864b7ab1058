/* A review record as a person reads it in a terminal: what was asked and answered, every rule
 * with value, threshold, margin and evidence, matched or not. */
#pragma once
#include "processor/base/bytes.h"

/* Appends the text. `left_out`: why the selection makes no review work of it; NULL: it does.
 * MALFORMED: not a record. */
MUST_CHECK enum status explain_record(struct bytes json, const char *left_out, struct buffer *to);
