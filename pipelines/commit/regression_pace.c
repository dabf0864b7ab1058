/* An hour opens with its first hit. When there are too many the oldest leaves; a run before all that
 * are kept counts in the oldest, as in the budget. */
#include "pipelines/commit/regression_pace.h"

#include <math.h>
#include <stdlib.h>

#include "processor/score/budget.h"

enum { HOUR_MS = 3600000 };

static const uint8_t whole_hour[REGRESSION_ID_SIZE];

static void hour_finish(struct regression_pace_hour *hour)
{
    key_index_finish(&hour->index);
    free(hour->rows);
    *hour = (struct regression_pace_hour){.hour = 0};
}

void regression_pace_finish(struct regression_pace *pace)
{
    for (uint32_t i = 0; i < pace->hour_count; i++)
        hour_finish(&pace->hours[i]);
    pace->hour_count = 0;
}

void regression_pace_set(struct regression_pace *pace, uint32_t per_hour, uint32_t per_row,
                         uint32_t instances)
{
    double shared = instances > 1 ? instances : 1;
    pace->per_hour = per_hour / shared;
    pace->per_row = per_row / shared;
}

/* NULL: no place. */
static struct regression_pace_row *find_row(struct regression_pace_hour *hour,
                                            const uint8_t row_id[REGRESSION_ID_SIZE])
{
    hour->index.key_size = REGRESSION_ID_SIZE;
    uint32_t number = key_index_find(&hour->index, row_id);
    if (number != KEY_INDEX_NONE)
        return &hour->rows[number];
    if (hour->index.count == hour->capacity && hour->capacity < REGRESSION_PACE_ROWS_MAX) {
        uint32_t capacity = hour->capacity ? hour->capacity * 2 : 16;
        void *grown = realloc(hour->rows, capacity * sizeof *hour->rows);
        if (grown) {
            hour->rows = grown;
            hour->capacity = capacity;
        }
    }
    number =
        hour->index.count < hour->capacity ? key_index_add(&hour->index, row_id) : KEY_INDEX_NONE;
    if (number == KEY_INDEX_NONE)
        return NULL;
    struct regression_pace_row *row = &hour->rows[number];
    *row = (struct regression_pace_row){.row = {.hour = hour->hour}};
    memcpy(row->row.row_id, row_id, sizeof row->row.row_id);
    return row;
}

static struct regression_pace_hour *open_hour(struct regression_pace *pace, struct store_txn *txn,
                                              int64_t number)
{
    uint32_t at = pace->hour_count;
    while (at > 0 && pace->hours[at - 1].hour > number)
        at--;
    if (at > 0 && pace->hours[at - 1].hour == number)
        return &pace->hours[at - 1];
    if (pace->hour_count == BUDGET_HOURS) {
        if (at == 0)
            return &pace->hours[0];
        regression_delete_hit_hour(txn, pace->hours[0].hour);
        hour_finish(&pace->hours[0]);
        memmove(&pace->hours[0], &pace->hours[1], --pace->hour_count * sizeof pace->hours[0]);
        at--;
    }
    memmove(&pace->hours[at + 1], &pace->hours[at],
            (pace->hour_count - at) * sizeof pace->hours[0]);
    pace->hour_count++;
    pace->hours[at] = (struct regression_pace_hour){.hour = number};
    return &pace->hours[at];
}

static void restore(void *context, const struct regression_hit_hour *row)
{
    struct regression_pace *pace = context;
    struct regression_pace_hour *last =
        pace->hour_count > 0 ? &pace->hours[pace->hour_count - 1] : NULL;
    if ((!last || last->hour != row->hour) && pace->hour_count < BUDGET_HOURS) {
        last = &pace->hours[pace->hour_count++];
        *last = (struct regression_pace_hour){.hour = row->hour};
    }
    struct regression_pace_row *place =
        last && last->hour == row->hour ? find_row(last, row->row_id) : NULL;
    if (place)
        place->row = *row;
}

void regression_pace_load(struct regression_pace *pace, struct store_txn *txn)
{
    regression_pace_finish(pace);
    regression_scan_hit_hours(txn, restore, pace);
    pace->has_news = true;
}

/* --- counting --- */

static void count(struct regression_pace_hour *hour, const uint8_t row_id[REGRESSION_ID_SIZE],
                  bool is_first, bool is_emitted)
{
    struct regression_pace_row *row = find_row(hour, row_id);
    if (!row)
        return;
    row->row.hits += is_first;
    row->row.emitted += is_emitted;
    row->is_dirty = hour->is_dirty = true;
}

void regression_pace_count(struct regression_pace *pace, struct store_txn *txn, int64_t number,
                           const struct met_rows *rows, bool is_first, bool is_emitted)
{
    struct regression_pace_hour *hour = open_hour(pace, txn, number);
    count(hour, whole_hour, is_first, is_emitted);
    for (uint32_t i = 0; i < rows->count; i++)
        if (rows->rows[i].outcome != OUTCOME_PASS)
            count(hour, rows->rows[i].row_id, is_first, is_emitted);
    pace->has_news = true;
}

static void keep_pace(const struct regression_pace *pace, struct regression_pace_hour *hour,
                      double elapsed)
{
    for (uint32_t i = 0; i < hour->index.count; i++) {
        struct regression_pace_row *at = &hour->rows[i];
        bool is_whole = memcmp(at->row.row_id, whole_hour, sizeof whole_hour) == 0;
        struct budget_pace so_far = {at->row.halvings, at->row.halved_at};
        if (!budget_is_ahead(is_whole ? pace->per_hour : pace->per_row, elapsed, at->row.emitted,
                             &so_far))
            continue;
        at->row.halvings++;
        at->row.halved_at = at->row.emitted;
        at->is_dirty = hour->is_dirty = hour->is_halved = true;
    }
}

void regression_pace_write(struct regression_pace *pace, struct store_txn *txn, int64_t wall_ms)
{
    for (uint32_t i = 0; i < pace->hour_count; i++) {
        struct regression_pace_hour *hour = &pace->hours[i];
        double elapsed = (double)(wall_ms - hour->hour * HOUR_MS) / HOUR_MS;
        if (!hour->is_dirty)
            continue;
        if (!hour->is_halved)
            keep_pace(pace, hour, elapsed > 0 ? elapsed < 1 ? elapsed : 1 : 0);
        for (uint32_t k = 0; k < hour->index.count; k++) {
            if (hour->rows[k].is_dirty)
                regression_put_hit_hour(txn, &hour->rows[k].row);
            hour->rows[k].is_dirty = false;
        }
        hour->is_dirty = false;
    }
}

/* --- the view --- */

void regression_pace_shown(struct regression_pace *pace)
{
    for (uint32_t i = 0; i < pace->hour_count; i++)
        pace->hours[i].is_halved = false;
    pace->has_news = false;
}

size_t regression_pace_room(const struct regression_pace *pace)
{
    size_t room = 0;
    for (uint32_t i = 0; i < pace->hour_count; i++)
        room += pace->hours[i].index.count;
    return room;
}

static int by_id(const void *a, const void *b)
{
    const struct budget_signature *left = a, *right = b;
    return left->id < right->id ? -1 : left->id > right->id;
}

void regression_pace_view(const struct regression_pace *pace, struct budget_signature *room,
                          struct budget_view *view)
{
    for (uint32_t i = 0; i < pace->hour_count; i++) {
        const struct regression_pace_hour *hour = &pace->hours[i];
        struct regression_hour_view *to = &view->regression_hours[view->regression_hour_count++];
        *to = (struct regression_hour_view){.hour = hour->hour, .probability = 1, .rows = room};
        for (uint32_t k = 0; k < hour->index.count; k++) {
            const struct regression_hit_hour *row = &hour->rows[k].row;
            double p = ldexp(1, -(int)row->halvings);
            if (memcmp(row->row_id, whole_hour, sizeof whole_hour) == 0)
                to->probability = p;
            else if (p < 1)
                room[to->row_count++] = (struct budget_signature){get_be64(row->row_id), p};
        }
        qsort(room, to->row_count, sizeof *room, by_id);
        room += to->row_count;
    }
}
