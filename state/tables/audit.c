/* The chain moves in memory with the transaction that appends to it, and follows its end. The meta
 * rows audit_bytes and audit_cut say what is held, and what the first entry follows. */
#include "state/tables/audit.h"

#include <assert.h>
#include <stdlib.h>

#include "state/store/value.h"

enum { CUT_VERSION = 1, FULL_MARGIN_BYTES = 64 * 1024, VALUE_BYTES_MAX = 4096 };

struct chain {
    uint64_t first, last, bytes; /* first: the lowest entry that is held */
    uint8_t hash[AUDIT_HASH_SIZE];
};
struct audit {
    struct chain durable, open; /* open: with the transaction under way */
};

static const char bytes_name[] = "audit_bytes", cut_name[] = "audit_cut";

bool audit_read(struct store_txn *txn, uint64_t sequence, struct audit_texts *texts,
                struct audit_entry *ret_entry)
{
    struct state_key key = {.size = 0};
    struct bytes value;
    key_be64(&key, sequence);
    if (!store_get(txn, TABLE_AUDIT, key_bytes(&key), &value))
        return false;
    if (audit_decode(sequence, value, texts, ret_entry) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table audit is not understood");
    return false;
}

bool audit_cut_read(struct store_txn *txn, struct audit_cut *ret_cut)
{
    struct bytes value;
    struct value_reader reader;
    if (!store_get(txn, TABLE_META, bytes_of_text(cut_name), &value))
        return false;
    value_reader_init(&reader, value);
    bool is_known = value_get_u8(&reader) == CUT_VERSION;
    ret_cut->sequence = value_get_be64(&reader);
    value_get_copy(&reader, ret_cut->hash, AUDIT_HASH_SIZE);
    if (is_known && value_reader_finish(&reader) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "the meta row audit_cut is not understood");
    return false;
}

static void write_cut(struct store_txn *txn, const struct audit_cut *cut)
{
    uint8_t value[1 + 8 + AUDIT_HASH_SIZE] = {CUT_VERSION};
    put_be64(value + 1, cut->sequence);
    memcpy(value + 9, cut->hash, sizeof cut->hash);
    store_put(txn, TABLE_META, bytes_of_text(cut_name), bytes_of(value, sizeof value));
}

enum status audit_open(struct store *store, struct audit **ret_audit)
{
    struct store_txn txn;
    struct audit_cut cut = {0};
    struct audit_texts texts;
    struct audit_entry entry;
    struct state_key last;
    struct audit *audit = calloc(1, sizeof *audit);
    if (!audit)
        return STATUS_FATAL;
    struct chain *chain = &audit->durable;
    store_begin(store, false, &txn);
    if (audit_cut_read(&txn, &cut))
        memcpy(chain->hash, cut.hash, sizeof cut.hash);
    chain->first = cut.sequence + 1;
    chain->last = cut.sequence;
    chain->bytes = store_get_number(&txn, bytes_name);
    if (store_last_key(&txn, TABLE_AUDIT, bytes_of("", 0), &last) && last.size == 8 &&
        audit_read(&txn, get_be64(last.data), &texts, &entry)) {
        chain->last = entry.sequence;
        memcpy(chain->hash, entry.hash, sizeof entry.hash);
    }
    audit->open = *chain;
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_audit = audit;
    else
        audit_close(audit);
    return status;
}

void audit_close(struct audit *audit)
{
    free(audit);
}

static void audit_end(void *context, bool is_committed)
{
    struct audit *audit = context;
    if (is_committed)
        audit->durable = audit->open;
    audit->open = audit->durable;
}

void audit_append(struct audit *audit, struct store_txn *txn, struct audit_entry *entry)
{
    uint8_t memory[VALUE_BYTES_MAX];
    struct buffer value = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    struct state_key key = {.size = 0};
    struct chain *chain = &audit->open;
    if (txn->status != STATUS_OK)
        return; /* what was given back meanwhile must not go on */
    store_on_end(txn, audit_end, audit);
    /* Numbers taken while the exported trail was ahead of a restored state stay taken. */
    entry->sequence = entry->sequence > chain->last ? entry->sequence : chain->last + 1;
    memcpy(entry->previous, chain->hash, sizeof chain->hash);
    audit_encode(entry, &value, entry->hash);
    buffer_append(&value, entry->hash, sizeof entry->hash);
    assert(!value.failed);
    key_be64(&key, entry->sequence);
    store_append(txn, TABLE_AUDIT, key_bytes(&key), buffer_bytes(&value), bytes_of("", 0));
    chain->last = entry->sequence;
    chain->bytes += key.size + value.size;
    memcpy(chain->hash, entry->hash, sizeof chain->hash);
    store_put_number(txn, bytes_name, chain->bytes);
}

uint32_t audit_trim(struct audit *audit, struct store_txn *txn, uint64_t through,
                    uint32_t entries_max, uint64_t bytes_keep)
{
    struct store_cursor cursor;
    struct audit_cut cut = {0};
    struct chain *chain = &audit->open;
    uint32_t count = 0;
    if (chain->bytes <= bytes_keep || txn->status != STATUS_OK)
        return 0;
    store_on_end(txn, audit_end, audit);
    store_cursor_begin(txn, TABLE_AUDIT, bytes_of("", 0), 0, &cursor);
    while (count < entries_max && chain->bytes > bytes_keep && store_cursor_next(&cursor)) {
        struct bytes value = store_cursor_value(&cursor);
        uint64_t sequence = get_be64(cursor.key.data);
        if (sequence > through || value.size < AUDIT_HASH_SIZE)
            break;
        cut.sequence = sequence;
        memcpy(cut.hash, value.data + value.size - AUDIT_HASH_SIZE, AUDIT_HASH_SIZE);
        chain->bytes -= cursor.key.size + value.size;
        store_cursor_delete(&cursor);
        count++;
    }
    store_cursor_finish(&cursor);
    if (count > 0) {
        chain->first = cut.sequence + 1;
        write_cut(txn, &cut);
        store_put_number(txn, bytes_name, chain->bytes);
    }
    return count;
}

uint64_t audit_sequence(const struct audit *audit)
{
    return audit->durable.last;
}

void audit_head(const struct audit *audit, uint8_t ret_hash[AUDIT_HASH_SIZE])
{
    memcpy(ret_hash, audit->durable.hash, AUDIT_HASH_SIZE);
}

uint64_t audit_bytes(const struct audit *audit)
{
    return audit->durable.bytes;
}

uint64_t audit_sequence_open(const struct audit *audit)
{
    return audit->open.last;
}

void audit_head_open(const struct audit *audit, uint8_t ret_hash[AUDIT_HASH_SIZE])
{
    memcpy(ret_hash, audit->open.hash, AUDIT_HASH_SIZE);
}

bool audit_is_full(const struct audit *audit, size_t bytes_max)
{
    return bytes_max > 0 && audit->open.bytes + FULL_MARGIN_BYTES > bytes_max;
}
