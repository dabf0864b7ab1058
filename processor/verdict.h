/* pass, borderline, fail or unscored, and the rules that decided it. Plain data in the scorer's
 * arena. */
#pragma once
#include "processor/agent_run.h"

enum verdict { VERDICT_PASS, VERDICT_BORDERLINE, VERDICT_FAIL, VERDICT_UNSCORED, VERDICTS };
extern const char *const verdict_names[VERDICTS + 1]; /* ends with NULL, as those below */
const char *verdict_name(enum verdict verdict);

enum outcome {
    OUTCOME_PASS,
    OUTCOME_BORDERLINE,
    OUTCOME_FAIL,
    OUTCOME_NA,
    OUTCOME_ERROR,
    OUTCOMES
};
extern const char *const outcome_names[OUTCOMES + 1];
const char *outcome_name(enum outcome outcome);

enum evaluator_type { EVALUATOR_CODE, EVALUATOR_LLM, EVALUATOR_HUMAN, EVALUATOR_IMPORTED };
extern const char *const evaluator_type_names[5];

enum evidence_field {
    FIELD_OUTPUT,
    FIELD_INPUT,
    FIELD_CONTEXT,
    FIELD_STEP_INPUT,
    FIELD_STEP_OUTPUT,
    FIELD_ARGUMENTS,
    FIELD_NAME
};
extern const char *const evidence_field_names[7]; /* "output", "input", "context", ... */

struct evidence {
    uint32_t span; /* index; NO_SPAN: the run's own field; of FIELD_CONTEXT the document's index */
    enum evidence_field field;
    uint32_t start, end; /* byte offsets in that field's text, before redaction; the record states
                            code points */
};

/* A run's class: what the rules that only condemn said at worst, and what those that judge said.
 * All rates of cohorts are sums over these (state/cohorts/classes.h). */
enum condemned { CONDEMNED_NOT, CONDEMNED_BORDERLINE, CONDEMNED_FAIL, CONDEMNED_CLASSES };
enum judged { JUDGED_NOT, JUDGED_PASS, JUDGED_BORDERLINE, JUDGED_FAIL, JUDGED_CLASSES };

struct evaluation {
    const struct rule *rule;  /* of the ruleset that decided */
    struct bytes measurement; /* canonical name of the one used, or of the first when all were na */
    enum outcome outcome;
    bool has_value;
    bool judges;         /* its pass is evidence for the run, not only its fail against it */
    bool is_missing;     /* without a value, because an awaited score did not come */
    bool lacks_required; /* likewise, and its rule is required */
    double value;
    double margin; /* distance to the fail threshold, negative when failed; valid when has_value and
                      has fail */
    const char *na_reason;    /* NULL: none. A short machine word: no_contexts, incomplete, ... */
    struct bytes explanation; /* absent: none */
    struct evidence *evidence;
    uint32_t evidence_count;
    struct bytes evaluator_id, evaluator_version;
    enum evaluator_type evaluator_type;
};

struct verdict_report {
    enum verdict verdict;
    enum condemned condemned;
    enum judged judged;
    struct evaluation *evaluations; /* every rule, in file order */
    uint32_t evaluation_count;
    /* Of the failed, then of the borderline rules; distinct, in file order. */
    struct bytes_list labels;
    const struct rule *worst; /* the failed or borderline rule of lowest priority number, file order
                                 breaking ties; NULL */
    char signature[17];       /* 16 hex digits over failed rules, tool_path and normalized error */
    bool refusal;             /* the refusal measurement said so, when it was computed */
};
