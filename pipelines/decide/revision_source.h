/* What the store still knows of a decided trajectory: its row, the summary in it, and the content
 * if that was retained. The interface is what a shard asks when late spans have settled; the answer
 * is read in one short transaction, from the shard's own thread. */
#pragma once
#include "pipelines/decide/summary.h"
#include "state/tables/decided.h"

struct decided_before {
    struct decided_row row;
    uint64_t sequence; /* where the row is */
    bool has_summary;  /* else an earlier version wrote the row, or it is not understood */
    struct summary summary;
    struct bytes content; /* absent: not retained, or trimmed */
};

struct revision_source {
    void *context; /* NULL with `find` NULL: nothing is before */
    /* The first row of the trace under `from_sequence` or a later one; everything is in `arena`.
     * NOT_FOUND: not committed yet, or expired. BUSY: the arena is too small. FATAL: the store
     * can't be read. */
    enum status (*find)(void *context, const uint8_t trace_id[16], uint64_t from_sequence,
                        struct arena *arena, struct decided_before *ret_before);
};

struct store;
struct revision_source revision_source_from_store(struct store *store);
