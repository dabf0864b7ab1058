/* processor/base/statistics.h for a program in another language: a case a line on standard input,
 * its results on standard output, every digit of them.
 *   z C | wilson P N Z | needed P TARGET Z | newcombe P N Q M Z | effective WEIGHT WEIGHT_SQUARED
 *   paired BOTH FIRST SECOND NEITHER Z | mcnemar WORSE BETTER
 *   burn RATE TARGET | cusum P0 ODDS OBSERVATIONS XXXX...     (X: 0 success, 1 failure)
 *   rate ALL CONDEMNED SCORED FAILED MAY_CONDEMN WEIGHT | share W W2 F F2 LARGEST
 *   repeated PASSED FAILED TARGET CONFIDENCE | beta X A B
 * cusum answers with the design (p0, p1, steps of a failure and a success, of the limit, the length
 * of one) and S after each observation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processor/base/beta.h"
#include "processor/base/cusum.h"
#include "processor/base/fail_rate.h"
#include "processor/base/memory.h"
#include "processor/base/repeated_gate.h"
#include "processor/base/statistics.h"

void *memory_need(void *allocated)
{
    if (!allocated)
        abort();
    return allocated;
}

enum { NUMBERS_MAX = 5, LINE_MAX_BYTES = 1 << 16 };

static void print_interval(struct interval interval)
{
    printf("%.17g %.17g", interval.low, interval.high);
}

static void print_cusum(const double *a, const char *outcomes)
{
    struct cusum_table table;
    cusum_table_init(&table, a[1] > 1 ? a[1] : 1 / a[1], a[2]);
    const struct cusum_design *design = cusum_table_find(&table, a[0], a[1] > 1);
    double s = 0;
    printf("%.17g %.17g %d %d %d %.17g", design->p0, design->p1, design->on_failure,
           design->on_success, design->limit_steps, design->step);
    for (; *outcomes == '0' || *outcomes == '1'; outcomes++) {
        s = cusum_next(design, s, *outcomes == '1');
        printf(" %.17g", s);
    }
}

/* Runs with one weight, all of them; condemned, scored and failed are those
 * of the first so many. */
static void print_fail_rate(const double *a, const char *rest)
{
    double m = strtod(rest, NULL);
    struct weighted_count counts[4];
    for (int i = 0; i < 4; i++)
        counts[i] = (struct weighted_count){(int64_t)a[i], m > 1 ? (int64_t)a[i] : 0, a[i] * m,
                                            a[i] * m * m};
    struct fail_rate rate = fail_rate_of(
        &(struct fail_rate_sums){counts[0], counts[1], counts[2], counts[3], m, a[4] > 0});
    printf("%.17g %.17g ", rate.p, fail_rate_low_exact(&rate, 0.95));
    print_interval(fail_rate_interval(&rate, statistics_z(0.95)));
}

static void print_share(const double *a, const char *rest)
{
    struct weighted_count all = {2000000, 1000000, a[0], a[1]}, failed = {1000000, 5, a[2], a[3]};
    struct fail_rate_share share = fail_rate_share_of(&all, &failed, a[4]);
    (void)rest;
    printf("%.17g %.17g %.17g", share.p, share.n_linear, share.n_guard);
}

static void print_repeated(const double *a)
{
    struct repeated_evidence found = repeated_gate_evidence(a[0], a[1], a[2], a[3]);
    printf("%.17g %.17g", found.log_pass, found.log_fail);
}

static int answer(const char *name, const double *a, const char *rest)
{
    if (strcmp(name, "z") == 0)
        printf("%.17g", statistics_z(a[0]));
    else if (strcmp(name, "wilson") == 0)
        print_interval(statistics_wilson(a[0], a[1], a[2]));
    else if (strcmp(name, "needed") == 0)
        printf("%llu", (unsigned long long)statistics_needed_n(a[0], a[1], a[2]));
    else if (strcmp(name, "newcombe") == 0)
        print_interval(statistics_newcombe(a[0], a[1], a[2], a[3], a[4]));
    else if (strcmp(name, "paired") == 0)
        print_interval(
            statistics_newcombe_paired(&(struct paired_counts){a[0], a[1], a[2], a[3]}, a[4]));
    else if (strcmp(name, "mcnemar") == 0)
        printf("%.17g %.17g", statistics_mcnemar(a[0], a[1]), statistics_mcnemar_worse(a[0], a[1]));
    else if (strcmp(name, "effective") == 0)
        printf("%.17g", statistics_effective_n(a[0], a[1]));
    else if (strcmp(name, "burn") == 0)
        printf("%.17g", statistics_burn_rate(a[0], a[1]));
    else if (strcmp(name, "cusum") == 0)
        print_cusum(a, rest);
    else if (strcmp(name, "rate") == 0)
        print_fail_rate(a, rest);
    else if (strcmp(name, "share") == 0)
        print_share(a, rest);
    else if (strcmp(name, "repeated") == 0)
        print_repeated(a);
    else if (strcmp(name, "beta") == 0)
        printf("%.17g %.17g", beta_probability(a[0], a[1], a[2]), beta_quantile(a[0], a[1], a[2]));
    else
        return 0;
    putchar('\n');
    return 1;
}

int main(void)
{
    static char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin)) {
        char *save = NULL, *name = strtok_r(line, " \n", &save);
        double numbers[NUMBERS_MAX] = {0};
        int wanted = name && strcmp(name, "cusum") == 0 ? 3 : NUMBERS_MAX;
        for (int i = 0; name && i < wanted; i++) {
            char *word = strtok_r(NULL, " \n", &save);
            if (!word)
                break;
            numbers[i] = strtod(word, NULL);
        }
        char *rest = wanted == 3 || (name && strcmp(name, "rate") == 0)
                         ? strtok_r(NULL, " \n", &save)
                         : NULL;
        if (!name || !answer(name, numbers, rest ? rest : ""))
            return 2;
    }
    return 0;
}
