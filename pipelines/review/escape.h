/* How often known failures come back in a release, whether the regression set saw them or not:
 *
 *   E = H/N + sum over verdicts v of (N_v'/N) q_v
 *
 * N settled runs of the release, H those that failed a row of the set, N_v' the others by verdict, q_v
 * the share of reviewed ones among these that people judged bad with a failure mode that was known
 * before the release: Hajek's mean with weights 1/p, divided by the share of its class that was
 * reviewed. H is exact; q_v has Wilson's interval on its linearized n (Clopper's and Pearson's below 5
 * reviews), joined by MOVER. A verdict that nobody reviewed widens E by its whole share. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ESCAPE_VERDICTS = 4, ESCAPE_FEW = 5 };
#define ESCAPE_UNREVIEWED_MAX 0.05

/* One run that is review work by chance, and did not hit. Classes of response, the finest: verdict,
 * queue, priority, day. */
struct escape_review {
    uint8_t verdict, priority;
    bool is_reviewed, is_escaped;
    uint64_t queue; /* stands for its name */
    int64_t day;
    double weight; /* 1 / p; of reviewed ones, behind escape_respond, with their class's share */
};

/* Weights of reviewed ones take those of their class's others; a class without a review goes to the
 * next coarser (without the day, the priority, the queue). Sorts. */
void escape_respond(struct escape_review *reviews, size_t count);

struct escape_runs {
    int64_t runs[ESCAPE_VERDICTS], hits[ESCAPE_VERDICTS]; /* of all runs */
};

struct escape_rate {
    int64_t runs, hits;
    uint64_t reviewed, escaped; /* counted, not weighted */
    bool is_known;              /* value; the bounds stand in any case where there are runs */
    bool has_few;               /* some verdict has fewer than ESCAPE_FEW reviews */
    double value, low, high;
    double unreviewed_share;
};
/* Of weights behind escape_respond(). Without a run: nothing is known. */
struct escape_rate escape_rate_of(const struct escape_runs *runs,
                                  const struct escape_review *reviews, size_t count,
                                  double confidence);
