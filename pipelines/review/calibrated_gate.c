/* The same window and cohort, read from the reviews. */
#include "pipelines/review/calibrated_gate.h"

#include <string.h>

#include "pipelines/review/calibration_report.h"

static struct release_gate_decision decide(const struct release_gate_calibrated *calibrated,
                                           double target)
{
    struct release_gate_decision decision = {RELEASE_GATE_INSUFFICIENT, RELEASE_GATE_UNDECIDED, 0};
    if (calibrated->reason)
        decision.reason = RELEASE_GATE_UNCALIBRATED;
    else if (1 - calibrated->high >= target)
        decision = (struct release_gate_decision){RELEASE_GATE_PASS, RELEASE_GATE_REACHED, 0};
    else if (1 - calibrated->low < target)
        decision = (struct release_gate_decision){RELEASE_GATE_FAIL, RELEASE_GATE_BELOW, 0};
    return decision;
}

static struct release_gate_calibrated rate_of(const struct calibration_rate *rate)
{
    const struct poststratified *calibrated = &rate->calibrated;
    return (struct release_gate_calibrated){.reason = rate->reason,
                                            .fail_rate = calibrated->rate.value,
                                            .low = calibrated->rate.low,
                                            .high = calibrated->rate.high,
                                            .unreviewed = calibrated->unreviewed,
                                            .reviewed = calibrated->reviewed,
                                            .is_few = calibrated->is_few,
                                            .is_low_response = rate->is_low_response};
}

enum status calibrated_gate_decide(struct store *store, const struct pipeline_config *config,
                                   const struct release_gate_question *question,
                                   struct release_gate_answer *answer, struct error *ret_error)
{
    struct calibration_request request = {.confidence = question->terms.confidence,
                                          .cohort_count = question->cohort.count};
    struct calibration calibration;
    if (!question->is_calibrated)
        return STATUS_OK;
    request.cohorts.window = question->window;
    request.cohorts.window_ms = question->window_ms;
    request.cohorts.as_of_ms = question->as_of_ms;
    memcpy(request.names, question->cohort.dimensions, sizeof request.names);
    memcpy(request.values, question->cohort.values, sizeof request.values);
    if (!calibration_find_days(&request, ret_error))
        return STATUS_MALFORMED;
    enum status status = calibration_read(store, config, &request, &calibration, ret_error);
    if (status != STATUS_OK)
        return status;
    answer->calibrated = rate_of(&calibration.rates[calibration.asked]);
    calibration_finish(&calibration);
    if (answer->decision.reason != RELEASE_GATE_RULE)
        answer->decision = decide(&answer->calibrated, question->terms.min_pass_rate);
    answer->outcome = answer->decision.outcome;
    return STATUS_OK;
}
