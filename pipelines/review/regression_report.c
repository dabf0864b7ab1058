/* Counts are small rows under release and row, so each release is asked for this row. */
#include "pipelines/review/regression_report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/text/terminal.h"
#include "processor/review/row.h"

struct releases {
    struct regression_release items[REGRESSION_RELEASES_MAX + 1];
    uint32_t count;
};

static bool take(void *context, const struct regression_release *release)
{
    struct releases *releases = context;
    releases->items[releases->count++] = *release;
    return releases->count <= REGRESSION_RELEASES_MAX;
}

static int by_first_run(const void *a, const void *b)
{
    const struct regression_release *left = a, *right = b;
    if (left->first_ms != right->first_ms)
        return left->first_ms < right->first_ms ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* NULL: no memory. */
static struct releases *read_releases(struct store_txn *txn)
{
    struct releases *releases = calloc(1, sizeof *releases);
    if (!releases)
        return NULL;
    regression_scan_releases(txn, take, releases);
    qsort(releases->items, releases->count, sizeof *releases->items, by_first_run);
    return releases;
}

static void format_time(char to[CLOCK_RFC3339_SIZE], int64_t ms)
{
    clock_format_rfc3339(to, ms > 0 ? (uint64_t)ms * 1000000 : 0);
}

static void put_counts(struct json_writer *to, const struct regression_count *count)
{
    char time[CLOCK_RFC3339_SIZE];
    format_time(time, count->last_ms);
    json_put_int(to, "matched", count->matched);
    json_put_int(to, "passed", count->passed);
    json_put_int(to, "failed", count->failed);
    json_put_int(to, "borderline", count->borderline);
    json_put_text(to, "last", time);
}

bool regression_report_json(struct store_txn *txn, const uint8_t row_id[REGRESSION_ID_SIZE],
                            struct json_writer *to)
{
    struct regression_count count;
    char text[UUID_TEXT_SIZE];
    if (!regression_get_count(txn, NULL, row_id, &count))
        return false;
    row_id_text(text, row_id);
    json_object_begin(to);
    json_put_text(to, "row_id", text);
    put_counts(to, &count);
    json_key(to, "releases");
    json_array_begin(to);
    struct releases *releases = read_releases(txn);
    for (uint32_t i = 0; releases && i < releases->count; i++) {
        if (!regression_get_count(txn, releases->items[i].id, row_id, &count))
            continue;
        json_object_begin(to);
        json_put_text(to, "release", releases->items[i].name);
        put_counts(to, &count);
        json_object_end(to);
    }
    free(releases);
    json_array_end(to);
    json_object_end(to);
    return true;
}

static void print_counts(struct buffer *to, const struct regression_count *count)
{
    char time[CLOCK_RFC3339_SIZE];
    format_time(time, count->last_ms);
    buffer_printf(to,
                  "%" PRId64 " met it, %" PRId64 " failed it, %" PRId64 " borderline, %" PRId64
                  " passed, last %.19sZ\n",
                  count->matched, count->failed, count->borderline, count->passed, time);
}

void regression_report_text(struct store_txn *txn, const uint8_t row_id[REGRESSION_ID_SIZE],
                            struct buffer *to)
{
    struct regression_count count;
    if (!regression_get_count(txn, NULL, row_id, &count))
        return;
    buffer_append_text(to, "runs: ");
    print_counts(to, &count);
    struct releases *releases = read_releases(txn);
    for (uint32_t i = 0; releases && i < releases->count; i++) {
        if (!regression_get_count(txn, releases->items[i].id, row_id, &count))
            continue;
        buffer_append_text(to, "  release ");
        terminal_append(to, bytes_of_text(releases->items[i].name));
        buffer_append_text(to, ": ");
        print_counts(to, &count);
    }
    free(releases);
}
