/* The language of `when`: typed, total, bounded.
 *
 *   condition  := all { "or" all }
 *   all        := negation { "and" negation }
 *   negation   := "not" negation | comparison
 *   comparison := operand [ ( == != < <= > >= in contains =~ ) operand ]
 *   operand    := measurement | dimension | attributes["key"] | number | "text" | 'text'
 *               | true | false | [ literal, ... ] | ( condition )
 *
 * Three-valued: where data is missing the result is unknown; `false and unknown` is false, `true or
 * unknown` is true. A dimension that no attribute set equals "unknown" and no more is known of it.
 * An attribute has the type it came with: compared with another type it is unknown, but a text that
 * writes a number compares with numbers as one.
 * In a text a backslash stands for itself, except before a quote or a backslash, so that a regex
 * needs no doubling. Parsed and type-checked once; evaluation visits each node at most once, no
 * loops, no allocation but the arena's. */
#pragma once
#include "processor/base/error.h"
#include "processor/base/regex.h"

enum { EXPRESSION_NODES_MAX = 256, EXPRESSION_DEPTH_MAX = 32 };

struct expression;
struct measure;       /* rule.h */
struct score_context; /* score/measurement.h */

/* Which names are dimensions; measurements are known by table. */
struct expression_names {
    const struct bytes *dimensions;
    uint32_t dimension_count;
};

/* NULL with `ret_error` set: position, what was expected, the nearest known name. */
struct expression *expression_parse(struct bytes text, const struct expression_names *names,
                                    struct error *ret_error);
void expression_destroy(struct expression *expression);
/* Canonical text, parsing back to an equal expression. */
void expression_print(const struct expression *expression, struct buffer *to);

enum tristate { IS_FALSE, IS_TRUE, IS_UNKNOWN };
enum tristate expression_evaluate(const struct expression *expression,
                                  struct score_context *context);
/* The measurements it names, for whoever numbers or lists them; NULL from the last on. */
struct measure *expression_measure(struct expression *expression, uint32_t index);
/* Does it read content (so that content_read() is needed first)? */
bool expression_needs_content(const struct expression *expression);
