/* From what an hour brought to what the next may let through: pure arithmetic. A stratum is a
 * verdict; passes are the control. The budget is dealt out in two turns:
 *   1. each stratum gets what it asks for, at most its floor: fail 70 %, borderline 20 %,
 *      control 10 %, unscored none
 *   2. what is left goes to those that ask for more, in the order fail, borderline, control,
 *      unscored
 * What a stratum asks for is what its share would let through, where runs of one failure signature
 * count no further than the budget of a signature: so a flood of one kind takes nothing from the
 * others. */
#pragma once
#include "processor/score/select.h"

struct budget {
    double per_hour;      /* records; 0: no such budget */
    double per_signature; /* records per hour of one failure signature; 0: no such budget */
};

/* The budget of one of `instances` that share it. */
struct budget budget_of(uint32_t per_hour, uint32_t per_signature_per_hour, uint32_t instances);

/* What an hour brought. */
struct budget_demand {
    uint64_t runs[VERDICTS];
    const uint64_t *signature_runs; /* of each failure signature with more than its budget */
    uint32_t signature_count;
};

struct budget_plan {
    double records[VERDICTS];     /* expected at most; sum not above per_hour */
    double probability[VERDICTS]; /* never above the share */
};

/* A stratum that brought nothing keeps its share; `control`: see select_share(). */
void budget_allot(const struct selection_policy *policy, double control,
                  const struct budget *budget, const struct budget_demand *demand,
                  struct budget_plan *ret_plan);
/* The most that a run of this signature may have when the hour before brought `runs` of them. */
double budget_signature_probability(const struct budget *budget, uint64_t runs);

/* --- pace --- */

/* Of one stratum, or of one signature, in one hour. A budget is kept by pace: whenever more has
 * gone out than its time allows, the probability is halved, once more for each eighth of the budget
 * that goes out too early. Nothing is refused by count, so every record says how likely it was. */
struct budget_pace {
    uint32_t halvings;
    uint64_t emitted; /* when it was last halved */
};
/* What a stratum may have in the hour: what was planned for it, at least its floor. */
double budget_stratum_records(const struct budget *budget, const struct budget_plan *plan,
                              enum verdict verdict);
/* Must it be halved now? `elapsed` share of the hour; `emitted` of at most `records`. What goes out
 * before the shards know of a halving does not ask for the next one. */
bool budget_is_ahead(double records, double elapsed, uint64_t emitted,
                     const struct budget_pace *pace);
