/* The executed tool calls of a run, with what makes two of them the same: name and canonical
 * arguments. */
#pragma once
#include "processor/score/measurement.h"

enum { TOOL_CALLS_MAX = 4096 };

struct tool_call {
    struct bytes name, arguments;
    enum evidence_field field; /* where the arguments were read */
    uint64_t name_hash;
    uint64_t identity; /* of name and canonical arguments; of the name alone without arguments */
    uint32_t span;     /* index */
    uint32_t earlier;  /* calls before it with the same identity */
    bool has_arguments, has_failed;
};

struct tool_calls {
    struct tool_call *items;
    uint32_t count;
};

/* The names alone, for what needs no content. */
struct tool_names {
    struct bytes *names;
    uint32_t *spans; /* index of each call */
    uint32_t count;
};

/* In call order, in the arena of the context; the first TOOL_CALLS_MAX. Without content no call has
 * arguments. */
struct tool_calls tool_calls_read(struct score_context *context);
struct tool_names tool_call_names_read(struct score_context *context);
/* The tools set down for the value of the first dimension, else those for "*"; NULL without
 * either. */
const struct bytes_list *tool_calls_expected(const struct tool_expectation *expectations,
                                             uint32_t count, const struct score_context *context);
struct bytes tool_call_name(const struct step *step);
/* The same for texts of JSON that differ only in white space, the order of members and the way
 * numbers and escapes are written. Other text is hashed as it stands, trimmed. */
uint64_t tool_call_arguments_hash(struct bytes text, struct arena *arena);
