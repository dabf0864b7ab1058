/* From a closed trajectory to its verdict and its record: normalize, dimensions, score, select, write. A
 * pure function of (trajectory, configuration, budgets and regression set in force); one a shard. */
#pragma once
#include "pipelines/decide/budget_view.h"
#include "pipelines/decide/effects.h"
#include "pipelines/decide/first_seen.h"
#include "pipelines/decide/in_hand.h"
#include "pipelines/decide/regression.h"
#include "pipelines/decide/summary.h"
#include "processor/score/scorer.h"

/* Texts and tables of one trajectory while it is judged. No size to tune but a ceiling for hostile
 * input, 32 times the default of trajectory.max_bytes: a run whose facts do not fit is unscored, a
 * measurement that finds no room says so. Taken in steps, given back after each trajectory. */
enum { JUDGE_SCRATCH_BYTES_MAX = 512 << 20 };

/* Bytes that all readers of one trajectory may look at, of its texts and what is made of them: so
 * much a byte of its spans, and some in any case. No option either: the most that a recorded run needs
 * is 48 a byte, less than a tenth of its limit. At a gigabyte a second 256 looks at the default
 * max_bytes are four seconds. What a run's readers did not get to is na(too_costly). */
enum { JUDGE_LOOKS_PER_BYTE = 256, JUDGE_LOOK_BYTES_MIN = 16 << 20 };

/* What a revision starts from: what was decided before, and how far it goes. */
struct prior_verdict {
    const struct summary *before;
    enum verdict verdict; /* before */
    bool was_emitted;
    uint8_t record_id[RECORD_ID_SIZE]; /* of the last record, when one was emitted */
    uint32_t spans, late_spans;        /* in all, and of them late */
    struct bytes contribution;         /* what the cohorts hold */
    double probability;           /* with which it was chosen, or could have been; 0: not known */
    bool is_counted, moves_cohort; /* among the decisions, and in the cohorts, changed or not */
    bool is_partial;              /* of late spans alone: times as they were known before */
    uint64_t known_start_ns, known_end_ns;
};

/* One verdict while it is made. */
struct judgement {
    const struct open_trajectory *open;
    enum close_trigger trigger;
    const struct budget_view *budget; /* in force; NULL: none. Borrowed */
    bool keeps_content;               /* there is a store that a revision of it can start from */
    struct effects *effects;
    const struct prior_verdict *prior; /* NULL: a first verdict */
    struct closed *closed;             /* in the arena of the effects */
    struct verdict_report report;
    struct regression_report met; /* without a snapshot: there is no regression set */
};

/* Who looks on while runs are judged. Of one that can't be read `score` and `report` are NULL. */
struct judge_watch {
    void (*look)(void *context, struct score_context *score, const struct closed *closed,
                 const struct verdict_report *report);
    void *context;
};

struct judge {
    const struct pipeline_config *config;
    const struct judge_watch *watch; /* NULL: nobody. Borrowed */
    bool is_emitting_all; /* replay --all and explain: a record of every trajectory */
    uint32_t looks_per_byte;
    struct in_hand_slot *slot;         /* NULL: nobody wants to know. Borrowed, as the next */
    const struct set_aside *set_aside; /* NULL: nothing is */
    bool is_set_aside; /* what judge_read was asked for last */
    size_t record_bytes_max; /* of a record; 0: the usual limit */
    const struct regression_set *regressions; /* in force; NULL: none. Borrowed for a step */
    struct first_seen first_seen;
    struct regex_scratch *scratch;
    struct arena arena; /* reset for each trajectory */
    struct buffer json, otlp, frame, encoded, deflated;
    struct deflater *deflater; /* NULL until there are reviewers */
    struct redaction_policy dimension_policy;
    struct trajectory trajectory;
    struct agent_run run;
};

MUST_CHECK bool judge_init(struct judge *judge, const struct pipeline_config *config);
void judge_finish(struct judge *judge);
void judge_rest(struct judge *judge);
void judge_set_config(struct judge *judge, const struct pipeline_config *config);

/* Reads the facts of an open trajectory into judge->run. False: they don't fit, or it is set aside. */
MUST_CHECK bool judge_read(struct judge *judge, const struct open_trajectory *open,
                           enum close_trigger trigger);
/* Are the awaited scores there? After judge_read. */
bool judge_has_awaited_scores(const struct judge *judge);
/* Decides what judge_read has read, and appends it to the effects. FATAL: out of memory.
 * `is_unreadable`: judge_read failed, the trajectory is decided as unscored, without a record. */
MUST_CHECK enum status judge_decide(struct judge *judge, struct judgement *judgement,
                                    bool is_unreadable);

/* The steps of it, for revisions (revise.c): a closed trajectory with nothing decided, the facts, the
 * report, and the end: verdict, summary and records of the report. */
MUST_CHECK bool judge_begin(struct judge *judge, struct judgement *judgement);
MUST_CHECK bool judge_fill(struct judge *judge, struct judgement *judgement);
struct score_context judge_context(struct judge *judge, const struct judgement *judgement);
void judge_score(struct judge *judge, struct judgement *judgement);
MUST_CHECK enum status judge_conclude(struct judge *judge, struct judgement *judgement);
void judge_append(const struct judgement *judgement);
