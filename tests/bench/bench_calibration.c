/* How often a nominal 95 % interval of the calibrated fail rate, and of a rule's precision and recall,
 * covers the truth: bench_calibration [WEEKS [SEED]], 2000 and 1 unless told. Each week some 20,000 runs
 * come, the machine errs both ways, fails are chosen under a budget by pace, passes by a fixed share, and
 * people review a part of that. One line a scenario. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/poststratify.h"

enum { PASS, BORDERLINE, FAIL, UNSCORED, VERDICTS, DAYS = 7, HOURS = 24, PRIORITIES = 2 };
enum { RUNS_MAX = 60000 };

struct scenario {
    const char *name;
    double runs;                /* a week, on average */
    double share[VERDICTS];     /* of the machine's verdicts */
    double bad[VERDICTS];       /* truth in each */
    double urgent_bad;          /* how much likelier an urgent fail is bad */
    double control, borderline; /* probabilities */
    double unscored;
    double budget;          /* fails an hour; 0: all */
    double response;        /* share of the fails that is reviewed, urgent ones first; 1: all */
    double sample_response; /* of the rest, at random */
};

static const struct scenario scenarios[] = {
    {"plain", 20000, {.85, .05, .08, .02}, {.04, .3, .8, .2}, 0, .01, .05, .1, 0, 1, 1},
    {"budget by pace", 20000, {.80, .05, .13, .02}, {.05, .3, .7, .2}, 0, .01, .05, .1, 4, 1, 1},
    {"few bad passes", 20000, {.90, .03, .06, .01}, {.01, .2, .8, .2}, 0, .01, .05, .1, 4, 1, 1},
    {"no bad pass", 20000, {.90, .03, .06, .01}, {0, .2, .8, .2}, 0, .01, .05, .1, 4, 1, 1},
    {"55 % reviewed, urgent first",
     20000,
     {.85, .05, .08, .02},
     {.04, .3, .55, .2},
     .35,
     .01,
     .05,
     .1,
     4,
     .55,
     .8},
    {"small traffic", 2000, {.85, .05, .08, .02}, {.04, .3, .8, .2}, 0, .03, .1, .2, 0, 1, 1},
    {"tiny traffic", 500, {.85, .05, .08, .02}, {.04, .3, .8, .2}, 0, .1, .3, .5, 0, 1, 1},
    {"unscored not reviewed",
     20000,
     {.85, .05, .08, .02},
     {.04, .3, .8, .2},
     0,
     .01,
     .05,
     0,
     4,
     1,
     1},
    {"a rule that is wrong half the time",
     20000,
     {.6, .05, .33, .02},
     {.1, .3, .5, .2},
     0,
     .02,
     .05,
     .1,
     6,
     1,
     1},
};

struct run {
    uint8_t verdict, priority, day;
    bool is_bad, has_fired, is_chosen, is_reviewed;
    double probability, order;
};

static struct run runs[RUNS_MAX];

static double uniform(void)
{
    return drand48();
}

/* Emitted so far against B tau + (k + 1) B / 8, of each hour anew. */
static double pace(double budget, double elapsed, uint32_t emitted, uint32_t *halvings)
{
    while (budget > 0 && emitted > budget * elapsed + (*halvings + 1) * budget / 8)
        (*halvings)++;
    return budget > 0 ? ldexp(1, -(int)*halvings) : 1;
}

static double chance_of(const struct scenario *it, uint8_t verdict)
{
    return verdict == PASS ? it->control : verdict == BORDERLINE ? it->borderline : it->unscored;
}

static uint32_t make_week(const struct scenario *it)
{
    uint32_t count = 0;
    for (uint8_t day = 0; day < DAYS; day++)
        for (int hour = 0; hour < HOURS; hour++) {
            uint32_t emitted = 0, halvings = 0;
            double busy = 1 + .8 * sin(hour * M_PI / 12);
            uint32_t arrivals = (uint32_t)(it->runs / (DAYS * HOURS) * busy + uniform());
            for (uint32_t i = 0; i < arrivals && count < RUNS_MAX; i++) {
                struct run *run = &runs[count++];
                double v = uniform(), below = 0;
                *run = (struct run){.day = day, .order = uniform()};
                while (run->verdict < UNSCORED && v > (below += it->share[run->verdict]))
                    run->verdict++;
                run->priority = run->verdict == FAIL && uniform() < .4;
                double bad = it->bad[run->verdict];
                if (run->verdict == FAIL)
                    bad += run->priority ? it->urgent_bad : -it->urgent_bad * .4 / .6;
                run->is_bad = uniform() < bad;
                run->has_fired = run->verdict == FAIL && uniform() < .9;
                run->probability = run->verdict == FAIL
                                       ? pace(it->budget, (i + 1.0) / arrivals, emitted, &halvings)
                                       : chance_of(it, run->verdict);
                run->is_chosen = uniform() < run->probability;
                emitted += run->verdict == FAIL && run->is_chosen;
            }
        }
    return count;
}

/* Fails: each day the urgent ones, then others, until the share is reached; the rest at random. */
static void review(const struct scenario *it, uint32_t count)
{
    for (uint8_t day = 0; day < DAYS; day++) {
        double chosen = 0, done = 0;
        for (uint32_t i = 0; i < count; i++)
            chosen += runs[i].day == day && runs[i].verdict == FAIL && runs[i].is_chosen;
        for (int priority = 1; priority >= 0; priority--)
            for (uint32_t i = 0; i < count; i++) {
                struct run *run = &runs[i];
                if (run->day != day || !run->is_chosen || run->priority != priority)
                    continue;
                if (run->verdict != FAIL)
                    run->is_reviewed = run->order < it->sample_response;
                else if (done < it->response * chosen && run->order < .9)
                    run->is_reviewed = done++ >= 0;
            }
    }
}

struct sums {
    struct poststratum all[VERDICTS], fired_bad[VERDICTS], missed_bad[VERDICTS];
    struct weighted_count fired, hits;
    double raw_bad, raw;
};

static void count(struct weighted_count *to, double weight)
{
    to->n++;
    to->weight += weight;
    to->weight_squared += weight * weight;
}

static void sum_week(uint32_t n, struct sums *sums)
{
    struct response_class classes[VERDICTS * PRIORITIES * DAYS] = {{0}};
    enum { CLASSES = sizeof classes / sizeof *classes };
    for (int i = 0; i < CLASSES; i++)
        classes[i] = (struct response_class){.verdict = (uint8_t)(i % VERDICTS),
                                             .priority = (uint8_t)(i / VERDICTS % PRIORITIES),
                                             .day = i / VERDICTS / PRIORITIES};
    for (uint32_t i = 0; i < n; i++) {
        struct response_class *class =
            &classes[runs[i].verdict + VERDICTS * (runs[i].priority + PRIORITIES * runs[i].day)];
        class->eligible += runs[i].is_chosen;
        class->reviewed += runs[i].is_reviewed;
        class->eligible_weight += runs[i].is_chosen ? 1 / runs[i].probability : 0;
        class->reviewed_weight += runs[i].is_reviewed ? 1 / runs[i].probability : 0;
        sums->all[runs[i].verdict].share += 1.0 / n;
    }
    poststratify_response(classes, CLASSES);
    for (uint32_t i = 0; i < n; i++) {
        const struct run *run = &runs[i];
        struct response_class key = {
            .verdict = run->verdict, .priority = run->priority, .day = run->day};
        if (!run->is_reviewed)
            continue;
        double weight = poststratify_find(classes, CLASSES, &key)->factor / run->probability;
        count(&sums->all[run->verdict].all, weight);
        sums->raw++;
        sums->raw_bad += run->is_bad;
        if (run->has_fired)
            count(&sums->fired, weight);
        if (run->has_fired && run->is_bad)
            count(&sums->hits, weight);
        if (!run->is_bad)
            continue;
        count(&sums->all[run->verdict].bad, weight);
        count(&(run->has_fired ? sums->fired_bad : sums->missed_bad)[run->verdict].bad, weight);
    }
    for (int v = 0; v < VERDICTS; v++) {
        sums->fired_bad[v].share = sums->missed_bad[v].share = sums->all[v].share;
        sums->fired_bad[v].all = sums->missed_bad[v].all = sums->all[v].all;
    }
}

struct tally {
    double known, covered, above, below, width, bias;
};

static void judge(struct tally *tally, const struct estimate *estimate, double truth)
{
    if (!estimate->is_known)
        return;
    tally->known++;
    tally->above += estimate->low > truth + 1e-12;
    tally->below += estimate->high < truth - 1e-12;
    tally->covered += estimate->low <= truth + 1e-12 && truth <= estimate->high + 1e-12;
    tally->width += estimate->high - estimate->low;
    tally->bias += estimate->value - truth;
}

static void print(const char *name, const struct tally *tally, long weeks)
{
    double n = tally->known > 0 ? tally->known : 1;
    printf("  %-10s known %5.1f %%  covered %5.1f %%  (interval above %4.1f, below %4.1f)  "
           "width %.3f  bias %+.4f\n",
           name, 100 * tally->known / (double)weeks, 100 * tally->covered / n,
           100 * tally->above / n, 100 * tally->below / n, tally->width / n, tally->bias / n);
}

static void run_scenario(const struct scenario *it, long weeks)
{
    struct tally rate = {0}, precision = {0}, recall = {0}, raw = {0};
    double reviewed = 0, truths = 0;
    for (long week = 0; week < weeks; week++) {
        struct sums sums = {.raw = 0};
        uint32_t n = make_week(it);
        review(it, n);
        sum_week(n, &sums);
        /* The truth of the week's own runs would flatter: the interval is of the process. */
        double truth = 0, fired_bad = 0, fired = 0;
        for (int v = 0; v < VERDICTS; v++)
            truth += it->share[v] * it->bad[v];
        fired = it->share[FAIL] * .9;
        fired_bad = fired * it->bad[FAIL];
        struct poststratified all = poststratify(sums.all, VERDICTS, .95);
        struct poststratified hit = poststratify(sums.fired_bad, VERDICTS, .95);
        struct poststratified missed = poststratify(sums.missed_bad, VERDICTS, .95);
        struct estimate part = poststratify_part(&hit.rate, &missed.rate);
        struct estimate exact = poststratify_one(&sums.fired, &sums.hits, .95).rate;
        struct interval naive = statistics_wilson(sums.raw_bad / fmax(1, sums.raw), sums.raw, 1.96);
        judge(&rate, &all.rate, truth);
        judge(&precision, &exact, fired_bad / fired);
        judge(&recall, &part, fired_bad / truth);
        judge(&raw,
              &(struct estimate){true, sums.raw_bad / fmax(1, sums.raw), naive.low, naive.high},
              truth);
        reviewed += sums.raw;
        truths += truth;
    }
    printf("%s: truth %.4f, %.0f reviews a week\n", it->name, truths / (double)weeks,
           reviewed / (double)weeks);
    print("fail rate", &rate, weeks);
    print("precision", &precision, weeks);
    print("recall", &recall, weeks);
    print("queue raw", &raw, weeks);
}

int main(int argc, char **argv)
{
    long weeks = argc > 1 ? strtol(argv[1], NULL, 10) : 2000;
    srand48(argc > 2 ? strtol(argv[2], NULL, 10) : 1);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        run_scenario(&scenarios[i], weeks);
    return EXIT_SUCCESS;
}
