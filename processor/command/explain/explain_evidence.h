/* The text that one piece of evidence in a review record points to. */
#pragma once
#include "processor/base/json/json.h"

/* Borrowed from the record; absent when the record does not hold it (left out, or cut). */
struct bytes explain_quote(const struct json_reader *reader, const struct json_value *root,
                           const struct json_value *evidence);
