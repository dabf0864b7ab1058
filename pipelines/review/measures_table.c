/* The measures as lines to read: what it is, its figure, what it was made of. */
#include "pipelines/review/measures_table.h"

#include "processor/base/clock.h"
#include "processor/base/text/terminal.h"

static void append_share(struct buffer *to, const char *name, uint64_t numerator,
                         uint64_t denominator, const char *none)
{
    if (denominator == 0 || numerator > denominator) {
        buffer_printf(to, "%-22s %9s    %s\n", name, "-", none);
        return;
    }
    double p = (double)numerator / (double)denominator;
    struct interval interval = statistics_wilson(p, (double)denominator, statistics_z(0.95));
    buffer_printf(to, "%-22s %7.1f %%    [%.1f, %.1f], %llu of %llu", name, 100 * p,
                  100 * interval.low, 100 * interval.high, (unsigned long long)numerator,
                  (unsigned long long)denominator);
}

/* "0 s", "5 min", "3 h", "2 d". */
static void append_age(struct buffer *to, double age_s)
{
    if (age_s < 120)
        buffer_printf(to, "%.0f s", age_s);
    else if (age_s < 7200)
        buffer_printf(to, "%.0f min", age_s / 60);
    else if (age_s < 172800)
        buffer_printf(to, "%.0f h", age_s / 3600);
    else
        buffer_printf(to, "%.0f d", age_s / 86400);
}

static void append_trace_to_row(struct buffer *to, const struct measures *measures,
                                const struct traffic *traffic, struct item_sums *sums)
{
    if (measures->traffic_reason) {
        buffer_printf(to, "%-22s %9s    %s\n", "trace to row", "-", measures->traffic_reason);
        return;
    }
    uint64_t all = (uint64_t)traffic->failed + sums->disputed;
    append_share(to, "trace to row", sums->with_row, all, "no run failed or was disputed");
    if (all > 0 && sums->days.count > 0)
        buffer_printf(to, " failed or disputed runs; after %.1f days (p95 %.1f)",
                      number_list_quantile(&sums->days, 0.5),
                      number_list_quantile(&sums->days, 0.95));
    if (all > 0 && sums->with_row <= all)
        buffer_append_byte(to, '\n');
}

static void append_queue(struct buffer *to, struct item_sums *sums)
{
    uint64_t all = 0, decided = sums->states[ITEM_AGREED] + sums->states[ITEM_ADJUDICATED];
    for (int state = 0; state < ITEM_STATES; state++)
        all += state == ITEM_SUPERSEDED ? 0 : sums->states[state];
    append_share(to, "queue progress", decided, all, "no run of the window came to review");
    if (all > 0)
        buffer_printf(to, " items; open %llu, waiting %llu, disputed %llu, expired %llu\n",
                      (unsigned long long)sums->states[ITEM_OPEN],
                      (unsigned long long)sums->states[ITEM_WAITING],
                      (unsigned long long)sums->states[ITEM_DISPUTED],
                      (unsigned long long)sums->states[ITEM_EXPIRED]);
    buffer_printf(to, "%-22s ", "queue age p95");
    if (sums->age_min.count == 0) {
        buffer_printf(to, "%9s    nothing is open\n", "-");
        return;
    }
    struct buffer age = {0};
    append_age(&age, 60 * number_list_quantile(&sums->age_min, 0.95));
    buffer_printf(to, "%9.*s    of %zu open, %llu over due\n", (int)age.size, (char *)age.data,
                  sums->age_min.count, (unsigned long long)sums->over_due);
    buffer_finish(&age);
}

static void append_work(struct buffer *to, const struct measures_request *request,
                        const struct item_sums *sums)
{
    double hours = (double)(request->span.to_ms - request->span.from_ms) / 3600000.0;
    buffer_printf(to, "%-22s %7.2f/h    %llu results, %llu decisions", "throughput",
                  (double)sums->results / hours, (unsigned long long)sums->results,
                  (unsigned long long)sums->decisions);
    if (sums->timed_s > 0)
        buffer_printf(to, "; %.1f an hour of work (%llu results timed)",
                      (double)sums->timed * 3600 / sums->timed_s, (unsigned long long)sums->timed);
    buffer_append_byte(to, '\n');
    if (sums->promoted == 0)
        buffer_printf(to, "%-22s %9s    no row was promoted\n", "export", "-");
    else
        buffer_printf(to, "%-22s %7.1f %%    %llu of %llu rows are with every exporter\n", "export",
                      100 * (double)sums->acknowledged / (double)sums->promoted,
                      (unsigned long long)sums->acknowledged, (unsigned long long)sums->promoted);
    for (uint32_t i = 0; i < sums->no_row_count; i++)
        buffer_printf(to, "%-22s %9llu    %s\n", i == 0 ? "decided without row" : "",
                      (unsigned long long)sums->no_rows[i].count, sums->no_rows[i].cause);
}

static void append_sums(struct buffer *to, const struct measures_request *request,
                        const struct measures *measures, const struct traffic *traffic,
                        struct item_sums *sums)
{
    if (!measures->traffic_reason)
        buffer_printf(to, "%-22s %9lld    %lld failed\n", "runs", (long long)traffic->runs,
                      (long long)traffic->failed);
    append_trace_to_row(to, measures, traffic, sums);
    append_queue(to, sums);
    append_work(to, request, sums);
}

/* --- lift --- */

static void append_points(struct buffer *to, const char *name,
                          const struct lift_difference *difference)
{
    if (difference->is_known)
        buffer_printf(to, "%s %+.1f [%+.1f, %+.1f]", name, 100 * difference->value,
                      100 * difference->low, 100 * difference->high);
    else
        buffer_printf(to, "%s -", name);
}

static void append_lift(struct buffer *to, const struct lift_report *lift)
{
    buffer_append_text(to, "\nlift in points, from release ");
    terminal_append(to, lift->before);
    if (lift->reason) {
        buffer_printf(to, ": %s\n", lift->reason);
        return;
    }
    buffer_append_text(to, " to ");
    terminal_append(to, lift->after);
    buffer_append_byte(to, '\n');
    for (uint32_t i = 0; i < lift->subject_count; i++) {
        const struct lift_subject *subject = &lift->subjects[i];
        struct buffer name = {0};
        terminal_append(&name, subject->rule.data ? subject->rule : BYTES_LITERAL("pass rate"));
        buffer_printf(to, "%-22.*s ", (int)name.size, name.data ? (char *)name.data : "");
        buffer_finish(&name);
        append_points(to, "raw", &subject->lift);
        append_points(to, "; at the same mix", &subject->adjusted.lift);
        if (!lift->mix_reason)
            buffer_printf(to, " (%.0f %% covered)", 100 * subject->adjusted.covered);
        buffer_printf(to, "; n %lld, %lld\n", (long long)subject->before.n,
                      (long long)subject->after.n);
    }
    if (lift->mix_reason)
        buffer_printf(to, "not adjusted: %s\n", lift->mix_reason);
}

/* --- feedback --- */

static void append_said(struct buffer *to, const struct measures *measures)
{
    const struct feedback_sums *sums = &measures->feedback.attributed;
    if (!measures->feedback.is_configured)
        return;
    buffer_printf(to, "%-22s ", "user feedback");
    for (int kind = 0; kind < FEEDBACK_KINDS; kind++)
        buffer_printf(to, "%s%s %llu (%.1f per 100 runs)", kind == 0 ? "" : ", ",
                      feedback_kind_names[kind], (unsigned long long)sums->kinds[kind],
                      measures->all.runs > 0
                          ? 100 * (double)sums->kinds[kind] / (double)measures->all.runs
                          : 0);
    buffer_printf(to, "; %llu in all, %llu of no run that is known\n",
                  (unsigned long long)feedback_report_total(sums),
                  (unsigned long long)feedback_report_total(&measures->feedback.unattributed));
}

/* --- agreement --- */

static void append_agreement(struct buffer *to, const struct measures *measures)
{
    const struct agreement_report *report = &measures->agreement;
    const struct agreement_subject_report *verdict = NULL;
    for (uint32_t i = 0; report->place_count > 0 && i < report->places[0].subject_count; i++)
        if (report->places[0].subjects[i].subject == AGREEMENT_VERDICT)
            verdict = &report->places[0].subjects[i];
    buffer_printf(to, "%-22s ", "reviewer agreement");
    if (measures->agreement_reason || !verdict || !verdict->is_known) {
        buffer_printf(to, "%9s    %s\n", "-",
                      measures->agreement_reason ? measures->agreement_reason
                                                 : "fewer than 10 items with two reviewers");
        return;
    }
    buffer_printf(to, "%7.1f %%    of %.0f items with two reviewers or more; AC1 ",
                  100 * verdict->figures.raw.value, verdict->figures.doubled);
    if (verdict->figures.ac1.has_value)
        buffer_printf(to, "%.2f [%.2f, %.2f]\n", verdict->figures.ac1.value,
                      verdict->figures.ac1.low, verdict->figures.ac1.high);
    else
        buffer_append_text(to, "-\n");
}

/* --- escape --- */

static void append_escape(struct buffer *to, const struct escape_reading *escape)
{
    const struct escape_rate *rate = &escape->rate;
    buffer_printf(to, "%-22s ", "escaped regressions");
    if (escape->reason) {
        buffer_printf(to, "%9s    %s\n", "-", escape->reason);
        return;
    }
    if (rate->is_known)
        buffer_printf(to, "%7.1f %%    ", 100 * rate->value);
    else
        buffer_printf(to, "%9s    ", "-");
    buffer_printf(to, "[%.1f, %.1f] of release ", 100 * rate->low, 100 * rate->high);
    terminal_append(to, bytes_of_text(escape->release.name));
    buffer_printf(to, ": %lld of %lld runs hit, %llu of %llu reviewed others were bad alike",
                  (long long)rate->hits, (long long)rate->runs, (unsigned long long)rate->escaped,
                  (unsigned long long)rate->reviewed);
    if (rate->unreviewed_share > 0)
        buffer_printf(to, "; nobody reviewed verdicts with %.1f %%", 100 * rate->unreviewed_share);
    buffer_printf(to, "; %u of %u known modes came back\n", escape->back_modes,
                  escape->known_modes);
}

/* --- coverage --- */

static void append_coverage(struct buffer *to, const struct coverage *coverage)
{
    buffer_printf(to, "\nshare of runs whose value has fewer than %d decided items\n",
                  COVERAGE_DECIDED_MIN);
    for (int i = 0; i < COVERAGE_DIMENSIONS; i++) {
        const struct coverage_dimension *dimension = &coverage->dimensions[i];
        buffer_printf(to, "%-22s ", coverage_dimensions[i]);
        if (dimension->reason || dimension->runs == 0) {
            buffer_printf(to, "%9s    %s\n", "-", dimension->reason ? dimension->reason : "no run");
            continue;
        }
        buffer_printf(to, "%7.1f %%    %lld of %lld",
                      100 * (double)dimension->thin_runs / (double)dimension->runs,
                      (long long)dimension->thin_runs, (long long)dimension->runs);
        for (uint32_t v = 0, told = 0; v < dimension->count && told < 3; v++) {
            if (dimension->values[v].decided >= COVERAGE_DECIDED_MIN ||
                dimension->values[v].runs == 0)
                continue;
            buffer_append_text(to, told++ == 0 ? "; most: " : ", ");
            terminal_append(to, dimension->values[v].value);
        }
        buffer_append_byte(to, '\n');
    }
    if (coverage->unwatched == 0)
        return;
    buffer_append_text(to, "\nwhich trace should become a test: failing signatures without a "
                           "regression row\n");
    for (uint32_t i = 0; i < coverage->unwatched && i < 5; i++) {
        const struct coverage_signature *signature = &coverage->signatures[i];
        char id[33] = {0};
        hex_encode(id, signature->newest_trajectory, 16);
        buffer_printf(to, "%016llx  %8llu items  newest trajectory %s\n",
                      (unsigned long long)signature->signature,
                      (unsigned long long)signature->items, id);
    }
}

void measures_table(const struct measures_request *request, struct measures *measures,
                    struct buffer *to)
{
    append_sums(to, request, measures, &measures->all, &measures->items.groups[0].sums);
    if (request->baseline.data)
        append_lift(to, &measures->lift);
    append_agreement(to, measures);
    append_escape(to, &measures->escape);
    append_said(to, measures);
    append_coverage(to, &measures->coverage);
    for (uint32_t i = 0; request->is_grouped && i < measures->cohort_count; i++) {
        struct item_sums none = {0};
        struct item_sums *sums = measures_items_of(&measures->items, measures->cohorts[i].value);
        buffer_append_byte(to, '\n');
        terminal_append(to, request->dimension);
        buffer_append_byte(to, '=');
        terminal_append(to, measures->cohorts[i].value);
        buffer_append_byte(to, '\n');
        append_sums(to, request, measures, &measures->cohorts[i], sums ? sums : &none);
    }
}
