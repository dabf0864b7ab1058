/* processor/base/statistics.h for a program in another language: a case a line on standard input, its
 * results on standard output, every digit of them.
 *   z C | wilson P N Z | needed P TARGET Z | newcombe P N Q M Z | effective WEIGHT WEIGHT_SQUARED
 *   burn RATE TARGET | cusum P0 ODDS OBSERVATIONS XXXX...     (X: 0 success, 1 failure)
 * cusum answers with p1, the limit and S after each observation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processor/base/statistics.h"

enum { NUMBERS_MAX = 5, LINE_MAX_BYTES = 1 << 16 };

static void print_interval(struct interval interval)
{
    printf("%.17g %.17g", interval.low, interval.high);
}

static void print_cusum(const double *a, const char *outcomes)
{
    struct cusum_design design = statistics_cusum_design(a[0], a[1], a[2]);
    double s = 0;
    printf("%.17g %.17g", design.p1, design.limit);
    for (; *outcomes == '0' || *outcomes == '1'; outcomes++) {
        s = statistics_cusum_step(&design, s, *outcomes == '1');
        printf(" %.17g", s);
    }
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
    else if (strcmp(name, "effective") == 0)
        printf("%.17g", statistics_effective_n(a[0], a[1]));
    else if (strcmp(name, "burn") == 0)
        printf("%.17g", statistics_burn_rate(a[0], a[1]));
    else if (strcmp(name, "cusum") == 0)
        print_cusum(a, rest);
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
        char *rest = wanted == 3 ? strtok_r(NULL, " \n", &save) : NULL;
        if (!name || !answer(name, numbers, rest ? rest : ""))
            return 2;
    }
    return 0;
}
