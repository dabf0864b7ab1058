/* Figures of persons: how each one's judgements stand against adjudications, against each other and
 * against the machine, how long they take and how often they skip. Names of persons are in it: whoever
 * shows it to somebody asks `review.reviewer_statistics` first. */
#pragma once
#include "pipelines/review/agreement_report.h"

enum { PERSONS_MAX = 1024, PERSON_SECONDS_MAX = 4096 };

struct person_report {
    struct bytes name; /* of the principal; an actor's id when the name was erased */
    uint64_t results, skips;
    uint64_t adjudicated, agreeing; /* first verdicts on items that were adjudicated */
    uint64_t revealed, changed;     /* judged before the reveal; of them another verdict after it */
    uint64_t timed;                 /* served and judged */
    double median_s;                /* of these, by the server's clock */
};

struct pair_report {
    struct bytes names[2]; /* second "": the machine's verdict */
    struct pair_figures figures;
};

struct persons_report {
    struct arena arena;
    struct person_report *persons;
    uint32_t person_count;
    struct pair_report *pairs;
    uint32_t pair_count;
    bool is_cut; /* there are more persons */
};

/* Of `only` alone, and then no pair but that with the machine; absent: of all. */
MUST_CHECK enum status agreement_persons_read(struct store *store,
                                              const struct agreement_request *request,
                                              struct bytes only, struct persons_report *ret_report);
void agreement_persons_finish(struct persons_report *report);
