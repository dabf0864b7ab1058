/* One person's judgement of a reviewed run, `flywheel.result/v1`: from bytes to plain data. Pure:
 * what can be said without the item is checked here (shape, sizes, labels, contradictions); what
 * needs the item or the reviewer's rights is pipelines/review/apply.
 *
 *   JSON -> result_json_read -> struct result   or a refusal that names the field
 *
 * Every text is borrowed from the arena. Limits are those of proto/result.schema.json. */
#pragma once
#include "processor/base/arena.h"
#include "processor/review/label_set.h"

enum {
    RESULT_BYTES_MAX = 256 * 1024, /* of one result; of a POST likewise */
    RESULTS_PER_POST_MAX = 500,
    RESULT_ID_MAX = 64,
    REVIEWER_NAME_MAX = 64,
    RESULT_LABELS_MAX = REVIEW_LABELS_MAX,
    RESULT_CHECKS_MAX = 16,
    RESULT_ALTERNATIVES_MAX = 8,
    RESULT_ALTERNATIVE_BYTES_MAX = 512,
    RESULT_TOOLS_MAX = 16,
    RESULT_EVIDENCE_MAX = 64,
    EXPECTED_RESPONSE_BYTES_MAX = 64 * 1024,
    COMMENT_BYTES_MAX = 8 * 1024,
};

enum result_status { RESULT_COMPLETED, RESULT_SKIPPED, RESULT_WITHDRAWN, RESULT_STATUSES };
enum reviewer_verdict { REVIEW_PASS, REVIEW_FAIL, REVIEW_UNSURE, REVIEWER_VERDICTS };
enum result_role { RESULT_REVIEWER, RESULT_ADJUDICATOR, RESULT_ROLES };
enum skip_cause {
    SKIPPED_NOT_ME,
    SKIPPED_CANNOT_TELL,
    SKIPPED_OUT_OF_SCOPE,
    SKIPPED_SENSITIVE,
    SKIPPED_CAUSES
};
extern const char *const result_status_names[RESULT_STATUSES];
extern const char *const reviewer_verdict_names[REVIEWER_VERDICTS];
extern const char *const result_role_names[RESULT_ROLES];
extern const char *const skip_cause_names[SKIPPED_CAUSES];

struct result_check { /* any of the alternatives */
    struct bytes alternatives[RESULT_ALTERNATIVES_MAX];
    uint32_t count;
};
struct result_checks {
    struct result_check items[RESULT_CHECKS_MAX];
    uint32_t count;
};
struct result_tools {
    struct bytes names[RESULT_TOOLS_MAX];
    uint32_t count;
};
struct result_evidence { /* code points of the text at `pointer` */
    struct bytes pointer, label;
    uint32_t start, end;
};

struct result {
    uint8_t
        sha256[32]; /* of the canonical JSON (base/json/canonical.h): a repeat, or a conflict? */
    struct bytes result_id;                /* given, or the UUIDv5 of the canonical JSON */
    struct bytes record_id, trajectory_id; /* one of them; the other is absent. Hex or UUID text */
    struct bytes reviewer;                 /* absent: the token's owner */
    enum result_role role;
    enum result_status status;
    bool has_verdict, has_first_verdict, has_approve;
    enum reviewer_verdict verdict, first_verdict;
    uint32_t label_count, first_label_count;
    uint16_t labels[RESULT_LABELS_MAX],
        first_labels[RESULT_LABELS_MAX]; /* of the label set, ascending */
    int32_t failure_mode;                /* -1: none */
    struct bytes expected_response;      /* absent: none */
    struct result_checks must_include, must_not_include;
    struct bytes expected_until; /* "2027-01-31"; absent: none */
    struct result_tools required_tools, forbidden_tools;
    struct result_evidence evidence[RESULT_EVIDENCE_MAX];
    uint32_t evidence_count;
    struct bytes comment;
    bool approve;
    enum skip_cause skip_cause;
    struct bytes skip_to;             /* a reviewer or queue that gets it first */
    int64_t started_ms, completed_ms; /* 0: not said; not clamped yet */
    struct bytes supersedes, label_set, origin;
};

enum result_fault {
    RESULT_OK,
    RESULT_MALFORMED,
    RESULT_UNKNOWN_LABEL,
    RESULT_INCONSISTENT, /* a label implies pass, and the verdict is fail */
    RESULT_TOO_LARGE,
    RESULT_FAULTS
};
extern const char *const result_fault_names[RESULT_FAULTS]; /* "malformed", "unknown_label", ... */

struct result_refusal {
    enum result_fault fault;
    char field[80];   /* "must_include[2]"; "" when it is the whole */
    char reason[160]; /* one sentence without content */
};
