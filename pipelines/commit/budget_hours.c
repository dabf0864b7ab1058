/* An hour's basis is fixed when its first run is counted: from then on its probabilities stand,
 * whatever still comes for the hour before. */
#include "pipelines/commit/budget_hours.h"

#include <math.h>
#include <stdlib.h>

static void hour_finish(struct budget_hour *hour)
{
    key_index_finish(&hour->index);
    free(hour->signatures);
    *hour = (struct budget_hour){0};
}

void budget_hours_finish(struct budget_hours *hours)
{
    for (uint32_t i = 0; i < hours->count; i++)
        hour_finish(&hours->hours[i]);
    hours->count = hours->days.count = 0;
}

struct budget_signature_count *budget_hour_signature(struct budget_hour *hour, uint64_t id)
{
    uint8_t key[8];
    put_be64(key, id);
    hour->index.key_size = sizeof key;
    uint32_t number = key_index_find(&hour->index, key);
    if (number != KEY_INDEX_NONE)
        return &hour->signatures[number];
    if (hour->index.count == hour->capacity && hour->capacity < BUDGET_SIGNATURES_MAX) {
        uint32_t capacity = hour->capacity ? hour->capacity * 2 : 64;
        void *grown = realloc(hour->signatures, capacity * sizeof(*hour->signatures));
        if (grown) {
            hour->signatures = grown;
            hour->capacity = capacity;
        }
    }
    number = hour->index.count < hour->capacity ? key_index_add(&hour->index, key) : KEY_INDEX_NONE;
    if (number == KEY_INDEX_NONE)
        return NULL;
    hour->signatures[number] = (struct budget_signature_count){.row = {.id = id}};
    return &hour->signatures[number];
}

/* What `runs` and signatures of one hour ask of the next. `is_basis`: of the hour before this one,
 * else of this one. */
static void allot(const struct budget_hours *hours, const struct budget_hour *hour, bool is_basis,
                  struct budget_plan *ret_plan)
{
    uint64_t runs[BUDGET_SIGNATURES_MAX];
    struct budget_demand demand = {.signature_runs = runs};
    for (int i = 0; i < VERDICTS; i++)
        demand.runs[i] = is_basis ? hour->row.basis[i] : hour->row.seen[i];
    for (uint32_t i = 0; i < hour->index.count; i++) {
        const struct selection_signature *row = &hour->signatures[i].row;
        uint64_t n = is_basis ? row->basis : row->seen;
        if ((double)n > hours->policy.budget.per_signature)
            runs[demand.signature_count++] = n;
    }
    int64_t day = control_day_of(hour->row.hour + !is_basis);
    double control =
        select_control(&hours->policy.selection, control_days_basis(&hours->days, day));
    budget_allot(&hours->policy.selection, control, &hours->policy.budget, &demand, ret_plan);
}

void budget_hours_plan(struct budget_hours *hours)
{
    for (uint32_t i = 0; i < hours->count; i++)
        allot(hours, &hours->hours[i], true, &hours->hours[i].plan);
}

/* Only signatures above their budget are taken over: the others are not limited anyway. */
static void take_basis(struct budget_hours *hours, struct budget_hour *hour,
                       const struct budget_hour *before)
{
    const struct budget *budget = &hours->policy.budget;
    memcpy(hour->row.basis, before->row.seen, sizeof(hour->row.basis));
    for (uint32_t i = 0; i < before->index.count && budget->per_signature > 0; i++) {
        const struct selection_signature *row = &before->signatures[i].row;
        if ((double)row->seen <= budget->per_signature)
            continue;
        struct budget_signature_count *count = budget_hour_signature(hour, row->id);
        if (count)
            count->row.basis = row->seen, count->is_dirty = true;
    }
}

static struct budget_hour *insert(struct budget_hours *hours, uint32_t at)
{
    memmove(&hours->hours[at + 1], &hours->hours[at],
            (hours->count - at) * sizeof(hours->hours[0]));
    hours->count++;
    hours->hours[at] = (struct budget_hour){0};
    return &hours->hours[at];
}

struct budget_hour *budget_hours_open(struct budget_hours *hours, int64_t hour,
                                      int64_t *ret_dropped)
{
    uint32_t at = hours->count;
    *ret_dropped = -1;
    while (at > 0 && hours->hours[at - 1].row.hour > hour)
        at--;
    if (at > 0 && hours->hours[at - 1].row.hour == hour)
        return &hours->hours[at - 1];
    if (hours->count == BUDGET_HOURS) {
        if (at == 0)
            return &hours->hours[0];
        *ret_dropped = hours->hours[0].row.hour;
        hour_finish(&hours->hours[0]);
        memmove(&hours->hours[0], &hours->hours[1], --hours->count * sizeof(hours->hours[0]));
        at--;
    }
    struct budget_hour *opened = insert(hours, at);
    opened->row.hour = hour;
    opened->is_dirty = true;
    if (at > 0 && hours->hours[at - 1].row.hour == hour - 1)
        take_basis(hours, opened, &hours->hours[at - 1]);
    allot(hours, opened, true, &opened->plan);
    return opened;
}

struct budget_hour *budget_hours_restore(struct budget_hours *hours,
                                         const struct selection_hour *row)
{
    if (hours->count == BUDGET_HOURS)
        return NULL;
    struct budget_hour *hour = insert(hours, hours->count);
    hour->row = *row;
    return hour;
}

/* --- pace --- */

enum { HOUR_MS = 3600000 };

static bool halve(double records, double elapsed, uint64_t emitted, uint32_t *halvings,
                  uint64_t *halved_at)
{
    struct budget_pace pace = {*halvings, *halved_at};
    if (!budget_is_ahead(records, elapsed, emitted, &pace))
        return false;
    ++*halvings;
    *halved_at = emitted;
    return true;
}

/* While the hour as a whole is within its pace, a stratum may have what the others leave. */
static bool is_whole_ahead(const struct budget_policy *policy, const struct selection_hour *row,
                           double elapsed)
{
    double per_hour = policy->budget.per_hour, emitted = 0;
    for (int i = 0; i < VERDICTS; i++)
        emitted += (double)row->emitted[i];
    return per_hour > 0 && emitted > per_hour * elapsed + per_hour / 8;
}

static void pace_hour(const struct budget_policy *policy, struct budget_hour *hour, double elapsed)
{
    struct selection_hour *row = &hour->row;
    bool is_ahead = is_whole_ahead(policy, row, elapsed);
    for (int i = 0; i < VERDICTS && is_ahead; i++)
        hour->is_halved |=
            halve(budget_stratum_records(&policy->budget, &hour->plan, (enum verdict)i), elapsed,
                  row->emitted[i], &row->halvings[i], &row->halved_at[i]);
    for (uint32_t i = 0; i < hour->index.count && policy->budget.per_signature > 0; i++) {
        struct selection_signature *signature = &hour->signatures[i].row;
        bool is_halved = halve(policy->budget.per_signature, elapsed, signature->emitted,
                               &signature->halvings, &signature->halved_at);
        hour->signatures[i].is_dirty |= is_halved;
        hour->is_halved |= is_halved;
    }
    hour->is_dirty |= hour->is_halved;
}

void budget_hours_pace(struct budget_hours *hours, int64_t wall_ms)
{
    for (uint32_t i = 0; i < hours->count; i++) {
        struct budget_hour *hour = &hours->hours[i];
        double elapsed = (double)(wall_ms - hour->row.hour * HOUR_MS) / HOUR_MS;
        if (hour->is_dirty && !hour->is_halved)
            pace_hour(&hours->policy, hour, elapsed > 0 ? elapsed < 1 ? elapsed : 1 : 0);
    }
}

void budget_hours_shown(struct budget_hours *hours)
{
    for (uint32_t i = 0; i < hours->count; i++)
        hours->hours[i].is_halved = false;
}

/* --- the view --- */

static int by_id(const void *a, const void *b)
{
    const struct budget_signature *left = a, *right = b;
    return left->id < right->id ? -1 : left->id > right->id;
}

static void view_hour(const struct budget_hours *hours, const struct budget_hour *hour,
                      bool is_basis, struct budget_view *view, uint32_t *used)
{
    struct budget_hour_view *row = &view->hours[view->hour_count++];
    struct budget_signature *signatures = &view->signatures[*used];
    struct budget_plan next;
    if (!is_basis)
        allot(hours, hour, false, &next);
    row->hour = hour->row.hour + !is_basis;
    memcpy(row->probability, is_basis ? hour->plan.probability : next.probability,
           sizeof(row->probability));
    for (int i = 0; i < VERDICTS && is_basis; i++)
        row->probability[i] = ldexp(row->probability[i], -(int)hour->row.halvings[i]);
    row->signatures = signatures;
    for (uint32_t i = 0; i < hour->index.count; i++) {
        const struct selection_signature *count = &hour->signatures[i].row;
        double p = budget_signature_probability(&hours->policy.budget,
                                                is_basis ? count->basis : count->seen);
        if (is_basis)
            p = ldexp(p, -(int)count->halvings);
        if (p < 1)
            signatures[row->signature_count++] = (struct budget_signature){count->id, p};
    }
    qsort(signatures, row->signature_count, sizeof(*signatures), by_id);
    *used += row->signature_count;
}

struct budget_view *budget_hours_view(const struct budget_hours *hours, size_t rows,
                                      struct budget_signature **ret_room)
{
    size_t signatures = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < hours->count; i++)
        signatures += 2 * (size_t)hours->hours[i].index.count;
    struct budget_view *view =
        calloc(1, sizeof(*view) + (signatures + rows) * sizeof(view->signatures[0]));
    if (view) {
        view->days = hours->days;
        *ret_room = &view->signatures[signatures];
    }
    for (uint32_t i = 0; view && i < hours->count; i++) {
        const struct budget_hour *hour = &hours->hours[i];
        view_hour(hours, hour, true, view, &used);
        if (i + 1 == hours->count || hours->hours[i + 1].row.hour != hour->row.hour + 1)
            view_hour(hours, hour, false, view, &used);
    }
    return view;
}
