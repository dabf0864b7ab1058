/* processor/base/poststratify.h and curve.h for a program in another language: a case a line on standard
 * input, its numbers on standard output, every digit of them.
 *   one WEIGHT,IS_BAD ...                    p low high n_effective of reviewed runs
 *   rate STRATA (SHARE N WEIGHT,IS_BAD ...)  known p low high unreviewed
 *   ratio A LOW HIGH B LOW HIGH              a / b, low, high; a / (a + b), low, high
 *   curve IS_ABOVE VALUE,WEIGHT,IS_BAD ...   value precision recall of each point */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processor/base/curve.h"
#include "processor/base/poststratify.h"

enum { LINE_MAX_BYTES = 1 << 20, STRATA_MAX = 16, SAMPLES_MAX = 10000 };

static char *rest;

static double number(void)
{
    char *end = rest;
    double value = strtod(rest, &end);
    rest = end + (*end == ',' || *end == ' ');
    return value;
}

static bool has_more(void)
{
    return *rest != 0 && *rest != '\n';
}

static void take_run(struct weighted_count *all, struct weighted_count *bad)
{
    double weight = number();
    struct weighted_count one = {.n = 1, .weight = weight, .weight_squared = weight * weight};
    fail_rate_count_add(all, &one);
    if (number() > 0)
        fail_rate_count_add(bad, &one);
}

static void print(const struct estimate *estimate)
{
    printf("%.17g %.17g %.17g ", estimate->value, estimate->low, estimate->high);
}

static void answer_one(void)
{
    struct weighted_count all = {0}, bad = {0};
    while (has_more())
        take_run(&all, &bad);
    struct poststratum_rate rate = poststratify_one(&all, &bad, 0.95);
    print(&rate.rate);
    printf("%.17g", rate.n_effective);
}

static void answer_rate(void)
{
    struct poststratum strata[STRATA_MAX] = {{0}};
    size_t count = (size_t)number();
    for (size_t i = 0; i < count && i < STRATA_MAX; i++) {
        strata[i].share = number();
        for (long n = (long)number(); n > 0; n--)
            take_run(&strata[i].all, &strata[i].bad);
    }
    struct poststratified rate = poststratify(strata, count, 0.95);
    printf("%d ", rate.rate.is_known);
    print(&rate.rate);
    printf("%.17g", rate.unreviewed);
}

static void answer_ratio(void)
{
    double a[6];
    for (int i = 0; i < 6; i++)
        a[i] = number();
    struct estimate first = {true, a[0], a[1], a[2]}, second = {true, a[3], a[4], a[5]};
    struct estimate ratio = poststratify_ratio(&first, &second),
                    part = poststratify_part(&first, &second);
    print(&ratio);
    print(&part);
}

static void answer_curve(void)
{
    static struct curve_sample samples[SAMPLES_MAX];
    static struct curve curve;
    size_t count = 0;
    bool is_above = number() > 0;
    while (has_more() && count < SAMPLES_MAX) {
        struct curve_sample *sample = &samples[count++];
        sample->value = number();
        sample->weight = number();
        sample->is_bad = number() > 0;
    }
    curve_make(samples, count, is_above, &curve);
    for (uint32_t i = 0; i < curve.count; i++)
        printf("%.17g %.17g %.17g ", curve.points[i].value, curve.points[i].precision,
               curve.points[i].recall);
}

int main(void)
{
    static char line[LINE_MAX_BYTES];
    static const struct {
        const char *name;
        void (*answer)(void);
    } answers[] = {{"one ", answer_one},
                   {"rate ", answer_rate},
                   {"ratio ", answer_ratio},
                   {"curve ", answer_curve}};
    while (fgets(line, sizeof line, stdin)) {
        size_t i = 0, count = sizeof answers / sizeof *answers;
        while (i < count && strncmp(line, answers[i].name, strlen(answers[i].name)) != 0)
            i++;
        if (i == count)
            return 2;
        rest = line + strlen(answers[i].name);
        answers[i].answer();
        putchar('\n');
    }
    return 0;
}
