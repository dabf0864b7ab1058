/* head of an item = u8 version | signed committed_ms; body = the content as
 * the caller encoded it. */
#include "state/tables/retained.h"

#include <assert.h>
#include <stdlib.h>

#include "state/store/value.h"

enum { RETAINED_VERSION = 1 };

struct retained {
    struct tally tally;
};

static const struct chunked_place place = {TABLE_RETAINED, {(const uint8_t *)"", 0}};

enum status retained_open(struct store *store, struct retained **ret_retained)
{
    struct store_txn txn;
    struct retained *retained = calloc(1, sizeof *retained);
    if (!retained)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    chunked_count(&txn, place, &retained->tally);
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_retained = retained;
    else
        retained_close(retained);
    return status;
}

void retained_close(struct retained *retained)
{
    free(retained);
}

void retained_append(struct retained *retained, struct store_txn *txn, uint64_t sequence,
                     int64_t committed_ms, struct bytes content)
{
    uint8_t memory[16];
    struct buffer head = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    assert(sequence > 0);
    buffer_append_byte(&head, RETAINED_VERSION);
    value_put_signed(&head, committed_ms);
    chunked_append(txn, place, sequence, buffer_bytes(&head), content, &retained->tally);
}

bool retained_delete(struct retained *retained, struct store_txn *txn, uint64_t sequence)
{
    return chunked_delete(txn, place, sequence, &retained->tally) > 0;
}

enum status retained_head_decode(struct bytes head, int64_t *ret_committed_ms)
{
    struct value_reader reader;
    value_reader_init(&reader, head);
    if (value_get_u8(&reader) != RETAINED_VERSION)
        return STATUS_MALFORMED;
    int64_t committed_ms = value_get_signed(&reader);
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_committed_ms = committed_ms;
    return status;
}

uint32_t retained_trim(struct retained *retained, struct store_txn *txn, int64_t before_ms,
                       uint64_t bytes_max, uint32_t rows_max)
{
    const struct tally *tally = &retained->tally;
    uint32_t rows = 0;
    uint64_t sequence;
    struct bytes head;
    while (rows < rows_max && chunked_first(txn, place, &sequence) &&
           chunked_head(txn, place, sequence, &head)) {
        int64_t committed_ms;
        if (retained_head_decode(head, &committed_ms) != STATUS_OK) {
            store_fail(txn, STATUS_FATAL, "an item of table retained is not understood");
            return 0;
        }
        int64_t bytes = (int64_t)tally->bytes + tally->open_bytes;
        if (committed_ms >= before_ms && bytes <= (int64_t)bytes_max)
            break;
        rows += chunked_delete(txn, place, sequence, &retained->tally);
    }
    return txn->status == STATUS_OK ? rows : 0;
}

uint64_t retained_items(const struct retained *retained)
{
    return retained->tally.items;
}

uint64_t retained_bytes(const struct retained *retained)
{
    return retained->tally.bytes;
}

enum status retained_read(struct store_txn *txn, uint64_t sequence, struct buffer *to)
{
    return chunked_get(txn, place, sequence, to);
}
