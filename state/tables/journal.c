/* head of an item = u8 version | u8 signal | u8 encoding | signed received_ms; body = the
 * request. */
#include "state/tables/journal.h"

#include <stdlib.h>

#include "state/store/value.h"

enum { JOURNAL_VERSION = 1 };

struct journal {
    struct tally tally; /* of all sources */
};

void journal_header_encode(const struct journal_header *header, struct buffer *to)
{
    buffer_append_byte(to, JOURNAL_VERSION);
    buffer_append_byte(to, header->signal);
    buffer_append_byte(to, header->encoding);
    value_put_signed(to, header->received_ms);
}

enum status journal_header_decode(struct bytes value, struct journal_header *ret_header)
{
    struct value_reader reader;
    struct journal_header header;
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != JOURNAL_VERSION)
        return STATUS_MALFORMED;
    header.signal = value_get_u8(&reader);
    header.encoding = value_get_u8(&reader);
    header.received_ms = value_get_signed(&reader);
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_header = header;
    return status;
}

enum status journal_open(struct store *store, struct journal **ret_journal)
{
    struct store_txn txn;
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return STATUS_FATAL;
    struct chunked_place place = {TABLE_JOURNAL, bytes_of("", 0)};
    struct store_cursor cursor;
    store_begin(store, false, &txn);
    store_cursor_begin(&txn, place.table, place.prefix, 0, &cursor);
    while (store_cursor_next(&cursor)) {
        struct bytes key = key_bytes(&cursor.key);
        bool is_first = key.size == 12 && get_be16(key.data + 10) == 0;
        journal->tally.items += is_first;
        journal->tally.rows++;
        journal->tally.bytes += store_cursor_value_size(&cursor);
    }
    store_cursor_finish(&cursor);
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_journal = journal;
    else
        journal_close(journal);
    return status;
}

void journal_close(struct journal *journal)
{
    free(journal);
}

void journal_append(struct journal *journal, struct store_txn *txn, uint16_t source,
                    uint64_t position, const struct journal_header *header, struct bytes body)
{
    uint8_t prefix[2], memory[32];
    struct buffer head = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    put_be16(prefix, source);
    journal_header_encode(header, &head);
    struct chunked_place place = {TABLE_JOURNAL, bytes_of(prefix, sizeof prefix)};
    chunked_append(txn, place, position, buffer_bytes(&head), body, &journal->tally);
}

uint32_t journal_trim(struct journal *journal, struct store_txn *txn, uint16_t source,
                      uint64_t below, uint32_t rows_max)
{
    uint8_t prefix[2];
    put_be16(prefix, source);
    struct chunked_place place = {TABLE_JOURNAL, bytes_of(prefix, sizeof prefix)};
    return chunked_trim(txn, place, below, rows_max, &journal->tally);
}

uint64_t journal_bytes(const struct journal *journal)
{
    return journal->tally.bytes;
}

uint64_t journal_requests(const struct journal *journal)
{
    return journal->tally.items;
}

bool journal_received_ms(struct store_txn *txn, uint16_t source, uint64_t from, int64_t *ret_ms)
{
    struct state_key key = {.size = 0};
    struct store_cursor cursor;
    struct journal_header header;
    struct bytes head, part;
    uint64_t body_size;
    key_be16(&key, source);
    key_be64(&key, from);
    key_be16(&key, 0);
    store_cursor_begin(txn, TABLE_JOURNAL, key_bytes(&key), 2, &cursor);
    bool is_found =
        store_cursor_next(&cursor) &&
        chunked_first_decode(store_cursor_value(&cursor), &head, &body_size, &part) == STATUS_OK &&
        journal_header_decode(head, &header) == STATUS_OK;
    store_cursor_finish(&cursor);
    if (is_found)
        *ret_ms = header.received_ms;
    return is_found;
}

struct reading {
    journal_fn *fn;
    void *context;
    bool is_malformed;
};

static bool deliver(void *context, uint64_t number, struct bytes head, struct bytes body)
{
    struct reading *reading = context;
    struct journal_header header;
    if (journal_header_decode(head, &header) != STATUS_OK) {
        reading->is_malformed = true;
        return false;
    }
    return reading->fn(reading->context, number, &header, body);
}

enum status journal_read(struct store *store, uint16_t source, uint64_t from, journal_fn *fn,
                         void *context)
{
    uint8_t prefix[2];
    struct reading reading = {fn, context, false};
    put_be16(prefix, source);
    struct chunked_place place = {TABLE_JOURNAL, bytes_of(prefix, sizeof prefix)};
    enum status status = chunked_read(store, place, from, deliver, &reading);
    return status == STATUS_OK && reading.is_malformed ? STATUS_FATAL : status;
}
