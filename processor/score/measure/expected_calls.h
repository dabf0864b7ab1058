/* The calls of a reference: a tool, or a tool and its arguments as JSON behind it, as in
 * `transfer {"to": "A-1", "amount": 100}`. */
#pragma once
#include "processor/score/measurement.h"

enum argument_match {
    ARGUMENTS_SUBSET, /* those expected are there with their values, others may be too */
    ARGUMENTS_EXACT,
    ARGUMENTS_IGNORE,
};
extern const char *const argument_match_names[]; /* ends with NULL */

/* Of a call as it is written: its tool; and what is wrong with it, or NULL. */
struct bytes expected_call_tool(struct bytes call);
const char *expected_call_problem(struct bytes call, struct arena *arena);

struct expected_call {
    struct bytes tool, arguments; /* absent: any */
    enum argument_match match;
};

struct expected_calls {
    struct expected_call *items;
    uint32_t count;
    bool have_arguments; /* some of them, so that content is needed */
};

/* In the arena of the context; NULL items when that is full. */
struct expected_calls expected_calls_read(const struct bytes_list *reference,
                                          struct score_context *context);
bool expected_call_is(const struct expected_call *expected, struct bytes tool,
                      struct bytes arguments, struct arena *arena);
