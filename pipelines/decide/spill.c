/* Open trajectories in the store, because their source can't keep them for so long.
 *
 *   floor list of a source:  [oldest unspilled] [..] [..]     older than spill_after: a row, and out of the list
 *
 * The trajectory itself stays in memory; its row is what a restart reads instead of the source. A
 * trajectory that goes on is written again as a whole, and the row before it leaves. */
#include "pipelines/decide/shard_state.h"
#include "pipelines/decide/trajectory_codec.h"

enum { PRESSED_MS = 500 }; /* the trimming of the journal takes a commit to show */

/* --- writing --- */

static void unspill(uint64_t sequence, struct effects *effects)
{
    struct unspilled *unspilled = arena_zalloc(&effects->arena, 1, sizeof(*unspilled));
    if (!unspilled)
        return; /* The arena has failed, and the step with it. */
    unspilled->sequence = sequence;
    unspilled->next = effects->unspilled;
    effects->unspilled = unspilled;
}

void spill_forget(const struct open_trajectory *open, struct effects *effects)
{
    if (open->spill_sequence)
        unspill(open->spill_sequence, effects);
}

static void fill_positions(const struct open_trajectory *open, struct spilled *spilled)
{
    for (const struct holding *holding = &open->holding; holding;
         holding = holding->next_of_owner) {
        if (!holding->owner || spilled->position_count == CLOSED_POSITIONS_MAX)
            continue;
        uint64_t first = holding->first_spilled ? holding->first_spilled : holding->first_position;
        if (!first)
            continue;
        spilled->positions[spilled->position_count].source = holding->source;
        spilled->positions[spilled->position_count].first = first;
        spilled->positions[spilled->position_count++].through = holding->last_position;
    }
}

static enum status spill_one(struct shard *shard, struct open_trajectory *open,
                             struct effects *effects)
{
    struct spilled *spilled = arena_zalloc(&effects->arena, 1, sizeof(*spilled));
    buffer_clear(&shard->spill);
    if (!spilled || !trajectory_encode(open, &shard->spill))
        return STATUS_FATAL;
    memcpy(spilled->trace_id, open->id, TRACE_ID_SIZE);
    spilled->sequence = shard->spill_sequence;
    /* Read back, it has lived as long as now, however long the process was away. */
    spilled->opened_ms = open->received_ms > (uint64_t)open->lived_ms
                             ? open->received_ms - (uint64_t)open->lived_ms
                             : 0;
    spilled->received_ms = open->received_ms;
    spilled->accepted_spans = open->accepted_spans;
    spilled->accepted_logs = open->accepted_logs;
    spilled->body = arena_copy(&effects->arena, buffer_bytes(&shard->spill));
    fill_positions(open, spilled);
    spill_forget(open, effects);
    if (effects->arena.failed)
        return STATUS_FATAL;
    open->spill_sequence = spilled->sequence;
    shard->spill_sequence += shard->count;
    in_flight_mark_spilled(&shard->assembler.table, open);
    if (effects->last_spilled)
        effects->last_spilled->next = spilled;
    else
        effects->first_spilled = spilled;
    effects->last_spilled = spilled;
    return STATUS_OK;
}

/* A row has room for so many sources; a trajectory of more stays in the journal. */
static bool is_spillable(const struct open_trajectory *open)
{
    uint32_t count = 0;
    for (const struct holding *holding = &open->holding; holding; holding = holding->next_of_owner)
        count += holding->owner != NULL;
    return count <= CLOSED_POSITIONS_MAX;
}

/* Up to which position the heads of the list must go, whatever their age. */
static uint64_t pressed_position(const struct shard *shard, uint16_t source, bool is_pressed)
{
    uint64_t floor = in_flight_floor(&shard->assembler.table, source);
    if (!is_pressed || shard->progress.kinds[source] != SOURCE_JOURNALED || floor == UINT64_MAX)
        return 0;
    return floor + (shard->progress.next[source] - floor) / 2;
}

/* What has no room in the store stays in the journal: its commit would fail again and again, and
 * nothing behind it would close. */
static enum status spill_source(struct shard *shard, uint16_t source, bool is_pressed,
                                const struct shard_time *time, size_t *room,
                                struct effects *effects)
{
    const struct in_flight *table = &shard->assembler.table;
    uint64_t below = pressed_position(shard, source, is_pressed);
    struct holding *head;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && effects_have_room(effects) &&
           (head = in_flight_floor_holding(table, source))) {
        bool is_old = time->now_ms - head->since_ms >= shard->config->state.spill_after_ms;
        size_t bytes = head->owner->wire_bytes;
        if ((!is_old && head->first_position >= below) || !is_spillable(head->owner) ||
            bytes > *room)
            break;
        *room -= bytes;
        status = spill_one(shard, head->owner, effects);
    }
    return status;
}

enum status spill_step(struct shard *shard, const struct shard_time *time, struct effects *effects)
{
    bool is_pressed = time->is_journal_pressed && time->now_ms - shard->pressed_ms >= PRESSED_MS;
    if (is_pressed)
        shard->pressed_ms = time->now_ms;
    enum status status = STATUS_OK;
    size_t room = time->spill_bytes;
    for (uint16_t source = 0; source < shard->progress.source_count && status == STATUS_OK;
         source++)
        if (shard->progress.kinds[source] != SOURCE_MEMORY)
            status = spill_source(shard, source, is_pressed, time, &room, effects);
    return status;
}

/* --- reading back --- */

/* One for each source, of at least one position. */
static bool has_sane_positions(const struct spilled *spilled)
{
    for (uint32_t i = 0; i < spilled->position_count; i++) {
        if (spilled->positions[i].first == 0)
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (spilled->positions[j].source == spilled->positions[i].source)
                return false;
    }
    return true;
}

static enum status restore_spans(struct shard *shard, const struct spilled *spilled,
                                 const struct gated_request *spans, struct open_trajectory *open)
{
    for (uint32_t at = 0; at < spans->span_count;) {
        if (memcmp(spans->spans[at].trace_id, spilled->trace_id, TRACE_ID_SIZE) != 0)
            return STATUS_MALFORMED;
        uint32_t next;
        enum status status = in_flight_add_spans(&shard->assembler.table, open, spans, at, &next);
        if (status != STATUS_OK)
            return status;
        at = next == UINT32_MAX ? spans->span_count : next;
    }
    return STATUS_OK;
}

enum status spill_restore(struct shard *shard, const struct spilled *spilled,
                          const struct gated_request *spans, const struct gated_request *logs,
                          const struct shard_time *time)
{
    struct in_flight *table = &shard->assembler.table;
    if (in_flight_find(table, spilled->trace_id) || !has_sane_positions(spilled))
        return STATUS_MALFORMED;
    uint64_t age_ms =
        spilled->received_ms > spilled->opened_ms ? spilled->received_ms - spilled->opened_ms : 0;
    int64_t limit_ms = shard->config->assembly.max_duration_ms;
    struct open_trajectory *open = in_flight_open(table, spilled->trace_id, time->now_ms);
    if (!open)
        return STATUS_FATAL;
    enum status status = restore_spans(shard, spilled, spans, open);
    for (uint32_t i = 0; i < logs->log_count && status == STATUS_OK; i++)
        status = in_flight_add_log(table, open, logs, &logs->logs[i].log);
    if (status != STATUS_OK) {
        in_flight_release(table, open);
        return status;
    }
    for (uint32_t i = 0; i < spilled->position_count; i++)
        if (spilled->positions[i].source < shard->progress.source_count)
            in_flight_restore_holding(table, open, spilled->positions[i].source,
                                      spilled->positions[i].first, spilled->positions[i].through,
                                      time->now_ms);
    in_flight_restore_counts(table, open, spilled->accepted_spans, spilled->accepted_logs);
    open->lived_ms = age_ms < (uint64_t)limit_ms ? (int64_t)age_ms : limit_ms;
    open->first_ms = time->now_ms - open->lived_ms;
    open->received_ms = spilled->received_ms;
    open->spill_sequence = spilled->sequence;
    assembler_restored(&shard->assembler, open, time->now_ms);
    return STATUS_OK;
}

bool spill_holds(const struct shard *shard, const struct request *request,
                 const uint8_t trace_id[TRACE_ID_SIZE])
{
    const struct open_trajectory *open = in_flight_find(&shard->assembler.table, trace_id);
    return open && open->spill_sequence &&
           open_trajectory_is_spilled(open, request->source, request->position);
}
