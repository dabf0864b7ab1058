/* The spans of one agent run and the tree they form. A view: the arrays belong to whoever built it
 * (the in-flight table's scratch arena, or a test), the wire bytes to the in-flight table; both
 * live until the trajectory is released.
 *
 * Order: start time, parent before child, then span id; without a start, that of the parent. Every
 * count, sum and list of the program follows it, so the order of arrival never shows. */
#pragma once
#include <stdint.h>

#include "processor/base/arena.h"
#include "processor/span.h"

enum close_trigger {
    CLOSE_ROOT,     /* the root ended, settle passed, awaited scores are there or timed out */
    CLOSE_IDLE,     /* no root ended; idle_timeout of quiet */
    CLOSE_DURATION, /* max_duration since the first span came */
    CLOSE_SPANS,    /* max_spans */
    CLOSE_BYTES,    /* max_bytes */
    CLOSE_MEMORY,   /* the memory limit of the process */
    CLOSE_SHUTDOWN, /* the process ends and no journal holds the spans */
    CLOSE_TRIGGERS
};
extern const char *const close_trigger_names[CLOSE_TRIGGERS + 1]; /* ends with NULL */
const char *close_trigger_name(enum close_trigger trigger);

#define NO_SPAN UINT32_MAX

struct trajectory {
    uint8_t id[TRACE_ID_SIZE];
    enum close_trigger trigger;
    struct span *spans; /* in order after trajectory_order() */
    uint32_t span_count;
    struct log_record *logs; /* by time, then span id, then bytes */
    uint32_t log_count;
    struct bytes *resources, *scopes; /* spans and logs index into these */
    uint32_t resource_count, scope_count;
    uint64_t received_ms; /* wall clock of the last arrival; bounds a skewed event time */
    bool is_conversation; /* spans of several traces; `id` is the hash of the conversation's id, and
                             `root` that of the last turn */

    /* Set by trajectory_order(). */
    uint32_t *parents; /* index of each span's parent, NO_SPAN when it has none here */
    uint32_t *depths;  /* 1 for a root or orphan */
    uint32_t root;     /* first span without a parent id that has ended; else first local root; else
                          NO_SPAN */
    bool root_is_local;    /* `root` has a remote parent that is not here */
    uint32_t orphan_count; /* parent id given, not here, and not a local root */
    uint32_t top;          /* where a reader starts: root, else the first span, else NO_SPAN */
    uint32_t *first_children, *next_siblings; /* child lists in order; NO_SPAN ends one */
    uint32_t *by_id;                          /* indexes sorted by span id, for trajectory_find() */
};

/* Sorts and links. Spans must be distinct by id. False when the arena is full. Cycles of parents
 * are cut: the first span of a cycle in order counts as an orphan. No recursion. */
MUST_CHECK bool trajectory_order(struct trajectory *trajectory, struct arena *arena);

/* Index of a span by id, NO_SPAN when it is not here. Valid after trajectory_order(). */
uint32_t trajectory_find(const struct trajectory *trajectory, const uint8_t span_id[SPAN_ID_SIZE]);

/* Without an ended root it is not known what did not happen. */
static inline bool trajectory_has_ended(const struct trajectory *trajectory)
{
    return trajectory->root != NO_SPAN && trajectory->spans[trajectory->root].end_ns != 0;
}

/* When a run took place: its root when that has ended, else from the earliest start to the latest
 * end. A conversation is longer than its last turn, so its root does not stand for it. */
struct trajectory_times {
    uint64_t start_ns, end_ns; /* 0: absent; an end that is there is never before the start */
    bool has_duration;         /* both are there, in this order */
    uint64_t duration_ns;
};
struct trajectory_times trajectory_times(const struct trajectory *trajectory);

/* When it happened: the end of the root, else of the latest span. Zero, or more than 5 minutes past
 * the receipt: the receipt, and `ret_skewed` is set. Milliseconds since 1970. */
uint64_t trajectory_event_ms(const struct trajectory *trajectory, bool *ret_skewed);
