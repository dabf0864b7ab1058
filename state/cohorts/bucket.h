/* The sums of one cohort over one stretch of event time, and what one trajectory adds to them.
 * Plain sums: buckets add up in any order, a revision takes back exactly what was put in. */
#pragma once
#include "state/cohorts/classes.h"
#include "state/cohorts/sketch.h"
#include "state/store/schema.h"

enum {
    COHORT_VERDICTS = 4, /* pass, borderline, fail, unscored */
    COHORT_OUTCOMES = 5, /* pass, borderline, fail, na, error */
    COHORT_MISSING = 5,  /* na, because an awaited score did not come */
    COHORT_RULE_SUMS,
    COHORT_GROUPS_MAX = 32,
    COHORT_RULES_MAX = 256,
    COHORT_BUCKET_RULES_MAX = 1000, /* distinct ones; further rules are not counted in it */
};
enum { COHORT_PASS, COHORT_BORDERLINE, COHORT_FAIL, COHORT_UNSCORED };

struct cohort_rule_sums {
    uint16_t rule; /* dictionary number */
    int64_t outcomes[COHORT_RULE_SUMS];
};

/* A zeroed struct is an empty bucket; cohort_bucket_finish() frees what it holds. */
struct cohort_bucket {
    int64_t verdicts[COHORT_VERDICTS]; /* unweighted */
    int64_t first[COHORT_VERDICTS];    /* first verdicts only: corrections leave it alone */
    int64_t first_scored;              /* of the first ones, those that a rule had judged */
    struct cohort_classes classes;     /* of all whose class is known */
    struct cohort_classes missing;     /* of these, those without an awaited score */
    double largest_weight;             /* ever; what is taken back leaves it */
    int64_t tokens;                    /* sum over those that have it */
    int64_t cost_nano_usd;             /* the same */
    int64_t with_tokens, with_cost;    /* how many have it */
    int64_t last_event_ms;
    struct sketch duration_ms;
    struct cohort_rule_sums *rules; /* in order of number */
    uint32_t rule_count, rule_capacity;
};

enum cohort_change {
    COHORT_CHANGE_FIRST,  /* a trajectory's first verdict: added */
    COHORT_CHANGE_REMOVE, /* a verdict that is corrected: taken back, same values as when added */
    COHORT_CHANGE_AGAIN,  /* the verdict that replaces it: added */
};

struct cohort_contribution {
    enum cohort_change change;
    int64_t event_ms;
    uint8_t verdict;
    struct cohort_class class;
    double weight;         /* adjusted count; 1 when not sampled */
    double duration_ms;    /* negative: not known */
    int64_t tokens;        /* -1: not known */
    int64_t cost_nano_usd; /* -1: not known; cohort_nano_usd() */
    uint32_t group_count, rule_count;
    struct {
        uint16_t grouping; /* dictionary number */
        uint8_t hash[COHORT_HASH_SIZE];
    } groups[COHORT_GROUPS_MAX];
    struct {
        uint16_t rule;
        uint8_t outcome; /* COHORT_MISSING: in place of na */
    } rules[COHORT_RULES_MAX];
};

/* Negative, not finite: -1 (not known). Rounded to the nearest. */
int64_t cohort_nano_usd(double usd);

/* Appends one contribution, self-delimiting: a decided row may carry several. */
void cohort_contribution_encode(const struct cohort_contribution *contribution, struct buffer *to);
/* Takes one off the front of the reader; sets its `failed` when malformed. */
void cohort_contribution_decode(struct value_reader *reader,
                                struct cohort_contribution *ret_contribution);

void cohort_bucket_finish(struct cohort_bucket *bucket);
/* Both false when out of memory; the bucket is unchanged then. */
MUST_CHECK bool cohort_bucket_add(struct cohort_bucket *bucket,
                                  const struct cohort_contribution *contribution);
MUST_CHECK bool cohort_bucket_merge(struct cohort_bucket *into, const struct cohort_bucket *from);
/* For a whole bucket, not a delta: cohort_classes_settle(). */
void cohort_bucket_settle(struct cohort_bucket *bucket);
/* Nothing left in it: needs no row. */
bool cohort_bucket_is_empty(const struct cohort_bucket *bucket);
int64_t cohort_bucket_total(const struct cohort_bucket *bucket);
/* Of these, those that a version without classes decided: in no rate. */
int64_t cohort_bucket_unclassed(const struct cohort_bucket *bucket);

void cohort_bucket_encode(const struct cohort_bucket *bucket, struct buffer *to);
/* The largest weight of a stored bucket, without decoding it; 0: it does not say. */
double cohort_bucket_peek_largest(struct bytes value);
/* `ret_bucket` is empty on entry; finish it also after MALFORMED. */
MUST_CHECK enum status cohort_bucket_decode(struct bytes value, struct cohort_bucket *ret_bucket);
