/* What kind of step a span is. An attribute that names the kind is trusted in the order of its
 * precedence; `gen_ai.operation.name` comes after them, because normalizers rewrite it (CHAIN to
 * invoke_agent) and leave the original in place; what a span carries decides last. */
#pragma once
#include "processor/normalize/semconv/semconv.h"

/* `scope` is the name of the instrumentation scope; `ret_family`: in whose words the kind was said,
 * FAMILY_NONE when nobody said it. */
enum step_kind step_kind_of_span(const struct semconv *semconv, struct bytes scope,
                                 enum semconv_family *ret_family);
