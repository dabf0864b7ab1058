/* Commits of any number of items, some of which find the disk full; what is committed is checked
 * against what the client knows of its traces. */
#include <errno.h>
#include <stdio.h>

#include "pipelines/commit/state.h"
#include "processor/base/digest.h"
#include "processor/emit/outgoing.h"
#include "tests/support/simulation.h"

static bool is_work(enum verdict verdict)
{
    return verdict == VERDICT_FAIL || verdict == VERDICT_BORDERLINE;
}

/* A late score may have come in time, but no other one can be the verdict. */
static void check_first(struct simulation *sim, struct trace *trace, uint32_t at,
                        const struct closed *closed)
{
    enum verdict wanted = trace->score ? simulation_verdicts[trace->score - 1] : VERDICT_UNSCORED;
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
void simulation_commit(struct simulation *sim, size_t count)
{
    count = count > sim->attempted ? count : sim->attempted;
    count = count < sim->queue_count ? count : sim->queue_count;
    for (size_t i = 0; i < count; i++)
        if (sim->queue[i].kind == ITEM_OF_CATCHING_UP)
            count = i + 1; /* ends a batch */
    if (simulation_chance(sim, 200)) {
        bool is_commit = simulation_chance(sim, 5000);
        sim->faults.commit_error = is_commit ? ENOSPC : 0;
        sim->faults.write_error = is_commit ? 0 : ENOSPC;
        sim->faults.writes_until_failure = is_commit ? 0 : 1 + simulation_below(sim, 30);
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
                bytes_equal_text(value, verdict_name((enum verdict)verdict)))
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
void simulation_export(struct simulation *sim)
{
    writer_begin(sim->writer);
    ck_assert_int_eq(outbox_scan(sim->temp.store, 0, 0, find_record, sim), STATUS_OK);
    ck_assert_int_eq(writer_commit(sim->writer, sim->now_ms, sim->wall_ms), STATUS_OK);
    ck_assert_uint_eq(writer_gauges(sim->writer).outbox_records, 0);
}
