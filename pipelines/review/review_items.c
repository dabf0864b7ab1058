/* Pages walk the narrowest index there is, and look at so many rows at most. */
#include "pipelines/review/review_items.h"

#include "processor/base/inflate.h"
#include "processor/emit/record/input.h"

enum { LOOKED_AT_MAX = 5000, ROW_BYTES_MAX = 1 << 20, RECORD_BYTES_MAX = 2 * REVIEW_RECORD_MAX };

struct listing {
    struct store_txn txn;
    const struct review_query *query;
    review_item_fn *fn;
    void *context;
    struct arena arena;
    uint32_t given;
};

static bool is_asked_for(const struct review_query *query, const struct item_row *row)
{
    return (query->state == ITEM_STATES || row->state == query->state) &&
           (!query->queue.data || bytes_equal(row->queue, query->queue));
}

/* False: the page is full. */
static bool give(struct listing *listing, uint64_t sequence)
{
    struct item_row row;
    arena_reset(&listing->arena);
    if (item_read(&listing->txn, sequence, &listing->arena, &row) &&
        is_asked_for(listing->query, &row)) {
        listing->fn(listing->context, &row);
        listing->given++;
    }
    return listing->given < listing->query->limit;
}

/* Rows whose key is `kind`, then the numbers of the page, then (for a major one) the item. True: more
 * may follow. */
static bool walk(struct listing *listing, enum state_table table, const char *kind, bool has_major,
                 struct review_page *page)
{
    struct state_key from = {.size = 0};
    struct store_cursor cursor;
    size_t prefix = strlen(kind), size = prefix + (has_major ? 16 : 8);
    uint32_t looked_at = 0;
    bool has_more = false;
    key_raw(&from, bytes_of_text(kind));
    if (has_major)
        key_be64(&from, page->major);
    key_be64(&from, page->minor);
    store_cursor_begin(&listing->txn, table, key_bytes(&from), prefix, &cursor);
    while (!has_more && store_cursor_next(&cursor)) {
        if (cursor.key.size != size)
            continue;
        uint64_t item = get_be64(cursor.key.data + size - 8);
        page->major = has_major ? get_be64(cursor.key.data + prefix) : 0;
        page->minor = item + 1;
        has_more = !give(listing, item) || ++looked_at >= LOOKED_AT_MAX;
    }
    store_cursor_finish(&cursor);
    return has_more;
}

static bool walk_person(struct listing *listing, struct review_page *page)
{
    uint8_t person[8];
    uint64_t item;
    put_be64(person, item_row_hash(listing->query->person));
    for (uint32_t i = 0; i < LOOKED_AT_MAX; i++) {
        item = item_marked(&listing->txn, 'm', bytes_of(person, sizeof person), page->minor);
        if (item == 0)
            return false;
        page->minor = item + 1;
        if (!give(listing, item))
            return true;
    }
    return true;
}

bool review_items_list(struct store *store, const struct review_query *query,
                       struct review_page *page, review_item_fn *fn, void *context)
{
    struct listing listing = {.query = query, .fn = fn, .context = context};
    bool is_for_review = query->state == ITEM_OPEN || query->state == ITEM_WAITING;
    bool has_more;
    arena_init(&listing.arena, ROW_BYTES_MAX);
    store_begin(store, false, &listing.txn);
    if (query->person.data)
        has_more = walk_person(&listing, page);
    else if (is_for_review)
        has_more = walk(&listing, TABLE_ITEM_OPEN, "e", true, page);
    else if (query->state == ITEM_DISPUTED)
        has_more = walk(&listing, TABLE_ITEM_OPEN, "d", false, page);
    else
        has_more = walk(&listing, TABLE_ITEM, "", false, page);
    store_abort(&listing.txn);
    arena_finish(&listing.arena);
    return has_more;
}

/* --- one item --- */

static enum status read_record(struct store_txn *txn, const struct item_row *row,
                               struct buffer *record)
{
    struct buffer deflated = {0};
    struct inflater *inflater = inflater_create();
    enum status status = inflater ? item_content_read(txn, row->sequence, &deflated) : STATUS_BUSY;
    if (status == STATUS_OK)
        status = inflate_gzip(inflater, buffer_bytes(&deflated), RECORD_BYTES_MAX, record);
    inflater_destroy(inflater);
    buffer_finish(&deflated);
    return status;
}

enum status review_item_read(struct store *store, const uint8_t item_id[ITEM_ID_BYTES],
                             struct arena *arena, struct item_row *ret_row, struct buffer *record)
{
    struct store_txn txn;
    enum status status = STATUS_NOT_FOUND;
    buffer_clear(record);
    store_begin(store, false, &txn);
    if (item_read(&txn, item_find(&txn, 'i', item_id), arena, ret_row))
        status = ret_row->has_content ? read_record(&txn, ret_row, record) : STATUS_OK;
    else if (txn.status != STATUS_OK)
        status = txn.status;
    store_abort(&txn);
    return status;
}

bool review_item_find(struct store *store, const uint8_t id[16], uint8_t ret_item[ITEM_ID_BYTES])
{
    struct store_txn txn;
    struct item_row row;
    struct arena arena;
    arena_init(&arena, ROW_BYTES_MAX);
    store_begin(store, false, &txn);
    uint64_t sequence = item_find(&txn, 'r', id);
    if (sequence == 0)
        sequence = item_of_trajectory(&txn, id, UINT64_MAX);
    bool is_found = item_read(&txn, sequence, &arena, &row);
    if (is_found)
        memcpy(ret_item, row.item_id, ITEM_ID_BYTES);
    store_abort(&txn);
    arena_finish(&arena);
    return is_found;
}

uint32_t review_item_results(struct store *store, uint64_t item, struct arena *arena,
                             struct result_row **ret_rows)
{
    struct store_txn txn;
    uint64_t principals[RESULT_KEYS_MAX];
    uint32_t found = 0;
    store_begin(store, false, &txn);
    uint32_t count = result_principals(&txn, item, principals);
    struct result_row *rows = arena_zalloc(arena, count > 0 ? count : 1, sizeof *rows);
    for (uint32_t i = 0; rows && i < count; i++)
        found += result_row_read(&txn, item, principals[i], arena, &rows[found]);
    store_abort(&txn);
    *ret_rows = rows;
    return found;
}

bool review_item_result_of(struct store *store, uint64_t item, struct bytes person,
                           struct arena *arena, struct result_row *ret_row)
{
    struct store_txn txn;
    store_begin(store, false, &txn);
    bool is_found = result_row_read(&txn, item, item_row_hash(person), arena, ret_row);
    store_abort(&txn);
    return is_found;
}
