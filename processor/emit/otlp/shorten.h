/* The spans of a record that are written already (otlp/record.h), cut to a smaller size in the same
 * order: shorter texts, then fewer spans, the one with the verdict among them. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/status.h"

/* Appends `spans` in at most `bytes_max`. MALFORMED when that can't be; FATAL without memory. `to`
 * is as before then. */
MUST_CHECK enum status otlp_record_shorten(struct bytes spans, size_t bytes_max, struct buffer *to);
