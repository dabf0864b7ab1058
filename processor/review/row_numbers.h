/* Which numbers of an expected response are a customer's own: those that came from a tool of the run. */
#pragma once
#include "processor/base/json/json.h"

bool row_numbers_are_volatile(struct bytes expected, const struct json_reader *reader,
                              const struct json_value *record);
/* All numbers of a text, from two digits on, " ; " before each: to be read as numbers again. */
void row_numbers_write(struct bytes text, struct buffer *to);
