/* One process without threads: it ends whenever a crash comes, and begins from its store, perhaps
 * with another number of shards. */
#include "pipelines/commit/sources.h"
#include "pipelines/run/recovery.h"
#include "state/tables/decided.h"
#include "state/tables/journal.h"
#include "tests/support/simulation.h"

uint32_t simulation_below(struct simulation *sim, uint32_t bound)
{
    sim->random ^= sim->random << 13;
    sim->random ^= sim->random >> 7;
    sim->random ^= sim->random << 17;
    return (uint32_t)((sim->random >> 11) % bound);
}

bool simulation_chance(struct simulation *sim, uint32_t of_10000)
{
    return simulation_below(sim, 10000) < of_10000;
}

static bool remember_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct simulation *sim = context;
    for (uint8_t i = 0;
         i < row->position_count && row->decided_ms >= writer_horizon_ms(sim->writer); i++)
        for (uint16_t source = 0; source < SOURCES; source++)
            if (sources_row(sim->writer, source)->id == row->positions[i].source) {
                struct shard *shard =
                    sim->shards[request_shard_of(row->trace_id, sim->shard_count)];
                struct decided_entry entry = {.position = row->positions[i].position,
                                              .decided_ms = (uint64_t)row->decided_ms,
                                              .sequence = sequence,
                                              .source = source,
                                              .is_exhausted = row->flags & DECIDED_EXHAUSTED};
                memcpy(entry.trace_id, row->trace_id, TRACE_ID_SIZE);
                ck_assert_int_eq(shard_remember(shard, &entry), STATUS_OK);
            }
    return true;
}

void simulation_gate(struct request *request)
{
    ck_assert_int_eq(wire_gate(request_body(request), request->signal, &wire_gate_limits_default,
                               &request->arena, &request->gated),
                     STATUS_OK);
    ck_assert_uint_eq(request->gated.rejected_count, 0);
}

void simulation_push_events(struct simulation *sim, struct request *request)
{
    request_chain_shards(request, sim->shard_count);
    for (uint32_t shard = 0; shard < sim->shard_count; shard++) {
        if (request->shard_first[shard] == UINT32_MAX &&
            request->shard_first_log[shard] == UINT32_MAX)
            continue;
        request_hold(request);
        ck_assert_uint_lt(sim->event_count[shard], QUEUE);
        sim->events[shard][sim->event_count[shard]++] = request;
    }
}

struct replaying {
    struct simulation *sim;
    uint16_t source;
};

static bool replay_one(void *context, uint64_t position, const struct journal_header *header,
                       struct bytes body)
{
    struct replaying *replaying = context;
    struct simulation *sim = replaying->sim;
    struct request *request = request_take(sim->pool);
    request->source = replaying->source;
    request->position = position;
    request->is_replayed = true;
    request->signal = (enum wire_gate_signal)header->signal;
    request->received_ms = (uint64_t)header->received_ms;
    buffer_append_bytes(&request->received, body);
    simulation_gate(request);
    simulation_push_events(sim, request);
    sim->next[replaying->source] = position + 1;
    request_release(request);
    for (uint32_t shard = 0; shard < sim->shard_count; shard++)
        if (sim->event_count[shard] > QUEUE / 2)
            simulation_run_shard(sim, shard, QUEUE);
    return true;
}

void simulation_start(struct simulation *sim)
{
    const char *names[SOURCES] = {"otlp/grpc", "otlp/http"};
    struct error error = {0};
    struct revision_source revisions = revision_source_from_store(sim->temp.store);
    sim->shard_count = 1 + simulation_below(sim, SHARDS);
    sim->writer =
        writer_create(sim->temp.store, sim->config, sim->shard_count, names, SOURCES, &error);
    ck_assert_msg(sim->writer != NULL, "%s", error.text);
    for (uint32_t i = 0; i < sim->shard_count; i++) {
        sim->shards[i] = shard_create(i, sim->shard_count, SOURCES, sim->config, sim->now_ms);
        sim->effects[i] = effects_create(i);
        shard_set_revision_source(sim->shards[i], &revisions);
        for (uint16_t source = 0; source < SOURCES; source++)
            shard_set_replay(sim->shards[i], source, &sources_row(sim->writer, source)->marks);
    }
    ck_assert_int_eq(decided_load(sim->temp.store, 0, remember_row, sim), STATUS_OK);
    struct restored restored = {0};
    struct recovery_target target = {
        .writer = sim->writer,
        .shards = sim->shards,
        .shard_count = sim->shard_count,
        .limits = &wire_gate_limits_default,
        .time = {.now_ms = sim->now_ms, .wall_ms = (uint64_t)sim->wall_ms},
    };
    ck_assert_int_eq(recovery_restore_spilled(sim->temp.store, &target, &restored), STATUS_OK);
    ck_assert_uint_eq(restored.unreadable, 0);
    sim->restored += restored.trajectories;
    sim->is_catching_up = true;
    uint64_t end[SOURCES];
    for (uint16_t source = 0; source < SOURCES; source++) {
        end[source] = sources_row(sim->writer, source)->next_position;
        sim->next[source] = sources_row(sim->writer, source)->low_watermark;
    }
    for (uint16_t source = 0; source < SOURCES; source++) {
        const struct source_row *row = sources_row(sim->writer, source);
        struct replaying replaying = {sim, source};
        ck_assert_int_eq(
            journal_read(sim->temp.store, row->id, row->low_watermark, replay_one, &replaying),
            STATUS_OK);
        sim->next[source] = end[source];
    }
}

void simulation_stop(struct simulation *sim)
{
    for (uint32_t shard = 0; shard < sim->shard_count; shard++) {
        for (size_t i = 0; i < sim->event_count[shard]; i++)
            request_release(sim->events[shard][i]);
        sim->event_count[shard] = 0;
        shard_destroy(sim->shards[shard]);
        effects_destroy(sim->effects[shard]);
    }
    for (size_t i = 0; i < sim->queue_count; i++) {
        struct item *item = &sim->queue[i];
        if (item->request)
            request_release(item->request);
        effects_destroy(item->effects);
        if (item->sending && !item->is_refused) /* Never answered: it is sent again. */
            sim->again[sim->again_count++] = item->sending;
    }
    sim->queue_count = sim->attempted = 0;
    writer_destroy(sim->writer);
}

void simulation_crash(struct simulation *sim)
{
    simulation_stop(sim);
    temp_store_reopen(&sim->temp, (size_t)256 << 20);
    store_set_faults(sim->temp.store, &sim->faults);
    sim->crashes++;
    sim->late_held = 0;
    sim->now_ms += 1000;
    simulation_start(sim);
}

/* --- shards --- */

static void step(struct simulation *sim, uint32_t shard, const struct shard_event *event)
{
    struct shard_time time = {
        .now_ms = sim->now_ms,
        .wall_ms = (uint64_t)sim->wall_ms,
        .is_catching_up = sim->is_catching_up,
        .horizon_ms = writer_horizon_ms(sim->writer),
        .decided_sequence = writer_decided_sequence(sim->writer),
        .is_journal_pressed = simulation_chance(sim, 20),
        .spill_bytes = simulation_chance(sim, 5) ? 0 : SIZE_MAX,
    };
    ck_assert_int_eq(shard_step(sim->shards[shard], event, &time, sim->effects[shard]), STATUS_OK);
}

/* Some of its events; a tick when none is left. */
void simulation_run_shard(struct simulation *sim, uint32_t shard, size_t events_max)
{
    size_t count = sim->event_count[shard] < events_max ? sim->event_count[shard] : events_max;
    for (size_t i = 0; i < count; i++) {
        struct request *request = sim->events[shard][i];
        step(sim, shard, &(struct shard_event){.kind = SHARD_REQUEST, .request = request});
        request_release(request);
    }
    sim->event_count[shard] -= count;
    memmove(sim->events[shard], sim->events[shard] + count,
            sim->event_count[shard] * sizeof(struct request *));
    if (sim->event_count[shard] == 0)
        step(sim, shard, &(struct shard_event){.kind = SHARD_TICK, .next_positions = sim->next});
}

void simulation_send_effects(struct simulation *sim, uint32_t shard)
{
    ck_assert_uint_lt(sim->queue_count, QUEUE);
    sim->queue[sim->queue_count++] =
        (struct item){.kind = ITEM_OF_EFFECTS, .effects = sim->effects[shard]};
    struct effects *old = sim->effects[shard];
    sim->effects[shard] = effects_create(shard);
    memcpy(sim->effects[shard]->floor, old->floor, sizeof(old->floor));
    memcpy(sim->effects[shard]->through, old->through, sizeof(old->through));
    memcpy(sim->effects[shard]->need, old->need, sizeof(old->need));
    sim->effects[shard]->source_count = old->source_count;
    sim->effects[shard]->open_spans = old->open_spans;
}

void simulation_end_catching_up(struct simulation *sim)
{
    for (uint32_t shard = 0; shard < sim->shard_count; shard++) {
        simulation_run_shard(sim, shard, QUEUE);
        simulation_send_effects(sim, shard);
    }
    sim->queue[sim->queue_count++] = (struct item){.kind = ITEM_OF_CATCHING_UP};
    sim->is_catching_up = false;
}
