/* What others said about a run: evaluators by score and label, users by feedback, the application
 * by attributes of its own. The words are theirs; only the thresholds are ours. */
#include "processor/base/json/number.h"
#include "processor/base/text/text.h"
#include "processor/normalize/facts/lookup.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"

/* An evaluator of that name that failed, for when no score counts. */
static const struct score *find_judge_error(const struct agent_run *run, struct bytes name)
{
    for (uint32_t i = run->score_count; i-- > 0;)
        if (run->scores[i].is_error && lookup_name_equal(run->scores[i].name, name))
            return &run->scores[i];
    return NULL;
}

/* The score to speak for `name`, or NULL when the reading is na already. */
static const struct score *speak_for(struct bytes name, struct score_context *context,
                                     struct reading *reading)
{
    const struct agent_run *run = context->run;
    reading->evaluator_type = EVALUATOR_IMPORTED;
    const struct score *score = lookup_score(run, name);
    if (!score) {
        score = find_judge_error(run, name);
        reading->is_error = score != NULL;
        reading_na(reading, score ? "evaluator_error" : "missing");
    }
    reading->evaluator_id = score && score->evaluator.size ? score->evaluator : name;
    if (score)
        reading->explanation = score->explanation;
    return reading->na_reason ? NULL : score;
}

void measure_score(struct bytes name, struct score_context *context, struct reading *ret_reading)
{
    const struct score *score = speak_for(name, context, ret_reading);
    if (!score)
        return;
    if (score->has_value)
        reading_number(ret_reading, score->value);
    else
        reading_na(ret_reading, "no_value");
}

void measure_label(struct bytes name, struct score_context *context, struct reading *ret_reading)
{
    const struct score *score = speak_for(name, context, ret_reading);
    if (!score)
        return;
    if (score->label.data)
        ret_reading->text = score->label;
    else
        reading_na(ret_reading, "no_label");
}

void measure_feedback_negative(const struct measurement *self, struct score_context *context,
                               struct reading *ret_reading)
{
    (void)self;
    const struct agent_run *run = context->run;
    uint32_t negative = 0;
    for (uint32_t i = 0; i < run->feedback_count; i++)
        negative += run->feedback[i].is_negative;
    ret_reading->evaluator_type = EVALUATOR_HUMAN;
    if (run->feedback_count == 0) {
        reading_na(ret_reading, "no_feedback");
        return;
    }
    reading_number(ret_reading, negative);
    if (negative > 0)
        reading_explain(ret_reading, context, "%u of %u user feedbacks %s negative", negative,
                        run->feedback_count, negative == 1 ? "is" : "are");
    else
        reading_explain(ret_reading, context, "None of %u user feedbacks is negative",
                        run->feedback_count);
}

void measure_attribute(struct bytes key, struct score_context *context, struct reading *ret_reading)
{
    struct value value = lookup_attribute(context->run, key);
    double number;
    ret_reading->evaluator_type = EVALUATOR_IMPORTED;
    ret_reading->evaluator_id = key;
    if (value.type == VALUE_NONE)
        reading_na(ret_reading, "missing");
    else if (value.type == VALUE_INT || value.type == VALUE_DOUBLE)
        reading_number(ret_reading, value.number);
    else if (value.type == VALUE_BOOL)
        reading_number(ret_reading, value.integer != 0);
    else if (value.type == VALUE_STRING && number_parse(text_trim(value.bytes), &number))
        reading_number(ret_reading, number);
    else
        reading_na(ret_reading, "no_value");
}
