/* The table of what is counted, and the lookup of counters by their text. */
#include "pipelines/commit/writer_counters.h"

#include <stdio.h>

#include "processor/base/digest.h"

/* In the order of the page. */
enum row {
    ACCEPTED_SPANS,
    ACCEPTED_LOGS,
    SPANS_DECIDED,
    SPANS_DROPPED,
    LATE_SPANS,
    LOGS_JOINED,
    LOGS_IGNORED,
    LOGS_DROPPED,
    TRAJECTORIES,
    CONVERSATION_TRACES,
    VERDICTS_MADE,
    RULE_OUTCOMES,
    REVIEW_RECORDS,
    REVIEW_REVISIONS,
    REVIEW_SKIPPED,
    SIGNATURES_UNTABLED,
    EVENT_TIME_SKEWED,
    TAKEOVER_RECOUNT,
    TRAJECTORIES_SPLIT,
    TRAJECTORIES_MIXED_WEIGHT,
    TRAJECTORIES_UNREAD,
    TRAJECTORIES_TOO_COSTLY,
    TRAJECTORIES_SET_ASIDE,
    TRAJECTORIES_OF_CANDIDATES,
    REGRESSIONS,
    MEASUREMENT_NA,
    AWAIT_TIMEOUTS,
    COHORT_CORRECTIONS,
    RESULTS,
    RESULTS_DEAD,
    RESULTS_SKEWED,
    REVIEW_EXPIRED,
    FEEDBACK_TAKEN,
    FEEDBACK_FORGOTTEN,
    ROWS
};

/* Which side of the account of spans a counter is on. */
enum account { NO_ACCOUNT, SPANS_ARE_ACCEPTED, SPANS_ARE_DECIDED, SPANS_ARE_DROPPED, ACCOUNTS };

/* clang-format off */
/* A stored counter belongs to the row that its name begins with. */
static const struct {
    const char *name;
    enum account account;
    const char *help;
} rows[ROWS] = {
    [ACCEPTED_SPANS] = {"flywheel_receiver_accepted_spans_total", SPANS_ARE_ACCEPTED,
        "Spans taken in."},
    [ACCEPTED_LOGS] = {"flywheel_receiver_accepted_logs_total", NO_ACCOUNT,
        "Log records taken in."},
    [SPANS_DECIDED] = {"flywheel_spans_decided_total", SPANS_ARE_DECIDED,
        "Spans that were part of a verdict."},
    [SPANS_DROPPED] = {"flywheel_spans_dropped_total", SPANS_ARE_DROPPED,
        "Accepted spans that were not part of a verdict, by reason."},
    [LATE_SPANS] = {"flywheel_late_spans_total", NO_ACCOUNT,
        "Spans that came after the verdict of their trajectory."},
    [LOGS_JOINED] = {"flywheel_logs_joined_total", NO_ACCOUNT,
        "Log records that joined a trajectory."},
    [LOGS_IGNORED] = {"flywheel_logs_ignored_total", NO_ACCOUNT,
        "Log records whose event name says nothing about a trajectory."},
    [LOGS_DROPPED] = {"flywheel_logs_dropped_total", NO_ACCOUNT,
        "Accepted log records that reached no verdict, by reason."},
    [TRAJECTORIES] = {"flywheel_trajectories_total", NO_ACCOUNT,
        "Closed trajectories, by what closed them."},
    [CONVERSATION_TRACES] = {"flywheel_conversation_traces_total", NO_ACCOUNT,
        "Traces that closed as one turn of a conversation, which is decided as a whole."},
    [VERDICTS_MADE] = {"flywheel_verdicts_total", NO_ACCOUNT,
        "Verdicts."},
    [RULE_OUTCOMES] = {"flywheel_rule_outcomes_total", NO_ACCOUNT,
        "Outcomes of each rule."},
    [REVIEW_RECORDS] = {"flywheel_review_records_total", NO_ACCOUNT,
        "Review records written to the outbox."},
    [REVIEW_REVISIONS] = {"flywheel_review_revisions_total", NO_ACCOUNT,
        "Of these, records of verdicts after the first. All others and the skipped are "
        "the closed trajectories."},
    [REVIEW_SKIPPED] = {"flywheel_review_skipped_total", NO_ACCOUNT,
        "Trajectories that did not become review work by their first verdict, by reason."},
    [SIGNATURES_UNTABLED] = {"flywheel_review_signatures_untabled_total", NO_ACCOUNT,
        "Failed runs of a signature beyond the 4096 of an hour, which no signature budget "
        "holds."},
    [EVENT_TIME_SKEWED] = {"flywheel_event_time_skewed_total", NO_ACCOUNT,
        "Trajectories whose event time was missing or in the future (the time of receipt stood "
        "in), or older than the longest window, where only the total counts them: sent in "
        "milliseconds or microseconds instead of nanoseconds, most often."},
    [TAKEOVER_RECOUNT] = {"flywheel_takeover_recount_bound_total", NO_ACCOUNT,
        "Trajectories that the instance that had a partition before may have counted as "
        "well."},
    [TRAJECTORIES_SPLIT] = {"flywheel_trajectories_split_total", NO_ACCOUNT,
        "Trajectories whose spans came from two partitions: the topic is not keyed by "
        "trace id."},
    [TRAJECTORIES_MIXED_WEIGHT] = {"flywheel_trajectories_mixed_weight_total", NO_ACCOUNT,
        "Trajectories whose spans state different sampling thresholds (tracestate ot=th); "
        "the root's counts."},
    [TRAJECTORIES_UNREAD] = {"flywheel_trajectories_not_understood_total", NO_ACCOUNT,
        "Trajectories of which nothing was understood: no span says its kind or carries content in "
        "known words. The log names the scope that wrote them."},
    [TRAJECTORIES_TOO_COSTLY] = {"flywheel_trajectories_too_costly_total", NO_ACCOUNT,
        "Trajectories whose texts were not read to their end: reading would have meant to look at "
        "them hundreds of times over. What was not read is na (too_costly)."},
    [TRAJECTORIES_SET_ASIDE] = {"flywheel_trajectories_set_aside_total", NO_ACCOUNT,
        "Trajectories that were not judged, because they were in hand for over 1 s at two crashes "
        "in a row; their spans are a dead letter in set_aside.dead of the data directory."},
    [TRAJECTORIES_OF_CANDIDATES] = {"flywheel_trajectories_of_candidates_total", NO_ACCOUNT,
        "Trajectories of the gate's own candidates (their root names a dataset row), which enter no "
        "cohort, review or feedback."},
    [REGRESSIONS] = {"flywheel_regressions_total", NO_ACCOUNT,
        "Trajectories that failed a row of the regression set, by an exact match or a signature, by "
        "release and the gravest severity."},
    [MEASUREMENT_NA] = {"flywheel_measurement_na_total", NO_ACCOUNT,
        "Measurements that a rule asked for and that had no value in a first verdict, by reason."},
    [AWAIT_TIMEOUTS] = {"flywheel_await_timeouts_total", NO_ACCOUNT,
        "Trajectories whose first verdict was without this score of trajectory.await, condemned or "
        "not."},
    [COHORT_CORRECTIONS] = {"flywheel_cohort_corrections_total", NO_ACCOUNT,
        "Verdicts that late spans, scores or feedback have changed, by grouping."},
    [RESULTS] = {"flywheel_results_total", NO_ACCOUNT,
        "Results of reviewers, by what became of them."},
    [RESULTS_DEAD] = {"flywheel_results_dead_total", NO_ACCOUNT,
        "Results from a topic that are dead letters, and those that nobody's record was for after "
        "a day, by reason."},
    [RESULTS_SKEWED] = {"flywheel_results_skewed_total", NO_ACCOUNT,
        "Times that results state and that cannot be: before the record, or in the future. They "
        "are taken as the nearest that can."},
    [REVIEW_EXPIRED] = {"flywheel_review_expired_total", NO_ACCOUNT,
        "Items of the review that nobody came to: after their time (age), or because there was no "
        "room for them (full)."},
    [FEEDBACK_TAKEN] = {"flywheel_feedback_total", NO_ACCOUNT,
        "What users said of runs, in spans and by the API, by kind and by what became of it: "
        "counted with its run, unattributed (so far there is none), duplicate, or ignored (of a "
        "candidate of the gate)."},
    [FEEDBACK_FORGOTTEN] = {"flywheel_feedback_forgotten_total", NO_ACCOUNT,
        "Runs and feedbacks that were forgotten before feedback.window, because there were more "
        "than limits.decided."},
};
/* clang-format on */

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

/* Finds or creates the counter `name{label="value",...}` of a row. */
static struct persistent_counter *get(struct counters *counters, enum row row,
                                      const struct label labels[LABELS_MAX])
{
    struct buffer name = {.limit = COUNTER_NAME_BYTES_MAX};
    struct persistent_counter *counter = NULL;
    buffer_append_text(&name, rows[row].name);
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

static bool get_all(struct writer_counters *counters, enum row row, const char *label,
                    const char *const *values, int count, struct persistent_counter **ret)
{
    for (int i = 0; i < count; i++)
        if (!(ret[i] = get(counters->stored, row,
                           (struct label[LABELS_MAX]){{label, bytes_of_text(values[i])}})))
            return false;
    return true;
}

static bool get_one(struct writer_counters *counters, enum row row, struct persistent_counter **ret)
{
    return (*ret = get(counters->stored, row, (struct label[LABELS_MAX]){{NULL, {NULL, 0}}})) !=
           NULL;
}

bool writer_counters_open(struct writer_counters *counters, struct counters *stored,
                          const char *const *receivers, uint32_t source_count,
                          struct error *ret_error)
{
    *counters = (struct writer_counters){.stored = stored};
    int sources = (int)source_count;
    bool is_open =
        get_all(counters, ACCEPTED_SPANS, "receiver", receivers, sources,
                counters->accepted_spans) &&
        get_all(counters, ACCEPTED_LOGS, "receiver", receivers, sources, counters->accepted_logs) &&
        get_one(counters, SPANS_DECIDED, &counters->decided) &&
        get_all(counters, SPANS_DROPPED, "reason", span_drop_names, SPAN_DROPS,
                counters->dropped) &&
        get_one(counters, LATE_SPANS, &counters->late) &&
        get_one(counters, LOGS_JOINED, &counters->logs_joined) &&
        get_one(counters, LOGS_IGNORED, &counters->logs_ignored) &&
        get_all(counters, LOGS_DROPPED, "reason", log_drop_names, LOG_DROPS,
                counters->logs_dropped) &&
        get_all(counters, TRAJECTORIES, "trigger", close_trigger_names, CLOSE_TRIGGERS,
                counters->trajectories) &&
        get_all(counters, VERDICTS_MADE, "verdict", verdict_names, VERDICTS, counters->verdicts) &&
        get_all(counters, REVIEW_SKIPPED, "reason", skip_reason_names + 1, SKIP_REASONS - 1,
                counters->skipped + 1) &&
        get_one(counters, EVENT_TIME_SKEWED, &counters->skewed) &&
        get_one(counters, TRAJECTORIES_SPLIT, &counters->split) &&
        get_one(counters, TAKEOVER_RECOUNT, &counters->recounted) &&
        get_one(counters, TRAJECTORIES_MIXED_WEIGHT, &counters->mixed_weights) &&
        get_one(counters, TRAJECTORIES_UNREAD, &counters->unread) &&
        get_one(counters, TRAJECTORIES_TOO_COSTLY, &counters->too_costly) &&
        get_one(counters, TRAJECTORIES_SET_ASIDE, &counters->set_aside) &&
        get_one(counters, TRAJECTORIES_OF_CANDIDATES, &counters->candidates) &&
        get_one(counters, SIGNATURES_UNTABLED, &counters->untabled) &&
        get_one(counters, REVIEW_REVISIONS, &counters->revisions) &&
        get_one(counters, CONVERSATION_TRACES, &counters->parts);
    if (!is_open)
        error_set(ret_error, EXIT_STATE_IO, "the data directory holds too many counters");
    return is_open;
}

struct persistent_counter *writer_counters_rule_outcome(struct writer_counters *counters,
                                                        struct bytes rule, enum outcome outcome)
{
    return get(counters->stored, RULE_OUTCOMES,
               (struct label[LABELS_MAX]){{"rule", rule},
                                          {"outcome", bytes_of_text(outcome_name(outcome))}});
}

struct persistent_counter *writer_counters_review_records(struct writer_counters *counters,
                                                          struct bytes queue, enum verdict verdict)
{
    return get(counters->stored, REVIEW_RECORDS,
               (struct label[LABELS_MAX]){{"queue", queue},
                                          {"verdict", bytes_of_text(verdict_name(verdict))}});
}

struct persistent_counter *writer_counters_regressions(struct writer_counters *counters,
                                                       struct bytes release, bool is_critical)
{
    struct bytes severity = bytes_of_text(is_critical ? "critical" : "warn");
    return get(counters->stored, REGRESSIONS,
               (struct label[LABELS_MAX]){{"release", release}, {"severity", severity}});
}

struct persistent_counter *writer_counters_await_timeout(struct writer_counters *counters,
                                                         struct bytes score)
{
    return get(counters->stored, AWAIT_TIMEOUTS, (struct label[LABELS_MAX]){{"score", score}});
}

struct persistent_counter *writer_counters_measurement_na(struct writer_counters *counters,
                                                          struct bytes measurement,
                                                          const char *reason)
{
    uint64_t hash = digest_table_hash(measurement) ^ digest_table_hash(bytes_of_text(reason)) << 1;
    struct without_value_counter *slot = &counters->without[hash % WITHOUT_VALUE_SLOTS];
    if (!slot->counter || slot->hash != hash)
        *slot = (struct without_value_counter){
            hash, get(counters->stored, MEASUREMENT_NA,
                      (struct label[LABELS_MAX]){{"measurement", measurement},
                                                 {"reason", bytes_of_text(reason)}})};
    return slot->counter;
}

struct persistent_counter *writer_counters_correction(struct writer_counters *counters,
                                                      struct bytes group, enum verdict from,
                                                      enum verdict to)
{
    return get(counters->stored, COHORT_CORRECTIONS,
               (struct label[LABELS_MAX]){{"group", group},
                                          {"from", bytes_of_text(verdict_name(from))},
                                          {"to", bytes_of_text(verdict_name(to))}});
}

static bool belongs_to(const struct persistent_counter *counter, enum row row)
{
    const char *name = persistent_counter_name(counter), *of_row = rows[row].name;
    size_t size = strlen(of_row);
    return strncmp(name, of_row, size) == 0 && (name[size] == '{' || name[size] == 0);
}

/* Prints a row to `to`, unless that is NULL; the sum of its counters. */
static uint64_t render_row(const struct writer_counters *counters, enum row row, struct buffer *to)
{
    const struct metric_family about = {rows[row].name, METRIC_COUNTER, rows[row].help};
    uint64_t sum = 0;
    struct persistent_counter *counter;
    if (to)
        metrics_write_family(to, &about);
    for (size_t at = 0; (counter = counters_at(counters->stored, at)); at++) {
        if (!belongs_to(counter, row))
            continue;
        const char *labels_begin = persistent_counter_name(counter) + strlen(about.name);
        uint64_t value = counter_get(persistent_counter_value(counter));
        char labels[COUNTER_NAME_BYTES_MAX + 1] = "";
        if (*labels_begin == '{')
            snprintf(labels, sizeof(labels), "%.*s", (int)(strlen(labels_begin) - 2),
                     labels_begin + 1);
        if (to)
            metrics_write_sample(to, about.name, labels, (double)value);
        sum += value;
    }
    return sum;
}

static struct span_account account_of(const uint64_t sums[ACCOUNTS])
{
    return (struct span_account){
        .accepted = sums[SPANS_ARE_ACCEPTED],
        .decided = sums[SPANS_ARE_DECIDED],
        .dropped = sums[SPANS_ARE_DROPPED],
        .in_flight = sums[SPANS_ARE_ACCEPTED] - sums[SPANS_ARE_DECIDED] - sums[SPANS_ARE_DROPPED],
    };
}

/* Spans in flight follow from the numbers printed on the same page. */
void writer_counters_render(const struct writer_counters *counters, struct buffer *to)
{
    uint64_t sums[ACCOUNTS] = {0};
    for (enum row row = 0; row < ROWS; row++)
        sums[rows[row].account] += render_row(counters, row, to);
    metrics_write_family(to, &in_flight_family);
    metrics_write_sample(to, in_flight_family.name, "",
                         (double)(int64_t)account_of(sums).in_flight);
}

struct span_account writer_counters_account(const struct writer_counters *counters)
{
    uint64_t sums[ACCOUNTS] = {0};
    for (enum row row = 0; row < ROWS; row++)
        if (rows[row].account != NO_ACCOUNT)
            sums[rows[row].account] += render_row(counters, row, NULL);
    return account_of(sums);
}
