/* head of an item = u8 version | trace id 16 | signed first_received_ms | signed last_received_ms
 *   | varint spans | varint logs | u8 count (be16 source, varint first, varint through - first)
 * body = whatever the caller made of the trajectory. */
#include "state/tables/spill.h"

#include <assert.h>
#include <stdlib.h>

#include "state/store/value.h"

enum { SPILL_VERSION = 1 };

struct spill {
    struct tally tally;
    uint64_t last_sequence;
};

static const struct chunked_place place = {TABLE_SPILL, {(const uint8_t *)"", 0}};

void spill_header_encode(const struct spill_header *header, struct buffer *to)
{
    assert(header->position_count <= SPILL_SOURCES_MAX);
    buffer_append_byte(to, SPILL_VERSION);
    buffer_append(to, header->trace_id, sizeof header->trace_id);
    value_put_signed(to, header->first_received_ms);
    value_put_signed(to, header->last_received_ms);
    value_put_varint(to, header->accepted_spans);
    value_put_varint(to, header->accepted_logs);
    buffer_append_byte(to, header->position_count);
    for (size_t i = 0; i < header->position_count; i++) {
        const struct spill_position *position = &header->positions[i];
        assert(position->first_position <= position->spilled_through);
        value_put_be16(to, position->source);
        value_put_varint(to, position->first_position);
        value_put_varint(to, position->spilled_through - position->first_position);
    }
}

enum status spill_header_decode(struct bytes value, struct spill_header *ret_header)
{
    struct value_reader reader;
    struct spill_header header = {0};
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != SPILL_VERSION)
        return STATUS_MALFORMED;
    value_get_copy(&reader, header.trace_id, sizeof header.trace_id);
    header.first_received_ms = value_get_signed(&reader);
    header.last_received_ms = value_get_signed(&reader);
    header.accepted_spans = (uint32_t)value_get_count(&reader, UINT32_MAX);
    header.accepted_logs = (uint32_t)value_get_count(&reader, UINT32_MAX);
    uint8_t count = value_get_u8(&reader);
    if (count > SPILL_SOURCES_MAX)
        return STATUS_MALFORMED;
    header.position_count = count;
    for (size_t i = 0; i < count; i++) {
        struct spill_position *position = &header.positions[i];
        position->source = value_get_be16(&reader);
        position->first_position = value_get_varint(&reader);
        position->spilled_through = position->first_position + value_get_varint(&reader);
        if (position->spilled_through < position->first_position)
            return STATUS_MALFORMED;
    }
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_header = header;
    return status;
}

enum status spill_open(struct store *store, struct spill **ret_spill)
{
    struct store_txn txn;
    struct spill *spill = calloc(1, sizeof *spill);
    if (!spill)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    chunked_count(&txn, place, &spill->tally);
    (void)chunked_last(&txn, place, &spill->last_sequence);
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_spill = spill;
    else
        spill_close(spill);
    return status;
}

void spill_close(struct spill *spill)
{
    free(spill);
}

uint64_t spill_next_sequence(struct spill *spill)
{
    return ++spill->last_sequence;
}

void spill_append(struct spill *spill, struct store_txn *txn, uint64_t sequence,
                  const struct spill_header *header, struct bytes body)
{
    uint8_t memory[CHUNKED_HEAD_BYTES_MAX];
    struct buffer head = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    assert(sequence > 0);
    spill_header_encode(header, &head);
    assert(!head.failed);
    chunked_append(txn, place, sequence, buffer_bytes(&head), body, &spill->tally);
    if (sequence > spill->last_sequence)
        spill->last_sequence = sequence;
}

void spill_replace(struct spill *spill, struct store_txn *txn, uint64_t sequence,
                   const struct spill_header *header, struct bytes body)
{
    chunked_delete(txn, place, sequence, &spill->tally);
    spill_append(spill, txn, sequence, header, body);
}

bool spill_delete(struct spill *spill, struct store_txn *txn, uint64_t sequence)
{
    return chunked_delete(txn, place, sequence, &spill->tally) > 0;
}

uint64_t spill_items(const struct spill *spill)
{
    return spill->tally.items;
}

uint64_t spill_bytes(const struct spill *spill)
{
    return spill->tally.bytes;
}

struct reading {
    spill_fn *fn;
    void *context;
    bool is_malformed;
};

static bool deliver(void *context, uint64_t number, struct bytes head, struct bytes body)
{
    struct reading *reading = context;
    struct spill_header header;
    if (spill_header_decode(head, &header) != STATUS_OK) {
        reading->is_malformed = true;
        return false;
    }
    return reading->fn(reading->context, number, &header, body);
}

enum status spill_read(struct store *store, spill_fn *fn, void *context)
{
    struct reading reading = {fn, context, false};
    enum status status = chunked_read(store, place, 0, deliver, &reading);
    return status == STATUS_OK && reading.is_malformed ? STATUS_FATAL : status;
}
