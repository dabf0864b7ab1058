/* Which traces of a shard have been decided lately, so that a span that comes after the verdict is
 * known as late, and a replayed one is not counted twice. ring:  entries in order of decision,
 * oldest first  |  index: open addressing by keyed hash of the id -> place in the ring An entry
 * says up to which position of which source its spans were in the verdict: at or below it a span is
 * a replay, above it is late. Entries leave from the old end only. */
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
    uint16_t source;
    bool is_remembered; /* of an earlier run: its spans at or below `position` are replays */
};

struct decided_set {
    struct decided_entry *ring;
    uint32_t *index;      /* place + 1; 0: free */
    size_t ring_capacity; /* power of two; the index has twice as many slots */
    size_t oldest, count;
};

MUST_CHECK bool decided_set_init(struct decided_set *set);
void decided_set_finish(struct decided_set *set);
/* Bytes held. */
size_t decided_set_bytes(const struct decided_set *set);
/* FATAL: out of memory. An id that is there already keeps its place and takes the newer position.
 */
MUST_CHECK enum status decided_set_add(struct decided_set *set, const struct decided_entry *entry);
const struct decided_entry *decided_set_find(const struct decided_set *set,
                                             const uint8_t trace_id[TRACE_ID_SIZE]);
/* The oldest entry, NULL when empty; and its removal. */
const struct decided_entry *decided_set_oldest(const struct decided_set *set);
void decided_set_drop_oldest(struct decided_set *set);
