#include "processor/emit/kafka/refused.h"

#include <inttypes.h>
#include <stdlib.h>

#include "processor/base/log.h"
#include "processor/base/memory.h"

enum { BATCH_FRAME = 128 /* of a batch and of the one record in it */ };

/* Of the record in a batch, but for its payload. */
static size_t size_around(const struct outgoing *record)
{
    size_t size = BATCH_FRAME + record->key.size;
    for (uint32_t i = 0; i < record->header_count; i++)
        size += strlen(record->headers[i].name) + record->headers[i].value.size + 10;
    return size;
}

static void give_up(const struct refused_record *refused, const struct emit_item *item,
                    const char *reason)
{
    counter_add(&refused->counters->dead_letters, 1);
    log_error("kafka_record_dead",
              "topic=\"%s\" sequence=%" PRIu64 " bytes=%zu reason=%s error=\"%s\" "
              "setting=max.message.bytes",
              refused->topic, item->sequence, refused->record->payload.size, reason,
              rd_kafka_err2str(refused->error));
    if (refused->acknowledge->give_up)
        refused->acknowledge->give_up(refused->acknowledge->context, item->sequence,
                                      bytes_of(item->frame, item->size), reason);
}

static struct emit_item *with_frame(const struct emit_item *item, struct bytes frame)
{
    struct emit_item *other = memory_need(malloc(sizeof *other + frame.size));
    other->sequence = item->sequence;
    other->committed_ms = item->committed_ms;
    other->size = frame.size;
    memcpy(other->frame, frame.data, frame.size);
    return other;
}

bool refused_replace(const struct refused_record *refused, struct kafka_limit *limit,
                     enum record_form form, struct emit_item **item)
{
    const struct emit_acknowledge *acknowledge = refused->acknowledge;
    struct buffer frame = {0};
    if (kafka_refusal_of(refused->error) != REFUSED_FOR_SIZE) {
        give_up(refused, *item, "refused");
        return false;
    }
    size_t around = size_around(refused->record), payload = refused->record->payload.size;
    size_t bytes_max = kafka_limit_refuse(limit, payload + around);
    bytes_max = bytes_max > around ? bytes_max - around : 0;
    if (bytes_max >= payload)
        bytes_max = payload / 2;
    enum status status =
        outgoing_shorten(bytes_of((*item)->frame, (*item)->size), form, bytes_max, &frame);
    if (status != STATUS_OK) {
        buffer_finish(&frame);
        give_up(refused, *item, "too_large");
        return false;
    }
    counter_add(&refused->counters->cut_records, 1);
    log_warn("kafka_record_cut",
             "topic=\"%s\" sequence=%" PRIu64 " bytes=%zu cut_to=%zu error=\"%s\" "
             "setting=max.message.bytes limit=%s",
             refused->topic, (*item)->sequence, payload, bytes_max,
             rd_kafka_err2str(refused->error), limit->is_told ? "told" : "learned, by halves");
    if (acknowledge->replace)
        acknowledge->replace(acknowledge->context, (*item)->sequence, buffer_bytes(&frame));
    struct emit_item *whole = *item;
    *item = with_frame(whole, buffer_bytes(&frame));
    inbox_hold_bytes(refused->inbox, (*item)->size);
    inbox_release_bytes(refused->inbox, whole->size);
    free(whole);
    buffer_finish(&frame);
    return true;
}

bool refused_is_replaced(const struct emit_acknowledge *acknowledge, const struct emit_item *item)
{
    return !acknowledge->is_replaced ||
           acknowledge->is_replaced(acknowledge->context, item->sequence);
}
