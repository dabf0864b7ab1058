/* The reader of results. */
#pragma once
#include "processor/review/result.h"

/* One JSON object. `owner`: whose token it came with; absent: the reviewer must be named.
 * What it has no `reviewer` for is the owner's, and so is the id that is made for it.
 * Members that are not of the contract are passed over, a member that stands twice is a
 * fault. False with `ret_refusal`. */
MUST_CHECK bool result_json_read(struct bytes json, const struct label_set *labels,
                                 struct bytes owner, struct arena *arena, struct result *ret_result,
                                 struct result_refusal *ret_refusal);
