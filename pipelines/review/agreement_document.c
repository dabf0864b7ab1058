/* A figure without enough items is null with the reason; a bound that is not known is null. */
#include "pipelines/review/agreement_document.h"

#include <math.h>
#include <stdio.h>

#include "processor/base/clock.h"
#include "processor/base/json/writer.h"
#include "processor/base/metrics.h"
#include "processor/base/text/terminal.h"
#include "processor/review/result.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* --- JSON --- */

static void put_number(struct json_writer *to, const char *key, bool is_known, double value)
{
    json_key(to, key);
    if (is_known)
        json_double(to, value);
    else
        json_null(to);
}

static void put_figure(struct json_writer *to, const char *key,
                       const struct agreement_figure *figure, bool is_known, bool is_unanimous)
{
    bool has_value = is_known && figure->has_value,
         has_interval = has_value && figure->has_interval;
    json_key(to, key);
    json_object_begin(to);
    put_number(to, "value", has_value, figure->value);
    put_number(to, "low", has_interval, figure->low);
    put_number(to, "high", has_interval, figure->high);
    put_number(to, "se", has_interval, figure->error);
    if (!is_known)
        json_put_text(to, "reason", "too_few");
    else if (!has_value)
        json_put_text(to, "reason", "one_category");
    else if (!has_interval)
        json_put_text(to, "reason", is_unanimous ? "no_disagreement" : "one_category");
    json_object_end(to);
}

static void put_prevalence(struct json_writer *to, const struct agreement_subject_report *subject)
{
    static const char *const of_verdict[] = {"pass", "fail", "unsure"};
    static const char *const of_label[] = {"given", "not_given"};
    json_key(to, "prevalence");
    json_object_begin(to);
    for (uint32_t i = 0; i < subject->categories; i++)
        put_number(to, subject->subject == AGREEMENT_VERDICT ? of_verdict[i] : of_label[i],
                   subject->figures.items > 0, subject->figures.prevalence[i]);
    json_object_end(to);
}

static void put_subject(struct json_writer *to, const struct agreement_subject_report *subject)
{
    const struct agreement_figures *figures = &subject->figures;
    bool is_unanimous = figures->raw.value >= 1;
    json_object_begin(to);
    json_put_text(to, "subject", subject->subject == AGREEMENT_VERDICT ? "verdict" : "label");
    if (subject->subject == AGREEMENT_LABEL)
        json_put_bytes(to, "label", subject->name);
    json_put_uint(to, "items", (uint64_t)figures->items);
    json_put_uint(to, "doubled", (uint64_t)figures->doubled);
    put_figure(to, "raw", &figures->raw, subject->is_known, is_unanimous);
    put_figure(to, "kappa", &figures->kappa, subject->is_known, is_unanimous);
    put_figure(to, "alpha", &figures->alpha, subject->is_known, is_unanimous);
    put_figure(to, "ac1", &figures->ac1, subject->is_known, is_unanimous);
    put_prevalence(to, subject);
    json_put_bool(to, "thin", subject->is_known && figures->is_thin);
    json_put_bool(to, "low", subject->is_low);
    json_object_end(to);
}

/* Of the traffic, as far as reviews say it: each counts 1/pi. What a rule is worth, and who did not
 * answer, is told by `flywheel calibrate`. */
static void put_weighted(struct json_writer *to, const struct agreement_subject_report *subject)
{
    bool is_known = subject->weighted_items >= AGREEMENT_ITEMS_MIN;
    const struct agreement_figure *raw = &subject->weighted.raw, *kappa = &subject->weighted.kappa;
    json_key(to, "weighted");
    json_object_begin(to);
    json_put_uint(to, "items", (uint64_t)subject->weighted_items);
    put_number(to, "raw", is_known && raw->has_value, raw->value);
    put_number(to, "raw_low", is_known && raw->has_value, raw->low);
    put_number(to, "raw_high", is_known && raw->has_value, raw->high);
    put_number(to, "kappa", is_known && kappa->has_value, kappa->value);
    if (!is_known)
        json_put_text(to, "reason", subject->name.size > 0 ? "too_few" : "by_rule_alone");
    json_object_end(to);
}

static void put_rule(struct json_writer *to, const struct agreement_subject_report *subject)
{
    bool is_known = subject->pair.items >= AGREEMENT_ITEMS_MIN;
    bool is_unanimous = subject->pair.raw.value >= 1;
    json_object_begin(to);
    json_put_text(to, "subject", subject->name.size > 0 ? "rule" : "verdict");
    if (subject->name.size > 0)
        json_put_bytes(to, "rule", subject->name);
    json_put_uint(to, "items", (uint64_t)subject->pair.items);
    json_put_uint(to, "bad_and_fired", (uint64_t)subject->cells[1][1]);
    json_put_uint(to, "bad_alone", (uint64_t)subject->cells[1][0]);
    json_put_uint(to, "fired_alone", (uint64_t)subject->cells[0][1]);
    json_put_uint(to, "neither", (uint64_t)subject->cells[0][0]);
    put_figure(to, "raw", &subject->pair.raw, is_known, is_unanimous);
    put_figure(to, "kappa", &subject->pair.kappa, is_known, is_unanimous);
    put_figure(to, "ac1", &subject->figures.ac1, is_known, is_unanimous);
    put_weighted(to, subject);
    json_object_end(to);
}

void agreement_put_subjects(struct json_writer *to, const struct agreement_place *place)
{
    json_key(to, "subjects");
    json_array_begin(to);
    for (uint32_t i = 0; i < place->subject_count; i++)
        if (place->subjects[i].subject != AGREEMENT_RULE)
            put_subject(to, &place->subjects[i]);
    json_array_end(to);
}

static void put_place(struct json_writer *to, const struct agreement_place *place)
{
    agreement_put_subjects(to, place);
    json_key(to, "human_machine");
    json_object_begin(to);
    json_put_text(to, "basis", "in_queue"); /* of what was chosen for review, not of the traffic */
    json_key(to, "rules");
    json_array_begin(to);
    for (uint32_t i = 0; i < place->subject_count; i++)
        if (place->subjects[i].subject == AGREEMENT_RULE)
            put_rule(to, &place->subjects[i]);
    json_array_end(to);
    json_object_end(to);
}

static void put_share(struct json_writer *to, const char *key, uint64_t part, uint64_t all)
{
    json_key(to, key);
    json_object_begin(to);
    put_number(to, "value", all > 0, all > 0 ? (double)part / (double)all : 0);
    json_put_uint(to, "numerator", part);
    json_put_uint(to, "denominator", all);
    json_object_end(to);
}

static void put_person(struct json_writer *to, const struct person_report *person)
{
    json_object_begin(to);
    json_put_bytes(to, "reviewer", person->name);
    json_put_uint(to, "results", person->results);
    put_share(to, "agreement_with_adjudication", person->agreeing, person->adjudicated);
    put_share(to, "skipped", person->skips, person->results + person->skips);
    put_share(to, "changed_after_reveal", person->changed, person->revealed);
    json_key(to, "seconds");
    json_object_begin(to);
    put_number(to, "median", person->timed > 0, person->median_s);
    json_put_uint(to, "results", person->timed);
    json_object_end(to);
    json_object_end(to);
}

static void put_pair(struct json_writer *to, const struct pair_report *pair)
{
    bool is_known = pair->figures.items >= AGREEMENT_ITEMS_MIN;
    bool is_unanimous = pair->figures.raw.value >= 1;
    json_object_begin(to);
    json_put_bytes(to, "reviewer", pair->names[0]);
    if (pair->names[1].size > 0)
        json_put_bytes(to, "other", pair->names[1]);
    json_put_bool(to, "is_machine", pair->names[1].size == 0);
    json_put_uint(to, "items", (uint64_t)pair->figures.items);
    put_figure(to, "raw", &pair->figures.raw, is_known, is_unanimous);
    put_figure(to, "kappa", &pair->figures.kappa, is_known, is_unanimous);
    json_object_end(to);
}

static void put_persons(struct json_writer *to, const struct persons_report *persons)
{
    json_key(to, "reviewers");
    json_array_begin(to);
    for (uint32_t i = 0; i < persons->person_count; i++)
        put_person(to, &persons->persons[i]);
    json_array_end(to);
    json_key(to, "pairs");
    json_array_begin(to);
    for (uint32_t i = 0; i < persons->pair_count; i++)
        put_pair(to, &persons->pairs[i]);
    json_array_end(to);
    json_put_bool(to, "reviewers_cut", persons->is_cut);
}

void agreement_json(const struct agreement_request *request, const struct agreement_report *report,
                    const struct persons_report *persons, struct buffer *to)
{
    struct json_writer writer;
    char now[CLOCK_RFC3339_SIZE], from[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(now, (uint64_t)request->now_ms * 1000000);
    clock_format_rfc3339(from, (uint64_t)request->from_day * DAY_MS * 1000000);
    json_writer_init(&writer, to);
    json_object_begin(&writer);
    json_put_text(&writer, "schema", "flywheel.agreement/v1");
    json_put_text(&writer, "as_of", now);
    json_put_bytes(&writer, "window", request->window);
    json_put_text(&writer, "from", from);
    json_put_double(&writer, "confidence", 0.95);
    json_put_uint(&writer, "items_needed", AGREEMENT_ITEMS_MIN);
    json_put_bool(&writer, "whole", report->is_whole);
    put_place(&writer, &report->places[0]);
    json_key(&writer, "queues");
    json_array_begin(&writer);
    for (uint32_t i = 1; i < report->place_count; i++) {
        json_object_begin(&writer);
        json_put_bytes(&writer, "queue", report->places[i].queue);
        put_place(&writer, &report->places[i]);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    if (persons)
        put_persons(&writer, persons);
    json_object_end(&writer);
    buffer_append_byte(to, '\n');
}

/* --- table --- */

static void append_name(struct buffer *to, int width, struct bytes name)
{
    struct buffer shown = {0};
    terminal_append(&shown, name);
    buffer_append_byte(&shown, 0);
    buffer_printf(to, "%-*s", width, shown.failed ? "" : (const char *)shown.data);
    buffer_finish(&shown);
}

/* "0.86 [0.78, 0.93]" */
static void append_figure(struct buffer *to, const struct agreement_figure *figure, bool is_known)
{
    char text[40] = "-";
    if (is_known && figure->has_value && figure->has_interval)
        snprintf(text, sizeof text, "%.2f [%.2f, %.2f]", figure->value, figure->low, figure->high);
    else if (is_known && figure->has_value)
        snprintf(text, sizeof text, "%.2f", figure->value);
    buffer_printf(to, "  %20s", text);
}

static void append_percent(struct buffer *to, const struct agreement_figure *figure, bool is_known)
{
    char text[48] = "-";
    if (is_known && figure->has_value)
        snprintf(text, sizeof text, "%.1f %% [%.1f, %.1f]", 100 * figure->value, 100 * figure->low,
                 100 * figure->high);
    buffer_printf(to, "  %22s", text);
}

static void append_subject(struct buffer *to, const struct agreement_subject_report *subject)
{
    const struct agreement_figures *figures = &subject->figures;
    bool is_verdict = subject->subject == AGREEMENT_VERDICT;
    append_name(to, 24, is_verdict ? BYTES_LITERAL("verdict") : subject->name);
    buffer_printf(to, "  %7.0f  %7.0f", figures->items, figures->doubled);
    append_percent(to, &figures->raw, subject->is_known);
    append_figure(to, &figures->ac1, subject->is_known);
    append_figure(to, &figures->kappa, subject->is_known);
    append_figure(to, &figures->alpha, subject->is_known);
    buffer_printf(to, "  %7.1f %%%s%s\n", 100 * figures->prevalence[is_verdict ? REVIEW_FAIL : 0],
                  subject->is_low ? "  low" : "",
                  subject->is_known && figures->is_thin ? "  thin" : "");
}

static void append_rules(struct buffer *to, const struct agreement_place *place)
{
    bool is_first = true;
    for (uint32_t i = 0; i < place->subject_count; i++) {
        const struct agreement_subject_report *subject = &place->subjects[i];
        bool is_known = subject->pair.items >= AGREEMENT_ITEMS_MIN;
        if (subject->subject != AGREEMENT_RULE)
            continue;
        if (is_first)
            buffer_printf(to, "\n%-24s  %7s  %7s  %7s  %7s  %7s  %22s  %20s\n",
                          "people against machine", "items", "both", "bad", "fired", "neither",
                          "agree", "kappa");
        is_first = false;
        append_name(to, 24, subject->name.size > 0 ? subject->name : BYTES_LITERAL("verdict"));
        buffer_printf(to, "  %7.0f  %7.0f  %7.0f  %7.0f  %7.0f", subject->pair.items,
                      subject->cells[1][1], subject->cells[1][0], subject->cells[0][1],
                      subject->cells[0][0]);
        append_percent(to, &subject->pair.raw, is_known);
        append_figure(to, &subject->pair.kappa, is_known);
        buffer_append_byte(to, '\n');
    }
    if (!is_first)
        buffer_append_text(to,
                           "(of what was chosen for review, in_queue: of the traffic, `flywheel "
                           "calibrate` says it)\n");
}

static void append_share(struct buffer *to, uint64_t part, uint64_t all)
{
    char text[40] = "-";
    if (all > 0)
        snprintf(text, sizeof text, "%.1f %% of %llu", 100 * (double)part / (double)all,
                 (unsigned long long)all);
    buffer_printf(to, "  %18s", text);
}

static void append_persons(struct buffer *to, const struct persons_report *persons)
{
    if (persons->person_count == 0)
        return;
    buffer_printf(to, "\n%-24s  %7s  %18s  %18s  %18s  %9s\n", "reviewer", "results",
                  "as adjudicated", "skipped", "changed after", "median");
    for (uint32_t i = 0; i < persons->person_count; i++) {
        const struct person_report *person = &persons->persons[i];
        append_name(to, 24, person->name);
        buffer_printf(to, "  %7llu", (unsigned long long)person->results);
        append_share(to, person->agreeing, person->adjudicated);
        append_share(to, person->skips, person->results + person->skips);
        append_share(to, person->changed, person->revealed);
        if (person->timed > 0)
            buffer_printf(to, "  %7.0f s\n", person->median_s);
        else
            buffer_printf(to, "  %9s\n", "-");
    }
    for (uint32_t i = 0; i < persons->pair_count; i++) {
        const struct pair_report *pair = &persons->pairs[i];
        bool is_known = pair->figures.items >= AGREEMENT_ITEMS_MIN;
        if (i == 0)
            buffer_printf(to, "\n%-24s  %-24s  %7s  %22s  %20s\n", "pair", "", "items", "agree",
                          "kappa");
        append_name(to, 24, pair->names[0]);
        buffer_append_text(to, "  ");
        append_name(to, 24,
                    pair->names[1].size > 0 ? pair->names[1] : BYTES_LITERAL("(the machine)"));
        buffer_printf(to, "  %7.0f", pair->figures.items);
        append_percent(to, &pair->figures.raw, is_known);
        append_figure(to, &pair->figures.kappa, is_known);
        buffer_append_byte(to, '\n');
    }
}

static void append_place(struct buffer *to, const struct agreement_place *place, const char *head)
{
    struct buffer name = {0};
    if (place->queue.size > 0)
        buffer_append_text(&name, head);
    buffer_append_bytes(&name, place->queue);
    append_name(to, 24, name.size > 0 ? buffer_bytes(&name) : BYTES_LITERAL("subject"));
    buffer_finish(&name);
    buffer_printf(to, "  %7s  %7s  %22s  %20s  %20s  %20s  %9s\n", "items", "double", "agree",
                  "AC1", "kappa", "alpha", "share");
    for (uint32_t i = 0; i < place->subject_count; i++)
        if (place->subjects[i].subject != AGREEMENT_RULE)
            append_subject(to, &place->subjects[i]);
}

/* What the figures don't say. */
static void append_notes(struct buffer *to, const struct agreement_report *report)
{
    const struct agreement_place *all = &report->places[0];
    const struct agreement_figures *figures = &all->subjects[0].figures;
    bool is_low = false;
    for (uint32_t i = 0; i < all->subject_count; i++)
        is_low = is_low || all->subjects[i].is_low;
    if (figures->doubled < AGREEMENT_ITEMS_MIN)
        buffer_printf(to,
                      "\n%.0f items have two reviewers: below %d there is no figure "
                      "(review.queues: reviewers, overlap)\n",
                      figures->doubled, AGREEMENT_ITEMS_MIN);
    if (is_low)
        buffer_printf(to,
                      "\nlow: reviewers agree hardly better than by chance (the AC1 interval ends "
                      "below %.1f): instructions or labels say too little\n",
                      AGREEMENT_LOW_AC1);
    if (!report->is_whole)
        buffer_append_text(to, "\nnot all items are counted yet: the daemon counts them anew\n");
}

void agreement_table(const struct agreement_request *request, const struct agreement_report *report,
                     const struct persons_report *persons, struct buffer *to)
{
    const struct agreement_place *all = &report->places[0];
    (void)request;
    if (all->subject_count == 0 || all->subjects[0].figures.items < 1) {
        buffer_append_text(to, report->is_whole
                                   ? "no item was reviewed within the window\n"
                                   : "nothing is counted yet: the daemon counts items anew\n");
        return;
    }
    append_place(to, all, "");
    for (uint32_t i = 1; report->place_count > 2 && i < report->place_count; i++) {
        buffer_append_byte(to, '\n');
        append_place(to, &report->places[i], "queue ");
    }
    append_rules(to, all);
    if (persons)
        append_persons(to, persons);
    append_notes(to, report);
}

/* --- metrics --- */

static const struct metric_family family = {
    "flywheel_review_agreement", METRIC_GAUGE,
    "Agreement of reviewers over 28 days, by subject (verdict or label) and statistic."};

static void write_sample(struct buffer *to, const struct agreement_subject_report *subject,
                         const char *statistic, bool is_known, double value)
{
    struct buffer labels = {0};
    if (!is_known)
        return;
    metrics_append_label(&labels, "subject",
                         subject->subject == AGREEMENT_VERDICT ? BYTES_LITERAL("verdict")
                                                               : subject->name);
    metrics_append_label(&labels, "statistic", bytes_of_text(statistic));
    buffer_append_byte(&labels, 0);
    if (!labels.failed)
        metrics_write_sample(to, family.name, (const char *)labels.data, value);
    buffer_finish(&labels);
}

void agreement_metrics(const struct agreement_report *report, struct buffer *to)
{
    const struct agreement_place *all = &report->places[0];
    metrics_write_family(to, &family);
    for (uint32_t i = 0; i < all->subject_count; i++) {
        const struct agreement_subject_report *subject = &all->subjects[i];
        const struct agreement_figures *figures = &subject->figures;
        if (subject->subject == AGREEMENT_RULE || !subject->is_known)
            continue;
        write_sample(to, subject, "raw", figures->raw.has_value, figures->raw.value);
        write_sample(to, subject, "kappa", figures->kappa.has_value, figures->kappa.value);
        write_sample(to, subject, "alpha", figures->alpha.has_value, figures->alpha.value);
        write_sample(to, subject, "ac1", figures->ac1.has_value, figures->ac1.value);
        write_sample(to, subject, "ac1_low", figures->ac1.has_interval, figures->ac1.low);
        write_sample(to, subject, "ac1_high", figures->ac1.has_interval, figures->ac1.high);
    }
}
