/* Sorting and linking the spans of a run, in O(n log n) whatever ids a sender makes up:
 *   1. indexes sorted by id            finds parents by bisection
 *   2. parents, cycles cut             a cycle loses the link above its first span
 *   3. depths                          walked upwards once, remembered
 *   4. sort by (start, depth, id)      at one start, depth puts a parent before its child; without
 *                                      a start a span takes that of its parent
 *   5. everything renumbered */
#include "processor/trajectory.h"

#include <assert.h>
#include <stdlib.h>

const char *const close_trigger_names[CLOSE_TRIGGERS + 1] = {
    [CLOSE_ROOT] = "root",         [CLOSE_IDLE] = "idle",   [CLOSE_DURATION] = "duration",
    [CLOSE_SPANS] = "spans",       [CLOSE_BYTES] = "bytes", [CLOSE_MEMORY] = "memory",
    [CLOSE_SHUTDOWN] = "shutdown",
};

const char *close_trigger_name(enum close_trigger trigger)
{
    assert(trigger < CLOSE_TRIGGERS);
    return close_trigger_names[trigger];
}

/* What a span is sorted by, so that qsort needs no context. */
struct sort_key {
    uint64_t start_ns, id;
    uint32_t depth, index;
};

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_by_id(const void *a_, const void *b_)
{
    const struct sort_key *a = a_, *b = b_;
    return compare_u64(a->id, b->id);
}

static int compare_by_order(const void *a_, const void *b_)
{
    const struct sort_key *a = a_, *b = b_;
    int by_start = compare_u64(a->start_ns, b->start_ns);
    if (by_start)
        return by_start;
    int by_depth = compare_u64(a->depth, b->depth);
    return by_depth ? by_depth : compare_u64(a->id, b->id);
}

static bool precedes(const struct span *a, const struct span *b)
{
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns;
    return memcmp(a->id, b->id, SPAN_ID_SIZE) < 0;
}

static uint32_t find(const struct span *spans, const uint32_t *by_id, uint32_t count,
                     const uint8_t id[SPAN_ID_SIZE])
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(spans[by_id[middle]].id, id, SPAN_ID_SIZE);
        if (order == 0)
            return by_id[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NO_SPAN;
}

/* Cuts the cycle that `at` is on above its first span. */
static void cut_cycle(const struct span *spans, uint32_t *parents, uint32_t at)
{
    uint32_t first = at;
    for (uint32_t i = parents[at]; i != at; i = parents[i])
        if (precedes(&spans[i], &spans[first]))
            first = i;
    parents[first] = NO_SPAN;
}

/* Depth 1 is a root or an orphan. A span is walked over upwards, marking, and downwards, numbering;
 * once more when the walk ran into a cycle, which a component of the graph has at most one of.
 * `stack` has room for all spans. */
static void measure_depths(const struct span *spans, uint32_t *parents, uint32_t *depths,
                           uint32_t *stack, uint32_t count)
{
    const uint32_t unknown = 0, on_walk = UINT32_MAX;
    memset(depths, 0, count * sizeof *depths);
    for (uint32_t start = 0; start < count;) {
        uint32_t height = 0, at = start;
        while (at != NO_SPAN && depths[at] == unknown) {
            depths[at] = on_walk;
            stack[height++] = at;
            at = parents[at];
        }
        if (at != NO_SPAN && depths[at] == on_walk) {
            cut_cycle(spans, parents, at);
            while (height > 0)
                depths[stack[--height]] = unknown;
            continue;
        }
        uint32_t depth = at == NO_SPAN ? 0 : depths[at];
        while (height > 0)
            depths[stack[--height]] = ++depth;
        start++;
    }
}

/* The start that each span is sorted by: without one of its own it stands with its parent,
 * and a root at the front. Every span is walked over once. `stack` and `seen` have room for
 * all, `seen` is zeroed. */
static void find_starts(const struct span *spans, const uint32_t *parents, uint64_t *starts,
                        uint32_t *stack, uint32_t *seen, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        starts[i] = spans[i].start_ns;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t height = 0, at = i;
        for (; at != NO_SPAN && starts[at] == 0 && !seen[at]; at = parents[at]) {
            seen[at] = 1;
            stack[height++] = at;
        }
        while (height > 0)
            starts[stack[--height]] = at == NO_SPAN ? 0 : starts[at];
    }
}

/* Moves spans and links from the order they came in to the order of `keys`. */
static void renumber(struct trajectory *trajectory, const struct sort_key *keys, struct span *spans,
                     uint32_t *parents, uint32_t *new_index)
{
    uint32_t count = trajectory->span_count;
    memcpy(spans, trajectory->spans, count * sizeof *spans);
    memcpy(parents, trajectory->parents, count * sizeof *parents);
    for (uint32_t i = 0; i < count; i++)
        new_index[keys[i].index] = i;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t from = keys[i].index, parent = parents[from];
        trajectory->spans[i] = spans[from];
        trajectory->parents[i] = parent == NO_SPAN ? NO_SPAN : new_index[parent];
        trajectory->depths[i] = keys[i].depth;
        trajectory->by_id[i] = new_index[trajectory->by_id[i]];
    }
}

static void link_children(struct trajectory *trajectory)
{
    uint32_t count = trajectory->span_count;
    for (uint32_t i = 0; i < count; i++)
        trajectory->first_children[i] = trajectory->next_siblings[i] = NO_SPAN;
    for (uint32_t i = count; i-- > 0;) {
        uint32_t parent = trajectory->parents[i];
        if (parent == NO_SPAN)
            continue;
        trajectory->next_siblings[i] = trajectory->first_children[parent];
        trajectory->first_children[parent] = i;
    }
}

static void find_root(struct trajectory *trajectory)
{
    uint32_t root = NO_SPAN, local_root = NO_SPAN, orphans = 0;
    for (uint32_t i = trajectory->span_count; i-- > 0;) {
        const struct span *span = &trajectory->spans[i];
        if (span_is_root(span))
            root = trajectory->is_conversation && root != NO_SPAN ? root : i;
        else if (span->has_parent && trajectory->parents[i] == NO_SPAN) {
            bool is_local = span_has_remote_parent(span) &&
                            trajectory_find(trajectory, span->parent_id) == NO_SPAN;
            if (is_local)
                local_root = i;
            else
                orphans++;
        }
    }
    trajectory->root_is_local = root == NO_SPAN && local_root != NO_SPAN;
    trajectory->root = trajectory->root_is_local ? local_root : root;
    trajectory->orphan_count = orphans;
    trajectory->top = trajectory->root != NO_SPAN ? trajectory->root
                      : trajectory->span_count    ? 0
                                                  : NO_SPAN;
}

bool trajectory_order(struct trajectory *trajectory, struct arena *arena)
{
    uint32_t count = trajectory->span_count;
    size_t slots = count ? count : 1;
    trajectory->root = trajectory->top = NO_SPAN;
    trajectory->root_is_local = false;
    trajectory->orphan_count = 0;
    uint32_t *indexes = arena_zalloc(arena, slots * 5, sizeof *indexes);
    uint32_t *scratch = arena_zalloc(arena, slots * 2, sizeof *scratch);
    struct sort_key *keys = arena_zalloc(arena, slots, sizeof *keys);
    struct span *spans = arena_zalloc(arena, slots, sizeof *spans);
    uint64_t *starts = arena_zalloc(arena, slots, sizeof *starts);
    if (!indexes || !scratch || !keys || !spans || !starts)
        return false;
    trajectory->parents = indexes;
    trajectory->depths = indexes + slots;
    trajectory->first_children = indexes + 2 * slots;
    trajectory->next_siblings = indexes + 3 * slots;
    trajectory->by_id = indexes + 4 * slots;
    if (count == 0)
        return true;

    for (uint32_t i = 0; i < count; i++)
        keys[i] = (struct sort_key){0, get_be64(trajectory->spans[i].id), 0, i};
    qsort(keys, count, sizeof *keys, compare_by_id);
    for (uint32_t i = 0; i < count; i++) {
        assert(i == 0 || keys[i].id != keys[i - 1].id);
        trajectory->by_id[i] = keys[i].index;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct span *span = &trajectory->spans[i];
        trajectory->parents[i] =
            span->has_parent ? find(trajectory->spans, trajectory->by_id, count, span->parent_id)
                             : NO_SPAN;
    }
    measure_depths(trajectory->spans, trajectory->parents, trajectory->depths, scratch, count);
    find_starts(trajectory->spans, trajectory->parents, starts, scratch, scratch + slots, count);
    for (uint32_t i = 0; i < count; i++) {
        keys[i].depth = trajectory->depths[keys[i].index];
        keys[i].start_ns = starts[keys[i].index];
    }
    qsort(keys, count, sizeof *keys, compare_by_order);
    renumber(trajectory, keys, spans, scratch, scratch + slots);
    link_children(trajectory);
    find_root(trajectory);
    return true;
}

uint32_t trajectory_find(const struct trajectory *trajectory, const uint8_t span_id[SPAN_ID_SIZE])
{
    return find(trajectory->spans, trajectory->by_id, trajectory->span_count, span_id);
}

struct trajectory_times trajectory_times(const struct trajectory *trajectory)
{
    bool is_of_root = !trajectory->is_conversation && trajectory_has_ended(trajectory);
    struct trajectory_times times = {0};
    for (uint32_t i = 0; i < trajectory->span_count; i++) {
        const struct span *span = &trajectory->spans[i];
        if (is_of_root && i != trajectory->root)
            continue;
        if (span->start_ns != 0 && (times.start_ns == 0 || span->start_ns < times.start_ns))
            times.start_ns = span->start_ns;
        if (span->end_ns > times.end_ns)
            times.end_ns = span->end_ns;
    }
    const struct span whole = {.start_ns = times.start_ns, .end_ns = times.end_ns};
    times.has_duration = span_duration_ns(&whole, &times.duration_ns);
    if (times.end_ns != 0 && times.end_ns < times.start_ns)
        times.end_ns = times.start_ns;
    return times;
}

uint64_t trajectory_event_ms(const struct trajectory *trajectory, bool *ret_skewed)
{
    const uint64_t skew_ms_max = 5 * 60 * 1000;
    uint64_t end_ns = 0;
    if (trajectory_has_ended(trajectory))
        end_ns = trajectory->spans[trajectory->root].end_ns;
    else
        for (uint32_t i = 0; i < trajectory->span_count; i++)
            if (trajectory->spans[i].end_ns > end_ns)
                end_ns = trajectory->spans[i].end_ns;
    uint64_t event_ms = end_ns / 1000000;
    bool is_skewed = end_ns == 0 || event_ms > trajectory->received_ms + skew_ms_max;
    *ret_skewed = is_skewed;
    return is_skewed ? trajectory->received_ms : event_ms;
}
