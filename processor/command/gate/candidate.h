/* A candidate: what a release answers to the rows' questions, judged by what judges the stream.
 *
 *   *.jsonl, -             {row_id, output, ...} ──> spans ─┐
 *   *.pb, *.otlp.json, folders, lines of OTLP ─────────────┴─> replay ─> rules and the row's checks
 *
 * A run belongs to the row that its root names. What belongs to none is told, never passed over. */
#pragma once
#include "pipelines/config/config.h"
#include "processor/command/gate/decision.h"
#include "processor/command/gate/rows.h"

enum {
    CANDIDATE_FAULTS_MAX = 8, /* told of a run; `fault_count` is all */
    CANDIDATE_NAMES_MAX = 20, /* told of what belongs to no row */
    CANDIDATE_NAME_BYTES_MAX = 64,
    CUT_TEXT_CODE_POINTS = 200,
};

enum candidate_texts { TEXTS_NONE, TEXTS_CUT, TEXTS_FULL, CANDIDATE_TEXTS };
extern const char *const candidate_texts_names[CANDIDATE_TEXTS + 1]; /* ends with NULL */

/* Why a run does not pass: a check of its row, a rule, or no answer at all. */
struct candidate_fault {
    struct bytes what;     /* "must_not_include", "rule ungrounded", "no_answer" */
    struct bytes expected; /* absent: nothing to say, or texts are not told */
    struct bytes seen;
    struct bytes message; /* one sentence without texts */
    bool is_rule;
    bool is_weak; /* it was not shown that it fails, only not that it holds */
};

struct candidate_run {
    uint32_t row; /* place among the rows */
    uint8_t trace_id[16];
    bool has_passed, is_judged;
    uint32_t fault_count;
    struct candidate_fault *faults; /* at most CANDIDATE_FAULTS_MAX; NULL: none */
};

struct candidate_names { /* the first ones, and how many there are */
    struct bytes items[CANDIDATE_NAMES_MAX];
    uint64_t count;
};

struct candidate {
    struct arena arena;
    struct candidate_run *runs; /* by row, then as they came */
    uint32_t run_count, run_capacity;
    struct gate_row_result *results; /* of each row */
    uint32_t *first_run;             /* of each row; one more at the end */
    uint64_t *rule_judged,
        *rule_failed; /* of each rule: runs that it had a value for, and failed */
    struct candidate_names unknown, idle, unnamed, unreadable, other_snapshots;
    char digest[2 * SHA256_SIZE + 1]; /* of what it is made of, in any order */
};

struct candidate_terms {
    const struct pipeline_config *config;
    struct gate_rows *rows;
    enum candidate_texts texts;
    uint32_t repeats;
    int64_t now_ms;
};

/* FATAL with a sentence (EXIT_USAGE, EXIT_PERMISSION, EXIT_BUG). */
MUST_CHECK enum status candidate_judge(const struct candidate_terms *terms, char *const *paths,
                                       int path_count, struct candidate *ret_candidate,
                                       struct error *ret_error);
void candidate_finish(struct candidate *candidate);
