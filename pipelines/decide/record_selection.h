/* Which record of a trajectory is review work. The shard selects by share and by the budget that it
 * sees; only the writer knows whether the hour still has room and whether a cohort is new, so in the
 * transaction that counts it says what is emitted. Plain data in the arena of the effects.
 *
 *   judge   -> record_selection    what is selected, and what would be for the sake of a new cohort
 *   writer  -> record_emission     which of the two goes out, or why none
 */
#pragma once
#include "processor/base/bytes.h"
#include "processor/emit/record/input.h"
#include "processor/score/select.h"

struct selected_record {
    struct bytes frame, queue; /* framed (emit/outgoing.h); absent: no record */
    char id[37];
    uint32_t priority;
    enum selection_reason reason;
    double probability;         /* that it states */
    uint8_t content_digest[32]; /* of what a reviewer reads */
    uint64_t conversation;      /* stands for its id; 0: none */
    struct bytes content; /* the JSON for the reviewers (base/inflate.h); absent: there are none */
};

struct record_selection {
    struct selected_record record; /* absent: not selected */
    enum skip_reason skipped;      /* when not selected */
    bool has_first;                /* may be among the first of a cohort: then, instead: */
    struct selected_record first;
    double probability; /* of this decision and those before it: the largest */
    int64_t hour;       /* of event time, since 1970 */
    uint64_t signature; /* of the failure */
    bool is_hit;        /* it failed a row of the regression set */
    enum verdict own;   /* of a hit, without the rows: what the shares go by */
    bool is_paced;      /* and is chosen for it, at the pace of hits: no budget counts it */
};

struct record_emission {
    const struct selected_record *record; /* NULL: none goes out */
    bool is_first;                        /* it is the selection's `first` */
    enum skip_reason skipped;             /* when none goes out */
};
