/* The fallback for vendors to come: what the ending of an attribute's name says. */
#pragma once
#include "processor/normalize/semconv/semconv_table.h"

/* The row of the ending of a name that no row knows; NULL: it says nothing. It counts last. */
const struct semconv_row *semconv_find_ending(struct bytes name);
