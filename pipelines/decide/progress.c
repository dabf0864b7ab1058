/* A holding says what a source gave to a trajectory; what is asked here is what that means for the
 * source: will it give it again, did the run before count it, is it in the verdict. */
#include "pipelines/decide/progress.h"

#include <assert.h>
#include <stdlib.h>

bool progress_init(struct progress *progress, uint32_t source_count)
{
    assert(source_count <= SOURCES_MAX);
    *progress = (struct progress){.source_count = source_count};
    for (uint32_t source = 0; source < source_count; source++)
        progress->kinds[source] = SOURCE_JOURNALED;
    progress->counted = calloc(source_count + 1, sizeof(*progress->counted));
    return progress->counted != NULL;
}

void progress_finish(struct progress *progress)
{
    free(progress->counted);
    progress->counted = NULL;
}

void progress_begin(struct progress *progress, const struct request *request)
{
    assert(request->source < progress->source_count &&
           request->position >= progress->next[request->source]);
    progress->through[request->source] = request->position;
    progress->next[request->source] = request->position + 1;
    progress->request = request;
}

void progress_end(struct progress *progress)
{
    progress->request = NULL;
}

void progress_pass(struct progress *progress, const uint64_t *next_positions)
{
    for (uint32_t source = 0; source < progress->source_count; source++) {
        if (next_positions[source] <= progress->next[source])
            continue;
        progress->next[source] = next_positions[source];
        progress->through[source] = next_positions[source] - 1;
    }
}

void progress_restart(struct progress *progress, uint16_t source, uint64_t position)
{
    progress->counted[source] = (struct source_marks){0};
    progress->next[source] = position;
    progress->through[source] = position - 1;
}

/* Up to where a source is in a verdict. What was read back from the spill may be ahead of what the
 * source has given again so far. */
static uint64_t position_of(const struct progress *progress, const struct holding *holding)
{
    uint64_t through = progress->through[holding->source];
    return holding->last_position > through ? holding->last_position : through;
}

enum status progress_remember(const struct progress *progress, struct decided_set *decided,
                              const struct open_trajectory *open, const struct decided_entry *as)
{
    enum status status = STATUS_OK;
    for (const struct holding *holding = &open->holding; holding && status == STATUS_OK;
         holding = holding->next_of_owner) {
        if (!holding->owner)
            continue;
        struct decided_entry entry = *as;
        const struct request *request = progress->request;
        entry.source = holding->source;
        entry.position = position_of(progress, holding);
        entry.is_cut =
            request && request->source == holding->source && request->position == entry.position;
        memcpy(entry.trace_id, open->id, TRACE_ID_SIZE);
        status = decided_set_add(decided, &entry);
    }
    decided_set_move_row(decided, open->id, as->sequence, as->is_exhausted);
    return status;
}

void progress_fill_positions(const struct progress *progress, const struct open_trajectory *open,
                             struct closed *closed)
{
    for (const struct holding *holding = &open->holding; holding;
         holding = holding->next_of_owner) {
        if (!holding->owner || closed->position_count == CLOSED_POSITIONS_MAX)
            continue;
        closed->positions[closed->position_count].source = holding->source;
        closed->positions[closed->position_count++].position = position_of(progress, holding);
    }
}

bool progress_was_counted(const struct progress *progress, const struct request *request,
                          const uint8_t trace_id[TRACE_ID_SIZE])
{
    if (!request->is_replayed)
        return false;
    const struct source_marks *marks = &progress->counted[request->source];
    if (marks->shards == 0)
        return false;
    return request->position <= marks->through[request_shard_of(trace_id, marks->shards)];
}

static uint32_t count_holdings(const struct progress *progress, const struct open_trajectory *open,
                               enum source_kind kind)
{
    uint32_t count = 0;
    for (const struct holding *holding = &open->holding; holding; holding = holding->next_of_owner)
        count += holding->owner && progress->kinds[holding->source] == kind;
    return count;
}

bool progress_is_split(const struct progress *progress, const struct open_trajectory *open)
{
    return open->holding.next_of_owner && count_holdings(progress, open, SOURCE_TOPIC) > 1;
}

static bool is_volatile(const struct progress *progress, const struct open_trajectory *open)
{
    for (const struct holding *holding = &open->holding; holding; holding = holding->next_of_owner)
        if (holding->owner && progress->kinds[holding->source] == SOURCE_MEMORY)
            return true;
    return false;
}

struct open_trajectory *progress_find_volatile(const struct progress *progress,
                                               struct open_trajectory *from)
{
    while (from && !is_volatile(progress, from))
        from = from->newer;
    return from;
}
