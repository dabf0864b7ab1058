/* What becomes of a result. */
#pragma once
#include "processor/review/result.h"

/* Every outcome of a result; counted in flywheel_results_total{outcome}. */
enum result_outcome {
    RESULT_WAS_ACCEPTED,
    RESULT_WAS_DUPLICATE,
    RESULT_WAS_REVISED,
    RESULT_WAS_WITHDRAWN,
    RESULT_WAS_SKIPPED,
    RESULT_WAS_EXTRA,
    RESULT_WAS_OUTDATED,
    RESULT_WAS_LATE,
    RESULT_WAS_PENDING,
    RESULT_WAS_UNCLAIMED,
    RESULT_WAS_CONFLICT,       /* 409: the id with other content */
    RESULT_WAS_STALE,          /* 409: supersedes is not the current one */
    RESULT_WAS_NOT_YOURS,      /* 403 */
    RESULT_WAS_OWN_REVIEW,     /* 403 */
    RESULT_WAS_ROLE,           /* 403: adjudicates without the right to */
    RESULT_WAS_NOT_SEPARATING, /* 422 check_does_not_separate */
    RESULT_WAS_CONTENT_OFF,    /* 422: redaction.content is none */
    RESULT_WAS_MALFORMED,      /* 422 */
    RESULT_WAS_UNKNOWN_LABEL,  /* 422 */
    RESULT_WAS_INCONSISTENT,   /* 422 */
    RESULT_WAS_TOO_LARGE,      /* 422 */
    RESULT_WAS_UNKNOWN_RECORD, /* dead letter, after its time as pending */
    RESULT_WAS_FULL,           /* 503: limits.audit or limits.review */
    RESULT_OUTCOMES
};
extern const char *const review_outcome_names[RESULT_OUTCOMES];
/* The HTTP status of an outcome: 200, 202, 403, 409, 422, 503. */
unsigned review_outcome_status(enum result_outcome outcome);

/* What became of one result. */
struct result_answer {
    enum result_outcome outcome;
    char result_id[RESULT_ID_MAX + 1];
    char item_id[33];            /* "" without an item */
    char field[80], reason[160]; /* of a refusal */
    uint8_t item_state;          /* enum item_state, after it */
    uint32_t decision;           /* number of the decision in force; 0: none */
    char row_id[37];             /* "" without a row */
};
