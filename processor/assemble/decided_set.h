/* Which traces of a shard have been decided lately, so that a span that comes after the verdict is
 * known as late, and a replayed one is not counted twice.
 *   ring:  entries in order of decision, oldest first; one that was decided again has moved to the
 *          newest end and left a dead one behind
 *   index: open addressing by keyed hash of the id -> place in the ring
 * An entry is of one trace and one of its sources, and says up to which position of that source its
 * spans were in the verdict: at or below it a span is a replay, above it is late. Entries leave
 * from the old end only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processor/base/status.h"
#include "processor/span.h"

struct decided_entry {
    uint8_t trace_id[TRACE_ID_SIZE];
    uint64_t position;
    uint64_t decided_ms; /* wall clock */
    uint64_t sequence;   /* the row in the store is under this one or a later one */
    uint16_t source;
    bool is_remembered; /* of an earlier run: its spans at or below `position` are replays */
    bool is_cut; /* decided within the request at `position`, which may hold more of the trace */
    bool is_exhausted; /* its spans are dropped: it was decided as often as may be */
    bool is_dead;      /* the set's own */
};

struct decided_set {
    struct decided_entry *ring;
    uint32_t *index;      /* place + 1; 0: free */
    size_t ring_capacity; /* power of two; the index has twice as many slots */
    size_t oldest, used;  /* of the ring, dead ones included */
    size_t count;         /* entries */
};

MUST_CHECK bool decided_set_init(struct decided_set *set);
void decided_set_finish(struct decided_set *set);
/* Bytes held. */
size_t decided_set_bytes(const struct decided_set *set);
/* FATAL: out of memory. Of a trace and source that are there already the entry takes the new
 * values; it moves to the newest end when it was decided later. */
MUST_CHECK enum status decided_set_add(struct decided_set *set, const struct decided_entry *entry);
/* Any entry of the trace; NULL: it was not decided. */
const struct decided_entry *decided_set_find(const struct decided_set *set,
                                             const uint8_t trace_id[TRACE_ID_SIZE]);
/* The entry of that source; NULL when it gave nothing to the verdict. */
const struct decided_entry *decided_set_find_source(const struct decided_set *set,
                                                    const uint8_t trace_id[TRACE_ID_SIZE],
                                                    uint16_t source);
/* The row of the trace, whatever the source, is under this sequence or a later one. */
void decided_set_move_row(struct decided_set *set, const uint8_t trace_id[TRACE_ID_SIZE],
                          uint64_t sequence, bool is_exhausted);
/* The oldest entry, NULL when empty; and its removal. */
const struct decided_entry *decided_set_oldest(const struct decided_set *set);
void decided_set_drop_oldest(struct decided_set *set);
