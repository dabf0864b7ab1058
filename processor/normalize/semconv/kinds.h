/* The values that name the kind of a step, in every vocabulary. */
#pragma once
#include "processor/normalize/semconv/semconv_table.h"
#include "processor/step.h"

/* A value of a kind attribute. False when the family has no such kind, or it says nothing. */
bool kind_of_value(enum semconv_family family, struct bytes text, enum step_kind *ret_kind);
/* What a span is called, where that alone says it. */
bool kind_of_span_name(struct bytes name, enum step_kind *ret_kind);
/* A value of gen_ai.operation.name. */
bool kind_of_operation(struct bytes text, enum step_kind *ret_kind);
