/* head of an item = u8 version | signed committed_ms; body = the frame. Meta row outbox_sequence
 * is the last sequence ever used, so that none is used again after its rows have left. */
#include "state/tables/outbox.h"

#include <assert.h>
#include <stdlib.h>

#include "state/store/value.h"
#include "state/tables/outbox_slots.h"

enum { OUTBOX_VERSION = 1 };

struct outbox {
    struct tally tallies[OUTBOX_EXPORTERS_MAX]; /* of each slot */
    uint64_t last_sequence, open_last;
};

static struct chunked_place place_of(const uint8_t *slot)
{
    assert(*slot < OUTBOX_EXPORTERS_MAX);
    return (struct chunked_place){TABLE_OUTBOX, bytes_of(slot, 1)};
}

enum status outbox_open(struct store *store, struct outbox **ret_outbox)
{
    struct store_txn txn;
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    for (uint8_t slot = 0; slot < OUTBOX_EXPORTERS_MAX; slot++)
        chunked_count(&txn, place_of(&slot), &outbox->tallies[slot]);
    outbox->last_sequence = outbox->open_last = outbox_sequence_read(&txn);
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_outbox = outbox;
    else
        outbox_close(outbox);
    return status;
}

void outbox_close(struct outbox *outbox)
{
    free(outbox);
}

uint64_t outbox_sequence_read(struct store_txn *txn)
{
    return store_get_number(txn, "outbox_sequence");
}

uint64_t outbox_next_sequence(const struct outbox *outbox)
{
    return outbox->open_last + 1;
}

static void outbox_end(void *context, bool is_committed)
{
    struct outbox *outbox = context;
    if (is_committed)
        outbox->last_sequence = outbox->open_last;
    outbox->open_last = outbox->last_sequence;
}

void outbox_append(struct outbox *outbox, struct store_txn *txn, uint8_t exporter,
                   uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    uint8_t memory[16];
    struct buffer head = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    uint8_t slot = outbox_slot(txn, exporter);
    assert(sequence > 0);
    buffer_append_byte(&head, OUTBOX_VERSION);
    value_put_signed(&head, committed_ms);
    chunked_append(txn, place_of(&slot), sequence, buffer_bytes(&head), frame,
                   &outbox->tallies[slot]);
    if (sequence > outbox->open_last && txn->status == STATUS_OK) {
        store_on_end(txn, outbox_end, outbox);
        outbox->open_last = sequence;
        store_put_number(txn, "outbox_sequence", sequence);
    }
}

bool outbox_delete(struct outbox *outbox, struct store_txn *txn, uint8_t exporter,
                   uint64_t sequence)
{
    uint8_t slot = outbox_slot(txn, exporter);
    return chunked_delete(txn, place_of(&slot), sequence, &outbox->tallies[slot]) > 0;
}

bool outbox_replace(struct outbox *outbox, struct store_txn *txn, uint8_t exporter,
                    uint64_t sequence, struct bytes frame)
{
    uint8_t memory[CHUNKED_HEAD_BYTES_MAX];
    struct bytes head;
    uint8_t slot = outbox_slot(txn, exporter);
    struct chunked_place place = place_of(&slot);
    if (!chunked_head(txn, place, sequence, &head))
        return false;
    memcpy(memory, head.data, head.size); /* it dies with its row */
    head.data = memory;
    (void)chunked_delete(txn, place, sequence, &outbox->tallies[slot]);
    chunked_append(txn, place, sequence, head, frame, &outbox->tallies[slot]);
    return true;
}

uint32_t outbox_delete_through(struct outbox *outbox, struct store_txn *txn, uint8_t exporter,
                               uint64_t through, uint32_t rows_max)
{
    assert(through < UINT64_MAX);
    uint8_t slot = outbox_slot(txn, exporter);
    return chunked_trim(txn, place_of(&slot), through + 1, rows_max, &outbox->tallies[slot]);
}

struct outbox_held outbox_held(const struct outbox *outbox, uint8_t slot)
{
    assert(slot < OUTBOX_EXPORTERS_MAX);
    const struct tally *tally = &outbox->tallies[slot];
    return (struct outbox_held){tally->items, tally->bytes};
}

struct outbox_held outbox_held_all(const struct outbox *outbox)
{
    struct outbox_held all = {0};
    for (size_t i = 0; i < OUTBOX_EXPORTERS_MAX; i++) {
        all.records += outbox->tallies[i].items;
        all.bytes += outbox->tallies[i].bytes;
    }
    return all;
}

enum status outbox_head_decode(struct bytes head, int64_t *ret_committed_ms)
{
    struct value_reader reader;
    value_reader_init(&reader, head);
    if (value_get_u8(&reader) != OUTBOX_VERSION)
        return STATUS_MALFORMED;
    int64_t committed_ms = value_get_signed(&reader);
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_committed_ms = committed_ms;
    return status;
}

bool outbox_first(struct store_txn *txn, uint8_t exporter, uint64_t *ret_sequence,
                  int64_t *ret_committed_ms)
{
    struct bytes head;
    uint64_t sequence;
    uint8_t slot = outbox_slot(txn, exporter);
    struct chunked_place place = place_of(&slot);
    if (!chunked_first(txn, place, &sequence) || !chunked_head(txn, place, sequence, &head))
        return false;
    if (outbox_head_decode(head, ret_committed_ms) != STATUS_OK) {
        store_fail(txn, STATUS_FATAL, "an item of table outbox is not understood");
        return false;
    }
    *ret_sequence = sequence;
    return true;
}

bool outbox_last(struct store_txn *txn, uint8_t exporter, uint64_t *ret_sequence)
{
    uint8_t slot = outbox_slot(txn, exporter);
    return chunked_last(txn, place_of(&slot), ret_sequence);
}

struct scanning {
    outbox_fn *fn;
    void *context;
    bool is_malformed;
};

static bool deliver(void *context, uint64_t number, struct bytes head, struct bytes body)
{
    struct scanning *scanning = context;
    int64_t committed_ms;
    if (outbox_head_decode(head, &committed_ms) != STATUS_OK) {
        scanning->is_malformed = true;
        return false;
    }
    return scanning->fn(scanning->context, number, committed_ms, body);
}

enum status outbox_scan(struct store *store, uint8_t exporter, uint64_t from, outbox_fn *fn,
                        void *context)
{
    struct scanning scanning = {fn, context, false};
    struct store_txn txn;
    store_begin(store, false, &txn);
    uint8_t slot = outbox_slot(&txn, exporter);
    store_abort(&txn);
    enum status status = chunked_read(store, place_of(&slot), from, deliver, &scanning);
    return status == STATUS_OK && scanning.is_malformed ? STATUS_FATAL : status;
}

/* --- files --- */

enum status outbox_file_decode(struct bytes value, struct outbox_file *ret_file)
{
    struct value_reader reader;
    struct outbox_file file;
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != OUTBOX_VERSION)
        return STATUS_MALFORMED;
    file.inode = value_get_be64(&reader);
    file.length = value_get_be64(&reader);
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_file = file;
    return status;
}

bool outbox_file_read(struct store_txn *txn, uint8_t exporter, struct outbox_file *ret_file)
{
    struct bytes value;
    uint8_t slot = outbox_slot(txn, exporter);
    if (!store_get(txn, TABLE_OUTBOX_FILE, bytes_of(&slot, 1), &value))
        return false;
    if (outbox_file_decode(value, ret_file) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table outbox_file is not understood");
    return false;
}

void outbox_file_write(struct store_txn *txn, uint8_t exporter, const struct outbox_file *file)
{
    struct buffer value = {0};
    uint8_t slot = outbox_slot(txn, exporter);
    buffer_append_byte(&value, OUTBOX_VERSION);
    value_put_be64(&value, file->inode);
    value_put_be64(&value, file->length);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "no memory for a file row");
    store_put(txn, TABLE_OUTBOX_FILE, bytes_of(&slot, 1), buffer_bytes(&value));
    buffer_finish(&value);
}
