/* A check of a dataset row has to tell the answer that was judged from the answer that is wanted, or it
 * tests nothing: what must not be said is in a wrong answer, what must be said is not in it, but in
 * the expected response; of a right answer the other way round. */
#pragma once
#include "processor/review/result.h"

/* False with `ret_field` ("must_include[2]", 80 bytes) when one does not. `record`: the review record
 * as JSON; absent: nothing can be said, so nothing is refused. */
MUST_CHECK bool separation_holds(const struct result *result, struct bytes record,
                                 struct arena *arena, char *ret_field);
