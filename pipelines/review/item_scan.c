/* By sequence, which is the order in which records went out. */
#include "pipelines/review/item_scan.h"

enum { ROW_BYTES_MAX = 1 << 20, ROWS_PER_TRANSACTION = 2000 };

static enum status newest_item(struct store *store, uint64_t *ret_newest)
{
    struct store_txn txn;
    struct state_key key;
    store_begin(store, false, &txn);
    bool is_there = store_last_key(&txn, TABLE_ITEM, bytes_of("", 0), &key) && key.size == 8;
    *ret_newest = is_there ? get_be64(key.data) : 0;
    return store_commit(&txn);
}

enum status item_scan(struct store *store, item_scan_fn *fn, void *context)
{
    struct arena arena;
    struct item_row row;
    uint64_t at;
    enum status status = newest_item(store, &at);
    bool goes_on = true;
    arena_init(&arena, ROW_BYTES_MAX);
    while (at > 0 && goes_on && status == STATUS_OK) {
        struct store_txn txn;
        store_begin(store, false, &txn);
        for (int i = 0; i < ROWS_PER_TRANSACTION && at > 0 && goes_on; i++, at--) {
            arena_reset(&arena);
            if (item_read(&txn, at, &arena, &row))
                goes_on = fn(context, &txn, &row);
        }
        status = store_commit(&txn);
    }
    arena_finish(&arena);
    return status;
}
