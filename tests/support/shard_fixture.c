/* The runtime's part of the work, in the test's own thread. */
#include "tests/support/shard_fixture.h"

#include <stdio.h>

#include "pipelines/config/load.h"

static void create_shards(struct shard_fixture *fixture, uint32_t shards)
{
    fixture->shard_count = shards;
    for (uint32_t i = 0; i < shards; i++) {
        fixture->shards[i] =
            shard_create(i, shards, FIXTURE_SOURCES, fixture->config, fixture->now_ms);
        fixture->effects[i] = effects_create(i);
        ck_assert_ptr_nonnull(fixture->shards[i]);
        ck_assert_ptr_nonnull(fixture->effects[i]);
    }
}

static void destroy_shards(struct shard_fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->shard_count; i++) {
        shard_destroy(fixture->shards[i]);
        effects_destroy(fixture->effects[i]);
    }
}

void shard_fixture_begin(struct shard_fixture *fixture, uint32_t shards, const char *more)
{
    shard_fixture_begin_rules(fixture, shards,
                              "{ name: quality, measure: score.Quality, fail_below: 0.5, "
                              "borderline_below: 0.8 }",
                              more);
}

void shard_fixture_begin_rules(struct shard_fixture *fixture, uint32_t shards, const char *rules,
                               const char *more)
{
    struct error error = {0};
    char text[4096];
    snprintf(text, sizeof(text),
             "rules: [%s]\n"
             "selection: { fail: 1.0, borderline: 1.0, unscored: 0.0, pass: 0.0 }\n"
             "redaction: { content: full }\n"
             "cohorts: { dimensions: { release: [service.name] }, group_by: [[release]] }\n%s",
             rules, more);
    *fixture = (struct shard_fixture){.now_ms = 100000, .wall_ms = 1700000000000};
    fixture->config = config_load_text("test.yaml", bytes_of_text(text), &error);
    ck_assert_msg(fixture->config != NULL, "%s", error.text);
    fixture->pool = request_pool_create(4);
    for (int source = 0; source < FIXTURE_SOURCES; source++)
        fixture->next[source] = 1;
    create_shards(fixture, shards);
}

void shard_fixture_end(struct shard_fixture *fixture)
{
    destroy_shards(fixture);
    request_pool_destroy(fixture->pool);
    trace_finish(&fixture->builder);
    config_destroy(fixture->config);
}

void shard_fixture_restart(struct shard_fixture *fixture, uint32_t shards)
{
    destroy_shards(fixture);
    create_shards(fixture, shards);
}

static void step(struct shard_fixture *fixture, uint32_t shard, const struct shard_event *event)
{
    struct shard_time time = {.now_ms = fixture->now_ms,
                              .wall_ms = fixture->wall_ms,
                              .decided_sequence = fixture->decided_sequence,
                              .part_sequence = fixture->part_sequence,
                              .is_catching_up = fixture->is_catching_up,
                              .lag_ms = fixture->lag_ms,
                              .excess_bytes = fixture->excess_bytes,
                              .is_stuck = fixture->is_stuck,
                              .horizon_ms = fixture->horizon_ms,
                              .is_journal_pressed = fixture->is_journal_pressed,
                              .spill_bytes = fixture->has_no_spill_room ? 0 : SIZE_MAX};
    ck_assert_int_eq(shard_step(fixture->shards[shard], event, &time, fixture->effects[shard]),
                     STATUS_OK);
}

static struct request *request_of(struct shard_fixture *fixture, enum wire_gate_signal signal,
                                  struct bytes body)
{
    struct request *request = request_take(fixture->pool);
    request->signal = signal;
    request->received_ms = fixture->wall_ms;
    buffer_append_bytes(&request->received, body);
    ck_assert_int_eq(wire_gate(request_body(request), signal, &wire_gate_limits_default,
                               &request->arena, &request->gated),
                     STATUS_OK);
    request_chain_shards(request, fixture->shard_count);
    return request;
}

static void give_to_shards(struct shard_fixture *fixture, const struct request *request)
{
    for (uint32_t i = 0; i < fixture->shard_count; i++)
        if (request->shard_first[i] != UINT32_MAX || request->shard_first_log[i] != UINT32_MAX)
            step(fixture, i, &(struct shard_event){.kind = SHARD_REQUEST, .request = request});
}

uint64_t shard_fixture_give(struct shard_fixture *fixture, uint16_t source,
                            enum wire_gate_signal signal, struct request **ret_request)
{
    struct request *request = request_of(fixture, signal, trace_request(&fixture->builder));
    uint64_t position = fixture->next[source]++;
    trace_clear(&fixture->builder);
    request->source = source;
    request->position = position;
    give_to_shards(fixture, request);
    if (ret_request)
        *ret_request = request;
    else
        request_release(request);
    return position;
}

void shard_fixture_replay(struct shard_fixture *fixture, uint16_t source, uint64_t position,
                          enum wire_gate_signal signal, struct bytes body)
{
    struct request *request = request_of(fixture, signal, body);
    request->source = source;
    request->position = position;
    request->is_replayed = true;
    give_to_shards(fixture, request);
    request_release(request);
}

void shard_fixture_tick(struct shard_fixture *fixture, int64_t ms)
{
    fixture->now_ms += ms;
    fixture->wall_ms += (uint64_t)ms;
    for (uint32_t i = 0; i < fixture->shard_count; i++)
        step(fixture, i,
             &(struct shard_event){.kind = SHARD_TICK, .next_positions = fixture->next});
}

void shard_fixture_event(struct shard_fixture *fixture, const struct shard_event *event)
{
    for (uint32_t i = 0; i < fixture->shard_count; i++)
        step(fixture, i, event);
}

void shard_fixture_clear(struct shard_fixture *fixture)
{
    for (uint32_t i = 0; i < fixture->shard_count; i++)
        effects_clear(fixture->effects[i]);
}

uint32_t shard_fixture_closed_count(const struct shard_fixture *fixture)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fixture->shard_count; i++)
        count += fixture->effects[i]->closed_count;
    return count;
}

const struct closed *shard_fixture_closed(const struct shard_fixture *fixture)
{
    ck_assert_uint_eq(shard_fixture_closed_count(fixture), 1);
    for (uint32_t i = 0; i < fixture->shard_count; i++)
        if (fixture->effects[i]->first)
            return fixture->effects[i]->first;
    return NULL;
}

uint64_t shard_fixture_late(const struct shard_fixture *fixture)
{
    uint64_t late = 0;
    for (uint32_t i = 0; i < fixture->shard_count; i++)
        late += fixture->effects[i]->late_spans;
    return late;
}

uint64_t shard_fixture_floor(const struct shard_fixture *fixture, uint16_t source)
{
    uint64_t floor = UINT64_MAX;
    for (uint32_t i = 0; i < fixture->shard_count; i++)
        if (fixture->effects[i]->floor[source] < floor)
            floor = fixture->effects[i]->floor[source];
    return floor;
}

void shard_fixture_build(struct shard_fixture *fixture, uint32_t trace, double score)
{
    uint64_t start_ms = 1700000000000;
    trace_span(&fixture->builder, &(struct span_spec){.trace = trace,
                                                      .id = 2,
                                                      .parent = 1,
                                                      .start_ms = start_ms + 10,
                                                      .end_ms = start_ms + 500,
                                                      .score_name = score < 0 ? NULL : "Quality",
                                                      .score = score});
    trace_span(&fixture->builder,
               &(struct span_spec){
                   .trace = trace, .id = 1, .start_ms = start_ms, .end_ms = start_ms + 1000});
}
