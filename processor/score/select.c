/* u = first 53 bits of SHA-256(trajectory id) / 2^53, of the id as records state it: 32 lower-case
 * hex digits. So whoever holds a record can compute why it was chosen, a larger share always
 * contains a smaller one, and a replay chooses the same. */
#include "processor/score/select.h"

#include "processor/base/digest.h"

const char *const skip_reason_names[SKIP_REASONS] = {
    [SKIP_NONE] = "none",   [SKIP_PASS] = "pass",         [SKIP_UNSCORED] = "unscored",
    [SKIP_SHARE] = "share", [SKIP_NO_AGENT] = "no_agent",
};

double select_u(const uint8_t trace_id[TRACE_ID_SIZE])
{
    char text[2 * TRACE_ID_SIZE];
    uint8_t digest[SHA256_SIZE];
    hex_encode(text, trace_id, TRACE_ID_SIZE);
    sha256(digest, bytes_of(text, sizeof text));
    return (double)(get_be64(digest) >> 11) / 9007199254740992.0;
}

struct selection select_run(const struct selection_policy *policy,
                            const uint8_t trace_id[TRACE_ID_SIZE], enum verdict verdict)
{
    double share = policy->share[verdict];
    share = share > 0 ? share < 1 ? share : 1 : 0; /* what is not a number selects nothing */
    struct selection selection = {.probability = share,
                                  .is_control = verdict == VERDICT_PASS,
                                  .is_unscored = verdict == VERDICT_UNSCORED};
    selection.is_emitted = share > 0 && (share >= 1 || select_u(trace_id) < share);
    if (selection.is_emitted)
        return selection;
    selection.is_control = false;
    selection.skipped = verdict == VERDICT_PASS       ? SKIP_PASS
                        : verdict == VERDICT_UNSCORED ? SKIP_UNSCORED
                                                      : SKIP_SHARE;
    return selection;
}
