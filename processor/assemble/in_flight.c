/* The table itself, recency, deadlines and floors. What a single trajectory holds is in
 * open_trajectory.c. */
#include "processor/assemble/in_flight.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/digest.h"
#include "processor/base/memory.h"

enum { FIRST_CAPACITY = 1024 };

static size_t slot_of(const struct in_flight *table, const uint8_t trace_id[TRACE_ID_SIZE])
{
    size_t slot = digest_table_hash(bytes_of(trace_id, TRACE_ID_SIZE)) & (table->capacity - 1);
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

bool in_flight_init(struct in_flight *table, int64_t now_ms)
{
    *table = (struct in_flight){0};
    timer_wheel_init(&table->wheel, now_ms);
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

struct open_trajectory *in_flight_find_or_open(struct in_flight *table,
                                               const uint8_t trace_id[TRACE_ID_SIZE],
                                               int64_t now_ms)
{
    struct open_trajectory *trajectory = in_flight_find(table, trace_id);
    return trajectory ? trajectory : in_flight_open(table, trace_id, now_ms);
}

void in_flight_file(struct in_flight *table, struct open_trajectory *trajectory,
                    int64_t deadline_ms)
{
    if (trajectory->timer.next)
        timer_wheel_move(&table->wheel, &trajectory->timer, deadline_ms);
    else
        timer_wheel_add(&table->wheel, &trajectory->timer, deadline_ms);
}

void in_flight_unfile(struct in_flight *table, struct open_trajectory *trajectory)
{
    if (trajectory->timer.next)
        timer_wheel_remove(&table->wheel, &trajectory->timer);
}

struct open_trajectory *in_flight_take_due(struct in_flight *table, int64_t now_ms)
{
    struct timer_node *node = timer_wheel_take_due(&table->wheel, now_ms);
    return node ? (struct open_trajectory *)(void *)((char *)node -
                                                     offsetof(struct open_trajectory, timer))
                : NULL;
}

/* Closes the gap behind a removed entry (backward shift), so that there are no tombstones. */
static void remove_slot(struct in_flight *table, size_t slot)
{
    size_t mask = table->capacity - 1, hole = slot;
    table->slots[hole] = NULL;
    for (size_t i = (slot + 1) & mask; table->slots[i]; i = (i + 1) & mask) {
        size_t home = digest_table_hash(bytes_of(table->slots[i]->id, TRACE_ID_SIZE)) & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        table->slots[hole] = table->slots[i];
        table->slots[i] = NULL;
        hole = i;
    }
}

/* The links of a list stand in the holding at `offset`. */
static struct floor_link *link_of(struct holding *holding, size_t offset)
{
    return (struct floor_link *)(void *)((char *)holding + offset);
}

static const size_t floor_offset = offsetof(struct holding, floor);
static const size_t spilled_offset = offsetof(struct holding, spilled);

static void unlink_holding(struct floor_list *list, struct holding *holding, size_t offset)
{
    struct floor_link *link = link_of(holding, offset);
    if (link->older)
        link_of(link->older, offset)->newer = link->newer;
    else
        list->oldest = link->newer;
    if (link->newer)
        link_of(link->newer, offset)->older = link->older;
    else
        list->newest = link->older;
    *link = (struct floor_link){0};
}

static void link_behind(struct floor_list *list, struct holding *holding, struct holding *older,
                        size_t offset)
{
    struct floor_link *link = link_of(holding, offset);
    link->older = older;
    link->newer = older ? link_of(older, offset)->newer : list->oldest;
    if (older)
        link_of(older, offset)->newer = holding;
    else
        list->oldest = holding;
    if (link->newer)
        link_of(link->newer, offset)->older = holding;
    else
        list->newest = holding;
}

static void unlink_floors(struct in_flight *table, struct holding *holding)
{
    if (holding->first_position)
        unlink_holding(&table->floors[holding->source], holding, floor_offset);
    if (holding->first_spilled)
        unlink_holding(&table->spilled[holding->source], holding, spilled_offset);
}

void in_flight_release(struct in_flight *table, struct open_trajectory *trajectory)
{
    in_flight_unfile(table, trajectory);
    for (struct holding *holding = &trajectory->holding; holding; holding = holding->next_of_owner)
        if (holding->owner)
            unlink_floors(table, holding);
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
    /* Without a record of this source its floor would run ahead. */
    holding = memory_need(calloc(1, sizeof(*holding)));
    trajectory->bytes += sizeof(*holding) + MALLOC_OVERHEAD;
    table->bytes += sizeof(*holding) + MALLOC_OVERHEAD;
    holding->next_of_owner = trajectory->holding.next_of_owner;
    trajectory->holding.next_of_owner = holding;
    return holding;
}

/* The holding of that source, the trajectory's own from now on. */
static struct holding *own_holding(struct in_flight *table, struct open_trajectory *trajectory,
                                   uint16_t source)
{
    struct holding *holding = holding_of(table, trajectory, source);
    holding->owner = trajectory;
    holding->source = source;
    return holding;
}

void in_flight_set_lags(struct in_flight *table, const int64_t *lag_ms, uint32_t source_count)
{
    assert(source_count <= IN_FLIGHT_SOURCES_MAX);
    for (uint32_t i = 0; i < source_count; i++)
        table->lag_ms[i] = lag_ms ? lag_ms[i] : 0;
}

int64_t in_flight_quiet_ms(const struct in_flight *table, const struct open_trajectory *trajectory,
                           int64_t now_ms)
{
    int64_t quiet_ms = now_ms - trajectory->last_ms;
    for (const struct holding *holding = &trajectory->holding; holding;
         holding = holding->next_of_owner) {
        int64_t seen_ms = now_ms - table->lag_ms[holding->source] - holding->seen_ms;
        if (holding->owner && seen_ms < quiet_ms)
            quiet_ms = seen_ms;
    }
    return quiet_ms > 0 ? quiet_ms : 0;
}

bool in_flight_has_lag(const struct in_flight *table, const struct open_trajectory *trajectory)
{
    for (const struct holding *holding = &trajectory->holding; holding;
         holding = holding->next_of_owner)
        if (holding->owner && table->lag_ms[holding->source] > 0)
            return true;
    return false;
}

/* Something came: all its clocks are looked at. */
static void note_clocks(struct in_flight *table, struct open_trajectory *trajectory, int64_t now_ms)
{
    trajectory->lived_ms += in_flight_quiet_ms(table, trajectory, now_ms);
    for (struct holding *holding = &trajectory->holding; holding; holding = holding->next_of_owner)
        holding->seen_ms = now_ms - table->lag_ms[holding->source];
}

void in_flight_touch(struct in_flight *table, struct open_trajectory *trajectory, uint16_t source,
                     uint64_t position, int64_t now_ms, uint64_t received_ms)
{
    assert(source < IN_FLIGHT_SOURCES_MAX);
    note_clocks(table, trajectory, now_ms);
    trajectory->last_ms = now_ms;
    if (received_ms > trajectory->received_ms)
        trajectory->received_ms = received_ms;
    if (table->newest != trajectory) {
        unlink_recency(table, trajectory);
        append_newest(table, trajectory);
    }
    struct holding *holding = own_holding(table, trajectory, source);
    holding->seen_ms = now_ms - table->lag_ms[source];
    if (!holding->first_position) {
        struct floor_list *list = &table->floors[source];
        assert(!list->newest || list->newest->first_position <= position);
        holding->first_position = position;
        holding->since_ms = now_ms;
        link_behind(list, holding, list->newest, floor_offset);
    }
    holding->last_position = position;
}

struct holding *in_flight_floor_holding(const struct in_flight *table, uint16_t source)
{
    assert(source < IN_FLIGHT_SOURCES_MAX);
    return table->floors[source].oldest;
}

uint64_t in_flight_floor(const struct in_flight *table, uint16_t source)
{
    const struct holding *oldest = in_flight_floor_holding(table, source);
    return oldest ? oldest->first_position : UINT64_MAX;
}

uint64_t in_flight_need(const struct in_flight *table, uint16_t source)
{
    uint64_t floor = in_flight_floor(table, source);
    const struct holding *spilled = table->spilled[source].oldest;
    return spilled && spilled->first_spilled < floor ? spilled->first_spilled : floor;
}

struct holding *in_flight_any_holding(const struct in_flight *table, uint16_t source)
{
    struct holding *holding = in_flight_floor_holding(table, source);
    return holding ? holding : table->spilled[source].oldest;
}

void in_flight_detach(struct in_flight *table, struct holding *holding)
{
    unlink_floors(table, holding);
    holding->first_position = holding->first_spilled = holding->spilled_through = 0;
}

/* --- what the store holds --- */

/* Trajectories are spilled about in the order they came, so the place is near the end. */
static void link_spilled(struct in_flight *table, struct holding *holding)
{
    struct floor_list *list = &table->spilled[holding->source];
    struct holding *older = list->newest;
    while (older && older->first_spilled > holding->first_spilled)
        older = older->spilled.older;
    link_behind(list, holding, older, spilled_offset);
}

void in_flight_mark_spilled(struct in_flight *table, struct open_trajectory *trajectory)
{
    for (struct holding *holding = &trajectory->holding; holding;
         holding = holding->next_of_owner) {
        if (!holding->owner || !holding->first_position)
            continue;
        unlink_holding(&table->floors[holding->source], holding, floor_offset);
        if (!holding->first_spilled) {
            holding->first_spilled = holding->first_position;
            link_spilled(table, holding);
        }
        holding->first_position = 0;
        holding->spilled_through = holding->last_position;
    }
}

void in_flight_restore_holding(struct in_flight *table, struct open_trajectory *trajectory,
                               uint16_t source, uint64_t first_spilled, uint64_t spilled_through,
                               int64_t now_ms)
{
    struct holding *holding = own_holding(table, trajectory, source);
    holding->seen_ms = now_ms - table->lag_ms[source];
    assert(!holding->first_spilled && !holding->first_position && first_spilled > 0);
    holding->first_spilled = first_spilled;
    holding->spilled_through = holding->last_position = spilled_through;
    link_spilled(table, holding);
}

void in_flight_restore_counts(struct in_flight *table, struct open_trajectory *trajectory,
                              uint32_t accepted_spans, uint32_t accepted_logs)
{
    table->span_count += (size_t)accepted_spans - trajectory->accepted_spans;
    trajectory->accepted_spans = accepted_spans;
    trajectory->accepted_logs = accepted_logs;
}
