/* All cells are gathered, each as `text NUL`, before the first line is written: widths come from
 * the widest. */
#include "pipelines/cohorts/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "processor/base/clock.h"
#include "processor/base/text/terminal.h"
#include "processor/base/text/utf8.h"

enum { FIGURES = 10, COLUMNS_MAX = COHORT_DIMENSIONS_MAX + FIGURES, CELL_BYTES_MAX = 256 };

static const char *const figure_titles[FIGURES] = {
    "total",   "pass",   "borderline", "fail", "unscored", "fail rate (95 %)", "known bad of all",
    "to look at", "p95 ms", "missing"};

struct table {
    struct buffer cells; /* each as `text NUL` */
    bool shows_missing;  /* an awaited score did not come: the last column */
    uint32_t columns, values, at;
    size_t widths[COLUMNS_MAX]; /* in code points */
};

static void add_cell(struct table *table, struct bytes text)
{
    text = utf8_cut(text, CELL_BYTES_MAX);
    terminal_append(&table->cells, text);
    buffer_append_byte(&table->cells, 0);
    size_t width = utf8_length(text);
    if (table->widths[table->at] < width)
        table->widths[table->at] = width;
    table->at = (table->at + 1) % table->columns;
}

static void add_figure(struct table *table, const char *format, ...) PRINTF_LIKE(2, 3);

static void add_figure(struct table *table, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add_cell(table, bytes_of_text(text));
}

/* Without a judge there is no fail rate, but two figures that need none. */
static void add_rates(struct table *table, const struct cohort_rates *rates)
{
    if (rates->fail.is_known)
        add_figure(table, "%.1f %% (%.1f to %.1f)", 100 * rates->fail.p, 100 * rates->low,
                   100 * rates->high);
    else
        add_figure(table, "-");
    if (rates->known.is_known) {
        add_figure(table, "\xe2\x89\xa5 %.1f %% [%.1f, %.1f]", 100 * rates->known.p,
                   100 * rates->known_low, 100 * rates->known_high);
        add_figure(table, "%.1f %%", 100 * rates->borderline);
    } else {
        add_figure(table, "-");
        add_figure(table, "-");
    }
}

static void add_row(struct table *table, const struct cohort_report_request *request,
                    const struct cohort_result *result, const struct cohort_result_row *row)
{
    const struct cohort_bucket *sums = &row->sums;
    struct cohort_rates rates = cohort_report_rates(request, result, row);
    double p95_ms;
    for (uint32_t i = 0; i < table->values; i++)
        add_cell(table, row->values[i]);
    add_figure(table, "%" PRId64, cohort_bucket_total(sums));
    add_figure(table, "%" PRId64, sums->verdicts[COHORT_PASS]);
    add_figure(table, "%" PRId64, sums->verdicts[COHORT_BORDERLINE]);
    add_figure(table, "%" PRId64, sums->verdicts[COHORT_FAIL]);
    add_figure(table, "%" PRId64, sums->verdicts[COHORT_UNSCORED]);
    add_rates(table, &rates);
    if (sketch_quantile(&sums->duration_ms, 0.95, &p95_ms))
        add_figure(table, "%.0f", p95_ms);
    else
        add_figure(table, "-");
    if (table->shows_missing)
        add_figure(table, "%" PRId64, rates.missing);
}

static void pad(struct buffer *to, size_t count)
{
    while (count-- > 0)
        buffer_append_byte(to, ' ');
}

static void write_lines(const struct table *table, struct buffer *to)
{
    uint32_t column = 0;
    for (size_t at = 0; at < table->cells.size; column = (column + 1) % table->columns) {
        struct bytes cell = bytes_of_text((const char *)table->cells.data + at);
        size_t blank = table->widths[column] - utf8_length(cell);
        bool is_left = column < table->values, is_last = column + 1 == table->columns;
        pad(to, is_left ? 0 : blank);
        buffer_append_bytes(to, cell);
        pad(to, is_left ? blank : 0);
        buffer_append_text(to, is_last ? "\n" : "  ");
        at += cell.size + 1;
    }
}

void cohort_table_write(const struct cohort_report_request *request,
                        const struct cohort_result *result, struct buffer *to)
{
    int64_t unclassed = 0, missing = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        unclassed += cohort_bucket_unclassed(&result->rows[i].sums);
        missing += cohort_report_rates(request, result, &result->rows[i]).missing;
    }
    uint32_t figures = missing > 0 ? FIGURES : FIGURES - 1;
    struct table table = {.values = request->group_by_count,
                          .columns = request->group_by_count + figures,
                          .shows_missing = missing > 0};
    char as_of[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(as_of, (uint64_t)request->as_of_ms * 1000000);
    if (result->row_count == 0) {
        buffer_printf(to,
                      "No trajectory ended in the %.*s before %.19sZ. A longer --window may show "
                      "some; a run is counted once it has been quiet for trajectory.settle.\n",
                      (int)request->window.size, (const char *)request->window.data, as_of);
        return;
    }
    for (uint32_t i = 0; i < table.values; i++)
        add_cell(&table, request->group_by[i]);
    for (uint32_t i = 0; i < figures; i++)
        add_cell(&table, bytes_of_text(figure_titles[i]));
    for (size_t i = 0; i < result->row_count; i++)
        add_row(&table, request, result, &result->rows[i]);
    if (table.cells.failed)
        to->failed = true;
    else
        write_lines(&table, to);
    if (missing > 0)
        buffer_printf(to,
                      "%" PRId64 " of these trajectories lack a score of trajectory.await (column "
                      "missing): who answers some runs only biases the fail rate.\n",
                      missing);
    if (unclassed > 0)
        buffer_printf(to,
                      "%" PRId64 " of these trajectories were decided by an earlier version: they "
                      "are in the counts and in none of the rates.\n",
                      unclassed);
    buffer_finish(&table.cells);
}
