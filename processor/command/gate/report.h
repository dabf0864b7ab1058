/* A gate over a dataset as people and programs read it. One answer, four forms:
 *   report_text.c       lines for a terminal
 *   report_json.c       flywheel.dataset_gate/v1 (proto/dataset_gate.schema.json)
 *   report_junit.c      suite = cohort, case = row
 *   report_markdown.c   for the summary of a CI job
 * Texts of rows and answers are what people and models wrote: values, never markup. */
#pragma once
#include "processor/command/gate/candidate.h"

enum { GATE_SUITES_MAX = 64 };

struct gate_suite {
    struct bytes name; /* as the option has it, or "all rows" */
    bool is_all;
    struct release_gate_cohort cohort;
    uint32_t *rows; /* places of its live rows */
    uint32_t row_count;
    struct gate_suite_answer answer;
};

struct gate_answer {
    const struct pipeline_config *config;
    const struct gate_rows *rows;
    const struct candidate *candidate, *baseline; /* baseline NULL: none */
    struct gate_terms terms;
    enum candidate_texts texts;
    const struct gate_suite *suites;
    uint32_t suite_count;
    enum gate_outcome outcome;
    struct arena *scratch;
};

typedef void gate_report_fn(const struct gate_answer *answer, struct buffer *to);
gate_report_fn gate_report_text, gate_report_json, gate_report_junit, gate_report_markdown;

/* The first run of a row that did not pass; NULL: none. */
const struct candidate_run *gate_report_failed_run(const struct candidate *candidate, uint32_t row);
/* In one sentence, why a suite stands where it stands; without texts of rows. */
void gate_report_why(const struct gate_answer *answer, const struct gate_suite *suite,
                     struct buffer *to);
/* What belongs to no row or says less than it seems, a line each. */
void gate_report_notes(const struct gate_answer *answer, const char *line_begin, struct buffer *to);
/* 0.94: at most four decimals, none of them a closing zero. */
void gate_report_rate(struct buffer *to, double rate);
