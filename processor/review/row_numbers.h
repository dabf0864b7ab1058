/* Which numbers of an expected response are a customer's own: those that came from a tool of the run. */
#pragma once
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"

/* Tells each of them as it stands in the text; `record` is a review record. False from `tell` ends it. */
typedef bool row_number_fn(void *context, struct bytes number);
void row_numbers_each_volatile(struct bytes text, const struct json_reader *reader,
                               const struct json_value *record, row_number_fn *tell, void *context);
/* All numbers of a text, from two digits on, " ; " before each: to be read as numbers again. */
void row_numbers_write(struct bytes text, struct buffer *to);
