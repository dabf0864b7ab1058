/* What stays of a decided trajectory for the late window: the extension of its decided row. It says
 * what was decided, so that a late score or span can change it without the content. About 16 bytes,
 * 16 for a record id, 13 for each rule with a value (5 without) and the text of the dimensions. */
#pragma once
#include "processor/base/arena.h"
#include "processor/rule.h"
#include "processor/verdict.h"

enum {
    SUMMARY_REVISIONS_MAX = 8, /* of one trajectory; each is another record for the reviewers */
    SUMMARY_DIMENSIONS_MAX = 64,
    SUMMARY_RULESET_SIZE = 8,
    RECORD_ID_SIZE = 16,
};

/* Bits of decided_row.flags. */
enum {
    DECIDED_EMITTED = 1,   /* the last record that was emitted is this row's record_ids[0], or */
    DECIDED_AS_FIRST = 2,  /* with this bit record_ids[1] */
    DECIDED_CONTENT = 4,   /* content is retained under record_sequence */
    DECIDED_EXHAUSTED = 8, /* there is no revision any more */
};

struct summary_rule {
    uint32_t name; /* summary_rule_name() */
    enum outcome outcome;
    uint8_t measure;    /* place in the rule's list of the one that was read */
    bool has_value;     /* else `value` is 0 */
    bool is_when_false; /* na because its `when` did not hold */
    bool judges;        /* the value was evidence for the run */
    bool is_missing;    /* na because an awaited score did not come */
    double value;
};

struct summary {
    uint32_t decisions;         /* verdicts so far, the first included */
    uint32_t revision;          /* of the verdict in force; goes up when something changed */
    uint32_t spans, late_spans; /* in all; of them after the first verdict */
    bool is_judge_only;
    bool has_record_id[2];
    uint8_t record_ids[2][RECORD_ID_SIZE];
    uint8_t ruleset[SUMMARY_RULESET_SIZE]; /* the first bytes of its SHA-256 */
    struct summary_rule *rules;
    uint32_t rule_count;
    struct bytes *dimension_values;
    uint32_t dimension_count;
    struct bytes contribution; /* what the cohorts hold of it, if its own row does not say it */
    double probability; /* of its selection so far: the largest of all decisions; 0: not told */
    struct bytes met;   /* met_rows.h; absent: it is not counted by rows and releases */
};

/* A record id as text of UUID_TEXT_SIZE, and back; false when it is none. */
void record_id_write(const uint8_t id[RECORD_ID_SIZE], char *to);
MUST_CHECK bool record_id_read(const char *text, uint8_t to[RECORD_ID_SIZE]);

/* Rules are found again by name: a reload may change their order. */
uint32_t summary_rule_name(struct bytes name);
const struct summary_rule *summary_find_rule(const struct summary *summary, struct bytes name);
/* The rules of a report, in `arena`. False: out of memory. */
MUST_CHECK bool summary_take_report(struct summary *summary, const struct verdict_report *report,
                                    struct arena *arena);
/* Has an outcome or a value changed? */
bool summary_differs(const struct summary *before, const struct summary *now);

void summary_encode(const struct summary *summary, struct buffer *to);
/* Tables are in `arena`, texts borrowed from `encoded`. NOT_FOUND: an earlier version wrote the row
 * without; BUSY: the arena is too small. */
MUST_CHECK enum status summary_decode(struct bytes encoded, struct arena *arena,
                                      struct summary *ret_summary);
