/* From a closed trajectory to its verdict and its record: normalize, dimensions, score, select,
 * write. A pure function of (trajectory, configuration, budgets in force); one judge per shard,
 * with the shard's scratch memory. */
#pragma once
#include "pipelines/effects.h"
#include "pipelines/first_seen.h"
#include "pipelines/quota_view.h"

struct judge {
    const struct pipeline_config *config;
    bool is_emitting_all;           /* replay --all and explain: a record of every trajectory */
    const struct quota_view *quota; /* budgets in force; NULL: none. Borrowed, set before a step */
    struct first_seen first_seen;
    struct regex_scratch *scratch;
    struct arena arena; /* reset for each trajectory */
    struct buffer json, frame;
    struct redaction_policy dimension_policy;
    struct trajectory trajectory;
    struct agent_run run;
};

MUST_CHECK bool judge_init(struct judge *judge, const struct pipeline_config *config);
void judge_finish(struct judge *judge);
void judge_set_config(struct judge *judge, const struct pipeline_config *config);

/* Reads the facts of an open trajectory into judge->run. False when it does not fit into the
 * scratch memory. */
MUST_CHECK bool judge_read(struct judge *judge, const struct open_trajectory *open,
                           enum close_trigger trigger);
/* Are the awaited scores there? After judge_read. */
bool judge_has_awaited_scores(const struct judge *judge);
/* Decides what judge_read has read, and appends it to the effects. FATAL: out of memory.
 * `is_unreadable`: judge_read failed, the trajectory is decided as unscored, without a record. */
MUST_CHECK enum status judge_decide(struct judge *judge, const struct open_trajectory *open,
                                    enum close_trigger trigger, bool is_unreadable,
                                    struct effects *effects, struct closed **ret_closed);
