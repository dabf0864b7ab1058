/* u = first 53 bits of SHA-256(trajectory id) / 2^53, of the id as records state it: 32 lower-case
 * hex digits. So whoever holds a record can compute why it was chosen, a larger share always
 * contains a smaller one, and a replay chooses the same. */
#include "processor/score/select.h"

#include "processor/base/digest.h"

const char *const skip_reason_names[SKIP_REASONS] = {
    [SKIP_NONE] = "none",
    [SKIP_PASS] = "pass",
    [SKIP_UNSCORED] = "unscored",
    [SKIP_SHARE] = "share",
    [SKIP_NO_AGENT] = "no_agent",
    [SKIP_BUDGET] = "budget",
    [SKIP_SIGNATURE_BUDGET] = "signature_budget",
    [SKIP_ERASED] = "erased",
    [SKIP_REGRESSION_PACE] = "regression_pace",
};

double select_u(const uint8_t trace_id[TRACE_ID_SIZE])
{
    char text[2 * TRACE_ID_SIZE];
    uint8_t digest[SHA256_SIZE];
    hex_encode(text, trace_id, TRACE_ID_SIZE);
    digest_sha256(digest, bytes_of(text, sizeof text));
    return (double)(get_be64(digest) >> 11) / 9007199254740992.0;
}

double select_control(const struct selection_policy *policy, uint64_t runs)
{
    if (runs == 0)
        return 0;
    return runs > policy->control_per_day ? policy->control_per_day / (double)runs
                                          : policy->control_per_day > 0;
}

double select_share(const struct selection_policy *policy, double control, enum verdict verdict)
{
    bool is_control = verdict == VERDICT_PASS || verdict == VERDICT_UNSCORED;
    double share = policy->share[verdict];
    if (is_control && !(share >= control))
        share = control;
    return share > 0 ? share < 1 ? share : 1 : 0; /* what is not a number selects nothing */
}

static enum skip_reason reason_of(enum verdict verdict)
{
    if (verdict == VERDICT_PASS)
        return SKIP_PASS;
    return verdict == VERDICT_UNSCORED ? SKIP_UNSCORED : SKIP_SHARE;
}

struct selection select_run(const struct selection_policy *policy,
                            const uint8_t trace_id[TRACE_ID_SIZE], enum verdict verdict)
{
    return select_within(policy, &(struct selection_limits){1, 1, 0}, trace_id, verdict);
}

struct selection select_within(const struct selection_policy *policy,
                               const struct selection_limits *limits,
                               const uint8_t trace_id[TRACE_ID_SIZE], enum verdict verdict)
{
    double share = select_share(policy, limits->control, verdict);
    double p = limits->stratum < share ? limits->stratum : share;
    p = limits->signature < p ? limits->signature : p;
    if (p >= 1) /* no digest needed */
        return (struct selection){.is_emitted = true,
                                  .probability = 1,
                                  .is_control = verdict == VERDICT_PASS,
                                  .is_unscored = verdict == VERDICT_UNSCORED};
    double u = share > 0 ? select_u(trace_id) : 1;
    if (u < p)
        return (struct selection){.is_emitted = true,
                                  .probability = p,
                                  .is_control = verdict == VERDICT_PASS,
                                  .is_unscored = verdict == VERDICT_UNSCORED};
    return (struct selection){.probability = p,
                              .is_unscored = verdict == VERDICT_UNSCORED,
                              .skipped = u >= share             ? reason_of(verdict)
                                         : u >= limits->stratum ? SKIP_BUDGET
                                                                : SKIP_SIGNATURE_BUDGET};
}
