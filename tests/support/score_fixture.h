/* A run, a ruleset over the dimensions intent and locale, and the context that joins them. */
#pragma once
#include "processor/score/expression/expression.h"
#include "processor/score/scorer.h"
#include "tests/support/hand_run.h"

struct score_fixture {
    struct hand_run builder;
    struct rule rules[16];
    struct ruleset ruleset;
    struct bytes dimension_values[2];
    struct regex_scratch *scratch;
    struct arena arena;
    struct score_context context;
    struct verdict_report report;
};

struct score_fixture *score_fixture_create(void);
void score_fixture_destroy(struct score_fixture *fixture);
/* A judging rule of priority 5 on one measure, which must be known. */
struct rule *score_fixture_rule(struct score_fixture *fixture, const char *name,
                                const char *measure);
/* Forgets what was computed, so that a changed run is read anew. */
void score_fixture_reset(struct score_fixture *fixture);
/* Orders the run, prepares the ruleset and judges. */
const struct verdict_report *score_fixture_judge(struct score_fixture *fixture);
/* Reads one measurement of the run as it is now. */
const struct reading *score_fixture_read(struct score_fixture *fixture, const char *measure);
/* Parses (which must succeed) and evaluates an expression over the run as it is now. */
enum tristate score_fixture_evaluate(struct score_fixture *fixture, const char *expression);
