/* How often known failures come back in a release, whether the regression set saw them or not:
 *
 *   E = H/N + sum over verdicts v of (N_v'/N) q_v
 *
 * N settled runs of the release, H those that failed a row of the set, N_v' the others by verdict, q_v
 * the share of reviewed ones among these that people judged bad with a failure mode that was known
 * before the release. H is exact and adds no width; the rest is a post-stratified rate of the runs that
 * did not hit (processor/base/poststratify.h): a verdict that nobody reviewed widens it by its whole
 * share. Pure. */
#pragma once
#include "processor/base/poststratify.h"

enum { ESCAPE_VERDICTS = 4 };

/* One run that is review work by chance, and did not hit. */
struct escape_review {
    uint8_t verdict, priority;
    bool is_reviewed, is_escaped;
    uint64_t queue; /* stands for its name */
    int64_t day;
    double weight; /* 1 / p; behind escape_respond() with what its class did not answer */
};

/* Whoever is reviewed stands for those of its class who are not. Sorts. False: no memory. */
MUST_CHECK bool escape_respond(struct escape_review *reviews, size_t count);

struct escape_runs {
    int64_t runs[ESCAPE_VERDICTS], hits[ESCAPE_VERDICTS]; /* of all runs */
};

struct escape_rate {
    int64_t runs, hits;
    uint64_t reviewed, escaped; /* counted, not weighted */
    bool is_known;              /* value; the bounds stand in any case where there are runs */
    bool has_few;               /* some verdict has 1 to 4 reviews */
    double value, low, high;
    double unreviewed_share; /* of all runs, in verdicts that nobody reviewed */
};
/* Of weights behind escape_respond(). Without a run: nothing is known. */
struct escape_rate escape_rate_of(const struct escape_runs *runs,
                                  const struct escape_review *reviews, size_t count,
                                  double confidence);
