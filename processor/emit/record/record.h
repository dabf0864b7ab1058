/* Verdict to review record, `flywheel.review/v1`: its only writer. JSON, keys in fixed order,
 * optional fields left out when absent, no wall clock of ours inside: the same run, ruleset and
 * revision give the same bytes. proto/review.schema.json describes it. */
#pragma once
#include "processor/dimension.h"
#include "processor/emit/outgoing.h"
#include "processor/emit/redact.h"
#include "processor/rule.h"
#include "processor/verdict.h"

enum {
    REVIEW_RECORD_MAX = 800000
}; /* bytes; larger is cut: context texts, step payloads, then messages */

enum selection_reason {
    SELECT_RULE,
    SELECT_CONTROL,
    SELECT_NEW_COHORT,
    SELECT_UNSCORED,
    SELECT_FEEDBACK,
    SELECT_REASONS
};
extern const char *const selection_reason_names[SELECT_REASONS];

/* Everything a record states; all borrowed. */
struct review_input {
    const struct agent_run *run; /* with content */
    const struct verdict_report *report;
    uint32_t revision;      /* from 1 */
    const char *supersedes; /* record_id text of the revision before; NULL: none */
    uint32_t late_spans;
    /* Of a run whose spans are not all here; 0: of the spans. */
    uint64_t known_start_ns, known_end_ns;
    uint32_t known_spans;
    enum selection_reason reason;
    double inclusion_probability;
    const struct dimension *dimensions;
    const struct bytes *dimension_values;
    uint32_t dimension_count;
    const uint8_t *ruleset_sha256; /* 32 bytes */
    const struct redaction_policy *redaction;
    struct regex_scratch *scratch;
    struct arena *arena;
};

struct review_record {
    char record_id[37];
    struct bytes queue;
    struct bytes key; /* 32 hex digits */
    char traceparent[56];
    char revision_text[12];
};

/* Appends the JSON (one line, no newline) to `json` and fills `ret_record`. FATAL only when memory
 * ran out. */
MUST_CHECK enum status review_record_write(const struct review_input *input, struct buffer *json,
                                           struct review_record *ret_record);
/* The Kafka side of it: key and headers, borrowed from `record` and `json`. */
struct outgoing review_record_outgoing(const struct review_record *record, struct bytes json,
                                       enum verdict verdict);
