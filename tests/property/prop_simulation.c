/* The whole core without threads, under virtual time, with a seeded scheduler:
 *
 *   client --request--> writer queue ----------------------> commit -> acknowledged
 *               \-----> shard queues -> effects -> writer queue ^   \-> decisions, checked
 *
 * Each step of each part happens when the dice say so, in the orders that the runtime allows. A
 * commit may find the disk full; a crash drops all memory and recovers from the store, perhaps with
 * another number of shards, perhaps crashing again while it catches up. The client sends again what
 * was not acknowledged, and now and then what was.
 *
 * A trace shows its score before its root, and its root only when all else is acknowledged; so its
 * verdict is known beforehand, whatever happens in between. Then late spans come, and late scores,
 * one after the other: the last one is the verdict in the end, each record names the one before it,
 * and cohorts are what a table of verdicts says. */
#include <errno.h>

#include "pipelines/commit/sources.h"
#include "pipelines/commit/state.h"
#include "pipelines/commit/writer.h"
#include "pipelines/config/load.h"
#include "pipelines/run/recovery.h"
#include "processor/base/digest.h"
#include "processor/emit/outgoing.h"
#include "state/cohorts/query.h"
#include "state/store/store_faults.h"
#include "tests/support/temp_store.h"
#include "tests/support/trace_builder.h"

enum {
    SOURCES = 2,
    SHARDS = 4,
    ACTIVE = 40,
    QUEUE = 4096,
    TRACES_OF_REQUEST = 4,
    RECENT = 160,
    ROUNDS = 4,
    EVENTS = 60000, /* SIMULATION_EVENTS of the environment says otherwise */
    MAX_SPANS = 20,
    SERVICES = 3,
};

static const char *const config_text =
    "rules: [{ name: quality, measure: score.Quality, fail_below: 0.5, borderline_below: 0.8 }]\n"
    "trajectory: { settle: 6s, idle_timeout: 2m, max_spans: 20, late: { window: 10m } }\n"
    "selection: { fail: 1.0, borderline: 1.0, unscored: 0.0, pass: 0.0, control_per_day: 0 }\n"
    "redaction: { content: full }\n"
    "state: { spill_after: 20s }\n"
    "cohorts: { dimensions: { release: [service.name] }, group_by: [[release]] }\n";

enum trace_kind { TRACE_WITH_ROOT, TRACE_WITHOUT_ROOT, TRACE_TOO_LARGE };

struct trace {
    enum trace_kind kind;
    uint32_t span_count, sent; /* the root is the last */
    bool has_log, is_log_sent;
    int score; /* 0: none; else index into scores + 1 */
    uint32_t unacknowledged;
    int64_t finished_ms;
    uint32_t extra; /* late spans sent */
    uint32_t decisions;
    int late_score;       /* 0: none; else index into scores + 1 */
    uint32_t late_scores; /* sent */
    enum verdict verdict; /* in force */
    bool is_exhausted;
    char record_id[37]; /* of the last record */
    uint32_t revision;
    enum verdict record_verdict;
};

static const double scores[] = {0.2, 0.6, 0.9};
static const enum verdict verdicts[] = {VERDICT_FAIL, VERDICT_BORDERLINE, VERDICT_PASS};

/* What the client has sent and not heard of, or will send again. */
struct sending {
    struct buffer body;
    enum wire_gate_signal signal;
    uint32_t traces[TRACES_OF_REQUEST], trace_count;
    bool is_waiting; /* for an acknowledgement */
};

enum item_kind { ITEM_OF_REQUEST, ITEM_OF_EFFECTS, ITEM_OF_CATCHING_UP };
struct item {
    enum item_kind kind;
    bool is_refused;
    struct request *request;
    struct effects *effects;
    struct sending *sending;
};

struct record {
    char id[37];
    uint64_t hash;
};

struct simulation {
    uint64_t random;
    int64_t now_ms, wall_ms;
    struct temp_store temp;
    struct pipeline_config *config;
    struct request_pool *pool;
    struct store_faults faults;

    struct writer *writer;
    uint32_t shard_count;
    struct shard *shards[SHARDS];
    struct effects *effects[SHARDS];
    struct request *events[SHARDS][QUEUE];
    size_t event_count[SHARDS];
    uint64_t next[SOURCES];
    struct item queue[QUEUE];
    size_t queue_count, attempted; /* items that a failed commit has tried */
    bool is_catching_up;

    struct trace *traces;
    uint32_t trace_count, trace_capacity;
    uint32_t active[ACTIVE], active_count;
    uint32_t recent[RECENT], recent_count;
    struct sending *again[QUEUE];
    size_t again_count;

    uint64_t accepted_spans, accepted_logs, refused_spans, lost_spans;
    uint64_t decided[SERVICES][VERDICTS], first[SERVICES][VERDICTS];
    uint64_t revisions, corrections, refused_late, records, crashes, busy, late, late_held;
    uint64_t restored; /* spilled trajectories read back */
    struct record *found;
    size_t found_count, found_capacity;
};

static uint32_t below(struct simulation *sim, uint32_t bound)
{
    sim->random ^= sim->random << 13;
    sim->random ^= sim->random >> 7;
    sim->random ^= sim->random << 17;
    return (uint32_t)((sim->random >> 11) % bound);
}

static bool chance(struct simulation *sim, uint32_t of_10000)
{
    return below(sim, 10000) < of_10000;
}

/* --- the core: creation, crash, recovery --- */

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

static void gate(struct request *request)
{
    ck_assert_int_eq(wire_gate(request_body(request), request->signal, &wire_gate_limits_default,
                               &request->arena, &request->gated),
                     STATUS_OK);
    ck_assert_uint_eq(request->gated.rejected_count, 0);
}

static void push_events(struct simulation *sim, struct request *request)
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

static void run_shard(struct simulation *sim, uint32_t shard, size_t events_max);

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
    gate(request);
    push_events(sim, request);
    sim->next[replaying->source] = position + 1;
    request_release(request);
    for (uint32_t shard = 0; shard < sim->shard_count; shard++)
        if (sim->event_count[shard] > QUEUE / 2)
            run_shard(sim, shard, QUEUE);
    return true;
}

static void start(struct simulation *sim)
{
    const char *names[SOURCES] = {"otlp/grpc", "otlp/http"};
    struct error error = {0};
    struct revision_source revisions = revision_source_from_store(sim->temp.store);
    sim->shard_count = 1 + below(sim, SHARDS);
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

static void stop(struct simulation *sim)
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

static void crash(struct simulation *sim)
{
    stop(sim);
    temp_store_reopen(&sim->temp, (size_t)256 << 20);
    store_set_faults(sim->temp.store, &sim->faults);
    sim->crashes++;
    sim->late_held = 0;
    sim->now_ms += 1000;
    start(sim);
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
        .is_journal_pressed = chance(sim, 20),
        .spill_bytes = chance(sim, 5) ? 0 : SIZE_MAX,
    };
    ck_assert_int_eq(shard_step(sim->shards[shard], event, &time, sim->effects[shard]), STATUS_OK);
}

/* Some of its events; a tick when none is left. */
static void run_shard(struct simulation *sim, uint32_t shard, size_t events_max)
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

static void send_effects(struct simulation *sim, uint32_t shard)
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

static void end_catching_up(struct simulation *sim)
{
    for (uint32_t shard = 0; shard < sim->shard_count; shard++) {
        run_shard(sim, shard, QUEUE);
        send_effects(sim, shard);
    }
    sim->queue[sim->queue_count++] = (struct item){.kind = ITEM_OF_CATCHING_UP};
    sim->is_catching_up = false;
}

/* --- the client --- */

static uint32_t new_trace(struct simulation *sim)
{
    if (sim->trace_count == sim->trace_capacity) {
        sim->trace_capacity = sim->trace_capacity ? sim->trace_capacity * 2 : 1024;
        sim->traces = realloc(sim->traces, sim->trace_capacity * sizeof(*sim->traces));
        ck_assert_ptr_nonnull(sim->traces);
    }
    struct trace *trace = &sim->traces[sim->trace_count++];
    *trace = (struct trace){.span_count = 1 + below(sim, 6), .score = (int)below(sim, 4)};
    uint32_t dice = below(sim, 100);
    if (dice < 8)
        trace->kind = TRACE_WITHOUT_ROOT;
    else if (dice < 11)
        trace->kind = TRACE_TOO_LARGE;
    else
        trace->has_log = trace->score > 0 && below(sim, 4) == 0;
    if (trace->kind == TRACE_TOO_LARGE) {
        trace->span_count = MAX_SPANS + 1 + below(sim, 10);
        trace->score = 0;
    }
    return sim->trace_count - 1;
}

/* Numbers of traces and spans are from 1 in ids. The last span is the root, unless there is
 * none. */
static void write_span(struct simulation *sim, struct trace_builder *builder, uint32_t at,
                       uint32_t index)
{
    const struct trace *trace = &sim->traces[at];
    bool is_last = index + 1 == trace->span_count;
    bool is_root = is_last && trace->kind != TRACE_WITHOUT_ROOT;
    uint64_t start_ms = 1700000000000u + at * 10u;
    char service[16];
    snprintf(service, sizeof(service), "service-%u", at % SERVICES);
    trace_resource(builder, service);
    trace_span(builder,
               &(struct span_spec){
                   .trace = at + 1,
                   .id = index + 1,
                   .parent = is_root ? 0 : trace->span_count,
                   .start_ms = start_ms + (is_root ? 0 : index + 1),
                   .end_ms = start_ms + 5000,
                   .score_name = is_last && trace->score && !trace->has_log ? "Quality" : NULL,
                   .score = trace->score ? scores[trace->score - 1] : 0,
               });
}

static void submit(struct simulation *sim, struct sending *sending)
{
    struct request *request = request_take(sim->pool);
    request->source = (uint16_t)below(sim, SOURCES);
    request->position = sim->next[request->source]++;
    request->signal = sending->signal;
    request->received_ms = (uint64_t)sim->wall_ms;
    buffer_append_bytes(&request->received, buffer_bytes(&sending->body));
    gate(request);
    ck_assert_uint_lt(sim->queue_count, QUEUE);
    sim->queue[sim->queue_count++] =
        (struct item){.kind = ITEM_OF_REQUEST, .request = request, .sending = sending};
    push_events(sim, request);
}

static struct sending *begin_sending(enum wire_gate_signal signal)
{
    struct sending *sending = calloc(1, sizeof(*sending));
    ck_assert_ptr_nonnull(sending);
    sending->signal = signal;
    return sending;
}

static void end_sending(struct simulation *sim, struct sending *sending,
                        struct trace_builder *builder)
{
    buffer_append_bytes(&sending->body, trace_request(builder));
    trace_finish(builder);
    for (uint32_t i = 0; i < sending->trace_count; i++)
        sim->traces[sending->traces[i]].unacknowledged++;
    sending->is_waiting = true;
    submit(sim, sending);
}

static void finish_trace(struct simulation *sim, uint32_t slot)
{
    uint32_t at = sim->active[slot];
    sim->traces[at].finished_ms = sim->now_ms;
    sim->active[slot] = sim->active[--sim->active_count];
    sim->recent[sim->recent_count++ % RECENT] = at;
}

/* The next spans of one trace into the request. */
static void send_some(struct simulation *sim, struct trace_builder *builder, uint32_t slot,
                      struct sending *sending)
{
    uint32_t at = sim->active[slot];
    struct trace *trace = &sim->traces[at];
    bool has_sent = false;
    uint32_t most = 1 + below(sim, 12);
    while (trace->sent < trace->span_count && most-- > 0) {
        bool is_last = trace->sent + 1 == trace->span_count;
        if (is_last &&
            (trace->unacknowledged > 0 || has_sent || trace->has_log != trace->is_log_sent))
            break;
        write_span(sim, builder, at, trace->sent++);
        has_sent = true;
    }
    if (has_sent)
        sending->traces[sending->trace_count++] = at;
    if (trace->sent == trace->span_count)
        finish_trace(sim, slot);
}

static void send_spans(struct simulation *sim)
{
    struct sending *sending = begin_sending(WIRE_GATE_TRACES);
    struct trace_builder builder = {0};
    while (sim->active_count < ACTIVE)
        sim->active[sim->active_count++] = new_trace(sim);
    /* Distinct slots: a trace twice in one request would be fine, but its count of waits is not. */
    uint32_t slot = below(sim, ACTIVE), count = 1 + below(sim, TRACES_OF_REQUEST);
    for (uint32_t i = 0; i < count && slot < sim->active_count; i++, slot++)
        send_some(sim, &builder, slot, sending);
    if (below(sim, 3) == 0 && sim->recent_count > 0 && sending->trace_count < TRACES_OF_REQUEST) {
        uint32_t known = sim->recent_count < RECENT ? sim->recent_count : RECENT;
        uint32_t at = sim->recent[below(sim, known)];
        struct trace *trace = &sim->traces[at];
        if (sim->now_ms - trace->finished_ms < 60000) {
            write_span(sim, &builder, at, below(sim, trace->span_count)); /* a retry */
            if (below(sim, 4) == 0 && trace->kind == TRACE_WITH_ROOT)
                trace_span(&builder, &(struct span_spec){.trace = at + 1,
                                                         .id = 1000 + ++trace->extra,
                                                         .parent = trace->span_count,
                                                         .start_ms = 1700000000000u,
                                                         .end_ms = 1700000000001u});
        }
    }
    end_sending(sim, sending, &builder);
}

static void send_log(struct simulation *sim)
{
    struct sending *sending = begin_sending(WIRE_GATE_LOGS);
    struct trace_builder builder = {0};
    for (uint32_t slot = 0; slot < sim->active_count; slot++) {
        uint32_t at = sim->active[slot];
        struct trace *trace = &sim->traces[at];
        if (!trace->has_log || trace->is_log_sent || sending->trace_count == TRACES_OF_REQUEST)
            continue;
        trace_log(&builder, &(struct log_spec){.trace = at + 1,
                                               .time_ms = 1700000000000u,
                                               .score_name = "Quality",
                                               .score = scores[trace->score - 1]});
        trace->is_log_sent = true;
        sending->traces[sending->trace_count++] = at;
    }
    if (below(sim, 2))
        trace_log(&builder, &(struct log_spec){.event_name = "something.else"});
    end_sending(sim, sending, &builder);
}

/* Another judge, or the same one again; not where the root itself has a score, which counts most.
 * The next one waits for the acknowledgement of the last, so that the last one wins. */
static void send_late_score(struct simulation *sim)
{
    if (sim->recent_count == 0)
        return;
    uint32_t known = sim->recent_count < RECENT ? sim->recent_count : RECENT;
    uint32_t at = sim->recent[below(sim, known)];
    struct trace *trace = &sim->traces[at];
    bool is_on_root = trace->score > 0 && !trace->has_log;
    if (is_on_root || trace->unacknowledged > 0 || trace->late_scores == 4 ||
        sim->now_ms - trace->finished_ms > 60000)
        return;
    struct sending *sending = begin_sending(WIRE_GATE_LOGS);
    struct trace_builder builder = {0};
    trace->late_score = 1 + (int)below(sim, 3);
    trace_log(&builder, &(struct log_spec){.trace = at + 1,
                                           .time_ms = 1700000000001u + trace->late_scores++,
                                           .score_name = "Quality",
                                           .score = scores[trace->late_score - 1]});
    sending->traces[sending->trace_count++] = at;
    end_sending(sim, sending, &builder);
}

static void send_again(struct simulation *sim)
{
    if (sim->again_count == 0)
        return;
    size_t at = below(sim, (uint32_t)sim->again_count);
    struct sending *sending = sim->again[at];
    sim->again[at] = sim->again[--sim->again_count];
    submit(sim, sending);
}

/* --- the writer --- */

static bool is_work(enum verdict verdict)
{
    return verdict == VERDICT_FAIL || verdict == VERDICT_BORDERLINE;
}

/* A late score may have come in time, but no other one can be the verdict. */
static void check_first(struct simulation *sim, struct trace *trace, uint32_t at,
                        const struct closed *closed)
{
    enum verdict wanted = trace->score ? verdicts[trace->score - 1] : VERDICT_UNSCORED;
    ck_assert_msg(trace->decisions == 0, "trace %u was decided twice", at);
    ck_assert_msg(closed->verdict == wanted || trace->late_scores > 0, "trace %u: %s not %s (%s)",
                  at, verdict_name(closed->verdict), verdict_name(wanted),
                  close_trigger_name(closed->trigger));
    ck_assert_uint_ge(closed->spans,
                      trace->kind == TRACE_TOO_LARGE ? MAX_SPANS : trace->span_count);
    ck_assert((closed->emission.record != NULL) == is_work(closed->verdict));
    sim->decided[at % SERVICES][closed->verdict]++;
    sim->first[at % SERVICES][closed->verdict]++;
}

static void check_revision(struct simulation *sim, struct trace *trace, uint32_t at,
                           const struct closed *closed)
{
    const struct revision *revision = closed->revision;
    ck_assert_msg(trace->decisions > 0 && revision->verdict == trace->verdict, "trace %u", at);
    sim->late += closed->spans;
    trace->is_exhausted |= revision->is_exhausted;
    if (revision->fate == LATE_REFUSED) {
        sim->refused_late += closed->spans;
        ck_assert(!closed->emission.record);
        return;
    }
    ck_assert_int_eq(revision->fate, LATE_MERGED);
    bool has_changed = closed->verdict != revision->verdict;
    ck_assert_msg(!has_changed || revision->contribution.size > 0, "trace %u", at);
    if (has_changed)
        ck_assert((closed->emission.record != NULL) ==
                  (revision->was_emitted || is_work(closed->verdict)));
    sim->decided[at % SERVICES][revision->verdict]--;
    sim->decided[at % SERVICES][closed->verdict]++;
    sim->revisions++;
    sim->corrections += has_changed;
}

static void check_closed(struct simulation *sim, const struct closed *closed)
{
    uint32_t at = trace_of_id(closed->trace_id) - 1;
    ck_assert_msg(at < sim->trace_count, "a trace that nobody sent was decided");
    struct trace *trace = &sim->traces[at];
    if (closed->revision)
        check_revision(sim, trace, at, closed);
    else
        check_first(sim, trace, at, closed);
    trace->decisions++;
    trace->verdict = closed->verdict;
    sim->records += closed->emission.record != NULL;
}

static void complete(struct simulation *sim, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct item *item = &sim->queue[i];
        if (item->effects) {
            for (const struct closed *closed = item->effects->first; closed; closed = closed->next)
                check_closed(sim, closed);
            sim->late_held += item->effects->late_spans;
            effects_destroy(item->effects);
        }
        if (!item->request)
            continue;
        sim->accepted_spans += item->request->gated.span_count;
        sim->accepted_logs += item->request->gated.log_count;
        if (!item->is_refused) {
            for (uint32_t t = 0; t < item->sending->trace_count; t++)
                sim->traces[item->sending->traces[t]].unacknowledged--;
            buffer_finish(&item->sending->body);
            free(item->sending);
        } else {
            sim->refused_spans += item->request->gated.span_count;
        }
        request_release(item->request);
    }
    if (!sim->writer->is_holding) { /* What is held is lost in a crash and counted again. */
        sim->late += sim->late_held;
        sim->late_held = 0;
    }
    sim->queue_count -= count;
    memmove(sim->queue, sim->queue + count, sim->queue_count * sizeof(*sim->queue));
    sim->attempted = 0;
}

static void check_account(struct simulation *sim)
{
    struct span_account account = writer_account(sim->writer);
    uint64_t open = 0;
    ck_assert_uint_eq(account.accepted, sim->accepted_spans);
    ck_assert_int_ge((int64_t)account.in_flight, 0);
    bool is_quiet = sim->queue_count == 0 && !sim->is_catching_up;
    for (uint32_t i = 0; i < sim->shard_count; i++) {
        is_quiet &= sim->event_count[i] == 0 && effects_is_empty(sim->effects[i]);
        open += shard_gauges(sim->shards[i]).spans;
    }
    if (is_quiet)
        ck_assert_uint_eq(account.in_flight, open);
}

/* A commit of the first items of the queue; what a failed one has tried is tried again with it. */
static void commit(struct simulation *sim, size_t count)
{
    count = count > sim->attempted ? count : sim->attempted;
    count = count < sim->queue_count ? count : sim->queue_count;
    for (size_t i = 0; i < count; i++)
        if (sim->queue[i].kind == ITEM_OF_CATCHING_UP)
            count = i + 1; /* ends a batch */
    if (chance(sim, 200)) {
        bool is_commit = chance(sim, 5000);
        sim->faults.commit_error = is_commit ? ENOSPC : 0;
        sim->faults.write_error = is_commit ? 0 : ENOSPC;
        sim->faults.writes_until_failure = is_commit ? 0 : 1 + below(sim, 30);
    }
    writer_begin(sim->writer);
    uint64_t lost = 0;
    for (size_t i = 0; i < count; i++) {
        struct item *item = &sim->queue[i];
        if (item->kind == ITEM_OF_REQUEST)
            writer_add_request(sim->writer, item->request, !item->is_refused);
        else if (item->kind == ITEM_OF_EFFECTS)
            writer_add_effects(sim->writer, item->effects, sim->wall_ms);
        else
            lost += writer_settle_lost(sim->writer);
    }
    enum status status = writer_commit(sim->writer, sim->now_ms, sim->wall_ms);
    sim->faults = (struct store_faults){0};
    if (status == STATUS_OK) {
        sim->lost_spans += lost;
        complete(sim, count);
        ck_assert_uint_le(sim->lost_spans, sim->refused_spans);
    } else {
        ck_assert_int_eq(status, STATUS_BUSY);
        sim->busy++;
        sim->attempted = count;
        for (size_t i = 0; i < count; i++) {
            struct item *item = &sim->queue[i];
            if (item->request && !item->is_refused) {
                item->is_refused = true;
                sim->again[sim->again_count++] = item->sending;
                item->sending = NULL;
            }
        }
        writer_begin(sim->writer);
        ck_assert_int_eq(writer_relieve(sim->writer), STATUS_OK);
    }
    check_account(sim);
}

/* --- the exporter --- */

/* The record before it is the one that it names. */
static void check_record_of_revision(struct simulation *sim, const struct outgoing *outgoing,
                                     const char *record_id)
{
    uint8_t trace_id[TRACE_ID_SIZE];
    char supersedes[64];
    ck_assert(hex_decode(trace_id, (const char *)outgoing->key.data, TRACE_ID_SIZE));
    struct trace *trace = &sim->traces[trace_of_id(trace_id) - 1];
    snprintf(supersedes, sizeof(supersedes), "\"supersedes\":\"%s\"", trace->record_id);
    struct bytes wanted = trace->revision ? bytes_of_text(supersedes) : BYTES_LITERAL("");
    const uint8_t *named = memmem(outgoing->payload.data, outgoing->payload.size,
                                  "\"supersedes\":", strlen("\"supersedes\":"));
    ck_assert_msg(!named == !trace->revision &&
                      (!named || memcmp(named, wanted.data, wanted.size) == 0),
                  "%.*s", (int)outgoing->payload.size, (const char *)outgoing->payload.data);
    memcpy(trace->record_id, record_id, sizeof(trace->record_id));
    uint32_t before = trace->revision;
    for (uint32_t i = 0; i < outgoing->header_count; i++) {
        struct bytes value = outgoing->headers[i].value;
        if (strcmp(outgoing->headers[i].name, "revision") == 0)
            for (size_t d = trace->revision = 0; d < value.size; d++)
                trace->revision = trace->revision * 10 + value.data[d] - '0';
        for (int verdict = 0; verdict < VERDICTS; verdict++)
            if (strcmp(outgoing->headers[i].name, "verdict") == 0 &&
                bytes_equal_text(value, verdict_name(verdict)))
                trace->record_verdict = (enum verdict)verdict;
    }
    ck_assert_uint_gt(trace->revision, before);
}

static bool find_record(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    struct simulation *sim = context;
    struct outgoing outgoing;
    (void)committed_ms;
    ck_assert_int_eq(outgoing_decode(frame, &outgoing), STATUS_OK);
    if (sim->found_count == sim->found_capacity) {
        sim->found_capacity = sim->found_capacity ? sim->found_capacity * 2 : 256;
        sim->found = realloc(sim->found, sim->found_capacity * sizeof(*sim->found));
    }
    struct record *record = &sim->found[sim->found_count++];
    *record = (struct record){.hash = digest_fnv1a64(outgoing.payload)};
    for (uint32_t i = 0; i < outgoing.header_count; i++)
        if (strcmp(outgoing.headers[i].name, "record_id") == 0)
            memcpy(record->id, outgoing.headers[i].value.data, 36);
    check_record_of_revision(sim, &outgoing, record->id);
    writer_add_acknowledged(sim->writer, 0, sequence);
    return true;
}

/* Delivers what is there; the rows leave. */
static void export(struct simulation *sim)
{
    writer_begin(sim->writer);
    ck_assert_int_eq(outbox_scan(sim->temp.store, 0, 0, find_record, sim), STATUS_OK);
    ck_assert_int_eq(writer_commit(sim->writer, sim->now_ms, sim->wall_ms), STATUS_OK);
    ck_assert_uint_eq(writer_gauges(sim->writer).outbox_records, 0);
}

static int compare_records(const void *a, const void *b)
{
    return strcmp(((const struct record *)a)->id, ((const struct record *)b)->id);
}

/* --- the whole --- */

static void event(struct simulation *sim)
{
    uint32_t dice = below(sim, 1000), shard = below(sim, sim->shard_count);
    sim->now_ms += dice == 0 ? 5000 : below(sim, 60);
    sim->wall_ms = 1700000000000 + sim->now_ms;
    bool has_room = sim->queue_count + 64 < QUEUE && sim->again_count + 64 < QUEUE;
    /* A crash while catching up is likely: deadlines begin again with each, so that crashes may not
     * be too many in all. */
    if (sim->is_catching_up ? dice < 40 : dice == 1 && below(sim, 2) == 0)
        crash(sim);
    else if (sim->is_catching_up && dice < 100)
        end_catching_up(sim);
    else if (dice < 300 && !sim->is_catching_up && has_room)
        send_spans(sim);
    else if (dice < 330 && !sim->is_catching_up && has_room)
        send_log(sim);
    else if (dice < 360 && !sim->is_catching_up && has_room)
        send_late_score(sim);
    else if (dice < 430 && !sim->is_catching_up && has_room)
        send_again(sim);
    else if (dice < 820)
        run_shard(sim, shard, 1 + below(sim, 8));
    else if (dice < 950 && has_room)
        send_effects(sim, shard);
    else if (dice < 995 || !has_room)
        commit(sim, below(sim, 50));
    else if (sim->attempted == 0)
        export(sim);
}

/* Everything arrives, time passes, everything is committed. */
static void drain(struct simulation *sim)
{
    if (sim->is_catching_up)
        end_catching_up(sim);
    while (sim->active_count > 0 || sim->again_count > 0) {
        for (uint32_t i = 0; i < 20; i++)
            send_again(sim);
        for (uint32_t slot = sim->active_count; slot-- > 0;) {
            struct sending *sending = begin_sending(WIRE_GATE_TRACES);
            struct trace_builder builder = {0};
            send_some(sim, &builder, slot, sending);
            end_sending(sim, sending, &builder);
        }
        send_log(sim);
        for (uint32_t i = 0; i < sim->shard_count; i++)
            run_shard(sim, i, QUEUE);
        while (sim->queue_count > 0)
            commit(sim, QUEUE);
    }
    for (int round = 0; round < 40; round++) {
        sim->now_ms += round == 0 ? 200000 : 10000;
        sim->wall_ms = 1700000000000 + sim->now_ms;
        for (uint32_t i = 0; i < sim->shard_count; i++) {
            run_shard(sim, i, QUEUE);
            send_effects(sim, i);
        }
        while (sim->queue_count > 0)
            commit(sim, QUEUE);
    }
}

static void check_cohorts(struct simulation *sim)
{
    struct bytes release = BYTES_LITERAL("release");
    struct cohort_result result;
    struct error error = {0};
    ck_assert_msg(cohort_query(sim->temp.store, &release, 1, sim->wall_ms, 0, &result, &error) ==
                      STATUS_OK,
                  "%s", error.text);
    ck_assert_uint_eq(result.row_count, SERVICES);
    for (size_t i = 0; i < result.row_count; i++) {
        const struct cohort_result_row *row = &result.rows[i];
        int service = row->values[0].data[row->values[0].size - 1] - '0';
        for (int verdict = 0; verdict < VERDICTS; verdict++) {
            ck_assert_int_eq(row->sums.verdicts[verdict], (int64_t)sim->decided[service][verdict]);
            ck_assert_int_eq(row->sums.first[verdict], (int64_t)sim->first[service][verdict]);
        }
    }
    cohort_result_finish(&result);
}

static void check_end(struct simulation *sim)
{
    for (uint32_t at = 0; at < sim->trace_count; at++) {
        const struct trace *trace = &sim->traces[at];
        int score = trace->late_score ? trace->late_score : trace->score;
        enum verdict wanted = score ? verdicts[score - 1] : VERDICT_UNSCORED;
        ck_assert_msg(trace->decisions > 0, "trace %u was not decided", at);
        ck_assert_msg(trace->verdict == wanted || trace->is_exhausted, "trace %u: %s not %s", at,
                      verdict_name(trace->verdict), verdict_name(wanted));
    }
    struct span_account account = writer_account(sim->writer);
    ck_assert_uint_eq(account.in_flight, 0);
    ck_assert_uint_eq(counter_get(persistent_counter_value(sim->writer->counted.late)), sim->late);
    export(sim);
    export(sim); /* Twice: now the trims of the first are done as well. */
    ck_assert_uint_eq(journal_requests(sim->writer->journal), 0);
    ck_assert_uint_eq(spill_items(sim->writer->spill), 0);
    for (uint32_t at = 0; at < sim->trace_count; at++)
        ck_assert_msg(!sim->traces[at].revision ||
                          sim->traces[at].record_verdict == sim->traces[at].verdict,
                      "trace %u", at);
    qsort(sim->found, sim->found_count, sizeof(*sim->found), compare_records);
    ck_assert_uint_eq(sim->found_count, sim->records);
    for (size_t i = 1; i < sim->found_count; i++)
        ck_assert_str_ne(sim->found[i - 1].id, sim->found[i].id);
    check_cohorts(sim);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

START_TEST(every_trace_is_decided_once_whatever_happens)
{
    struct simulation *sim = calloc(1, sizeof(*sim));
    struct error error = {0};
    uint64_t seed = number_of("SEED", 20261123) + (uint64_t)_i;
    uint64_t events = number_of("SIMULATION_EVENTS", EVENTS) / ROUNDS;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    sim->random = seed * 2654435761u + 1;
    sim->now_ms = 1000000;
    sim->config = config_load_text("simulation.yaml", bytes_of_text(config_text), &error);
    ck_assert_msg(sim->config != NULL, "%s", error.text);
    sim->pool = request_pool_create(64);
    /* In memory where there is such a file system: a commit waits for the disk. */
    snprintf(sim->temp.path, sizeof(sim->temp.path), "%s/flywheel-simulation-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(sim->temp.path));
    temp_store_reopen(&sim->temp, (size_t)256 << 20);
    store_set_faults(sim->temp.store, &sim->faults);
    start(sim);
    for (uint64_t i = 0; i < events; i++)
        event(sim);
    drain(sim);
    check_end(sim);
    printf("traces %u records %zu late %llu lost %llu crashes %llu restored %llu full %llu\n"
           "revisions %llu corrections %llu refused %llu\n",
           sim->trace_count, sim->found_count, (unsigned long long)sim->late,
           (unsigned long long)sim->lost_spans, (unsigned long long)sim->crashes,
           (unsigned long long)sim->restored, (unsigned long long)sim->busy,
           (unsigned long long)sim->revisions, (unsigned long long)sim->corrections,
           (unsigned long long)sim->refused_late);
    fflush(stdout);
    stop(sim);
    temp_store_finish(&sim->temp);
    request_pool_destroy(sim->pool);
    config_destroy(sim->config);
    free(sim->traces);
    free(sim->found);
    free(sim);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("simulation");
    TCase *cases = tcase_create("simulation");
    tcase_set_timeout(cases, 0);
    tcase_add_loop_test(cases, every_trace_is_decided_once_whatever_happens, 0, ROUNDS);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
