/* The hours that a quota keeps, in memory: strata and failure signatures, and the plan that follows
 * from what the hour before had brought. No store, no threads. */
#pragma once
#include "pipelines/decide/budget_view.h"
#include "processor/score/budget.h"
#include "state/store/key_index.h"
#include "state/tables/selection.h"

enum { QUOTA_SIGNATURES_MAX = 4096 }; /* of an hour */

struct quota_signature_count {
    struct selection_signature row;
    bool is_dirty;
};

struct quota_hour {
    struct selection_hour row;
    bool is_dirty;
    struct key_index index; /* be64 signature -> number */
    struct quota_signature_count *signatures;
    uint32_t capacity;
    struct budget_plan plan; /* for its basis */
};

struct quota_policy {
    struct selection_policy selection;
    struct budget budget;
};

struct quota_hours {
    struct quota_policy policy;
    uint32_t count;
    struct quota_hour hours[QUOTA_HOURS]; /* ascending */
};

void quota_hours_finish(struct quota_hours *hours);
/* The hour under which a run of `hour` counts; opened when it is new. `ret_dropped` is an hour that
 * had to leave for it, or -1. */
struct quota_hour *quota_hours_open(struct quota_hours *hours, int64_t hour, int64_t *ret_dropped);
/* As read from the store: no basis is worked out. NULL: too many. */
struct quota_hour *quota_hours_restore(struct quota_hours *hours, const struct selection_hour *row);
/* NULL: no place. */
struct quota_signature_count *quota_hour_signature(struct quota_hour *hour, uint64_t id);
/* Plans of all hours, by the policy; after restoring and when the policy has changed. */
void quota_hours_plan(struct quota_hours *hours);
/* NULL: no memory. */
struct quota_view *quota_hours_view(const struct quota_hours *hours);
