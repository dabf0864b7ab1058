/* The table itself, recency and floors. What a single trajectory holds is in open_trajectory.c. */
#include "processor/assemble/in_flight.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/assemble/open_trajectory.h"
#include "processor/base/digest.h"

enum { FIRST_CAPACITY = 1024 };

static size_t slot_of(const struct in_flight *table, const uint8_t trace_id[TRACE_ID_SIZE])
{
    size_t slot = table_hash(bytes_of(trace_id, TRACE_ID_SIZE)) & (table->capacity - 1);
    while (table->slots[slot] && memcmp(table->slots[slot]->id, trace_id, TRACE_ID_SIZE) != 0)
        slot = (slot + 1) & (table->capacity - 1);
    return slot;
}

static bool resize(struct in_flight *table, size_t capacity)
{
    struct open_trajectory **slots = calloc(capacity, sizeof(*slots));
    if (!slots)
        return false;
    struct open_trajectory **old = table->slots;
    size_t old_capacity = table->capacity;
    table->slots = slots;
    table->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i])
            slots[slot_of(table, old[i]->id)] = old[i];
    free(old);
    return true;
}

bool in_flight_init(struct in_flight *table)
{
    *table = (struct in_flight){0};
    return resize(table, FIRST_CAPACITY);
}

void in_flight_finish(struct in_flight *table)
{
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i])
            open_trajectory_destroy(table->slots[i]);
    free(table->slots);
    *table = (struct in_flight){0};
}

struct open_trajectory *in_flight_find(const struct in_flight *table,
                                       const uint8_t trace_id[TRACE_ID_SIZE])
{
    return table->slots[slot_of(table, trace_id)];
}

static void append_newest(struct in_flight *table, struct open_trajectory *trajectory)
{
    trajectory->newer = NULL;
    trajectory->older = table->newest;
    if (table->newest)
        table->newest->newer = trajectory;
    else
        table->oldest = trajectory;
    table->newest = trajectory;
}

static void unlink_recency(struct in_flight *table, struct open_trajectory *trajectory)
{
    if (trajectory->older)
        trajectory->older->newer = trajectory->newer;
    else
        table->oldest = trajectory->newer;
    if (trajectory->newer)
        trajectory->newer->older = trajectory->older;
    else
        table->newest = trajectory->older;
}

struct open_trajectory *in_flight_open(struct in_flight *table,
                                       const uint8_t trace_id[TRACE_ID_SIZE], int64_t now_ms)
{
    if (table->count >= table->capacity / 4 * 3 && !resize(table, table->capacity * 2))
        return NULL;
    struct open_trajectory *trajectory = open_trajectory_create(trace_id, now_ms);
    if (!trajectory)
        return NULL;
    size_t slot = slot_of(table, trace_id);
    assert(!table->slots[slot]);
    table->slots[slot] = trajectory;
    table->count++;
    table->log_only++;
    table->bytes += trajectory->bytes;
    append_newest(table, trajectory);
    return trajectory;
}

/* Closes the gap behind a removed entry (backward shift), so that there are no tombstones. */
static void remove_slot(struct in_flight *table, size_t slot)
{
    size_t mask = table->capacity - 1, hole = slot;
    table->slots[hole] = NULL;
    for (size_t i = (slot + 1) & mask; table->slots[i]; i = (i + 1) & mask) {
        size_t home = table_hash(bytes_of(table->slots[i]->id, TRACE_ID_SIZE)) & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        table->slots[hole] = table->slots[i];
        table->slots[i] = NULL;
        hole = i;
    }
}

static void unlink_floor(struct in_flight *table, struct holding *holding)
{
    uint16_t source = holding->source;
    if (holding->older)
        holding->older->newer = holding->newer;
    else
        table->floor_oldest[source] = holding->newer;
    if (holding->newer)
        holding->newer->older = holding->older;
    else
        table->floor_newest[source] = holding->older;
}

void in_flight_release(struct in_flight *table, struct open_trajectory *trajectory)
{
    assert(!trajectory->timer.next);
    for (struct holding *holding = &trajectory->holding; holding; holding = holding->next_of_owner)
        if (holding->owner)
            unlink_floor(table, holding);
    unlink_recency(table, trajectory);
    table->span_count -= trajectory->accepted_spans;
    table->log_only -= trajectory->span_count == 0;
    table->bytes -= trajectory->bytes;
    table->count--;
    remove_slot(table, slot_of(table, trajectory->id));
    open_trajectory_destroy(trajectory);
    if (table->capacity > FIRST_CAPACITY && table->count < table->capacity / 16)
        (void)resize(table, table->capacity /
                                4); /* No memory for the smaller one: the larger one serves. */
}

enum status in_flight_add_spans(struct in_flight *table, struct open_trajectory *trajectory,
                                const struct gated_request *request, uint32_t first,
                                uint32_t *ret_next)
{
    size_t bytes = trajectory->bytes;
    uint32_t accepted = trajectory->accepted_spans;
    bool had_spans = trajectory->span_count > 0;
    enum status status = open_trajectory_add_spans(trajectory, request, first, ret_next);
    table->bytes += trajectory->bytes - bytes;
    table->span_count += trajectory->accepted_spans - accepted;
    table->log_only -= !had_spans && trajectory->span_count > 0;
    return status;
}

enum status in_flight_add_log(struct in_flight *table, struct open_trajectory *trajectory,
                              const struct gated_request *request, const struct log_record *log)
{
    size_t bytes = trajectory->bytes;
    enum status status = open_trajectory_add_log(trajectory, request, log);
    table->bytes += trajectory->bytes - bytes;
    return status;
}

static struct holding *holding_of(struct in_flight *table, struct open_trajectory *trajectory,
                                  uint16_t source)
{
    struct holding *holding = &trajectory->holding;
    for (; holding; holding = holding->next_of_owner)
        if (!holding->owner || holding->source == source)
            return holding;
    holding = calloc(1, sizeof(*holding));
    if (!holding)
        return NULL;
    trajectory->bytes += sizeof(*holding) + MALLOC_OVERHEAD;
    table->bytes += sizeof(*holding) + MALLOC_OVERHEAD;
    holding->next_of_owner = trajectory->holding.next_of_owner;
    trajectory->holding.next_of_owner = holding;
    return holding;
}

void in_flight_touch(struct in_flight *table, struct open_trajectory *trajectory, uint16_t source,
                     uint64_t position, int64_t now_ms, uint64_t received_ms)
{
    assert(source < IN_FLIGHT_SOURCES_MAX);
    trajectory->last_ms = now_ms;
    if (received_ms > trajectory->received_ms)
        trajectory->received_ms = received_ms;
    if (table->newest != trajectory) {
        unlink_recency(table, trajectory);
        append_newest(table, trajectory);
    }
    struct holding *holding = holding_of(table, trajectory, source);
    if (!holding) {
        /* Without a record of this source its floor would run ahead; stopping is the only answer
         * that loses nothing. */
        abort();
    }
    if (!holding->owner) {
        *holding = (struct holding){.owner = trajectory,
                                    .next_of_owner = holding->next_of_owner,
                                    .source = source,
                                    .first_position = position,
                                    .older = table->floor_newest[source]};
        assert(!holding->older || holding->older->first_position <= position);
        if (holding->older)
            holding->older->newer = holding;
        else
            table->floor_oldest[source] = holding;
        table->floor_newest[source] = holding;
    }
    holding->last_position = position;
}

uint64_t in_flight_floor(const struct in_flight *table, uint16_t source)
{
    assert(source < IN_FLIGHT_SOURCES_MAX);
    const struct holding *oldest = table->floor_oldest[source];
    return oldest ? oldest->first_position : UINT64_MAX;
}
