/* Names are words that users know: metrics, answers and dead letters say them. */
#include "pipelines/review/outcome.h"

const char *const review_outcome_names[RESULT_OUTCOMES] = {
    [RESULT_WAS_ACCEPTED] = "accepted",
    [RESULT_WAS_DUPLICATE] = "duplicate",
    [RESULT_WAS_REVISED] = "revised",
    [RESULT_WAS_WITHDRAWN] = "withdrawn",
    [RESULT_WAS_SKIPPED] = "skipped",
    [RESULT_WAS_EXTRA] = "extra",
    [RESULT_WAS_OUTDATED] = "outdated",
    [RESULT_WAS_LATE] = "late",
    [RESULT_WAS_PENDING] = "pending",
    [RESULT_WAS_UNCLAIMED] = "unclaimed",
    [RESULT_WAS_CONFLICT] = "conflict",
    [RESULT_WAS_STALE] = "stale",
    [RESULT_WAS_NOT_YOURS] = "not_yours",
    [RESULT_WAS_OWN_REVIEW] = "own_review",
    [RESULT_WAS_ROLE] = "role",
    [RESULT_WAS_NOT_SEPARATING] = "check_does_not_separate",
    [RESULT_WAS_CONTENT_OFF] = "content_off",
    [RESULT_WAS_MALFORMED] = "malformed",
    [RESULT_WAS_UNKNOWN_LABEL] = "unknown_label",
    [RESULT_WAS_INCONSISTENT] = "inconsistent",
    [RESULT_WAS_TOO_LARGE] = "too_large",
    [RESULT_WAS_UNKNOWN_RECORD] = "unknown_record",
    [RESULT_WAS_FULL] = "full",
};

static const uint16_t statuses[RESULT_OUTCOMES] = {
    [RESULT_WAS_ACCEPTED] = 200,      [RESULT_WAS_DUPLICATE] = 200,
    [RESULT_WAS_REVISED] = 200,       [RESULT_WAS_WITHDRAWN] = 200,
    [RESULT_WAS_SKIPPED] = 200,       [RESULT_WAS_EXTRA] = 200,
    [RESULT_WAS_OUTDATED] = 200,      [RESULT_WAS_LATE] = 200,
    [RESULT_WAS_PENDING] = 202,       [RESULT_WAS_UNCLAIMED] = 202,
    [RESULT_WAS_CONFLICT] = 409,      [RESULT_WAS_STALE] = 409,
    [RESULT_WAS_NOT_YOURS] = 403,     [RESULT_WAS_OWN_REVIEW] = 403,
    [RESULT_WAS_ROLE] = 403,          [RESULT_WAS_NOT_SEPARATING] = 422,
    [RESULT_WAS_CONTENT_OFF] = 422,   [RESULT_WAS_MALFORMED] = 422,
    [RESULT_WAS_UNKNOWN_LABEL] = 422, [RESULT_WAS_INCONSISTENT] = 422,
    [RESULT_WAS_TOO_LARGE] = 422,     [RESULT_WAS_UNKNOWN_RECORD] = 422,
    [RESULT_WAS_FULL] = 503,
};

unsigned review_outcome_status(enum result_outcome outcome)
{
    return statuses[outcome];
}
