/* What a shard has decided since it last spoke: the only way from a shard to the store. Filled by
 * shard_step, applied by the writer in one transaction, then handed back to be filled again.
 * Everything inside lives in its arena. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/decide/record_selection.h"
#include "pipelines/decide/said.h"
#include "processor/agent_run.h"
#include "processor/assemble/in_flight.h"
#include "state/cohorts/classes.h"
#include "state/tables/decided.h"
#include "state/tables/part.h"

/* A trajectory of more sources than its row has room for is remembered by the first ones alone. */
enum { SOURCES_MAX = IN_FLIGHT_SOURCES_MAX, CLOSED_POSITIONS_MAX = DECIDED_POSITIONS_MAX };

/* What is read again after a restart. */
enum source_kind {
    SOURCE_MEMORY,    /* nothing: answered before the commit */
    SOURCE_JOURNALED, /* our own journal */
    SOURCE_TOPIC      /* a partition, at offset = position - 1 */
};

/* Why an accepted log record did not reach a verdict. */
enum log_drop { LOG_NO_IDS, LOG_WITHOUT_SPANS, LOG_LATE, LOG_OVERFLOW, LOG_DROPS };
extern const char *const log_drop_names[LOG_DROPS];

/* What becomes of the spans that came after a verdict. */
enum late_fate {
    LATE_MERGED,     /* they are part of the verdict now */
    LATE_EVALUATION, /* of an evaluator's own trace */
    LATE_REFUSED,    /* no revision: there were too many, or the first verdict is forgotten */
};

/* A revision is a verdict after the first; this is what it takes the place of. Positions and
 * sequence as in the row before. The cohorts take `contribution` back and add the new one; empty:
 * both stay. A record that is out (`was_emitted`) is followed by another when something has
 * changed, whatever the selection says; content under `record_sequence` is replaced or deleted. */
struct revision {
    enum late_fate fate;
    enum verdict verdict;
    uint32_t position_count;
    struct decided_position positions[DECIDED_POSITIONS_MAX];
    struct bytes contribution;
    struct bytes met; /* of the verdict before; taken back when `contribution` is */
    uint64_t record_sequence;
    bool was_emitted, has_content;
    bool is_exhausted; /* it is the last one */
};

/* One closed trajectory. Summary and content are encoded (summary.h, trajectory_codec.h); the
 * content is to be kept while a record of it is out. */
struct closed {
    struct closed *next;
    const struct pipeline_config *config; /* whose rules decided */
    uint8_t trace_id[TRACE_ID_SIZE];
    uint32_t position_count;
    struct {
        uint16_t source;
        uint64_t position;
    } positions[CLOSED_POSITIONS_MAX];
    int64_t due_ms; /* monotonic; when its deadline was reached */
    uint64_t decided_ms, event_ms;
    enum close_trigger trigger;
    enum verdict verdict;
    bool is_judge_only, is_skewed;
    uint32_t spans, duplicates, logs;
    double weight;
    double duration_ms;    /* negative: unknown */
    int64_t tokens;        /* -1: unknown */
    double cost_usd;       /* negative: unknown */
    uint8_t *outcomes;     /* enum outcome of each rule, config->ruleset order */
    bool *is_rule_missing; /* likewise: na, because an awaited score did not come */
    bool has_regression;   /* both have one more, of the built-in rule (regression_rule.h) */
    bool is_critical_hit;  /* it failed a row of severity critical, not by a near question alone */
    bool is_candidate;     /* the run of a gate's candidate: no traffic */
    struct bytes release, met; /* a dimension's value; met_rows.h. Absent: nobody counts by them */
    struct cohort_class class;
    struct bytes *dimension_values; /* config->dimensions order */
    struct record_selection selection;
    struct record_emission emission; /* filled in by the writer; nothing before */
    uint32_t scores_in_vain;         /* bit i: awaited score i of the configuration never came */
    struct without_value { /* of the first verdict: measurements that have none, and why */
        struct bytes measurement;
        const char *reason;
    } * without;
    uint32_t without_count;
    bool is_set_aside, is_too_costly; /* in_hand.h; its readers met the limit of looking */
    bool is_unread;            /* nothing of it was understood, and */
    struct bytes unread_scope; /* this is who wrote it */
    bool is_weight_mixed;      /* its spans state different sampling thresholds */
    bool is_split; /* spans of one trace came from two partitions: they are not keyed by it */
    struct bytes summary, content;
    struct revision *revision; /* NULL: the first verdict */
    struct closed_said said;
    uint64_t *parts; /* of a conversation: they leave the store */
    uint32_t part_count;
};

/* A closed trace that waits for the rest of its conversation. Of `trace` only what a decided row
 * without a verdict says: id, positions, times. */
struct conversation_part {
    struct conversation_part *next;
    struct part_row row;
    struct closed trace;
    struct bytes content; /* trajectory_codec.h */
};

/* An open trajectory on its way into the store, so that its source need not keep it. */
struct spilled {
    struct spilled *next;
    uint64_t sequence;
    uint8_t trace_id[TRACE_ID_SIZE];
    uint32_t position_count;
    struct {
        uint16_t source;
        uint64_t first, through;
    } positions[CLOSED_POSITIONS_MAX];
    uint64_t opened_ms, received_ms; /* wall clock, of the first and the last arrival */
    uint32_t accepted_spans, accepted_logs;
    struct bytes body; /* trajectory_codec.h */
};

/* A row of the spill that nobody needs any more. */
struct unspilled {
    struct unspilled *next;
    uint64_t sequence;
};

struct effects {
    uint32_t shard;
    struct arena arena;
    struct closed *first, *last;
    uint32_t closed_count;
    struct spilled *first_spilled, *last_spilled;
    struct unspilled *unspilled;
    struct conversation_part *first_part, *last_part;
    uint64_t late_spans;
    uint64_t revoked_spans;  /* open when their partition went to another instance */
    uint64_t repeated_spans; /* read again from a partition after their verdict */
    uint64_t logs_ignored, logs_joined, logs_dropped[LOG_DROPS];
    uint32_t source_count;
    /* Of each source: up to and with which position the effects are here or were before; the first
     * position that an open trajectory still needs, else the next expected; the same of what is
     * spilled as well. */
    uint64_t through[SOURCES_MAX], floor[SOURCES_MAX], need[SOURCES_MAX];
    uint64_t open_spans; /* in flight in this shard after these effects */
};

struct effects *effects_create(uint32_t shard);
void effects_destroy(struct effects *effects);
/* Empty again; positions stay. */
void effects_clear(struct effects *effects);
bool effects_is_empty(const struct effects *effects);
