/* What comes after the verdict.
 *
 *   in the verdict of an earlier run              a replay: nothing happens
 *   read again from a partition                   dropped{duplicate}
 *   else                                          kept, until settle of quiet has passed; then
 *                                                 the store is asked for its row:
 *       found                                     a revision (revise.c)
 *       not committed yet                         once more after a moment
 *       revised too often, or forgotten           dropped{late}, and from then on at once
 *
 * What is kept holds the floors of its sources, so a crash brings it back; the revision's row says
 * up to where it is in the verdict now. */
#include <assert.h>

#include "pipelines/decide/revise.h"
#include "pipelines/decide/shard_state.h"

/* Each revision reads the store, so a step makes few of them and requests wait no longer; a row
 * comes with a commit, which takes some milliseconds. */
enum { REVISIONS_OF_A_STEP = 64, NOT_YET_MS = 50 };
/* The row and the content of one decided trajectory, and its tables. As with the judge no size to
 * tune: what does not fit is revised as if the store had forgotten it. */
enum { REVISION_BYTES_MAX = 512 << 20 };

bool late_init(struct late *late, int64_t now_ms)
{
    arena_init(&late->arena, REVISION_BYTES_MAX);
    return in_flight_init(&late->table, now_ms);
}

void late_finish(struct late *late)
{
    in_flight_finish(&late->table);
    arena_finish(&late->arena);
}

bool late_holds(const struct shard *shard, const uint8_t trace_id[TRACE_ID_SIZE])
{
    return in_flight_find(&shard->late.table, trace_id) != NULL;
}

/* --- taking in --- */

enum passing {
    PASS_SILENTLY, /* counted before */
    PASS_REPEATED,
    PASS_LATE, /* dropped at once */
    KEEP
};

static enum passing passing_of(const struct shard *shard, const struct request *request,
                               const uint8_t trace_id[TRACE_ID_SIZE])
{
    const struct decided_entry *own =
        decided_set_find_source(&shard->decided, trace_id, request->source);
    if (own && request->position <= own->position) {
        if (own->is_cut && request->position == own->position)
            return PASS_LATE; /* Behind the spans that made it too large, and those of others. */
        bool is_topic = shard->progress.kinds[request->source] == SOURCE_TOPIC;
        return is_topic && !request->is_replayed ? PASS_REPEATED : PASS_SILENTLY;
    }
    const struct decided_entry *any = own ? own : decided_set_find(&shard->decided, trace_id);
    if (shard->late.revisions.find && !any->is_exhausted)
        return KEEP;
    return any->is_remembered && progress_was_counted(&shard->progress, request, trace_id)
               ? PASS_SILENTLY
               : PASS_LATE;
}

/* A limit of its own makes it due at once. */
static void file_deadline(struct shard *shard, struct open_trajectory *open, int64_t now_ms)
{
    const struct assembly_config *config = &shard->config->assembly;
    int64_t quiet = open->last_ms + config->settle_ms;
    int64_t latest = open->first_ms + config->max_duration_ms;
    int64_t deadline = quiet < latest ? quiet : latest;
    enum close_trigger trigger;
    if (assembler_is_full(config, open, &trigger))
        deadline = now_ms;
    in_flight_file(&shard->late.table, open, deadline);
}

static void touch(struct shard *shard, struct open_trajectory *open, const struct arrival *arrival)
{
    in_flight_touch(&shard->late.table, open, arrival->source, arrival->position, arrival->now_ms,
                    arrival->received_ms);
    file_deadline(shard, open, arrival->now_ms);
    /* The oldest goes first when all together are too many. */
    struct open_trajectory *oldest = shard->late.table.oldest;
    if (shard->late.table.bytes > shard->config->assembly.memory_bytes / 4)
        in_flight_file(&shard->late.table, oldest, arrival->now_ms);
}

enum status late_take_spans(struct shard *shard, const struct request *request, uint32_t at,
                            const struct arrival *arrival, struct effects *effects,
                            uint32_t *ret_next)
{
    const struct gated_request *gated = &request->gated;
    const uint8_t *trace_id = gated->spans[at].trace_id;
    enum passing passing = passing_of(shard, request, trace_id);
    if (passing == KEEP) {
        struct open_trajectory *open =
            in_flight_find_or_open(&shard->late.table, trace_id, arrival->now_ms);
        if (!open)
            return STATUS_FATAL;
        enum status status = in_flight_add_spans(&shard->late.table, open, gated, at, ret_next);
        if (status == STATUS_OK)
            touch(shard, open, arrival);
        return status;
    }
    *ret_next = shard_next_trace(request, at);
    uint32_t count = shard_chain_length(request, at, *ret_next);
    effects->repeated_spans += passing == PASS_REPEATED ? count : 0;
    effects->late_spans += passing == PASS_LATE ? count : 0;
    return STATUS_OK;
}

enum status late_take_log(struct shard *shard, const struct request *request,
                          const struct gated_log *log, const struct arrival *arrival,
                          struct effects *effects)
{
    enum passing passing = passing_of(shard, request, log->trace_id);
    if (passing != KEEP) {
        effects->logs_dropped[LOG_LATE] += passing == PASS_LATE;
        return STATUS_OK;
    }
    const struct in_flight *table = &shard->late.table;
    if (!in_flight_find(table, log->trace_id) &&
        table->log_only >= shard->config->assembly.log_only_max) {
        effects->logs_dropped[LOG_OVERFLOW] +=
            !progress_was_counted(&shard->progress, request, log->trace_id);
        return STATUS_OK;
    }
    struct open_trajectory *open =
        in_flight_find_or_open(&shard->late.table, log->trace_id, arrival->now_ms);
    if (!open)
        return STATUS_FATAL;
    enum status status = in_flight_add_log(&shard->late.table, open, &request->gated, &log->log);
    if (status == STATUS_OK)
        touch(shard, open, arrival);
    return status;
}

/* --- revisions --- */

static enum status close_late(struct shard *shard, struct open_trajectory *open,
                              const struct decided_before *before, const struct shard_time *time,
                              struct effects *effects)
{
    struct late *late = &shard->late;
    struct judgement judgement = {
        .open = open, .budget = time->budget, .keeps_content = true, .effects = effects};
    int64_t due_ms = open->timer.deadline_ms;
    enum status status;
    if (!before || !before->has_summary || before->summary.decisions > SUMMARY_REVISIONS_MAX)
        status = revise_refuse(&shard->judge, &judgement, before, LATE_REFUSED);
    else if (before->summary.is_judge_only)
        status = revise_refuse(&shard->judge, &judgement, before, LATE_EVALUATION);
    else
        status = revise(&shard->judge, &judgement, &late->table, open, before, &late->arena);
    if (status != STATUS_OK)
        return status;
    struct closed *closed = judgement.closed;
    closed->due_ms = due_ms;
    closed->decided_ms = time->wall_ms;
    progress_fill_positions(&shard->progress, open, closed);
    if (closed->revision->fate == LATE_MERGED)
        effects->logs_joined += open->accepted_logs;
    else
        effects->logs_dropped[LOG_LATE] += open->accepted_logs;
    /* Its row may have come after `time` was taken; the next one is behind it. */
    uint64_t last = time->decided_sequence;
    if (before && before->sequence > last)
        last = before->sequence;
    const struct decided_entry entry = {.decided_ms = time->wall_ms,
                                        .sequence = last + 1,
                                        .is_exhausted = closed->revision->is_exhausted};
    status = progress_remember(&shard->progress, &shard->decided, open, &entry);
    in_flight_release(&shard->late.table, open);
    return status;
}

/* `is_last`: there is no waiting for the row. */
static enum status revise_settled(struct shard *shard, struct open_trajectory *open, bool is_last,
                                  const struct shard_time *time, struct effects *effects)
{
    struct late *late = &shard->late;
    struct decided_before before;
    const struct decided_entry *entry = decided_set_find(&shard->decided, open->id);
    assert(entry);
    arena_reset(&late->arena);
    enum status status = late->revisions.find(late->revisions.context, open->id, entry->sequence,
                                              &late->arena, &before);
    if (status == STATUS_FATAL || late->arena.no_memory)
        return STATUS_FATAL;
    bool is_gone = (int64_t)entry->decided_ms < time->horizon_ms;
    if (status == STATUS_NOT_FOUND && !is_gone && !is_last) {
        in_flight_file(&late->table, open, time->now_ms + NOT_YET_MS);
        return STATUS_OK;
    }
    return close_late(shard, open, status == STATUS_OK ? &before : NULL, time, effects);
}

enum status late_close_due(struct shard *shard, const struct shard_time *time,
                           struct effects *effects)
{
    struct open_trajectory *open;
    enum status status = STATUS_OK;
    for (int i = 0; i < REVISIONS_OF_A_STEP && status == STATUS_OK && effects_have_room(effects) &&
                    (open = in_flight_take_due(&shard->late.table, time->now_ms));
         i++)
        status = revise_settled(shard, open, false, time, effects);
    return status;
}

enum status late_close_volatile(struct shard *shard, const struct shard_time *time,
                                struct effects *effects)
{
    enum status status = STATUS_OK;
    struct open_trajectory *open, *next = shard->late.table.oldest;
    while (status == STATUS_OK && effects_have_room(effects) &&
           (open = progress_find_volatile(&shard->progress, next))) {
        next = open->newer;
        in_flight_unfile(&shard->late.table, open);
        status = revise_settled(shard, open, true, time, effects);
    }
    return status;
}

bool late_has_volatile(const struct shard *shard)
{
    return progress_find_volatile(&shard->progress, shard->late.table.oldest) != NULL;
}

/* --- partitions --- */

void late_drop_source(struct shard *shard, uint16_t source, struct effects *effects)
{
    struct in_flight *table = &shard->late.table;
    for (struct holding *holding; (holding = in_flight_any_holding(table, source));) {
        struct open_trajectory *open = holding->owner;
        in_flight_detach(table, holding);
        if (open->holding.next_of_owner)
            continue; /* What others gave holds it, and is decided with it. */
        effects->revoked_spans += open->accepted_spans;
        in_flight_release(table, open);
    }
}
