/* The log is walked up to the version; of each row the last entry counts. */
#include "pipelines/review/dataset_read.h"

#include <stdlib.h>

#include "pipelines/review/dataset_tags.h"
#include "processor/base/clock.h"

enum { ROWS_PER_READ = 1000, MS_PER_READ = 1000, DIGITS_MAX = 19 };

struct heads {
    struct row_version_head *items;
    size_t count, capacity;
};

static bool add(struct heads *heads, const struct row_version_head *head)
{
    if (heads->count == heads->capacity) {
        size_t capacity = heads->capacity ? 2 * heads->capacity : 256;
        void *grown = realloc(heads->items, capacity * sizeof *heads->items);
        if (!grown)
            return false;
        heads->items = grown;
        heads->capacity = capacity;
    }
    heads->items[heads->count++] = *head;
    return true;
}

static enum status fail(struct store_txn *txn, struct error *ret_error)
{
    error_set(ret_error, EXIT_STATE_IO, "the dataset can't be read: %s", txn->reason);
    return STATUS_FATAL;
}

/* --- versions --- */

static bool parse_number(struct bytes text, uint64_t *ret)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i >= DIGITS_MAX)
            return false;
        number = 10 * number + (uint64_t)(text.data[i] - '0');
    }
    *ret = number;
    return text.size > 0;
}

bool dataset_read_version(struct store *store, struct bytes name, uint64_t *ret_version,
                          struct error *ret_error)
{
    struct store_txn txn;
    uint64_t version = 0;
    struct bytes number = name;
    if (number.size > 1 && number.data[0] == 'v')
        number = bytes_of(number.data + 1, number.size - 1);
    store_begin(store, false, &txn);
    uint64_t newest = store_get_number(&txn, "dataset_version");
    bool is_number = parse_number(number, &version);
    bool is_known =
        !name.data || (is_number ? version <= newest : dataset_tag_read(&txn, name, &version));
    if (store_commit(&txn) != STATUS_OK)
        return fail(&txn, ret_error) == STATUS_OK;
    *ret_version = name.data ? version : newest;
    if (!is_known)
        error_set(ret_error, EXIT_USAGE, "there is no version or tag %.*s: the newest is %llu",
                  (int)(name.size < 64 ? name.size : 64), (const char *)name.data,
                  (unsigned long long)newest);
    return is_known;
}

/* --- the listing --- */

static bool is_due(uint32_t *rows, int64_t *since_ms)
{
    if (++*rows < ROWS_PER_READ && clock_monotonic_ms() - *since_ms < MS_PER_READ)
        return false;
    *rows = 0;
    *since_ms = clock_monotonic_ms();
    return true;
}

/* Heads from `from` on, as many as one read transaction may see. False: that were all. */
static bool read_heads(struct store_txn *txn, uint64_t version, struct state_key *from,
                       struct heads *heads)
{
    struct store_cursor cursor;
    struct row_version_head head;
    uint32_t rows = 0;
    int64_t since_ms = clock_monotonic_ms();
    bool is_more = false;
    store_cursor_begin(txn, TABLE_ROW_VERSION, key_bytes(from), 0, &cursor);
    while (!is_more && store_cursor_next(&cursor)) {
        struct bytes key = key_bytes(&cursor.key);
        if (key.size < 10 || get_be64(key.data) > version)
            break;
        is_more = is_due(&rows, &since_ms);
        from->size = 0;
        key_raw(from, key); /* is read again, and known */
        if (get_be16(key.data + key.size - 2) != 0)
            continue;
        if (row_version_decode(key, store_cursor_value(&cursor), &head) != STATUS_OK)
            store_fail(txn, STATUS_FATAL, "a row of table row_version is not understood");
        else if (!add(heads, &head))
            store_fail(txn, STATUS_FATAL, "out of memory");
    }
    store_cursor_finish(&cursor);
    return is_more;
}

static int compare(const void *a, const void *b)
{
    const struct row_version_head *x = a, *y = b;
    int order = memcmp(x->row_id, y->row_id, ROW_ID_SIZE);
    return order ? order : (x->version > y->version) - (x->version < y->version);
}

/* How many of the last ones are tombstones. */
static size_t keep_last(struct heads *heads)
{
    size_t kept = 0, retired = 0;
    if (heads->count > 0)
        qsort(heads->items, heads->count, sizeof *heads->items, compare);
    for (size_t i = 0; i < heads->count; i++) {
        bool is_last = i + 1 == heads->count ||
                       memcmp(heads->items[i].row_id, heads->items[i + 1].row_id, ROW_ID_SIZE) != 0;
        if (is_last && heads->items[i].action != ROW_RETIRE)
            heads->items[kept++] = heads->items[i];
        retired += is_last && heads->items[i].action == ROW_RETIRE;
    }
    heads->count = kept;
    return retired;
}

static bool write_snapshot(struct dataset_listing *listing)
{
    struct row_snapshot snapshot = {0};
    for (size_t i = 0; i < listing->count; i++) {
        const struct row_version_head *row = &listing->rows[i];
        row_snapshot_add(&snapshot, row->row_id, row->revision, row->split % ROW_SPLITS,
                         row->sha256);
    }
    return row_snapshot_finish(&snapshot, listing->snapshot);
}

enum status dataset_read_listing(struct store *store, uint64_t version,
                                 struct dataset_listing *ret_listing, struct error *ret_error)
{
    struct heads heads = {0};
    struct state_key from = {.size = 0};
    struct store_txn txn;
    key_be64(&from, 1); /* version 0 is in no version */
    for (bool is_more = version > 0; is_more;) {
        store_begin(store, false, &txn);
        is_more = read_heads(&txn, version, &from, &heads);
        if (store_commit(&txn) != STATUS_OK) {
            free(heads.items);
            return fail(&txn, ret_error);
        }
    }
    size_t retired = keep_last(&heads);
    *ret_listing = (struct dataset_listing){
        .rows = heads.items, .count = heads.count, .retired = retired, .version = version};
    if (write_snapshot(ret_listing))
        return STATUS_OK;
    dataset_listing_finish(ret_listing);
    error_set(ret_error, EXIT_STATE_IO, "out of memory");
    return STATUS_FATAL;
}

void dataset_listing_finish(struct dataset_listing *listing)
{
    free(listing->rows);
    *listing = (struct dataset_listing){0};
}

enum status dataset_read_rows(struct store *store, const struct dataset_listing *listing,
                              dataset_row_fn *fn, void *context, struct error *ret_error)
{
    struct store_txn txn;
    struct buffer json = {0};
    enum status status = STATUS_OK;
    bool goes_on = true;
    for (size_t i = 0; goes_on && status == STATUS_OK && i < listing->count; i++) {
        struct row_version_head head;
        buffer_clear(&json);
        store_begin(store, false, &txn); /* short, so that nothing is kept while it is written */
        bool is_there =
            row_version_read(&txn, listing->rows[i].version, listing->rows[i].row_id, &head, &json);
        if (store_commit(&txn) != STATUS_OK || json.failed)
            status = fail(&txn, ret_error);
        else if (is_there) /* else it was erased meanwhile */
            goes_on = fn(context, &head, buffer_bytes(&json));
    }
    buffer_finish(&json);
    return status;
}
