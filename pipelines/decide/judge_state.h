/* What judge_conclude has judge_records.c do: the records of a first verdict, of a revision that
 * differs, and what another one can be made from while a record may be out. */
#pragma once
#include "pipelines/decide/judge.h"

MUST_CHECK enum status judge_select_records(struct judge *judge, const struct judgement *judgement);
MUST_CHECK enum status judge_select_revision(struct judge *judge,
                                             const struct judgement *judgement);
MUST_CHECK enum status judge_keep_content(struct judge *judge, const struct judgement *judgement);

/* A value of a dimension as it may leave; a dimension_mask_fn. */
struct bytes judge_mask_dimension(void *judge, struct bytes value, struct arena *arena);

/* judge_regression.c: what the regression set says of the run, after its rules, as one more rule. */
void judge_look_at_rows(struct judge *judge, struct judgement *judgement,
                        struct score_context *context);
/* The same of a run whose content is gone: as it was before. */
void judge_keep_rows(struct judge *judge, struct judgement *judgement);
/* What the run is counted by: its release, after its dimensions; and the rows that it met. */
MUST_CHECK bool judge_fill_release(struct judge *judge, struct judgement *judgement);
MUST_CHECK bool judge_note_rows(struct judge *judge, const struct judgement *judgement);

/* judge_feedback.c: of what judge_read has read. False: out of memory. */
MUST_CHECK bool judge_feedback_read(const struct judge *judge, const struct judgement *judgement);
