/* What kind of step a span is. An attribute that names the kind is trusted in the order of its
 * precedence; `gen_ai.operation.name` comes after them, because normalizers rewrite it (CHAIN to
 * invoke_agent) and leave the original in place; what a span carries decides last. */
#pragma once
#include "processor/normalize/semconv/semconv.h"

/* A value of a kind attribute. False when the family has no such kind, or it says nothing. */
bool kind_of_value(enum semconv_family family, struct bytes text, enum step_kind *ret_kind);
/* A value of gen_ai.operation.name. */
bool kind_of_operation(struct bytes text, enum step_kind *ret_kind);
/* The kind of a whole span. `scope` is the name of its instrumentation scope. */
enum step_kind kind_of_span(const struct semconv *semconv, struct bytes scope,
                            enum semconv_family *ret_family);
