/* A trajectory as normalized: one vocabulary, whatever the instrumentation wrote. Built in two
 * depths: facts (kinds, names, tokens, scores) for every trajectory, content (texts, documents,
 * arguments) only where a record or a measurement asks. Everything lives in the run's arena or in
 * the wire bytes of the trajectory. */
#pragma once
#include "processor/step.h"
#include "processor/trajectory.h"

struct score {
    struct bytes name;
    bool has_value;
    double value;
    struct bytes label;       /* absent: none */
    struct bytes explanation; /* absent: none */
    struct bytes evaluator;   /* id or model of the judge; absent: none */
    bool is_error;            /* the judge failed: no value counts */
    uint32_t span;            /* index of the judged span; NO_SPAN: the trajectory */
    uint64_t time_ns;
};

struct feedback {
    struct bytes name;
    bool has_value;
    double value;
    struct bytes text; /* label or comment */
    bool is_negative;  /* thumbs down, a value below zero, "negative", "bad", ... */
    uint64_t time_ns;
};

struct document {
    struct bytes id, text; /* absent: not recorded */
    bool has_score;
    double score;
    uint32_t span; /* the retriever or tool span that returned it first */
    bool is_tool_result;
};

/* Said before the run's question. */
enum { HISTORY_MAX = 20 };
struct turn {
    bool is_user; /* else the assistant's */
    struct bytes text;
};

struct bytes_list {
    struct bytes *items;
    uint32_t count;
};

/* Kinds of text, for what was left out at the door. */
enum run_text {
    RUN_TEXT_INPUT = 1 << 0,
    RUN_TEXT_OUTPUT = 1 << 1,
    RUN_TEXT_DOCUMENTS = 1 << 2,
    RUN_TEXT_TOOLS = 1 << 3, /* their names, definitions, arguments, results */
    RUN_TEXT_EXPECTED = 1 << 4,
    RUN_TEXT_USAGE = 1 << 5, /* tokens, cost */
    RUN_TEXTS_ALL = (1 << 6) - 1,
};

struct agent_run {
    const struct trajectory *trajectory;
    struct arena *arena;
    struct step *steps; /* one per span, same indexes */
    uint32_t step_count;

    /* Facts. */
    struct bytes conversation_id, user_id, service, environment, release;
    struct bytes row_id; /* of a candidate: the dataset row that its root says it answers; absent */
    struct bytes agent_name, agent_version;
    struct bytes_list models, providers; /* distinct, in order of first use */
    struct bytes_list tools;             /* executed, distinct, in order */
    struct bytes_list tools_offered;     /* names of the tools given to the model, distinct */
    struct bytes_list tool_definitions;  /* their definitions as JSON, same indexes */
    struct bytes tool_path, model_route;
    struct bytes routing_policy;         /* of a gateway; absent: none said */
    int64_t tokens_input, tokens_output; /* -1: none recorded */
    double cost_usd;                     /* negative: none recorded */
    int64_t ttft_ns;                     /* of the first model call that has one; -1 */
    uint32_t retries;
    bool fallback, cache_hit;
    uint32_t dropped_attributes; /* and other parts that were left out */
    uint32_t refused_spans; /* stubs, of which ids, times and status came in, and refused ones */
    uint32_t left_out;      /* parts left out at the door */
    uint32_t lost_at_top, lost_below; /* enum run_text of them, by where they stood */
    struct score *scores;
    uint32_t score_count;
    struct feedback *feedback;
    uint32_t feedback_count;
    struct bytes_list finish_reasons; /* distinct */
    struct bytes_list errors;         /* of the agent's own steps, in order */
    uint32_t error_count, errors_recovered;
    bool has_failed; /* the run as a whole: root in error, or stopped by an error nobody caught */
    bool is_understood; /* some span says its kind, or carries content, in known words; else */
    struct bytes unread_scope; /* this is the scope that wrote its top span */
    bool is_judge_only;   /* the run of an evaluator, experiment or simulator: not an agent's, kept
                           out and counted */
    bool has_unread_facts, has_unread_texts; /* their readers met the limit of looking: base/arena.h */
    double weight;        /* adjusted count from tracestate `ot=th`; 1 when absent */
    bool is_weight_mixed; /* its spans state different ones: the top's counts, else the first */

    /* Content. */
    bool has_content;
    struct bytes input, output, expected; /* absent: none */
    uint32_t input_span, output_span;     /* where it was read; NO_SPAN */
    struct turn *history;                 /* of the turns before the input the newest, in order */
    uint32_t history_count;
    struct document *documents; /* distinct, in order of retrieval; results of tools where no
                                   retriever ran */
    uint32_t document_count;
};

/* Is all here that there was? Else it is not known what did not happen. */
static inline bool agent_run_is_whole(const struct agent_run *run)
{
    return trajectory_has_ended(run->trajectory) && run->refused_spans == 0 && run->left_out == 0;
}

/* enum run_text: texts of the run that are not whole, or not the ones that would have been read. A
 * loss below the top does not matter where the top spoke itself. */
uint32_t agent_run_lost(const struct agent_run *run);
