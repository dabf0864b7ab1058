/* How far a shard has come with each of its sources.
 *
 *   ... counted by the run before ...][ taken in            ][ to come
 *                                                    through   next
 */
#pragma once
#include "pipelines/decide/effects.h"
#include "processor/assemble/decided_set.h"
#include "processor/receive/request.h"
#include "state/tables/source.h"

struct progress {
    uint32_t source_count;
    enum source_kind kinds[SOURCES_MAX];
    struct source_marks *counted; /* by the run before, of each source */
    uint64_t through[SOURCES_MAX], next[SOURCES_MAX];
    const struct request *request; /* while it is taken in */
};

MUST_CHECK bool progress_init(struct progress *progress, uint32_t source_count);
void progress_finish(struct progress *progress);

/* A request is taken in. Its position counts from the beginning on: a trajectory that it closes by
 * a limit was decided with it. */
void progress_begin(struct progress *progress, const struct request *request);
void progress_end(struct progress *progress);
/* Everything below these positions has been given. */
void progress_pass(struct progress *progress, const uint64_t *next_positions);
/* A partition begins at `position`. */
void progress_restart(struct progress *progress, uint16_t source, uint64_t position);

/* A trajectory is decided, as `as` says; an entry for each source that gave to it, up to where. */
MUST_CHECK enum status progress_remember(const struct progress *progress,
                                         struct decided_set *decided,
                                         const struct open_trajectory *open,
                                         const struct decided_entry *as);
void progress_fill_positions(const struct progress *progress, const struct open_trajectory *open,
                             struct closed *closed);
/* Was a drop of this trace at this position counted by the run before? */
bool progress_was_counted(const struct progress *progress, const struct request *request,
                          const uint8_t trace_id[TRACE_ID_SIZE]);
/* Did spans of it come from two partitions? */
bool progress_is_split(const struct progress *progress, const struct open_trajectory *open);
/* The first, from `from` on, with a span that neither a journal nor a topic
 * would bring back; NULL. */
struct open_trajectory *progress_find_volatile(const struct progress *progress,
                                               struct open_trajectory *from);
