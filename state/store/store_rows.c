/* Rows and cursors: each value behind the CRC of its key and itself. */
#include <assert.h>

#include "processor/base/digest.h"
#include "state/store/store_state.h"

enum { CRC_BYTES = 4, META_VALUE_BYTES_MAX = 64 };

/* --- rows --- */

static MDB_val value_of(struct bytes bytes)
{
    return (MDB_val){.mv_size = bytes.size, .mv_data = (void *)(uintptr_t)bytes.data};
}

static struct bytes bytes_of_value(MDB_val value)
{
    return (struct bytes){value.mv_data, value.mv_size};
}

static void put(struct store_txn *txn, enum state_table table, struct bytes key, struct bytes first,
                struct bytes second, bool is_append)
{
    size_t size = first.size + second.size;
    assert(txn->is_write && key.size > 0 && key.size <= STORE_KEY_BYTES_MAX);
    assert(size <= STORE_VALUE_BYTES_MAX);
    if (txn->status == STATUS_OK)
        store_charge(txn, table, size, is_append);
    if (txn->status != STATUS_OK || store_write_fails(txn, table))
        return;
    MDB_val at = value_of(key), row = {.mv_size = size + CRC_BYTES};
    MDB_dbi dbi = txn->store->tables[table];
    int code = MDB_KEYEXIST;
    if (is_append)
        code = mdb_put(txn->handle, dbi, &at, &row, MDB_RESERVE | MDB_APPEND);
    if (code == MDB_KEYEXIST) /* not above the last key: an ordinary put */
        code = mdb_put(txn->handle, dbi, &at, &row, MDB_RESERVE);
    if (code != 0) {
        store_fail_code(txn, "writing", table, code);
        return;
    }
    uint8_t *to = row.mv_data;
    put_be32(to, digest_crc32c(digest_crc32c(digest_crc32c(0, key), first), second));
    if (first.size > 0)
        memcpy(to + CRC_BYTES, first.data, first.size);
    if (second.size > 0)
        memcpy(to + CRC_BYTES + first.size, second.data, second.size);
}

void store_put(struct store_txn *txn, enum state_table table, struct bytes key, struct bytes value)
{
    put(txn, table, key, value, bytes_of("", 0), false);
}

void store_append(struct store_txn *txn, enum state_table table, struct bytes key,
                  struct bytes first, struct bytes second)
{
    put(txn, table, key, first, second, true);
}

static bool is_intact(struct bytes key, struct bytes stored)
{
    return stored.size >= CRC_BYTES && stored.size <= STORE_VALUE_BYTES_MAX + CRC_BYTES &&
           get_be32(stored.data) ==
               digest_crc32c(digest_crc32c(0, key),
                             bytes_of(stored.data + CRC_BYTES, stored.size - CRC_BYTES));
}

/* Absent, and the transaction failed, when the CRC is wrong. */
static struct bytes checked(struct store_txn *txn, enum state_table table, struct bytes key,
                            struct bytes stored)
{
    if (is_intact(key, stored))
        return bytes_of(stored.data + CRC_BYTES, stored.size - CRC_BYTES);
    store_fail(txn, STATUS_FATAL, "a value of table %s is damaged (CRC)",
               table_layouts[table].name);
    return (struct bytes){0};
}

bool store_get(struct store_txn *txn, enum state_table table, struct bytes key,
               struct bytes *ret_value)
{
    if (txn->status != STATUS_OK || txn->store->is_absent[table])
        return false;
    MDB_val at = value_of(key), row = {0};
    int code = mdb_get(txn->handle, txn->store->tables[table], &at, &row);
    if (code == MDB_NOTFOUND)
        return false;
    if (code != 0) {
        store_fail_code(txn, "reading", table, code);
        return false;
    }
    struct bytes value = checked(txn, table, key, bytes_of_value(row));
    if (!value.data)
        return false;
    *ret_value = value;
    return true;
}

bool store_delete(struct store_txn *txn, enum state_table table, struct bytes key)
{
    assert(txn->is_write);
    if (txn->status != STATUS_OK || store_write_fails(txn, table))
        return false;
    MDB_val at = value_of(key);
    int code = mdb_del(txn->handle, txn->store->tables[table], &at, NULL);
    if (code != 0 && code != MDB_NOTFOUND)
        store_fail_code(txn, "deleting from", table, code);
    return code == 0;
}

uint64_t store_count(struct store_txn *txn, enum state_table table)
{
    MDB_stat stat = {0};
    if (txn->status != STATUS_OK || txn->store->is_absent[table])
        return 0;
    int code = mdb_stat(txn->handle, txn->store->tables[table], &stat);
    if (code != 0)
        store_fail_code(txn, "counting", table, code);
    return stat.ms_entries;
}

uint64_t store_get_number(struct store_txn *txn, const char *name)
{
    struct bytes value;
    uint64_t number = 0;
    if (store_get(txn, TABLE_META, bytes_of_text(name), &value) &&
        schema_number_decode(value, &number) != STATUS_OK)
        store_fail(txn, STATUS_FATAL, "meta row %s is not understood", name);
    return number;
}

void store_put_number(struct store_txn *txn, const char *name, uint64_t number)
{
    uint8_t memory[META_VALUE_BYTES_MAX];
    struct buffer value = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    schema_number_encode(number, &value);
    assert(!value.failed);
    store_put(txn, TABLE_META, bytes_of_text(name), buffer_bytes(&value));
}

/* --- cursors --- */

void store_cursor_begin(struct store_txn *txn, enum state_table table, struct bytes from,
                        size_t prefix_size, struct store_cursor *ret_cursor)
{
    assert(prefix_size <= from.size);
    *ret_cursor = (struct store_cursor){.txn = txn, .table = table};
    key_raw(&ret_cursor->key, from);
    key_raw(&ret_cursor->prefix, bytes_of(from.data, prefix_size));
    if (txn->status != STATUS_OK)
        return;
    if (txn->store->is_absent[table])
        return;
    int code = mdb_cursor_open(txn->handle, txn->store->tables[table], &ret_cursor->handle);
    if (code != 0)
        store_fail_code(txn, "opening", table, code);
}

void store_cursor_seek(struct store_cursor *cursor, struct bytes key)
{
    cursor->key.size = 0;
    key_raw(&cursor->key, key);
    cursor->is_positioned = false;
}

/* In a write transaction every step looks its key up again: rows come and go under the cursor. */
static int cursor_step(struct store_cursor *cursor, MDB_val *key, MDB_val *row)
{
    if (cursor->is_positioned && !cursor->txn->is_write)
        return mdb_cursor_get(cursor->handle, key, row, MDB_NEXT);
    *key = value_of(key_bytes(&cursor->key));
    if (key->mv_size == 0)
        return mdb_cursor_get(cursor->handle, key, row, MDB_FIRST);
    int code = mdb_cursor_get(cursor->handle, key, row, MDB_SET_RANGE);
    bool is_same = code == 0 && bytes_equal(bytes_of_value(*key), key_bytes(&cursor->key));
    if (is_same && cursor->is_positioned)
        return mdb_cursor_get(cursor->handle, key, row, MDB_NEXT);
    return code;
}

bool store_cursor_next(struct store_cursor *cursor)
{
    MDB_val key = {0}, row = {0}; /* A damaged page may leave one unset. */
    cursor->stored = (struct bytes){0};
    if (cursor->txn->status != STATUS_OK || !cursor->handle)
        return false;
    int code = cursor_step(cursor, &key, &row);
    if (code != 0) {
        if (code != MDB_NOTFOUND)
            store_fail_code(cursor->txn, "walking", cursor->table, code);
        return false;
    }
    if (key.mv_size > STORE_KEY_BYTES_MAX) {
        store_fail(cursor->txn, STATUS_FATAL, "a key of table %s is too long",
                   table_layouts[cursor->table].name);
        return false;
    }
    if (!bytes_starts_with(bytes_of_value(key), key_bytes(&cursor->prefix)))
        return false;
    store_cursor_seek(cursor, bytes_of_value(key));
    cursor->is_positioned = true;
    cursor->stored = bytes_of_value(row);
    return true;
}

struct bytes store_cursor_value(struct store_cursor *cursor)
{
    if (!cursor->stored.data)
        return (struct bytes){0};
    return checked(cursor->txn, cursor->table, key_bytes(&cursor->key), cursor->stored);
}

size_t store_cursor_value_size(const struct store_cursor *cursor)
{
    return cursor->stored.size > CRC_BYTES ? cursor->stored.size - CRC_BYTES : 0;
}

bool store_cursor_is_intact(const struct store_cursor *cursor)
{
    return is_intact(key_bytes(&cursor->key), cursor->stored);
}

void store_cursor_delete(struct store_cursor *cursor)
{
    assert(cursor->is_positioned || cursor->txn->status != STATUS_OK);
    store_delete(cursor->txn, cursor->table, key_bytes(&cursor->key));
    cursor->stored = (struct bytes){0};
}

void store_cursor_finish(struct store_cursor *cursor)
{
    if (cursor->handle)
        mdb_cursor_close(cursor->handle);
    cursor->handle = NULL;
}

/* The smallest key above all that begin with the prefix; false when there is none (all 0xff). */
static bool prefix_end(struct bytes prefix, struct state_key *ret_end)
{
    ret_end->size = 0;
    key_raw(ret_end, prefix);
    for (; ret_end->size > 0; ret_end->size--)
        if (++ret_end->data[ret_end->size - 1] != 0)
            return true;
    return false;
}

bool store_last_key(struct store_txn *txn, enum state_table table, struct bytes prefix,
                    struct state_key *ret_key)
{
    struct store_cursor cursor;
    struct state_key end;
    MDB_val key = {0}, row = {0};
    bool is_found = false;
    store_cursor_begin(txn, table, prefix, prefix.size, &cursor);
    if (cursor.handle) {
        int code = MDB_NOTFOUND;
        if (prefix_end(prefix, &end)) {
            key = value_of(key_bytes(&end));
            code = mdb_cursor_get(cursor.handle, &key, &row, MDB_SET_RANGE);
        }
        code = mdb_cursor_get(cursor.handle, &key, &row, code == 0 ? MDB_PREV : MDB_LAST);
        is_found = code == 0 && key.mv_size <= STORE_KEY_BYTES_MAX &&
                   bytes_starts_with(bytes_of_value(key), prefix);
        if (is_found) {
            ret_key->size = 0;
            key_raw(ret_key, bytes_of_value(key));
        } else if (code != 0 && code != MDB_NOTFOUND) {
            store_fail_code(txn, "walking", table, code);
        }
    }
    store_cursor_finish(&cursor);
    return is_found;
}
