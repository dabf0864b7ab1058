/* Releases are kept in memory and written once a batch; rows that were met are few, and are read and
 * written one by one. */
#include "pipelines/commit/regression_counts.h"

#include <stdlib.h>

#include "pipelines/decide/met_rows.h"
#include "state/cohorts/cohort.h"
#include "state/store/value.h"

enum { COUNTS_PER_ROW = 16 };

struct regression_counts {
    uint64_t rows, rows_max; /* counts of rows in the store, and the most there may be */
    bool is_stale;           /* the last transaction failed: memory is ahead of the store */
    uint32_t count;
    struct release {
        struct regression_release row;
        bool is_dirty;
    } releases[REGRESSION_RELEASES_MAX + 1]; /* __other__ beside them */
};

/* --- the store --- */

static bool take(void *context, const struct regression_release *row)
{
    struct regression_counts *counts = context;
    if (counts->count <= REGRESSION_RELEASES_MAX)
        counts->releases[counts->count++] = (struct release){.row = *row};
    return true;
}

static void load(struct regression_counts *counts, struct store_txn *txn)
{
    counts->count = 0;
    counts->is_stale = false;
    regression_scan_releases(txn, take, counts);
    counts->rows = store_count(txn, TABLE_REGRESSION) - counts->count;
}

static void at_end(void *context, bool is_committed)
{
    struct regression_counts *counts = context;
    counts->is_stale |= !is_committed;
}

enum status regression_counts_open(struct store *store, uint32_t rows_max,
                                   struct regression_counts **ret_counts)
{
    struct regression_counts *counts = calloc(1, sizeof *counts);
    struct store_txn txn;
    if (!counts)
        return STATUS_FATAL;
    counts->rows_max = (uint64_t)rows_max * COUNTS_PER_ROW;
    store_begin(store, false, &txn);
    load(counts, &txn);
    enum status status = store_commit(&txn);
    if (status != STATUS_OK) {
        free(counts);
        return status;
    }
    *ret_counts = counts;
    return STATUS_OK;
}

void regression_counts_close(struct regression_counts *counts)
{
    free(counts);
}

void regression_counts_write(struct regression_counts *counts, struct store_txn *txn)
{
    for (uint32_t i = 0; i < counts->count && !counts->is_stale; i++) {
        if (!counts->releases[i].is_dirty)
            continue;
        counts->releases[i].is_dirty = false;
        regression_put_release(txn, &counts->releases[i].row);
    }
}

/* --- releases --- */

static struct release *find(struct regression_counts *counts, const uint8_t id[REGRESSION_ID_SIZE])
{
    for (uint32_t i = 0; i < counts->count; i++)
        if (memcmp(counts->releases[i].row.id, id, REGRESSION_ID_SIZE) == 0)
            return &counts->releases[i];
    return NULL;
}

static bool is_other(const struct release *release)
{
    return strcmp(release->row.name, REGRESSION_OTHER) == 0;
}

/* The one that has been quiet for longest leaves, if no window shows its runs any more. */
static struct release *make_room(struct regression_counts *counts, struct store_txn *txn,
                                 int64_t wall_ms)
{
    struct release *oldest = NULL;
    for (uint32_t i = 0; i < counts->count; i++) {
        struct release *at = &counts->releases[i];
        if (!is_other(at) && (!oldest || at->row.last_ms < oldest->row.last_ms))
            oldest = at;
    }
    if (!oldest || oldest->row.last_ms >= cohort_ring_horizon(RING_DAY, wall_ms))
        return NULL;
    counts->rows -= regression_delete_release(txn, oldest->row.id);
    return oldest;
}

static uint32_t count_named(const struct regression_counts *counts)
{
    uint32_t named = 0;
    for (uint32_t i = 0; i < counts->count; i++)
        named += !is_other(&counts->releases[i]);
    return named;
}

static struct release *add(struct regression_counts *counts, struct release *place,
                           struct bytes name)
{
    struct release *release = place ? place : &counts->releases[counts->count++];
    *release = (struct release){.is_dirty = true};
    size_t size = name.size < REGRESSION_NAME_BYTES_MAX ? name.size : REGRESSION_NAME_BYTES_MAX;
    memcpy(release->row.name, name.data, size);
    regression_release_id(name, release->row.id);
    return release;
}

static struct release *other(struct regression_counts *counts)
{
    uint8_t id[REGRESSION_ID_SIZE];
    struct bytes name = BYTES_LITERAL(REGRESSION_OTHER);
    regression_release_id(name, id);
    struct release *release = find(counts, id);
    return release ? release : add(counts, NULL, name);
}

/* `name` may be another's, or one that no row holds: then it is nobody's to add. */
static struct release *release_of(struct regression_counts *counts, struct store_txn *txn,
                                  const uint8_t id[REGRESSION_ID_SIZE], struct bytes name,
                                  int64_t wall_ms)
{
    uint8_t of_name[REGRESSION_ID_SIZE];
    struct release *release = find(counts, id);
    if (release)
        return release;
    regression_release_id(name, of_name);
    bool is_text =
        name.size > 0 && name.size <= REGRESSION_NAME_BYTES_MAX && !memchr(name.data, 0, name.size);
    if (!is_text || memcmp(of_name, id, sizeof of_name) != 0)
        return other(counts);
    if (count_named(counts) < REGRESSION_RELEASES_MAX)
        return add(counts, NULL, name);
    struct release *place = make_room(counts, txn, wall_ms);
    return place ? add(counts, place, name) : other(counts);
}

/* --- rows --- */

static void count_row(struct store_txn *txn, struct regression_count *count, enum outcome outcome,
                      int sign, int64_t event_ms)
{
    int64_t *of = outcome == OUTCOME_FAIL         ? &count->failed
                  : outcome == OUTCOME_BORDERLINE ? &count->borderline
                                                  : &count->passed;
    *of += sign;
    if (event_ms > count->last_ms)
        count->last_ms = event_ms;
    regression_put_count(txn, count);
}

static void count_rows(struct regression_counts *counts, struct store_txn *txn,
                       const struct met_rows *rows, const struct release *release, int sign,
                       int64_t event_ms)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct met_row *row = &rows->rows[i];
        const struct release *at = release;
        struct regression_count count;
        counts->rows += !regression_get_count(txn, NULL, row->row_id, &count);
        count_row(txn, &count, row->outcome, sign, event_ms);
        bool is_new = !regression_get_count(txn, at->row.id, row->row_id, &count);
        if (is_new && counts->rows >= counts->rows_max && !is_other(at)) {
            at = other(counts);
            is_new = !regression_get_count(txn, at->row.id, row->row_id, &count);
        }
        counts->rows += is_new;
        count_row(txn, &count, row->outcome, sign, event_ms);
    }
}

/* --- runs --- */

static void count_run(struct release *release, const struct met_rows *rows, enum verdict verdict,
                      int sign)
{
    enum outcome worst = met_rows_worst(rows);
    release->row.runs[verdict] += sign;
    release->row.hits[verdict] += worst == OUTCOME_FAIL ? sign : 0;
    release->row.near[verdict] += worst == OUTCOME_BORDERLINE ? sign : 0;
    release->is_dirty = true;
}

static void note_time(struct release *release, int64_t event_ms)
{
    if (release->row.first_ms == 0 || event_ms < release->row.first_ms)
        release->row.first_ms = event_ms;
    if (event_ms > release->row.last_ms)
        release->row.last_ms = event_ms;
}

static bool decode(struct store_txn *txn, struct bytes met, struct met_rows *ret_rows)
{
    if (met.size == 0)
        return false;
    if (met_rows_decode(met, ret_rows) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "what a run met of the regression set is not understood");
    return false;
}

const char *regression_counts_add(struct regression_counts *counts, struct store_txn *txn,
                                  const struct closed *closed, int64_t wall_ms)
{
    const struct revision *revision = closed->revision;
    struct met_rows before, now;
    bool is_counted = !revision || revision->contribution.size > 0;
    if (!is_counted || !decode(txn, closed->met, &now))
        return NULL;
    if (counts->is_stale)
        load(counts, txn);
    store_on_end(txn, at_end, counts);
    int64_t event_ms = (int64_t)closed->event_ms;
    struct release *release;
    if (revision && decode(txn, revision->met, &before)) {
        release = release_of(counts, txn, before.release, closed->release, wall_ms);
        count_run(release, &before, revision->verdict, -1);
        count_rows(counts, txn, &before, release, -1, event_ms);
    }
    release = release_of(counts, txn, now.release, closed->release, wall_ms);
    count_run(release, &now, closed->verdict, 1);
    if (!closed->is_skewed)
        note_time(release, event_ms);
    count_rows(counts, txn, &now, release, 1, event_ms);
    return release->row.name;
}
