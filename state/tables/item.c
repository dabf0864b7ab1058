/* Rows and what is found by them. An index row is there exactly while the item row says so, so putting
 * a row takes back the rows of the one before that the new one does not have. */
#include "state/tables/item.h"

#include <assert.h>
#include <stdlib.h>

enum {
    INDEXES_MAX = 6,
    ROW_OVERHEAD = 400, /* of a row and its indexes, beside its value; a round figure */
    DAY_MS = 24 * 60 * 60 * 1000,
};

static const struct chunked_place contents = {TABLE_ITEM_CONTENT, {(const uint8_t *)"", 0}};

struct items {
    struct tally contents;
    uint64_t next, durable_next;
    int64_t row_bytes, durable_row_bytes;
};

/* What is derived from a row: keys of item_open. */
struct index {
    struct state_key keys[INDEXES_MAX];
    uint32_t count;
};

static struct state_key row_key(uint64_t sequence)
{
    struct state_key key = {.size = 0};
    key_be64(&key, sequence);
    return key;
}

static struct state_key id_key(char kind, struct bytes id)
{
    struct state_key key = {.size = 0};
    key_u8(&key, (uint8_t)kind);
    key_raw(&key, id);
    return key;
}

/* --- indexes --- */

static struct state_key *add_key(struct index *index, char kind)
{
    assert(index->count < INDEXES_MAX);
    struct state_key *key = &index->keys[index->count++];
    key->size = 0;
    key_u8(key, (uint8_t)kind);
    return key;
}

/* A u of [0, 1) in the order of numbers. */
static uint64_t u_bits(double u)
{
    return u <= 0 ? 0 : u >= 1 ? UINT64_MAX : (uint64_t)(u * 9007199254740992.0);
}

static void index_of(const struct item_row *row, struct index *ret_index)
{
    uint64_t queue = item_row_hash(row->queue);
    struct state_key *key;
    ret_index->count = 0;
    if (row->state == ITEM_OPEN || row->state == ITEM_WAITING) {
        key = add_key(ret_index, 'p');
        key_be64(key, queue);
        key_u8(key, row->priority);
        key_be64(key, (uint64_t)row->emitted_ms);
        key_be64(key, row->sequence);
        key = add_key(ret_index, 's');
        key_be64(key, queue);
        key_be64(key, (uint64_t)(row->emitted_ms / DAY_MS));
        key_be64(key, u_bits(row->u));
        key_be64(key, row->sequence);
        key = add_key(ret_index, 'e');
        key_be64(key, (uint64_t)row->expires_ms);
        key_be64(key, row->sequence);
        if (row->skip_to.size > 0) {
            key = add_key(ret_index, 'q');
            key_be64(key, item_row_hash(row->skip_to));
            key_be64(key, row->sequence);
        }
    }
    if (row->state == ITEM_DISPUTED)
        key_be64(add_key(ret_index, 'd'), row->sequence);
    if (row->has_content && row->drop_ms > 0) {
        key = add_key(ret_index, 'c');
        key_be64(key, (uint64_t)row->drop_ms);
        key_be64(key, row->sequence);
    }
}

static bool has_key(const struct index *index, const struct state_key *key)
{
    for (uint32_t i = 0; i < index->count; i++)
        if (bytes_equal(key_bytes(&index->keys[i]), key_bytes(key)))
            return true;
    return false;
}

static void move_index(struct store_txn *txn, const struct index *before, const struct index *now)
{
    for (uint32_t i = 0; i < before->count; i++)
        if (!has_key(now, &before->keys[i]))
            (void)store_delete(txn, TABLE_ITEM_OPEN, key_bytes(&before->keys[i]));
    for (uint32_t i = 0; i < now->count; i++)
        if (!has_key(before, &now->keys[i]))
            store_put(txn, TABLE_ITEM_OPEN, key_bytes(&now->keys[i]), item_row_nothing);
}

/* --- counts --- */

/* Of the queue of `row`: one fewer in `from`, one more in `to`; ITEM_STATES: nowhere. */
static void count(struct store_txn *txn, const struct item_row *row, enum item_state from,
                  enum item_state to)
{
    struct state_key key = {.size = 0};
    struct item_queue queue = {.name = row->queue};
    struct buffer value = {0};
    struct bytes stored;
    if (from == to)
        return;
    key_u8(&key, 'n');
    key_be64(&key, item_row_hash(row->queue));
    if (store_get(txn, TABLE_ITEM_OPEN, key_bytes(&key), &stored) &&
        item_row_queue_decode(stored, &queue) != STATUS_OK)
        store_fail(txn, STATUS_FATAL, "a count of table item_open is not understood");
    if (from < ITEM_STATES)
        queue.counts[from] -= queue.counts[from] > 0;
    if (to < ITEM_STATES)
        queue.counts[to]++;
    item_row_queue_encode(&queue, &value);
    store_put(txn, TABLE_ITEM_OPEN, key_bytes(&key), buffer_bytes(&value));
    buffer_finish(&value);
}

uint32_t item_queues_read(struct store_txn *txn, struct arena *arena,
                          struct item_queue ret_queues[ITEM_QUEUES_MAX])
{
    struct store_cursor cursor;
    uint32_t found = 0;
    store_cursor_begin(txn, TABLE_ITEM_OPEN, bytes_of("n", 1), 1, &cursor);
    while (found < ITEM_QUEUES_MAX && store_cursor_next(&cursor)) {
        if (item_row_queue_decode(store_cursor_value(&cursor), &ret_queues[found]) != STATUS_OK) {
            store_fail(txn, STATUS_FATAL, "a count of table item_open is not understood");
            break;
        }
        ret_queues[found].name = arena_copy(arena, ret_queues[found].name);
        found++;
    }
    store_cursor_finish(&cursor);
    return found;
}

/* --- rows --- */

static void at_end(void *context, bool is_committed)
{
    struct items *items = context;
    if (is_committed) {
        items->durable_next = items->next;
        items->durable_row_bytes = items->row_bytes;
    } else {
        items->next = items->durable_next;
        items->row_bytes = items->durable_row_bytes;
    }
}

enum status items_open(struct store *store, struct items **ret_items)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct state_key last;
    struct items *items = calloc(1, sizeof *items);
    if (!items)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    chunked_count(&txn, contents, &items->contents);
    store_cursor_begin(&txn, TABLE_ITEM, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor))
        items->row_bytes += (int64_t)store_cursor_value_size(&cursor) + ROW_OVERHEAD;
    store_cursor_finish(&cursor);
    items->next = store_get_number(&txn, "item_sequence") + 1;
    if (store_last_key(&txn, TABLE_ITEM, bytes_of("", 0), &last) && last.size == 8 &&
        get_be64(last.data) >= items->next)
        items->next = get_be64(last.data) + 1;
    items->durable_next = items->next;
    items->durable_row_bytes = items->row_bytes;
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_items = items;
    else
        items_close(items);
    return status;
}

void items_close(struct items *items)
{
    free(items);
}

uint64_t items_next_sequence(const struct items *items)
{
    return items->next;
}

uint64_t items_bytes(const struct items *items)
{
    int64_t bytes = (int64_t)items->contents.bytes + items->contents.open_bytes + items->row_bytes;
    return bytes > 0 ? (uint64_t)bytes : 0;
}

/* The row as it is stored, borrowed; false: there is none. */
static bool stored_row(struct store_txn *txn, uint64_t sequence, struct item_row *ret_row,
                       size_t *ret_size)
{
    struct bytes value;
    struct state_key key = row_key(sequence);
    if (!store_get(txn, TABLE_ITEM, key_bytes(&key), &value))
        return false;
    if (item_row_decode(value, ret_row) != STATUS_OK) {
        store_fail(txn, STATUS_FATAL, "a row of table item is not understood");
        return false;
    }
    ret_row->sequence = sequence;
    *ret_size = value.size;
    return true;
}

static void put_id(struct store_txn *txn, char kind, const uint8_t id[16], uint64_t sequence)
{
    uint8_t memory[16];
    struct buffer value = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    struct state_key key = id_key(kind, bytes_of(id, 16));
    item_row_sequence_encode(sequence, &value);
    store_put(txn, TABLE_ITEM_ID, key_bytes(&key), buffer_bytes(&value));
}

/* `before`: the row that is stored; NULL: none is. */
static void put_row(struct items *items, struct store_txn *txn, const struct item_row *row,
                    const struct item_row *before)
{
    struct index was = {.count = 0}, is;
    struct buffer value = {0};
    enum item_state from = before ? before->state : ITEM_STATES;
    uint32_t known = before ? before->record_count : 0;
    store_on_end(txn, at_end, items);
    index_of(row, &is);
    if (before)
        index_of(before, &was); /* it is borrowed: the first write takes it away */
    item_row_encode(row, &value);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    struct state_key key = row_key(row->sequence);
    store_put(txn, TABLE_ITEM, key_bytes(&key), buffer_bytes(&value));
    items->row_bytes += (int64_t)value.size + ROW_OVERHEAD;
    buffer_finish(&value);
    move_index(txn, &was, &is);
    for (uint32_t i = known; i < row->record_count; i++)
        put_id(txn, 'r', row->record_ids[i], row->sequence);
    count(txn, row, from, row->state);
}

void items_put(struct items *items, struct store_txn *txn, const struct item_row *row)
{
    struct item_row old;
    size_t old_size = 0;
    bool has_old = stored_row(txn, row->sequence, &old, &old_size);
    if (has_old)
        items->row_bytes -= (int64_t)old_size + ROW_OVERHEAD;
    put_row(items, txn, row, has_old ? &old : NULL);
}

void items_append(struct items *items, struct store_txn *txn, struct item_row *row,
                  struct bytes content)
{
    store_on_end(txn, at_end, items);
    row->sequence = items->next++;
    put_id(txn, 'i', row->item_id, row->sequence);
    item_mark(txn, 't', bytes_of(row->trajectory_id, sizeof row->trajectory_id), row->sequence);
    if (row->has_content)
        chunked_append(txn, contents, row->sequence, item_row_nothing, content, &items->contents);
    put_row(items, txn, row, NULL);
}

void items_drop_content(struct items *items, struct store_txn *txn, uint64_t sequence)
{
    (void)chunked_delete(txn, contents, sequence, &items->contents);
}

void items_replace_content(struct items *items, struct store_txn *txn, uint64_t sequence,
                           struct bytes content)
{
    (void)chunked_delete(txn, contents, sequence, &items->contents);
    chunked_append(txn, contents, sequence, item_row_nothing, content, &items->contents);
}

void items_delete(struct items *items, struct store_txn *txn, uint64_t sequence)
{
    struct item_row row;
    struct index before;
    size_t size;
    if (!stored_row(txn, sequence, &row, &size))
        return;
    store_on_end(txn, at_end, items);
    items->row_bytes -= (int64_t)size + ROW_OVERHEAD;
    index_of(&row, &before);
    uint8_t memory[STORE_KEY_BYTES_MAX]; /* the name dies with its row */
    size_t name_size = row.queue.size < sizeof memory ? row.queue.size : sizeof memory;
    memcpy(memory, row.queue.data, name_size);
    row.queue = bytes_of(memory, name_size);
    if (sequence + 1 == items->next) /* else the last key says which numbers were used */
        store_put_number(txn, "item_sequence", sequence);
    struct state_key key = row_key(sequence);
    (void)store_delete(txn, TABLE_ITEM, key_bytes(&key));
    move_index(txn, &before, &(struct index){.count = 0});
    key = id_key('i', bytes_of(row.item_id, sizeof row.item_id));
    (void)store_delete(txn, TABLE_ITEM_ID, key_bytes(&key));
    for (uint32_t i = 0; i < row.record_count; i++) {
        key = id_key('r', bytes_of(row.record_ids[i], 16));
        (void)store_delete(txn, TABLE_ITEM_ID, key_bytes(&key));
    }
    item_unmark(txn, 't', bytes_of(row.trajectory_id, sizeof row.trajectory_id), sequence);
    items_drop_content(items, txn, sequence);
    count(txn, &row, row.state, ITEM_STATES);
}

bool item_read(struct store_txn *txn, uint64_t sequence, struct arena *arena,
               struct item_row *ret_row)
{
    size_t size;
    if (sequence == 0 || !stored_row(txn, sequence, ret_row, &size))
        return false;
    ret_row->queue = arena_copy(arena, ret_row->queue);
    ret_row->skip_to = arena_copy(arena, ret_row->skip_to);
    ret_row->cohort = arena_copy(arena, ret_row->cohort);
    ret_row->summary = arena_copy(arena, ret_row->summary);
    ret_row->decision.row_id = arena_copy(arena, ret_row->decision.row_id);
    for (uint32_t i = 0; i < ret_row->decision.label_count; i++)
        ret_row->decision.labels[i] = arena_copy(arena, ret_row->decision.labels[i]);
    if (arena->failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    return !arena->failed;
}

enum status item_content_read(struct store_txn *txn, uint64_t sequence, struct buffer *to)
{
    return chunked_get(txn, contents, sequence, to);
}

/* --- ids --- */

uint64_t item_find(struct store_txn *txn, char kind, const uint8_t id[16])
{
    struct bytes value;
    struct state_key key = id_key(kind, bytes_of(id, 16));
    if (!store_get(txn, TABLE_ITEM_ID, key_bytes(&key), &value))
        return 0;
    return item_row_sequence_decode(value);
}

void item_mark(struct store_txn *txn, char kind, struct bytes id, uint64_t sequence)
{
    struct state_key key = id_key(kind, id);
    key_be64(&key, sequence);
    store_put(txn, TABLE_ITEM_ID, key_bytes(&key), item_row_nothing);
}

void item_unmark(struct store_txn *txn, char kind, struct bytes id, uint64_t sequence)
{
    struct state_key key = id_key(kind, id);
    key_be64(&key, sequence);
    (void)store_delete(txn, TABLE_ITEM_ID, key_bytes(&key));
}

uint64_t item_marked(struct store_txn *txn, char kind, struct bytes id, uint64_t from)
{
    struct store_cursor cursor;
    struct state_key key = id_key(kind, id);
    size_t prefix = key.size;
    uint64_t sequence = 0;
    key_be64(&key, from);
    store_cursor_begin(txn, TABLE_ITEM_ID, key_bytes(&key), prefix, &cursor);
    if (store_cursor_next(&cursor) && cursor.key.size == prefix + 8)
        sequence = get_be64(cursor.key.data + prefix);
    store_cursor_finish(&cursor);
    return sequence;
}

uint64_t item_of_trajectory(struct store_txn *txn, const uint8_t trajectory_id[16], uint64_t before)
{
    uint64_t last = 0, at = 0;
    struct bytes id = bytes_of(trajectory_id, 16);
    while ((at = item_marked(txn, 't', id, at + 1)) != 0 && at < before)
        last = at;
    return last;
}
