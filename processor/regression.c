/* Names of matches and checks, as records state them. */
#include "processor/regression.h"

const char *const regression_match_names[REGRESSION_MATCHES] = {
    [MATCH_SIGNATURE] = "signature",
    [MATCH_EXACT] = "exact",
    [MATCH_NEAR] = "near",
};

const char *const regression_check_names[REGRESSION_CHECKS] = {
    [CHECK_NONE] = "none",
    [CHECK_MUST_NOT_INCLUDE] = "must_not_include",
    [CHECK_MUST_INCLUDE] = "must_include",
    [CHECK_FORBIDDEN_TOOL] = "forbidden_tool",
    [CHECK_REQUIRED_TOOL] = "required_tool",
    [CHECK_REFUSAL] = "refusal",
    [CHECK_VOLATILE_NUMBERS] = "volatile_numbers",
    [CHECK_GROUND_TRUTH] = "ground_truth",
    [CHECK_IDENTITY] = "identity",
};
