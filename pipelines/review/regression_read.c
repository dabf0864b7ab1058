/* First which rows there are, by the small entries of table `row`; then what they say. What is erased
 * in between is not there any more, and what is revised comes with the next reading. */
#include "pipelines/review/regression_read.h"

#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "state/tables/row.h"

enum { ENTRIES_PER_READ = 20000, ROWS_PER_READ = 500, MS_PER_READ = 50 };

struct live_row {
    uint8_t row_id[ROW_ID_SIZE], sha256[32];
    uint64_t version;
    uint32_t revision;
    bool is_critical;
};

struct live_rows {
    struct live_row *items;
    size_t count, capacity;
};

static bool add(struct live_rows *rows, const struct row_entry *entry)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 256;
        void *grown = realloc(rows->items, capacity * sizeof *rows->items);
        if (!grown)
            return false;
        rows->items = grown;
        rows->capacity = capacity;
    }
    struct live_row *row = &rows->items[rows->count++];
    *row = (struct live_row){
        .version = entry->version, .revision = entry->revision, .is_critical = entry->is_critical};
    memcpy(row->row_id, entry->row_id, sizeof row->row_id);
    memcpy(row->sha256, entry->sha256, sizeof row->sha256);
    return true;
}

/* False: those were all. */
static bool read_entries(struct store_txn *txn, struct state_key *from, struct live_rows *rows)
{
    struct store_cursor cursor;
    struct row_entry entry;
    int64_t since_ms = clock_monotonic_ms();
    uint32_t seen = 0;
    bool is_more = false;
    store_cursor_begin(txn, TABLE_ROW, key_bytes(from), 0, &cursor);
    while (!is_more && store_cursor_next(&cursor)) {
        bool is_read_twice = bytes_equal(key_bytes(&cursor.key), key_bytes(from));
        *from = cursor.key;
        is_more = ++seen == ENTRIES_PER_READ || clock_monotonic_ms() - since_ms > MS_PER_READ;
        if (is_read_twice)
            continue;
        if (row_entry_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &entry) !=
            STATUS_OK)
            store_fail(txn, STATUS_FATAL, "a row of table row is not understood");
        else if (entry.state == ROW_STATE_LIVE && entry.is_regression && !add(rows, &entry))
            store_fail(txn, STATUS_FATAL, "out of memory");
    }
    store_cursor_finish(&cursor);
    return is_more && txn->status == STATUS_OK;
}

static enum status fail(const struct store_txn *txn, struct error *ret_error)
{
    error_set(ret_error, EXIT_STATE_IO, "the rows of the regression set can't be read: %s",
              txn->reason);
    return STATUS_FATAL;
}

static enum status read_live(struct store *store, struct live_rows *rows, uint64_t *ret_version,
                             struct error *ret_error)
{
    struct state_key from = {.size = 0};
    struct store_txn txn;
    bool is_more = true, is_first = true;
    while (is_more) {
        store_begin(store, false, &txn);
        if (is_first)
            *ret_version = store_get_number(&txn, "dataset_version");
        is_first = false;
        is_more = read_entries(&txn, &from, rows);
        if (store_commit(&txn) != STATUS_OK)
            return fail(&txn, ret_error);
    }
    return STATUS_OK;
}

/* Equal rows in equal revisions: an equal set. */
static bool print_of(const struct live_rows *rows, uint8_t ret_print[32])
{
    struct buffer all = {0};
    for (size_t i = 0; i < rows->count; i++) {
        const struct live_row *row = &rows->items[i];
        buffer_append(&all, row->row_id, sizeof row->row_id);
        buffer_append(&all, row->sha256, sizeof row->sha256);
        buffer_printf(&all, "%u %d ", row->revision, row->is_critical);
    }
    digest_sha256(ret_print, buffer_bytes(&all));
    bool is_whole = !all.failed;
    buffer_finish(&all);
    return is_whole;
}

/* The next rows from `*at` on. What no version holds any more was erased. */
static void read_texts(struct store_txn *txn, const struct live_rows *rows, size_t *at,
                       struct regression_builder *builder)
{
    struct buffer text = {0};
    struct row_version_head head;
    int64_t since_ms = clock_monotonic_ms();
    for (size_t i = 0; i < ROWS_PER_READ && *at < rows->count; i++, ++*at) {
        const struct live_row *row = &rows->items[*at];
        buffer_clear(&text);
        if (i > 0 && clock_monotonic_ms() - since_ms > MS_PER_READ)
            break;
        if (!row_version_read(txn, row->version, row->row_id, &head, &text))
            continue;
        enum status status =
            text.failed ? STATUS_FATAL : regression_builder_add(builder, buffer_bytes(&text));
        if (status == STATUS_FATAL)
            store_fail(txn, STATUS_FATAL, "out of memory");
    }
    buffer_finish(&text);
}

static enum status compile(struct store *store, const struct live_rows *rows, double similarity,
                           uint32_t rows_max, struct regression_set **ret_set,
                           struct error *ret_error)
{
    struct regression_builder *builder = regression_builder_create(similarity, rows_max);
    for (size_t at = 0; builder && at < rows->count;) {
        struct store_txn txn;
        store_begin(store, false, &txn);
        read_texts(&txn, rows, &at, builder);
        if (store_commit(&txn) != STATUS_OK) {
            regression_builder_destroy(builder);
            return fail(&txn, ret_error);
        }
    }
    *ret_set = builder ? regression_builder_finish(builder) : NULL;
    if (!*ret_set)
        error_set(ret_error, EXIT_BUG, "no memory for the regression set");
    return *ret_set ? STATUS_OK : STATUS_FATAL;
}

enum status regression_read(struct store *store, double similarity, uint32_t rows_max,
                            const uint8_t before[32], struct regression_reading *ret_reading,
                            struct error *ret_error)
{
    struct live_rows rows = {0};
    struct regression_reading reading = {0};
    enum status status = read_live(store, &rows, &reading.version, ret_error);
    if (status == STATUS_OK && !print_of(&rows, reading.print)) {
        error_set(ret_error, EXIT_BUG, "no memory for the regression set");
        status = STATUS_FATAL;
    }
    if (status == STATUS_OK &&
        (!before || memcmp(before, reading.print, sizeof reading.print) != 0))
        status = compile(store, &rows, similarity, rows_max, &reading.set, ret_error);
    free(rows.items);
    if (status == STATUS_OK)
        *ret_reading = reading;
    return status;
}
