/* A member for each measure; of each its value first. */
#include "pipelines/review/measures_json.h"

#include "pipelines/review/agreement_document.h"
#include "pipelines/review/calibration_json.h"
#include "pipelines/review/measure_json.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"

static double hours_of(const struct measures_request *request)
{
    return (double)(request->span.to_ms - request->span.from_ms) / 3600000.0;
}

/* --- what is summed over items --- */

static void write_days(struct json_writer *to, struct item_sums *sums)
{
    if (sums->days.count == 0)
        return;
    json_put_double(to, "days_p50", number_list_quantile(&sums->days, 0.5));
    json_put_double(to, "days_p95", number_list_quantile(&sums->days, 0.95));
}

static void write_trace_to_row(struct json_writer *to, const struct measures *measures,
                               const struct traffic *traffic, struct item_sums *sums)
{
    json_key(to, "trace_to_row");
    json_object_begin(to);
    if (measures->traffic_reason) {
        json_key(to, "value");
        json_null(to);
        json_put_text(to, "reason", measures->traffic_reason);
        json_put_uint(to, "numerator", sums->with_row);
    } else {
        measure_json_share_members(to, sums->with_row, (uint64_t)traffic->failed + sums->disputed,
                                   "no run failed or was disputed");
        json_put_int(to, "failed", traffic->failed);
        json_put_uint(to, "disputed_besides", sums->disputed);
    }
    write_days(to, sums);
    json_object_end(to);
}

static void write_progress(struct json_writer *to, const struct item_sums *sums)
{
    uint64_t all = 0, decided = sums->states[ITEM_AGREED] + sums->states[ITEM_ADJUDICATED];
    for (int state = 0; state < ITEM_STATES; state++)
        all += state == ITEM_SUPERSEDED ? 0 : sums->states[state];
    json_key(to, "queue_progress");
    json_object_begin(to);
    measure_json_share_members(to, decided, all, "no run of the window came to review");
    for (int state = 0; state < ITEM_STATES; state++)
        json_put_uint(to, item_state_names[state], sums->states[state]);
    json_object_end(to);
}

static void write_age(struct json_writer *to, struct item_sums *sums)
{
    json_key(to, "queue_age");
    json_object_begin(to);
    if (sums->age_min.count > 0) {
        json_put_double(to, "p95_s", 60 * number_list_quantile(&sums->age_min, 0.95));
        json_put_double(to, "p50_s", 60 * number_list_quantile(&sums->age_min, 0.5));
    } else {
        json_key(to, "p95_s");
        json_null(to);
        json_put_text(to, "reason", "nothing is open");
    }
    json_put_uint(to, "open", sums->age_min.count);
    json_put_uint(to, "over_due", sums->over_due);
    json_object_end(to);
}

static void write_throughput(struct json_writer *to, const struct measures_request *request,
                             const struct item_sums *sums)
{
    double hours = hours_of(request), worked = sums->timed_s / 3600;
    json_key(to, "throughput");
    json_object_begin(to);
    json_put_uint(to, "results", sums->results);
    json_put_uint(to, "decisions", sums->decisions);
    json_put_double(to, "hours", hours);
    json_put_double(to, "results_per_hour", (double)sums->results / hours);
    json_put_double(to, "decisions_per_hour", (double)sums->decisions / hours);
    json_put_uint(to, "timed_results", sums->timed);
    json_put_double(to, "timed_hours", worked);
    json_key(to, "results_per_timed_hour");
    if (worked > 0)
        json_double(to, (double)sums->timed / worked);
    else
        json_null(to);
    if (worked <= 0)
        json_put_text(to, "reason", "no result is on an item that the server had served");
    json_object_end(to);
}

static void write_export(struct json_writer *to, const struct item_sums *sums)
{
    json_key(to, "export_rate");
    json_object_begin(to);
    if (sums->promoted > 0) {
        json_put_double(to, "value", (double)sums->acknowledged / (double)sums->promoted);
    } else {
        json_key(to, "value");
        json_null(to);
        json_put_text(to, "reason", "no row was promoted in the window");
    }
    json_put_uint(to, "numerator", sums->acknowledged);
    json_put_uint(to, "denominator", sums->promoted);
    json_key(to, "decided_without_row");
    json_object_begin(to);
    for (uint32_t i = 0; i < sums->no_row_count; i++)
        json_put_uint(to, sums->no_rows[i].cause, sums->no_rows[i].count);
    json_object_end(to);
    json_object_end(to);
}

static void write_sums(struct json_writer *to, const struct measures_request *request,
                       const struct measures *measures, const struct traffic *traffic,
                       struct item_sums *sums)
{
    if (!measures->traffic_reason)
        json_put_int(to, "runs", traffic->runs);
    write_trace_to_row(to, measures, traffic, sums);
    write_progress(to, sums);
    write_age(to, sums);
    write_throughput(to, request, sums);
    write_export(to, sums);
}

/* --- lift --- */

static void write_arm(struct json_writer *to, const char *key, const struct lift_arm *arm)
{
    json_key(to, key);
    json_object_begin(to);
    if (arm->is_known) {
        json_put_double(to, "pass_share", arm->p);
        json_put_double(to, "low", arm->low);
        json_put_double(to, "high", arm->high);
    } else {
        json_key(to, "pass_share");
        json_null(to);
    }
    json_put_int(to, "n", arm->n);
    json_object_end(to);
}

static void write_difference(struct json_writer *to, const struct lift_difference *difference,
                             const char *reason)
{
    if (difference->is_known) {
        json_put_double(to, "value", difference->value);
        json_put_double(to, "low", difference->low);
        json_put_double(to, "high", difference->high);
        return;
    }
    json_key(to, "value");
    json_null(to);
    json_put_text(to, "reason", reason);
}

static void write_adjusted(struct json_writer *to, const struct lift_report *lift,
                           const struct lift_subject *subject)
{
    const struct lift_adjusted *adjusted = &subject->adjusted;
    json_key(to, "lift_mix_adjusted");
    json_object_begin(to);
    write_difference(to, &adjusted->lift,
                     lift->mix_reason
                         ? lift->mix_reason
                         : "cells with 5 judged runs in both releases hold less than 0.8 of the "
                           "baseline's runs");
    if (!lift->mix_reason) {
        json_put_double(to, "covered", adjusted->covered);
        json_put_uint(to, "cells", adjusted->cells);
        json_put_uint(to, "cells_counted", adjusted->cells_counted);
    }
    json_object_end(to);
}

static void write_lift(struct json_writer *to, const struct measures_request *request,
                       const struct measures *measures)
{
    const struct lift_report *lift = &measures->lift;
    json_key(to, "evaluator_lift");
    json_object_begin(to);
    const char *reason = request->baseline.data ? lift->reason : "no baseline is named";
    if (reason)
        json_put_text(to, "reason", reason);
    if (request->baseline.data)
        json_put_bytes(to, "baseline", lift->before);
    if (!reason) {
        json_put_bytes(to, "release", lift->after);
        if (!lift->mix_reason)
            json_put_texts(to, "mix", lift->mix, lift->mix_count);
    }
    json_key(to, "subjects");
    json_array_begin(to);
    for (uint32_t i = 0; i < lift->subject_count; i++) {
        const struct lift_subject *subject = &lift->subjects[i];
        json_object_begin(to);
        json_put_bytes(to, subject->rule.data ? "rule" : "measure",
                       subject->rule.data ? subject->rule : BYTES_LITERAL("pass_rate"));
        write_arm(to, "before", &subject->before);
        write_arm(to, "after", &subject->after);
        json_key(to, "lift");
        json_object_begin(to);
        write_difference(to, &subject->lift, "a release has no judged run");
        json_object_end(to);
        write_adjusted(to, lift, subject);
        json_object_end(to);
    }
    json_array_end(to);
    if (measures->calibration_reason)
        json_put_text(to, "rule_lift_reason", measures->calibration_reason);
    else
        calibration_put_rule_lift(to, &measures->calibration);
    json_object_end(to);
}

/* --- agreement --- */

static void write_agreement(struct json_writer *to, const struct measures *measures)
{
    json_key(to, "reviewer_agreement");
    json_object_begin(to);
    if (measures->agreement_reason)
        json_put_text(to, "reason", measures->agreement_reason);
    else if (measures->agreement.place_count > 0)
        agreement_put_subjects(to, &measures->agreement.places[0]);
    if (!measures->agreement_reason && !measures->agreement.is_whole)
        json_put_text(to, "unknown", "some items are not counted yet");
    json_object_end(to);
}

/* --- escape --- */

static void write_modes(struct json_writer *to, const struct escape_reading *escape)
{
    json_key(to, "known_modes_returned");
    json_object_begin(to);
    measure_json_share_members(to, escape->back_modes, escape->known_modes,
                               "no failure mode was known before the release");
    json_key(to, "modes");
    json_array_begin(to);
    for (uint32_t i = 0; i < escape->mode_count; i++)
        if (escape->modes[i].is_back)
            json_string(to, escape->modes[i].label);
    json_array_end(to);
    json_object_end(to);
}

static void write_escape(struct json_writer *to, const struct escape_reading *escape)
{
    const struct escape_rate *rate = &escape->rate;
    json_key(to, "regression_escape_rate");
    json_object_begin(to);
    json_key(to, "value");
    if (!escape->reason && rate->is_known)
        json_double(to, rate->value);
    else
        json_null(to);
    if (escape->reason || !rate->is_known)
        json_put_text(to, "reason",
                      escape->reason ? escape->reason
                                     : "nobody reviewed verdicts with more than 0.05 of the runs");
    if (escape->release.name[0] != 0)
        json_put_text(to, "release", escape->release.name);
    if (!escape->reason) {
        json_put_double(to, "low", rate->low);
        json_put_double(to, "high", rate->high);
        json_put_int(to, "runs", rate->runs);
        json_put_int(to, "hits", rate->hits);
        json_put_uint(to, "reviewed", rate->reviewed);
        json_put_uint(to, "escaped", rate->escaped);
        json_put_double(to, "unreviewed_share", rate->unreviewed_share);
        json_put_double(to, "response_ratio", escape->response);
        if (rate->has_few)
            json_put_bool(to, "few", true);
        if (escape->response > 0 && escape->response < 0.5)
            json_put_bool(to, "low_response", true);
    }
    write_modes(to, escape);
    json_object_end(to);
}

/* --- coverage --- */

static void write_coverage(struct json_writer *to, const struct coverage *coverage)
{
    json_key(to, "dataset_coverage");
    json_object_begin(to);
    json_put_uint(to, "decided_min", COVERAGE_DECIDED_MIN);
    json_key(to, "share_thin");
    json_object_begin(to);
    for (int i = 0; i < COVERAGE_DIMENSIONS; i++) {
        const struct coverage_dimension *dimension = &coverage->dimensions[i];
        json_key_bytes(to, dimension->name);
        if (dimension->reason)
            measure_json_null(to, dimension->reason);
        else
            measure_json_census(to, (uint64_t)dimension->thin_runs, (uint64_t)dimension->runs,
                                "no run in the window");
    }
    json_object_end(to);
    json_put_uint(to, "failing_signatures", coverage->signature_count);
    json_put_uint(to, "without_regression_row", coverage->unwatched);
    json_object_end(to);
}

/* --- feedback --- */

static void write_said(struct json_writer *to, const struct measures *measures,
                       const struct traffic *traffic, const struct feedback_sums *sums)
{
    const struct feedback_sums nothing = {{0}};
    json_key(to, "user_feedback");
    json_object_begin(to);
    if (measures->feedback.is_configured)
        feedback_report_write(to, sums ? sums : &nothing, traffic->runs);
    else
        json_put_text(to, "reason", "the pipeline file has no section feedback");
}

/* The values of the dimension that have rows, and those that have none. */
static void write_split(struct json_writer *to, struct measures *measures, bool has_rows)
{
    struct feedback_sums sums = {{0}};
    int64_t runs = 0;
    for (uint32_t i = 0; i < measures->cohort_count; i++) {
        struct bytes value = measures->cohorts[i].value;
        const struct item_sums *items = measures_items_of(&measures->items, value);
        if ((items && items->live_rows > 0) != has_rows)
            continue;
        runs += measures->cohorts[i].runs;
        feedback_report_add(feedback_report_of(&measures->feedback, value), &sums);
    }
    json_key(to, has_rows ? "cohorts_with_rows" : "cohorts_without_rows");
    json_object_begin(to);
    feedback_report_write(to, &sums, runs);
    json_object_end(to);
}

static void write_all_said(struct json_writer *to, const struct measures_request *request,
                           struct measures *measures)
{
    write_said(to, measures, &measures->all, &measures->feedback.attributed);
    if (measures->feedback.is_configured) {
        json_put_uint(to, "unattributed", feedback_report_total(&measures->feedback.unattributed));
        if (request->dimension.data) {
            json_put_bytes(to, "cohorts_by", request->dimension);
            write_split(to, measures, true);
            write_split(to, measures, false);
        }
    }
    json_object_end(to);
}

/* --- the whole --- */

void measures_json(const struct measures_request *request, struct measures *measures,
                   struct buffer *to)
{
    struct json_writer writer;
    char from[CLOCK_RFC3339_SIZE];
    measure_json_begin(&writer, to, "flywheel.measures/v1", &request->cohorts);
    clock_format_rfc3339(from, (uint64_t)request->span.from_ms * 1000000);
    json_put_text(&writer, "from", from);
    if (request->is_grouped)
        json_put_bytes(&writer, "group_by", request->dimension);
    json_key(&writer, "overall");
    json_object_begin(&writer);
    write_sums(&writer, request, measures, &measures->all, &measures->items.groups[0].sums);
    write_lift(&writer, request, measures);
    write_agreement(&writer, measures);
    write_escape(&writer, &measures->escape);
    write_coverage(&writer, &measures->coverage);
    write_all_said(&writer, request, measures);
    json_object_end(&writer);
    json_key(&writer, "cohorts");
    json_array_begin(&writer);
    for (uint32_t i = 0; request->is_grouped && i < measures->cohort_count; i++) {
        struct item_sums none = {0};
        struct item_sums *sums = measures_items_of(&measures->items, measures->cohorts[i].value);
        json_object_begin(&writer);
        json_key(&writer, "cohort");
        json_object_begin(&writer);
        json_key_bytes(&writer, request->dimension);
        json_string(&writer, measures->cohorts[i].value);
        json_object_end(&writer);
        write_sums(&writer, request, measures, &measures->cohorts[i], sums ? sums : &none);
        write_said(&writer, measures, &measures->cohorts[i],
                   feedback_report_of(&measures->feedback, measures->cohorts[i].value));
        json_object_end(&writer);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    buffer_append_byte(to, '\n');
}
