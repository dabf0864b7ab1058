/* The table of measurements. A new one is one row here and one function in the file of its subject
 * (measure/). */
#include "processor/score/measurements.h"

#include <stdio.h>

#include "processor/base/nearest.h"
#include "processor/score/measure/functions.h"

#define GROUNDEDNESS_NA "no_answer, no_contexts, refusal, no_claims"
#define STEPS_OF(kind_name, kind_value)                                                            \
    {                                                                                              \
        .name = "steps." kind_name, .unit = "steps", .range = "0..", .na_conditions = "",          \
        .meaning = "Steps of kind " kind_name ".", .source = "span kind",                          \
        .measure = measure_steps_of_kind, .parameter = kind_value                                  \
    }

#define TRAJECTORY(what, range_text, parameter_value, meaning_text)                                \
    {                                                                                              \
        .name = "trajectory." what, .unit = "share", .range = range_text, .is_judging = true,      \
        .na_conditions = "incomplete, not_configured", .meaning = meaning_text,                    \
        .source = "tool calls, measurements.trajectory.reference", .measure = measure_trajectory,  \
        .parameter = parameter_value                                                               \
    }

#define RELEVANCE(what, parameter_value, meaning_text)                                             \
    {                                                                                              \
        .name = "context_relevance." what, .unit = "share", .range = "0..1",                       \
        .needs_content = true, .reads = RUN_TEXT_INPUT | RUN_TEXT_DOCUMENTS,                       \
        .na_conditions = "no_input, no_contexts", .meaning = meaning_text,                         \
        .source = "question, documents", .measure = measure_context_relevance,                     \
        .parameter = parameter_value                                                               \
    }

#define GROUND_TRUTH(what, range_text, parameter_value, meaning_text)                              \
    {                                                                                              \
        .name = "ground_truth." what, .unit = "share", .range = range_text, .is_judging = true,    \
        .needs_content = true, .reads = RUN_TEXT_OUTPUT | RUN_TEXT_EXPECTED,                       \
        .na_conditions = "no_expected, no_answer", .meaning = meaning_text,                        \
        .source = "answer, expected answer", .measure = measure_ground_truth,                      \
        .parameter = parameter_value                                                               \
    }

const struct measurement measurements[] = {
    {.name = "spans",
     .unit = "spans",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Spans received, whatever they are.",
     .source = "trace",
     .measure = measure_spans},
    {.name = "steps",
     .unit = "steps",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Spans that are steps of the agent: nested spans of one call count once, what a "
                "judge does counts as one evaluator step.",
     .source = "trace",
     .measure = measure_steps},
    STEPS_OF("agent", STEP_AGENT),
    STEPS_OF("workflow", STEP_WORKFLOW),
    STEPS_OF("chain", STEP_CHAIN),
    STEPS_OF("llm", STEP_LLM),
    STEPS_OF("tool", STEP_TOOL),
    STEPS_OF("retriever", STEP_RETRIEVER),
    STEPS_OF("reranker", STEP_RERANKER),
    STEPS_OF("embedding", STEP_EMBEDDING),
    STEPS_OF("guardrail", STEP_GUARDRAIL),
    STEPS_OF("evaluator", STEP_EVALUATOR),
    STEPS_OF("memory", STEP_MEMORY),
    STEPS_OF("plan", STEP_PLAN),
    STEPS_OF("other", STEP_OTHER),
    {.name = "duration_ms",
     .unit = "ms",
     .range = "0..",
     .na_conditions = "no_times",
     .meaning = "From start to end of the root; without an ended root from the earliest start to "
                "the latest end.",
     .source = "span times",
     .measure = measure_duration},
    {.name = "ttft_ms",
     .unit = "ms",
     .range = "0..",
     .na_conditions = "not_recorded",
     .meaning = "Time to the first token of the first model call that recorded one.",
     .source = "attributes, events",
     .measure = measure_ttft},
    {.name = "tokens.input",
     .unit = "tokens",
     .range = "0..",
     .reads = RUN_TEXT_USAGE,
     .na_conditions = "no_usage",
     .meaning = "Tokens read by the models.",
     .source = "attributes",
     .measure = measure_tokens,
     .parameter = TOKENS_INPUT},
    {.name = "tokens.output",
     .unit = "tokens",
     .range = "0..",
     .reads = RUN_TEXT_USAGE,
     .na_conditions = "no_usage",
     .meaning = "Tokens written by the models.",
     .source = "attributes",
     .measure = measure_tokens,
     .parameter = TOKENS_OUTPUT},
    {.name = "tokens.total",
     .unit = "tokens",
     .range = "0..",
     .reads = RUN_TEXT_USAGE,
     .na_conditions = "no_usage",
     .meaning = "tokens.input + tokens.output, of those that were recorded.",
     .source = "attributes",
     .measure = measure_tokens,
     .parameter = TOKENS_TOTAL},
    {.name = "cost_usd",
     .unit = "USD",
     .range = "0..",
     .reads = RUN_TEXT_USAGE,
     .na_conditions = "no_prices, no_usage",
     .meaning = "Cost as recorded, else tokens times the configured prices.",
     .source = "attributes, measurements.cost_usd.prices",
     .measure = measure_cost},
    {.name = "llm.calls",
     .unit = "calls",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Model calls.",
     .source = "trace",
     .measure = measure_calls,
     .parameter = STEP_LLM},
    {.name = "tool.calls",
     .unit = "calls",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Tool calls that were executed.",
     .source = "trace",
     .measure = measure_calls,
     .parameter = STEP_TOOL},
    {.name = "tool.errors",
     .unit = "calls",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Tool calls that ended in an error.",
     .source = "span status",
     .measure = measure_tool_errors},
    {.name = "tool.errors.reported",
     .unit = "calls",
     .range = "0..",
     .reads = RUN_TEXT_TOOLS,
     .na_conditions = "no_content",
     .meaning = "Tool calls that ended well by their span and returned an error: its words, or "
                "members such as `error`, `success: false`, `status: failed`.",
     .source = "tool results",
     .measure = measure_tool_errors_reported,
     .needs_content = true},
    {.name = "tool.repeats",
     .unit = "calls",
     .range = "0..",
     .reads = RUN_TEXT_TOOLS,
     .na_conditions = "no_content",
     .meaning = "Tool calls with the name and arguments of an earlier one.",
     .source = "tool arguments",
     .measure = measure_tool_repeats,
     .needs_content = true},
    {.name = "retriever.documents",
     .unit = "documents",
     .range = "0..",
     .reads = RUN_TEXT_DOCUMENTS,
     .na_conditions = "",
     .meaning = "Distinct documents that retrievers returned.",
     .source = "documents",
     .measure = measure_documents,
     .needs_content = true},
    {.name = "errors",
     .unit = "errors",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Steps of the agent that ended in an error.",
     .source = "span status",
     .measure = measure_errors,
     .parameter = ERRORS_ALL},
    {.name = "errors.recovered",
     .unit = "errors",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Errors that the run got over.",
     .source = "span status",
     .measure = measure_errors,
     .parameter = ERRORS_RECOVERED},
    {.name = "agents",
     .unit = "agents",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Distinct agents; all unnamed ones count as one.",
     .source = "agent steps",
     .measure = measure_agents},
    {.name = "depth",
     .unit = "levels",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Levels of the span tree.",
     .source = "trace",
     .measure = measure_depth},
    {.name = "route.fallback",
     .unit = "",
     .range = "0 or 1",
     .na_conditions = "",
     .meaning = "1 when another model or provider answered than was asked first.",
     .source = "model calls",
     .measure = measure_fallback},
    {.name = "route.cache_hit",
     .unit = "",
     .range = "0 or 1",
     .na_conditions = "",
     .meaning = "1 when a semantic cache answered.",
     .source = "attributes",
     .measure = measure_cache_hit},
    {.name = "route.retries",
     .unit = "calls",
     .range = "0..",
     .na_conditions = "",
     .meaning = "Model calls repeated after a failure.",
     .source = "model calls",
     .measure = measure_retries},
    {.name = "model_route",
     .unit = "text",
     .range = "",
     .is_text = true,
     .na_conditions = "no_models",
     .meaning = "Models that answered in order, joined by `>`; `!` after a failed one, `(cache)` "
                "after a hit.",
     .source = "model calls",
     .measure = measure_model_route},
    {.name = "tool_path",
     .unit = "text",
     .range = "",
     .is_text = true,
     .na_conditions = "no_tools",
     .meaning = "Tool names in call order, repeats collapsed, joined by `>`.",
     .source = "tool calls",
     .measure = measure_tool_path},
    {.name = "routing_policy",
     .unit = "text",
     .range = "",
     .is_text = true,
     .na_conditions = "not_recorded",
     .meaning = "Policy by which a gateway chose the model, such as `cost-optimized`.",
     .source = "attributes, gateway headers",
     .measure = measure_routing_policy},
    {.name = "groundedness.lexical",
     .unit = "share",
     .range = "0..1",
     .is_judging = true,
     .needs_content = true,
     .reads = RUN_TEXT_OUTPUT | RUN_TEXT_DOCUMENTS | RUN_TEXT_TOOLS,
     .na_conditions = GROUNDEDNESS_NA,
     .meaning = "How much of the answer's statements the documents hold: mean of the shares of "
                "their content words in one or two neighboring sentences, of those anywhere, of "
                "pairs of words, and of names and numbers. Where no retriever ran, results of "
                "tools are the documents.",
     .source = "answer, documents",
     .measure = measure_lexical_groundedness},
    {.name = "groundedness.numeric",
     .unit = "share",
     .range = "0..1",
     .is_judging = true,
     .judges_where = "where a number is not from the question",
     .needs_content = true,
     .reads = RUN_TEXT_INPUT | RUN_TEXT_OUTPUT | RUN_TEXT_DOCUMENTS | RUN_TEXT_TOOLS,
     .na_conditions = "no_answer, no_contexts, refusal, no_numbers",
     .meaning = "Share of the numbers of the answer that occur in documents, tool results or the "
                "question.",
     .source = "answer, documents, tool results, question",
     .measure = measure_numeric_groundedness},
    RELEVANCE("max", RELEVANCE_MAX,
              "Share of the content words of the question in the best document."),
    RELEVANCE("mean", RELEVANCE_MEAN, "The same share, mean over the documents."),
    RELEVANCE("ap", RELEVANCE_AP,
              "Average precision of the order of retrieval; a document with a share of at least "
              "0.3 is relevant."),
    {.name = "citation.validity",
     .unit = "share",
     .range = "0..1",
     .needs_content = true,
     .reads = RUN_TEXT_OUTPUT | RUN_TEXT_DOCUMENTS,
     .na_conditions = "no_answer, no_contexts, refusal, no_citations",
     .meaning = "Share of the citations of the answer, such as [2], [KB-204] or (source: KB-204), "
                "that name a retrieved document.",
     .source = "answer, documents",
     .measure = measure_citations},
    {.name = "tool_selection.accuracy",
     .unit = "share",
     .range = "0..1",
     .is_judging = true,
     .judges_where = "where required tools apply",
     .na_conditions = "incomplete, not_configured, no_calls",
     .meaning = "0.4 required tools called + 0.3 calls of offered or allowed tools + 0.3 calls "
                "without error, over what is known; 0 when a required tool was due and none was "
                "called.",
     .source = "tool calls, definitions, measurements.tool_selection",
     .measure = measure_tool_selection},
    {.name = "tool_args.valid",
     .unit = "share",
     .range = "0..1",
     .needs_content = true,
     .reads = RUN_TEXT_TOOLS,
     .na_conditions = "no_calls, no_content, no_schema",
     .meaning = "Share of the tool calls whose arguments parse, have the required keys and have "
                "values of the type that the offered schema states.",
     .source = "tool arguments, definitions",
     .measure = measure_tool_arguments},
    TRAJECTORY("exact", "0 or 1", TRAJECTORY_EXACT,
               "1 when exactly the expected tools were called, in order."),
    TRAJECTORY("in_order", "0 or 1", TRAJECTORY_IN_ORDER,
               "1 when the expected tools were called in order, others in between or not."),
    TRAJECTORY("any_order", "0 or 1", TRAJECTORY_ANY_ORDER,
               "1 when each expected tool was called as often as expected, in any order."),
    TRAJECTORY("precision", "0..1", TRAJECTORY_PRECISION,
               "Share of the tool calls that were expected, each as often as expected."),
    TRAJECTORY("recall", "0..1", TRAJECTORY_RECALL,
               "Share of the expected tool calls that happened."),
    {.name = "loop",
     .unit = "share",
     .range = "0..1",
     .needs_content = true,
     .na_conditions = "no_calls",
     .meaning = "1 when nothing repeats: 0.40 tool calls, 0.35 nested steps, 0.25 model outputs, "
                "over what is known; less where model outputs, tool calls or errors nearly repeat "
                "earlier ones.",
     .source = "tool calls, span tree, model outputs",
     .measure = measure_loop},
    {.name = "step_efficiency",
     .unit = "share",
     .range = "0..1",
     .needs_content = true,
     .na_conditions = "incomplete, no_steps",
     .meaning = "0.4 steps within the budget + 0.3 steps that repeat none + 0.3 tool calls "
                "without error, over what is known.",
     .source = "steps",
     .measure = measure_step_efficiency},
    GROUND_TRUTH("exact", "0 or 1", GROUND_TRUTH_EXACT,
                 "1 when the answer has the words of the expected one, in order."),
    GROUND_TRUTH("f1", "0..1", GROUND_TRUTH_F1,
                 "Harmonic mean of the shares of words that answer and expected answer have in "
                 "common: for answers as short as the expected one."),
    GROUND_TRUTH("recall", "0..1", GROUND_TRUTH_RECALL,
                 "Share of the words of the expected answer that the answer has."),
    GROUND_TRUTH("contains", "0 or 1", GROUND_TRUTH_CONTAINS,
                 "1 when the answer contains the expected one word for word."),
    {.name = "refusal",
     .unit = "",
     .range = "0 or 1",
     .needs_content = true,
     .reads = RUN_TEXT_OUTPUT,
     .na_conditions = "no_answer",
     .meaning = "1 when the answer opens with a refusal. Give it a borderline threshold: a "
                "refusal may be right.",
     .source = "answer",
     .measure = measure_refusal},
    {.name = "output.contract",
     .unit = "",
     .range = "0 or 1",
     .needs_content = true,
     .reads = RUN_TEXT_OUTPUT,
     .na_conditions = "not_configured, no_answer",
     .meaning =
         "1 when the answer has the configured form: JSON with the required keys, a pattern, "
         "a length.",
     .source = "answer, measurements.output_contract",
     .measure = measure_output_contract},
    {.name = "leak",
     .unit = "places",
     .range = "0..",
     .needs_content = true,
     .reads = RUN_TEXT_INPUT | RUN_TEXT_OUTPUT,
     .na_conditions = "no_answer",
     .meaning =
         "Secrets, card numbers and e-mail addresses in the answer that neither the question "
         "has nor `measurements.leak.allow` names.",
     .source = "answer, question",
     .measure = measure_leak},
    {.name = "feedback.negative",
     .unit = "feedbacks",
     .range = "0..",
     .na_conditions = "no_feedback",
     .meaning = "Negative feedback from users.",
     .source = "feedback spans, events and logs",
     .measure = measure_feedback_negative},
};
const uint32_t measurement_count = sizeof measurements / sizeof *measurements;

enum { PROOF_SIZE = 96 };

static bool resolve_imported(struct bytes name, struct bytes prefix, struct measure *ret_measure)
{
    if (!bytes_starts_with(name, prefix) || name.size == prefix.size)
        return false;
    *ret_measure = (struct measure){
        .name = name, .imported = bytes_of(name.data + prefix.size, name.size - prefix.size)};
    return true;
}

/* attributes["key"], with either quote. */
static bool resolve_attribute(struct bytes name, struct measure *ret_measure)
{
    struct bytes prefix = BYTES_LITERAL("attributes[");
    if (!bytes_starts_with(name, prefix) || name.size < prefix.size + 4)
        return false;
    uint8_t quote = name.data[prefix.size];
    struct bytes key = bytes_of(name.data + prefix.size + 1, name.size - prefix.size - 3);
    bool is_closed = name.data[name.size - 1] == ']' && name.data[name.size - 2] == quote;
    if ((quote != '"' && quote != '\'') || !is_closed || memchr(key.data, quote, key.size))
        return false;
    *ret_measure = (struct measure){.name = name, .imported = key, .is_attribute = true};
    return true;
}

static const char *nearest_measurement(struct bytes name)
{
    struct nearest nearest = nearest_to(name);
    const char *found = NULL;
    uint32_t distance = UINT32_MAX;
    for (uint32_t i = 0; i < measurement_count; i++) {
        nearest_offer(&nearest, bytes_of_text(measurements[i].name));
        if (nearest.distance < distance) {
            distance = nearest.distance;
            found = measurements[i].name;
        }
    }
    return found;
}

bool measurements_resolve(struct bytes name, struct measure *ret_measure, const char **ret_nearest)
{
    for (uint32_t i = 0; i < measurement_count; i++)
        if (bytes_equal_text(name, measurements[i].name)) {
            *ret_measure =
                (struct measure){.name = name, .measurement = &measurements[i], .slot = i + 1};
            return true;
        }
    if (resolve_imported(name, BYTES_LITERAL("score."), ret_measure))
        return true;
    if (resolve_attribute(name, ret_measure))
        return true;
    if (resolve_imported(name, BYTES_LITERAL("label."), ret_measure)) {
        ret_measure->is_label = true;
        return true;
    }
    if (ret_nearest)
        *ret_nearest = nearest_measurement(name);
    return false;
}

/* What the pass of a rule on it is worth. */
static void write_proof(char to[PROOF_SIZE], const struct measurement *row)
{
    if (row->is_judging)
        snprintf(to, PROOF_SIZE, "the run%s%s", row->judges_where ? ", " : "",
                 row->judges_where ? row->judges_where : "");
    else
        snprintf(to, PROOF_SIZE, "nothing");
}

void measurements_print(struct buffer *to)
{
    buffer_append_text(to,
                       "| Name | Unit | Range | A pass proves | na when | Meaning | Read from |\n"
                       "|---|---|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < measurement_count; i++) {
        const struct measurement *row = &measurements[i];
        char proof[PROOF_SIZE];
        write_proof(proof, row);
        buffer_printf(to, "| `%s` | %s | %s | %s | %s | %s | %s |\n", row->name, row->unit,
                      row->range, proof, row->na_conditions, row->meaning, row->source);
    }
    buffer_append_text(
        to,
        "| `regression.check` |  | 0, 0.5 or 1 | the run, where it asks exactly what a row asks | "
        "no_row | Of the built-in rule `regression` alone: 1 when the run holds what the rows of the "
        "regression set that it meets ask for, 0 when it does not, 0.5 when it does not and its "
        "question is only near to theirs. | question, answer, tools |\n"
        "| `score.<Name>` |  |  | the run | missing, no_value | The score that an evaluator "
        "attached: on the root, else the last by time. | evaluation results |\n"
        "| `label.<Name>` | text |  | the run | missing, no_label | The label that an evaluator "
        "attached. | evaluation results |\n"
        "| `attributes[\"key\"]` |  |  | nothing; with `judges: true` the run | missing, no_value "
        "| "
        "One's own attribute, where it is a number, a boolean (0 or 1), or the text of a number: "
        "of "
        "the root, else of another span, else of a resource. | attributes |\n");
}
