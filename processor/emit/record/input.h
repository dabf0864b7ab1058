/* What a review record is made of, and how large it may be. */
#pragma once
#include "processor/dimension.h"
#include "processor/emit/redact.h"
#include "processor/rule.h"
#include "processor/verdict.h"

/* Bytes; larger is cut: context texts, step payloads, then messages. The topics it goes to may take
 * less, down to a size that every record can be cut to but for its names and rules. */
enum { REVIEW_RECORD_MAX = 800000, REVIEW_RECORD_LEAST = 16 * 1024 };

struct regression_report; /* processor/regression.h */

enum selection_reason {
    SELECT_RULE,
    SELECT_CONTROL,
    SELECT_NEW_COHORT,
    SELECT_UNSCORED,
    SELECT_FEEDBACK,
    SELECT_REGRESSION,
    SELECT_REASONS
};

/* Everything a record states; all borrowed. */
struct review_input {
    const struct agent_run *run; /* with content */
    const struct verdict_report *report;
    /* What the regression set said; NULL: there is none. */
    const struct regression_report *regressions;
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
    const char *trace_url;         /* {trace_id} stands for the id; NULL: none */
    const struct redaction_policy *redaction;
    struct regex_scratch *scratch;
    struct arena *arena;
    size_t bytes_max; /* 0: REVIEW_RECORD_MAX */
};

static inline size_t review_input_bytes_max(const struct review_input *input)
{
    return input->bytes_max ? input->bytes_max : REVIEW_RECORD_MAX;
}
