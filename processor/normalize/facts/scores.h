/* Scores and feedback that others attached to a run: attributes of spans, span events, log records,
 * feedback spans. */
#pragma once
#include "processor/normalize/facts/lists.h"
#include "processor/normalize/semconv/semconv.h"

struct score_list {
    struct score *scores;
    uint32_t score_count, score_capacity;
    struct feedback *feedback;
    uint32_t feedback_count, feedback_capacity;
    struct arena *arena;
};

/* What span number `index` says. `judged` is the span that its scores are about when it is an
 * evaluator's: the parent, or NO_SPAN. */
void scores_of_span(struct score_list *list, const struct trajectory *trajectory, uint32_t index,
                    const struct semconv *semconv, enum step_kind kind);
void scores_of_log(struct score_list *list, const struct trajectory *trajectory,
                   const struct log_record *log);
