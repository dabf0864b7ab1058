/* state/cohorts/sketch.h for a program in another language: a case a line on standard input,
 *   SPLIT VALUE VALUE ...        the values from place SPLIT on go to a second sketch, merged in
 * and on standard output its level, its count and the quantiles 0, 0.01 ... 0.99, 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/cohorts/sketch.h"

static int answer(char *line)
{
    struct sketch parts[2] = {{0}};
    char *at = line;
    unsigned long split = strtoul(at, &at, 10);
    int failed = 0;
    for (unsigned long i = 0;; i++) {
        char *end;
        double value = strtod(at, &end);
        if (end == at)
            break;
        struct sketch *part = &parts[i >= split];
        failed |= !sketch_reserve(part, 1);
        sketch_add(part, value, 1);
        at = end;
    }
    failed |= !sketch_reserve(&parts[0], parts[1].bin_count);
    sketch_merge(&parts[0], &parts[1]);
    printf("%d %lld", parts[0].level, (long long)sketch_count(&parts[0]));
    for (int percent = 0; percent <= 100; percent++) {
        double value = -1;
        (void)!sketch_quantile(&parts[0], percent / 100.0, &value);
        printf(" %.17g", value);
    }
    printf("\n");
    sketch_finish(&parts[0]);
    sketch_finish(&parts[1]);
    return failed;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    int failed = 0;
    while (getline(&line, &size, stdin) > 0)
        failed |= answer(line);
    free(line);
    return failed;
}
