/* Verdict to review record, `flywheel.review/v1`: its only writer. JSON, keys in fixed order,
 * optional fields left out when absent, no wall clock of ours inside: the same run, ruleset and
 * revision give the same bytes. proto/review.schema.json describes it. */
#pragma once
#include "processor/emit/outgoing.h"
#include "processor/emit/record/input.h"

extern const char *const selection_reason_names[SELECT_REASONS];

struct review_record {
    char record_id[37];
    struct bytes queue;
    uint32_t priority;
    struct bytes key; /* 32 hex digits */
    char traceparent[56];
    char revision_text[12];
    char content_digest[64]; /* hex of SHA-256 over what a reviewer reads, before cutting */
};

/* Appends the JSON (one line, no newline) to `json` and fills `ret_record`. FATAL only when memory
 * ran out. */
MUST_CHECK enum status review_record_write(const struct review_input *input, struct buffer *json,
                                           struct review_record *ret_record);
/* The Kafka side of it: key and headers, borrowed from `record` and `json`. */
struct outgoing review_record_outgoing(const struct review_record *record, struct bytes json,
                                       enum verdict verdict);
