/* The hours that a budget keeps, in memory: strata and failure signatures, and the plan that
 * follows from what the hour before had brought. No store, no threads. */
#pragma once
#include "pipelines/decide/budget_view.h"
#include "processor/score/budget.h"
#include "state/store/key_index.h"
#include "state/tables/selection.h"

enum { BUDGET_SIGNATURES_MAX = 4096 }; /* of an hour */

struct budget_signature_count {
    struct selection_signature row;
    bool is_dirty;
};

struct budget_hour {
    struct selection_hour row;
    bool is_dirty;
    bool is_halved;         /* and the shards have not seen it yet */
    struct key_index index; /* be64 signature -> number */
    struct budget_signature_count *signatures;
    uint32_t capacity;
    struct budget_plan plan; /* for its basis */
};

struct budget_policy {
    struct selection_policy selection;
    struct budget budget;
};

struct budget_hours {
    struct budget_policy policy;
    struct control_days days; /* an hour's is opened before it */
    uint32_t count;
    struct budget_hour hours[BUDGET_HOURS]; /* ascending */
};

void budget_hours_finish(struct budget_hours *hours);
/* The hour under which a run of `hour` counts; opened when it is new. `ret_dropped` is an hour that
 * had to leave for it, or -1. */
struct budget_hour *budget_hours_open(struct budget_hours *hours, int64_t hour,
                                      int64_t *ret_dropped);
/* As read from the store: no basis is worked out. NULL: too many. */
struct budget_hour *budget_hours_restore(struct budget_hours *hours,
                                         const struct selection_hour *row);
/* NULL: no place. */
struct budget_signature_count *budget_hour_signature(struct budget_hour *hour, uint64_t id);
/* Plans of all hours, by the policy; after restoring and when the policy has changed. */
void budget_hours_plan(struct budget_hours *hours);
/* Halves once what is ahead of its pace (score/budget.h), and no more until that is shown; an hour
 * that is over has all its time. */
void budget_hours_pace(struct budget_hours *hours, int64_t wall_ms);
void budget_hours_shown(struct budget_hours *hours);
/* With room for so many rows more behind its signatures, at `ret_room`. NULL: no memory. */
struct budget_view *budget_hours_view(const struct budget_hours *hours, size_t rows,
                                      struct budget_signature **ret_room);
