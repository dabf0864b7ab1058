/* A row a queue, and one for all of them when there are several. */
#include "pipelines/review/queue_report.h"

#include <stdio.h>

#include "pipelines/review/item_scan.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"
#include "processor/base/text/terminal.h"

enum {
    ARENA_BYTES = 8 << 20,
    LOOKED_AT_MAX = 20000, /* the newest items: who works off older ones all day counts too few */
    DAY_MS = 24 * 3600 * 1000,
};

/* --- what was decided today --- */

struct counting {
    struct queue_report *report;
    uint32_t looked_at;
};

static bool count_row(void *context, struct store_txn *txn, const struct item_row *row)
{
    struct counting *counting = context;
    struct queue_report *report = counting->report;
    const struct review_figures *figures = report->figures;
    bool is_today = row->decision.is_decided &&
                    row->decision.decided_ms >= report->wall_ms - report->wall_ms % DAY_MS;
    (void)txn;
    report->all_today += is_today;
    for (uint32_t i = 0; is_today && i < figures->queue_count; i++)
        report->today[i] += bytes_equal(figures->queues[i].name, row->queue);
    return ++counting->looked_at < LOOKED_AT_MAX;
}

static enum status count_today(struct store *store, struct queue_report *report)
{
    struct counting counting = {.report = report};
    return item_scan(store, count_row, &counting);
}

/* --- the report --- */

enum status queue_report_read(struct store *store, const struct review_settings *settings,
                              struct bytes queue, int64_t wall_ms, struct queue_report *ret_report)
{
    *ret_report = (struct queue_report){.wall_ms = wall_ms};
    arena_init(&ret_report->arena, ARENA_BYTES);
    ret_report->is_single = queue.size > 0;
    ret_report->figures = arena_alloc(&ret_report->arena, sizeof *ret_report->figures);
    enum status status = ret_report->figures ? figures_read(store, settings, wall_ms,
                                                            &ret_report->arena, ret_report->figures)
                                             : STATUS_BUSY;
    struct review_figures *figures = ret_report->figures;
    if (status == STATUS_OK && ret_report->is_single) {
        uint32_t i = 0;
        while (i < figures->queue_count && !bytes_equal(figures->queues[i].name, queue))
            i++;
        if (i == figures->queue_count) {
            status = STATUS_NOT_FOUND;
        } else {
            figures->queues[0] = figures->queues[i];
            figures->queue_count = 1;
        }
    }
    if (status == STATUS_OK)
        status = count_today(store, ret_report);
    if (status != STATUS_OK)
        arena_finish(&ret_report->arena);
    return status;
}

void queue_report_finish(struct queue_report *report)
{
    arena_finish(&report->arena);
}

static uint64_t decided(const struct queue_figures *queue)
{
    return queue->counts[ITEM_AGREED] + queue->counts[ITEM_ADJUDICATED];
}

/* Of all but those that a newer one has taken the place of; 0 without any. */
static double progress(const struct queue_figures *queue)
{
    uint64_t all = 0;
    for (int state = 0; state < ITEM_STATES; state++)
        all += state == ITEM_SUPERSEDED ? 0 : queue->counts[state];
    return all > 0 ? (double)decided(queue) / (double)all : 0;
}

static void write_queue(struct json_writer *to, const struct queue_figures *queue, uint32_t today)
{
    json_object_begin(to);
    if (queue->name.size > 0)
        json_put_bytes(to, "queue", queue->name);
    for (int state = 0; state < ITEM_STATES; state++)
        json_put_uint(to, item_state_names[state], queue->counts[state]);
    json_put_uint(to, "decided", decided(queue));
    json_put_uint(to, "decided_today", today);
    json_put_double(to, "progress", progress(queue));
    json_put_uint(to, "over_due", queue->over_due);
    json_put_double(to, "age_p50_s", queue->age_p50_s);
    json_put_double(to, "age_p95_s", queue->age_p95_s);
    json_object_end(to);
}

void queue_report_json(const struct queue_report *report, struct buffer *to)
{
    const struct review_figures *figures = report->figures;
    struct json_writer writer;
    char now[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(now, (uint64_t)report->wall_ms * 1000000);
    json_writer_init(&writer, to);
    json_object_begin(&writer);
    json_put_text(&writer, "schema", "flywheel.queue/v1");
    json_put_text(&writer, "as_of", now);
    json_key(&writer, "queues");
    json_array_begin(&writer);
    for (uint32_t i = 0; i < figures->queue_count; i++)
        write_queue(&writer, &figures->queues[i], report->today[i]);
    json_array_end(&writer);
    if (!report->is_single) {
        json_key(&writer, "all");
        write_queue(&writer, &figures->all, report->all_today);
        json_put_uint(&writer, "pending", figures->pending);
    }
    json_object_end(&writer);
    buffer_append_byte(to, '\n');
}

/* "0 s", "5 min", "3 h", "2 d". */
static void append_age(struct buffer *to, double age_s)
{
    char text[24];
    if (age_s < 120)
        snprintf(text, sizeof text, "%.0f s", age_s);
    else if (age_s < 7200)
        snprintf(text, sizeof text, "%.0f min", age_s / 60);
    else if (age_s < 172800)
        snprintf(text, sizeof text, "%.0f h", age_s / 3600);
    else
        snprintf(text, sizeof text, "%.0f d", age_s / 86400);
    buffer_printf(to, "  %8s", text);
}

static void append_row(struct buffer *to, const struct queue_figures *queue, const char *name)
{
    struct buffer shown = {0};
    if (name)
        buffer_append_text(&shown, name);
    else
        terminal_append(&shown, queue->name);
    buffer_append_byte(&shown, 0);
    buffer_printf(
        to, "%-20s  %8llu  %8llu  %8llu  %8llu  %7.1f %%  %8llu",
        shown.failed ? "" : (const char *)shown.data, (unsigned long long)queue->counts[ITEM_OPEN],
        (unsigned long long)queue->counts[ITEM_WAITING],
        (unsigned long long)queue->counts[ITEM_DISPUTED], (unsigned long long)decided(queue),
        100 * progress(queue), (unsigned long long)queue->over_due);
    append_age(to, queue->age_p50_s);
    append_age(to, queue->age_p95_s);
    buffer_append_byte(to, '\n');
    buffer_finish(&shown);
}

void queue_report_table(const struct queue_report *report, struct buffer *to)
{
    const struct review_figures *figures = report->figures;
    if (figures->queue_count == 0) {
        buffer_append_text(to, "no run has come to review yet\n");
        return;
    }
    buffer_printf(to, "%-20s  %8s  %8s  %8s  %8s  %9s  %8s  %8s  %8s\n", "queue", "open", "waiting",
                  "disputed", "decided", "progress", "over due", "age p50", "age p95");
    for (uint32_t i = 0; i < figures->queue_count; i++)
        append_row(to, &figures->queues[i], NULL);
    if (!report->is_single && figures->queue_count > 1)
        append_row(to, &figures->all, "all");
    if (!report->is_single && figures->pending > 0)
        buffer_printf(to, "%llu results wait for their record\n",
                      (unsigned long long)figures->pending);
}
