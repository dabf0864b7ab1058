/* The table of families, and the lookup of series by their text. */
#include "pipelines/commit/counters.h"

#include <stdio.h>

/* Families that are stored, in the order of the page. A series belongs to the family its name
 * begins with. */
static const struct metric_family families[] = {
    {"flywheel_receiver_accepted_spans_total", METRIC_COUNTER, "Spans taken in."},
    {"flywheel_receiver_accepted_logs_total", METRIC_COUNTER, "Log records taken in."},
    {"flywheel_spans_decided_total", METRIC_COUNTER, "Spans that were part of a verdict."},
    {"flywheel_spans_dropped_total", METRIC_COUNTER,
     "Accepted spans that were not part of a verdict, by reason."},
    {"flywheel_late_spans_total", METRIC_COUNTER,
     "Spans that came after the verdict of their trajectory."},
    {"flywheel_logs_joined_total", METRIC_COUNTER, "Log records that joined a trajectory."},
    {"flywheel_logs_ignored_total", METRIC_COUNTER,
     "Log records whose event name says nothing about a trajectory."},
    {"flywheel_logs_dropped_total", METRIC_COUNTER,
     "Accepted log records that reached no verdict, by reason."},
    {"flywheel_trajectories_total", METRIC_COUNTER, "Closed trajectories, by what closed them."},
    {"flywheel_conversation_traces_total", METRIC_COUNTER,
     "Traces that closed as one turn of a conversation, which is decided as a whole."},
    {"flywheel_verdicts_total", METRIC_COUNTER, "Verdicts."},
    {"flywheel_rule_outcomes_total", METRIC_COUNTER, "Outcomes of each rule."},
    {"flywheel_review_records_total", METRIC_COUNTER, "Review records written to the outbox."},
    {"flywheel_review_revisions_total", METRIC_COUNTER,
     "Of these, records of verdicts after the first. All others and the skipped are the closed "
     "trajectories."},
    {"flywheel_review_skipped_total", METRIC_COUNTER,
     "Trajectories that did not become review work by their first verdict, by reason."},
    {"flywheel_review_signatures_untabled_total", METRIC_COUNTER,
     "Failed runs of a signature beyond the 4096 of an hour, which no signature budget holds."},
    {"flywheel_event_time_skewed_total", METRIC_COUNTER,
     "Trajectories whose event time was missing or in the future; the time of receipt stood in."},
    {"flywheel_takeover_recount_bound_total", METRIC_COUNTER,
     "Trajectories that the instance that had a partition before may have counted as well."},
    {"flywheel_trajectories_split_total", METRIC_COUNTER,
     "Trajectories whose spans came from two partitions: the topic is not keyed by trace id."},
    {"flywheel_trajectories_mixed_weight_total", METRIC_COUNTER,
     "Trajectories whose spans state different sampling thresholds (tracestate ot=th); the root's "
     "counts."},
    {"flywheel_cohort_corrections_total", METRIC_COUNTER,
     "Verdicts that late spans, scores or feedback have changed, by grouping."},
};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static const struct metric_family in_flight_family = {
    "flywheel_spans_in_flight", METRIC_GAUGE,
    "Accepted spans that wait for the end of their trajectory."};

static const char *const span_drop_names[SPAN_DROPS] = {"duplicate", "late", "evaluation", "crash",
                                                        "revoked"};

struct label {
    const char *name; /* NULL: none */
    struct bytes value;
};
enum { LABELS_MAX = 3 };

/* Finds or creates the series `family{name="value",...}`. */
static struct persistent_counter *get(struct counters *counters, const char *family,
                                      const struct label labels[LABELS_MAX])
{
    struct buffer name = {.limit = COUNTER_NAME_BYTES_MAX};
    struct persistent_counter *counter = NULL;
    buffer_append_text(&name, family);
    for (int i = 0; i < LABELS_MAX && labels[i].name; i++) {
        buffer_append_byte(&name, i == 0 ? '{' : ',');
        metrics_append_label(&name, labels[i].name, labels[i].value);
    }
    if (labels[0].name)
        buffer_append_byte(&name, '}');
    buffer_append_byte(&name, 0);
    if (!name.failed)
        counter = counters_get(counters, (const char *)name.data);
    buffer_finish(&name);
    return counter;
}

static bool get_all(struct series *series, const char *family, const char *label,
                    const char *const *values, int count, struct persistent_counter **ret)
{
    for (int i = 0; i < count; i++)
        if (!(ret[i] = get(series->counters, family,
                           (struct label[LABELS_MAX]){{label, bytes_of_text(values[i])}})))
            return false;
    return true;
}

static bool get_one(struct series *series, const char *family, struct persistent_counter **ret)
{
    return (*ret = get(series->counters, family, (struct label[LABELS_MAX]){{NULL, {NULL, 0}}})) !=
           NULL;
}

bool series_open(struct series *series, struct counters *counters, const char *const *receivers,
                 uint32_t source_count, struct error *ret_error)
{
    *series = (struct series){.counters = counters, .source_count = source_count};
    int sources = (int)source_count;
    bool is_open =
        get_all(series, "flywheel_receiver_accepted_spans_total", "receiver", receivers, sources,
                series->accepted_spans) &&
        get_all(series, "flywheel_receiver_accepted_logs_total", "receiver", receivers, sources,
                series->accepted_logs) &&
        get_one(series, "flywheel_spans_decided_total", &series->decided) &&
        get_all(series, "flywheel_spans_dropped_total", "reason", span_drop_names, SPAN_DROPS,
                series->dropped) &&
        get_one(series, "flywheel_late_spans_total", &series->late) &&
        get_one(series, "flywheel_logs_joined_total", &series->logs_joined) &&
        get_one(series, "flywheel_logs_ignored_total", &series->logs_ignored) &&
        get_all(series, "flywheel_logs_dropped_total", "reason", log_drop_names, LOG_DROPS,
                series->logs_dropped) &&
        get_all(series, "flywheel_trajectories_total", "trigger", close_trigger_names,
                CLOSE_TRIGGERS, series->trajectories) &&
        get_all(series, "flywheel_verdicts_total", "verdict", verdict_names, VERDICTS,
                series->verdicts) &&
        get_all(series, "flywheel_review_skipped_total", "reason", skip_reason_names + 1,
                SKIP_REASONS - 1, series->skipped + 1) &&
        get_one(series, "flywheel_event_time_skewed_total", &series->skewed) &&
        get_one(series, "flywheel_trajectories_split_total", &series->split) &&
        get_one(series, "flywheel_takeover_recount_bound_total", &series->recounted) &&
        get_one(series, "flywheel_trajectories_mixed_weight_total", &series->mixed_weights) &&
        get_one(series, "flywheel_review_signatures_untabled_total", &series->untabled) &&
        get_one(series, "flywheel_review_revisions_total", &series->revisions) &&
        get_one(series, "flywheel_conversation_traces_total", &series->parts);
    if (!is_open)
        error_set(ret_error, EXIT_STATE_IO, "the data directory holds too many counters");
    return is_open;
}

struct persistent_counter *series_rule_outcome(struct series *series, struct bytes rule,
                                               enum outcome outcome)
{
    return get(series->counters, "flywheel_rule_outcomes_total",
               (struct label[LABELS_MAX]){{"rule", rule},
                                          {"outcome", bytes_of_text(outcome_name(outcome))}});
}

struct persistent_counter *series_review_records(struct series *series, struct bytes queue,
                                                 enum verdict verdict)
{
    return get(series->counters, "flywheel_review_records_total",
               (struct label[LABELS_MAX]){{"queue", queue},
                                          {"verdict", bytes_of_text(verdict_name(verdict))}});
}

struct persistent_counter *series_correction(struct series *series, struct bytes group,
                                             enum verdict from, enum verdict to)
{
    return get(series->counters, "flywheel_cohort_corrections_total",
               (struct label[LABELS_MAX]){{"group", group},
                                          {"from", bytes_of_text(verdict_name(from))},
                                          {"to", bytes_of_text(verdict_name(to))}});
}

static bool belongs_to(const char *name, const char *family)
{
    size_t size = strlen(family);
    return strncmp(name, family, size) == 0 && (name[size] == '{' || name[size] == 0);
}

/* Accepted less decided less dropped, of the numbers printed on the same page. */
void series_render(const struct series *series, struct buffer *to)
{
    double in_flight = 0;
    for (int i = 0; i < FAMILIES; i++) {
        const char *family = families[i].name;
        double sign = i == 0 ? 1 : i == 2 || i == 3 ? -1 : 0; /* accepted, decided, dropped */
        metrics_write_family(to, &families[i]);
        struct persistent_counter *counter;
        for (size_t at = 0; (counter = counters_at(series->counters, at)); at++) {
            const char *name = persistent_counter_name(counter);
            if (!belongs_to(name, family))
                continue;
            double value = (double)counter_get(persistent_counter_value(counter));
            char labels[COUNTER_NAME_BYTES_MAX + 1] = "";
            size_t from = strlen(family);
            if (name[from] == '{')
                snprintf(labels, sizeof(labels), "%.*s", (int)(strlen(name) - from - 2),
                         name + from + 1);
            metrics_write_sample(to, family, labels, value);
            in_flight += sign * value;
        }
    }
    metrics_write_family(to, &in_flight_family);
    metrics_write_sample(to, in_flight_family.name, "", in_flight);
}
