/* The runs that did not hit are a population of their own, of which poststratify.h says the rate. */
#include "pipelines/review/escape.h"

#include <math.h>
#include <stdlib.h>

static struct response_class key_of(const struct escape_review *review)
{
    return (struct response_class){.verdict = review->verdict,
                                   .queue = review->queue,
                                   .priority = review->priority,
                                   .day = review->day};
}

static bool is_same(const struct response_class *a, const struct response_class *b)
{
    return a->verdict == b->verdict && a->queue == b->queue && a->priority == b->priority &&
           a->day == b->day;
}

static int compare(const void *left, const void *right)
{
    const struct escape_review *a = left, *b = right;
    if (a->verdict != b->verdict)
        return a->verdict < b->verdict ? -1 : 1;
    if (a->queue != b->queue)
        return a->queue < b->queue ? -1 : 1;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return (a->day > b->day) - (a->day < b->day);
}

bool escape_respond(struct escape_review *reviews, size_t count)
{
    struct response_class *classes = calloc(count + 1, sizeof *classes);
    size_t class_count = 0;
    if (!classes)
        return false;
    if (count > 0)
        qsort(reviews, count, sizeof *reviews, compare);
    for (size_t i = 0; i < count; i++) {
        struct response_class key = key_of(&reviews[i]);
        if (class_count == 0 || !is_same(&classes[class_count - 1], &key))
            classes[class_count++] = key;
        struct response_class *class = &classes[class_count - 1];
        class->eligible++;
        class->eligible_weight += reviews[i].weight;
        class->reviewed += reviews[i].is_reviewed;
        class->reviewed_weight += reviews[i].is_reviewed ? reviews[i].weight : 0;
    }
    poststratify_response(classes, class_count);
    for (size_t i = 0; i < count; i++) {
        struct response_class key = key_of(&reviews[i]);
        const struct response_class *class = poststratify_find(classes, class_count, &key);
        if (class && reviews[i].is_reviewed)
            reviews[i].weight *= class->factor;
    }
    free(classes);
    return true;
}

static void add(const struct escape_review *review, struct poststratum *to)
{
    const struct weighted_count one = {.n = 1,
                                       .heavy = review->weight > 1,
                                       .weight = review->weight,
                                       .weight_squared = review->weight * review->weight};
    fail_rate_count_add(&to->all, &one);
    if (review->is_escaped)
        fail_rate_count_add(&to->bad, &one);
}

struct escape_rate escape_rate_of(const struct escape_runs *runs,
                                  const struct escape_review *reviews, size_t count,
                                  double confidence)
{
    struct poststratum strata[ESCAPE_VERDICTS] = {{.share = 0}};
    struct escape_rate rate = {.runs = 0};
    for (int v = 0; v < ESCAPE_VERDICTS; v++) {
        rate.runs += runs->runs[v];
        rate.hits += runs->hits[v];
    }
    if (rate.runs <= 0)
        return rate;
    double hits = (double)rate.hits / (double)rate.runs, others = (double)(rate.runs - rate.hits);
    for (int v = 0; v < ESCAPE_VERDICTS && others > 0; v++)
        strata[v].share = (double)(runs->runs[v] - runs->hits[v]) / others;
    for (size_t i = 0; i < count; i++)
        if (reviews[i].is_reviewed && reviews[i].verdict < ESCAPE_VERDICTS) {
            add(&reviews[i], &strata[reviews[i].verdict]);
            rate.reviewed++;
            rate.escaped += reviews[i].is_escaped;
        }
    struct poststratified of_others = {.rate = {.is_known = true}};
    if (others > 0)
        of_others = poststratify(strata, ESCAPE_VERDICTS, confidence);
    rate.is_known = of_others.rate.is_known;
    rate.has_few = of_others.is_few;
    rate.unreviewed_share = (1 - hits) * of_others.unreviewed;
    rate.value = hits + (1 - hits) * of_others.rate.value;
    rate.low = hits + (1 - hits) * of_others.rate.low;
    rate.high = hits + (1 - hits) * of_others.rate.high;
    return rate;
}
