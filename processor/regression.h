/* What the regression set says of a run: rows that it matches, and the check that it failed. Rows are
 * facts that people approved, not reference answers. Plain data in the scorer's arena. */
#pragma once
#include "processor/base/bytes.h"

/* The built-in rule that says so among the evaluations; no rule of a pipeline file has its name. */
#define REGRESSION_RULE "regression"

/* How a row was met; the surest that holds. Only exact ones and signatures may fail a run. */
enum regression_match { MATCH_SIGNATURE, MATCH_EXACT, MATCH_NEAR, REGRESSION_MATCHES };
extern const char *const regression_match_names[REGRESSION_MATCHES]; /* "signature", ... */

/* What of a row an answer fails; IDENTITY: the run failed as the row's did (equal signature). */
enum regression_check {
    CHECK_NONE, /* it passed */
    CHECK_MUST_NOT_INCLUDE,
    CHECK_MUST_INCLUDE,
    CHECK_FORBIDDEN_TOOL,
    CHECK_REQUIRED_TOOL,
    CHECK_REFUSAL,
    CHECK_VOLATILE_NUMBERS,
    CHECK_GROUND_TRUTH,
    CHECK_IDENTITY,
    REGRESSION_CHECKS
};
extern const char *const regression_check_names[REGRESSION_CHECKS];

enum { REGRESSION_HITS_MAX = 16, REGRESSION_SNAPSHOT_SIZE = 17 };

struct regression_hit {
    const char *row_id;          /* as text */
    const uint8_t *row_id_bytes; /* 16 */
    uint32_t row_revision;
    enum regression_match match;
    enum regression_check check; /* the first that failed; CHECK_NONE: it passed */
    bool is_fail;                /* else borderline; meaningless when it passed */
    bool is_critical;
    struct bytes value;        /* the alternative or tool that did not hold; absent: none */
    struct bytes failure_mode; /* of the row: a label; absent: none */
    uint32_t start, end;       /* of the answer, bytes before redaction; both 0: no place */
};

struct regression_report {
    const char *snapshot; /* of the set, 16 hex digits; NULL: there is no set */
    struct regression_hit
        hits[REGRESSION_HITS_MAX]; /* failed first, then borderline, then passed; by row id */
    uint32_t count;                /* rows that it matched: may be more than `hits` holds */
    uint32_t failed, borderline;   /* of `hits` */
};
