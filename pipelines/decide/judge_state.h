/* What judge_conclude has judge_records.c do: the records of a first verdict, of a revision that
 * differs, and what another one can be made from while a record may be out. */
#pragma once
#include "pipelines/decide/judge.h"

MUST_CHECK enum status judge_select_records(struct judge *judge, const struct judgement *judgement);
MUST_CHECK enum status judge_select_revision(struct judge *judge,
                                             const struct judgement *judgement);
MUST_CHECK enum status judge_keep_content(struct judge *judge, const struct judgement *judgement);
