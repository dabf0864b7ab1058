/* What the judge offers to the writer for review: whether the trajectory was chosen by share and
 * budget, and the records that it may become. Only the writer knows whether the hour still has room
 * and whether a cohort is new; so it decides, in the transaction that counts. Plain data in the
 * arena of the effects. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/score/select.h"

struct offer {
    bool is_chosen;
    enum skip_reason skipped;  /* when not chosen */
    struct bytes frame, queue; /* framed record (emit/outgoing.h) when chosen */
    bool has_first;            /* may be among the first of a cohort: then, instead: */
    struct bytes first_frame, first_queue;
    char record_id[37], first_record_id[37]; /* of the two */
    int64_t hour;                            /* of event time, since 1970 */
    uint64_t signature;                      /* of the failure */
};
