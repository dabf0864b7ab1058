/* The values of dimensions that an item keeps of its run: varint count (bytes name, bytes value). */
#pragma once
#include "processor/base/bytes.h"

/* Borrowed; "unknown" when the item does not say. */
struct bytes item_cohort_value(struct bytes cohort, struct bytes dimension);
