/* What the results of an item come to. A pure function of the set of results, whatever the order in
 * which they came:
 *
 *   an adjudicator's result            adjudicated, whatever the others say
 *   fewer than wanted                  open, waiting; skipped when two persons or an adjudicator say so
 *   consensus                          agreed
 *   else                               disputed
 *
 * Consensus is of verdicts, and of the labels that imply one; `unsure` is none. */
#pragma once
#include "processor/review/row.h"
#include "processor/review/settings.h"
#include "state/tables/result.h"

struct decision_labels { /* ids, borrowed */
    struct bytes ids[ITEM_LABELS_MAX];
    uint32_t count;
};

struct results_decision {
    enum item_state state;
    bool is_decided, is_adjudicated, is_approved;
    uint8_t verdict; /* enum reviewer_verdict */
    struct decision_labels labels;
    int32_t failure_mode;           /* place in `labels`; -1: none */
    const struct result_row *texts; /* whose texts stand; NULL: nobody's */
    uint32_t results, skips;        /* that count */
    uint32_t reviewers, agreeing;   /* persons behind it, and of them with its verdict */
    const struct result_row *persons[ROW_PERSONS_MAX]; /* the first of those who agree */
    uint32_t person_count;
    bool has_critical_right; /* two authenticated reviewers, or an adjudicator */
    uint64_t fingerprint;    /* of all that a row states of it */
};

/* `rows` of one item, by principal. Results that are outdated do not come to anything. */
void decision_make(const struct result_row *rows, uint32_t count, uint32_t wanted,
                   const struct review_settings *settings, struct results_decision *ret_decision);
