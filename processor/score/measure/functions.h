/* The functions behind the rows of measurements.c, by the file that holds them. */
#pragma once
#include "processor/score/measurement.h"

/* measure_structure.c */
measurement_fn measure_spans, measure_steps, measure_steps_of_kind, measure_duration, measure_ttft;
measurement_fn measure_tokens, measure_calls, measure_tool_errors, measure_tool_repeats;
measurement_fn measure_documents, measure_errors, measure_agents, measure_depth;
enum { TOKENS_INPUT, TOKENS_OUTPUT, TOKENS_TOTAL };
enum { ERRORS_ALL, ERRORS_RECOVERED };

/* tool_reports.c */
measurement_fn measure_tool_errors_reported;

/* cost.c */
measurement_fn measure_cost;

/* measure_route.c */
measurement_fn measure_fallback, measure_cache_hit, measure_retries;
measurement_fn measure_model_route, measure_tool_path, measure_routing_policy;

/* imported.c: of score.X, label.X and attributes["key"], which have no row. */
measurement_fn measure_feedback_negative;
void measure_score(struct bytes name, struct score_context *context, struct reading *ret_reading);
void measure_label(struct bytes name, struct score_context *context, struct reading *ret_reading);
/* attributes["key"]: one's own number. */
void measure_attribute(struct bytes key, struct score_context *context,
                       struct reading *ret_reading);

/* groundedness.c, numeric_groundedness.c, context_relevance.c */
measurement_fn measure_lexical_groundedness, measure_numeric_groundedness;
measurement_fn measure_context_relevance;
enum { RELEVANCE_MAX, RELEVANCE_MEAN, RELEVANCE_AP };

/* tool_arguments.c, trajectory_match.c */
measurement_fn measure_tool_arguments, measure_trajectory;
enum {
    TRAJECTORY_EXACT,
    TRAJECTORY_IN_ORDER,
    TRAJECTORY_ANY_ORDER,
    TRAJECTORY_PRECISION,
    TRAJECTORY_RECALL
};

/* citations.c, output_contract.c, leak.c */
measurement_fn measure_citations, measure_output_contract, measure_leak;

/* tool_selection.c, loop.c, step_efficiency.c, ground_truth.c, refusal.c */
measurement_fn measure_tool_selection, measure_loop, measure_step_efficiency;
measurement_fn measure_ground_truth, measure_refusal;
enum { GROUND_TRUTH_EXACT, GROUND_TRUTH_F1, GROUND_TRUTH_RECALL, GROUND_TRUTH_CONTAINS };

/* refusal.c: the answer cannot be judged by what it states: na as "no_answer" or "refusal". */
bool measure_answer_is_na(struct score_context *context, struct reading *reading);
