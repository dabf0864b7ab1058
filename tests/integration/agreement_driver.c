/* processor/base/agreement.h for a program in another language: a case a line on standard input, its
 * figures on standard output, every digit of them.
 *   patterns CATEGORIES (ITEMS COUNT...)...   -> items, doubled, then raw, kappa, alpha, AC1, thin?
 *   pair CATEGORIES CELL...                   -> items, then raw, kappa
 *   t CONFIDENCE DEGREES
 * A figure is value, error, low, high; nan where there is none. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processor/base/agreement.h"
#include "processor/base/statistics.h"

enum { PATTERNS_MAX = 400, LINE_MAX_BYTES = 1 << 16 };

static void print_figure(const struct agreement_figure *figure)
{
    double value = figure->has_value ? figure->value : NAN;
    double error = figure->has_value ? figure->error : NAN;
    double low = figure->has_interval ? figure->low : NAN;
    double high = figure->has_interval ? figure->high : NAN;
    printf(" %.17g %.17g %.17g %.17g", value, error, low, high);
}

static void answer_patterns(char *at)
{
    static struct rating_pattern patterns[PATTERNS_MAX];
    struct agreement_figures figures;
    uint32_t categories = (uint32_t)strtoul(at, &at, 10);
    size_t count = 0;
    for (char *next; count < PATTERNS_MAX; count++) {
        patterns[count] = (struct rating_pattern){.items = strtod(at, &next)};
        if (next == at)
            break;
        at = next;
        for (uint32_t k = 0; k < categories; k++)
            patterns[count].counts[k] = (uint32_t)strtoul(at, &at, 10);
    }
    agreement_measure(patterns, count, categories, &figures);
    printf("%.17g %.17g", figures.items, figures.doubled);
    print_figure(&figures.raw);
    print_figure(&figures.kappa);
    print_figure(&figures.alpha);
    print_figure(&figures.ac1);
    printf(" %d", figures.is_thin);
}

static void answer_pair(char *at)
{
    double cells[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX] = {{0}};
    struct pair_figures figures;
    uint32_t categories = (uint32_t)strtoul(at, &at, 10);
    for (uint32_t i = 0; i < categories; i++)
        for (uint32_t j = 0; j < categories; j++)
            cells[i][j] = strtod(at, &at);
    agreement_measure_pair(cells, categories, &figures);
    printf("%.17g", figures.items);
    print_figure(&figures.raw);
    print_figure(&figures.kappa);
}

int main(void)
{
    static char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin)) {
        char *rest = strchr(line, ' ');
        if (!rest)
            return 2;
        if (strncmp(line, "patterns ", 9) == 0)
            answer_patterns(rest);
        else if (strncmp(line, "pair ", 5) == 0)
            answer_pair(rest);
        else {
            double confidence = strtod(rest, &rest);
            printf("%.17g", statistics_t(confidence, strtod(rest, &rest)));
        }
        putchar('\n');
    }
    return 0;
}
