/* The reader of results, and the writer of what rows and pages show of one. */
#pragma once
#include "processor/base/json/writer.h"
#include "processor/review/result.h"

/* One JSON object. `owner`: whose token it came with; absent: the reviewer must be named.
 * What it has no `reviewer` for is the owner's, and so is the id that is made for it.
 * Members that are not of the contract are passed over, a member that stands twice is a
 * fault. False with `ret_refusal`. */
MUST_CHECK bool result_json_read(struct bytes json, const struct label_set *labels,
                                 struct bytes owner, struct arena *arena, struct result *ret_result,
                                 struct result_refusal *ret_refusal);
/* A member: a list of lists of alternatives; NULL: an empty one. */
void result_json_put_checks(struct json_writer *writer, const char *key,
                            const struct result_checks *checks);
