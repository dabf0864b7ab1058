/* A decision that may be asked for after every run: a mixture e-process of a Bernoulli rate. Under
 * "the pass rate is below the target" the evidence for a pass exceeds 1/alpha with probability at
 * most alpha, ever (J. Ville 1939; H. Robbins, Statistical methods related to the law of the
 * iterated logarithm, 1970; S. Howard and others, Annals of Statistics 49 (2021) 1055-1080); and
 * likewise for a fail. A fixed-n interval asked again and again is not honest. */
#pragma once
#include <stdbool.h>

struct repeated_evidence {
    double log_pass, log_fail; /* ln E of each side */
    double log_needed;         /* ln(1/alpha), alpha = (1 - confidence) / 2 */
    bool is_passed, is_failed;
};
/* `passed` and `failed` runs since the first, at least 10 in all for a decision. `target` and
 * `confidence` in (0, 1). */
struct repeated_evidence repeated_gate_evidence(double passed, double failed, double target,
                                                double confidence);
