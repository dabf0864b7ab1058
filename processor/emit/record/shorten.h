/* A record that is written already, cut to a smaller size: the same order and the same caps as when
 * it is written (record/cut.h), with truncation[] carried on. So a record that a topic turns out to
 * be too small for can be cut without the run it came from. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/base/status.h"

/* Appends `json`, a flywheel.review/v1 record, in at most `bytes_max`. Steps and evaluations that
 * truncation[] names are counted as they stand in `json`. MALFORMED when it is no such record, or
 * when what can't be cut is larger; FATAL without memory. `to` is as before then. */
MUST_CHECK enum status review_record_shorten(struct bytes json, size_t bytes_max,
                                             struct arena *arena, struct buffer *to);
