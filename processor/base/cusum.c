/* The chain is solved by elimination within its band, once for all limits. */
#include "processor/base/cusum.h"

#include <math.h>
#include <stdlib.h>

#include "processor/base/memory.h"

enum { STEPS_MAX = 64 };
static const double rate_lowest = 0.002, rate_highest = 0.5, tolerance = 0.005;

/* --- run length --- */

/* Rows of the system, each the coefficients of L_(i-down) to L_(i+up). */
struct chain {
    double *rows, *right, *lengths;
    int states, up, down, width;
};

static double *at(const struct chain *chain, int i, int j)
{
    return &chain->rows[(size_t)i * (size_t)chain->width + (size_t)(j - i + chain->down)];
}

static void fill(const struct chain *chain, double p_up)
{
    for (int i = 0; i < chain->states; i++) {
        *at(chain, i, i) += 1;
        *at(chain, i, i > chain->down ? i - chain->down : 0) -= 1 - p_up;
        if (i + chain->up < chain->states)
            *at(chain, i, i + chain->up) -= p_up;
        chain->right[i] = 1;
    }
}

/* From 0 up: afterwards each state knows itself by those above it, whatever the limit is. */
static void eliminate(const struct chain *chain)
{
    for (int k = 0; k < chain->states; k++) {
        int last = k + chain->down < chain->states ? k + chain->down : chain->states - 1;
        int end = k + chain->up < chain->states ? k + chain->up : chain->states - 1;
        const double *from = at(chain, k, k);
        for (int i = k + 1; i <= last; i++) {
            double *to = at(chain, i, k), factor = *to / from[0];
            for (int j = 1; j <= end - k; j++)
                to[j] -= factor * from[j];
            chain->right[i] -= factor * chain->right[k];
        }
    }
}

static void chain_begin(struct chain *chain, const struct cusum_design *design, int limit, double p)
{
    bool is_worse = design->on_failure > 0;
    *chain = (struct chain){.states = limit + 1,
                            .up = is_worse ? design->on_failure : design->on_success,
                            .down = is_worse ? -design->on_success : -design->on_failure};
    size_t states = (size_t)chain->states;
    chain->width = chain->up + chain->down + 1;
    chain->rows = memory_need(calloc(states * (size_t)chain->width, sizeof *chain->rows));
    chain->right = memory_need(calloc(states, sizeof *chain->right));
    chain->lengths = memory_need(calloc(states, sizeof *chain->lengths));
    fill(chain, is_worse ? p : 1 - p);
    eliminate(chain);
}

static void chain_finish(struct chain *chain)
{
    free(chain->rows);
    free(chain->right);
    free(chain->lengths);
}

/* From the limit down: beyond it nothing is left to run. */
static double length_below(const struct chain *chain, int limit)
{
    for (int i = limit; i >= 0; i--) {
        double sum = chain->right[i];
        for (int j = i + 1; j <= i + chain->up && j <= limit; j++)
            sum -= *at(chain, i, j) * chain->lengths[j];
        chain->lengths[i] = sum / *at(chain, i, i);
    }
    return chain->lengths[0];
}

double cusum_run_length(const struct cusum_design *design, double p)
{
    struct chain chain;
    chain_begin(&chain, design, design->limit_steps, p);
    double length = length_below(&chain, design->limit_steps);
    chain_finish(&chain);
    return length;
}

/* --- designs --- */

/* The fewest steps to the smaller increment that make the other one whole, too. */
static void choose_steps(double failure, double success, struct cusum_design *design)
{
    double small = fmin(fabs(failure), fabs(success)), large = fmax(fabs(failure), fabs(success));
    int k = 1;
    while (k < STEPS_MAX && fabs(round(large / small * k) / (large / small * k) - 1) > tolerance)
        k++;
    int steps_failure = fabs(failure) <= fabs(success) ? k : (int)round(large / small * k);
    int steps_success = fabs(failure) <= fabs(success) ? (int)round(large / small * k) : k;
    design->step = small / k;
    design->on_failure = failure > 0 ? steps_failure : -steps_failure;
    design->on_success = success > 0 ? steps_success : -steps_success;
}

/* G. Lorden (1971): with the limit ln(observations) at least that many pass; the exact one is
 * lower. Rounded increments may need a little more. */
static void choose_limit(struct cusum_design *design, double observations)
{
    struct chain chain;
    int low = 0, high = (int)ceil(1.05 * log(observations) / design->step) + 1;
    chain_begin(&chain, design, high, design->p0);
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (length_below(&chain, middle) >= observations)
            high = middle;
        else
            low = middle;
    }
    chain_finish(&chain);
    design->limit_steps = high;
    design->limit = high * design->step;
}

static double rate_of(int number)
{
    int step = number < CUSUM_RATES ? number : 2 * CUSUM_RATES - 1 - number;
    double rate = rate_lowest * pow(rate_highest / rate_lowest, (double)step / (CUSUM_RATES - 1));
    return number < CUSUM_RATES ? rate : 1 - rate;
}

static void begin(struct cusum_design *design, double p0, double odds_ratio)
{
    double odds = p0 / (1 - p0) * odds_ratio;
    *design = (struct cusum_design){.p0 = p0, .p1 = odds / (1 + odds)};
    choose_steps(log(design->p1 / p0), log((1 - design->p1) / (1 - p0)), design);
}

/* Above a half the chart is that of the successes, the other way round. */
static struct cusum_design mirrored(const struct cusum_design *of, double p0, double p1)
{
    struct cusum_design design = *of;
    design.p0 = p0;
    design.p1 = p1;
    design.on_failure = of->on_success;
    design.on_success = of->on_failure;
    return design;
}

void cusum_table_init(struct cusum_table *table, double odds_ratio, double observations)
{
    *table = (struct cusum_table){.odds_ratio = odds_ratio, .observations = observations};
}

static int number_of(double p0)
{
    double small = fmin(fmax(fmin(p0, 1 - p0), rate_lowest), rate_highest);
    double place = log(small / rate_lowest) / log(rate_highest / rate_lowest) * (CUSUM_RATES - 1);
    int number = (int)lround(place);
    return p0 > rate_highest ? 2 * CUSUM_RATES - 1 - number : number;
}

const struct cusum_design *cusum_table_find(struct cusum_table *table, double p0, bool is_worse)
{
    int number = number_of(p0);
    struct cusum_design *found = is_worse ? &table->worse[number] : &table->better[number];
    if (found->limit_steps > 0)
        return found;
    if (number < CUSUM_RATES) {
        begin(found, rate_of(number), is_worse ? table->odds_ratio : 1 / table->odds_ratio);
        choose_limit(found, table->observations);
    } else {
        double mirror = rate_of(2 * CUSUM_RATES - 1 - number);
        const struct cusum_design *of = cusum_table_find(table, mirror, !is_worse);
        *found = mirrored(of, 1 - of->p0, 1 - of->p1);
    }
    return found;
}

double cusum_next(const struct cusum_design *design, double s, bool is_failure)
{
    long steps = lround(s / design->step) + (is_failure ? design->on_failure : design->on_success);
    return steps > 0 ? (double)steps * design->step : 0;
}
