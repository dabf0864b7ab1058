/* Names of verdicts, outcomes and what goes with them, as records state them. */
#include "processor/verdict.h"

#include <assert.h>

const char *const verdict_names[VERDICTS + 1] = {
    [VERDICT_PASS] = "pass",
    [VERDICT_BORDERLINE] = "borderline",
    [VERDICT_FAIL] = "fail",
    [VERDICT_UNSCORED] = "unscored",
};

const char *const outcome_names[OUTCOMES + 1] = {
    [OUTCOME_PASS] = "pass", [OUTCOME_BORDERLINE] = "borderline", [OUTCOME_FAIL] = "fail",
    [OUTCOME_NA] = "na",     [OUTCOME_ERROR] = "error",
};

const char *const evaluator_type_names[5] = {
    [EVALUATOR_CODE] = "code",
    [EVALUATOR_LLM] = "llm",
    [EVALUATOR_HUMAN] = "human",
    [EVALUATOR_IMPORTED] = "imported",
};

const char *const evidence_field_names[7] = {
    [FIELD_OUTPUT] = "output",
    [FIELD_INPUT] = "input",
    [FIELD_CONTEXT] = "context",
    [FIELD_STEP_INPUT] = "step_input",
    [FIELD_STEP_OUTPUT] = "step_output",
    [FIELD_ARGUMENTS] = "arguments",
    [FIELD_NAME] = "name",
};

const char *verdict_name(enum verdict verdict)
{
    assert(verdict < VERDICTS);
    return verdict_names[verdict];
}

const char *outcome_name(enum outcome outcome)
{
    assert(outcome < OUTCOMES);
    return outcome_names[outcome];
}
