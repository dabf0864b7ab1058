/* With a beta prior cut off at the target the mixture has a closed form:
 *   ln E = ln B_x(counts + prior) - ln B_x(prior) - S ln p0 - F ln(1 - p0)
 * The prior of the pass side leans towards few failures; that of the fail side is flat. */
#include "processor/base/repeated_gate.h"

#include <math.h>

#include "processor/base/beta.h"

static const double pass_a = 4, pass_b = 0.5, fail_a = 1, fail_b = 1;
static const double runs_min = 10;

static double evidence(double after, double before, double null)
{
    double value = after - before - null;
    return isnan(value) ? -INFINITY : value;
}

struct repeated_evidence repeated_gate_evidence(double passed, double failed, double target,
                                                double confidence)
{
    double null = passed * log(target) + failed * log1p(-target);
    struct repeated_evidence found = {
        .log_pass = evidence(beta_log_incomplete(1 - target, pass_b + failed, pass_a + passed),
                             beta_log_incomplete(1 - target, pass_b, pass_a), null),
        .log_fail = evidence(beta_log_incomplete(target, fail_a + passed, fail_b + failed),
                             beta_log_incomplete(target, fail_a, fail_b), null),
        .log_needed = -log((1 - confidence) / 2),
    };
    bool has_enough = passed + failed >= runs_min;
    found.is_passed = has_enough && found.log_pass >= found.log_needed;
    found.is_failed = has_enough && !found.is_passed && found.log_fail >= found.log_needed;
    return found;
}
