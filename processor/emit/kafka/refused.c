/* A record that was too large may have what the topic takes, less what stands
 * around it in a batch. */
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
              refused->producer->topic, item->sequence, refused->record->payload.size, reason,
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

static void exchange(const struct refused_record *refused, struct emit_item **item,
                     struct bytes frame)
{
    const struct emit_acknowledge *acknowledge = refused->acknowledge;
    struct emit_item *whole = *item;
    if (acknowledge->replace)
        acknowledge->replace(acknowledge->context, whole->sequence, frame);
    *item = with_frame(whole, frame);
    inbox_hold_bytes(refused->inbox, (*item)->size);
    inbox_release_bytes(refused->inbox, whole->size);
    free(whole);
}

/* What the payload may have; less than it has in any case. */
static size_t allowance(const struct refused_record *refused)
{
    size_t around = size_around(refused->record), payload = refused->record->payload.size;
    size_t most = kafka_limit_refuse(&refused->producer->limit, payload + around);
    most = most > around ? most - around : 0;
    return most < payload ? most : payload / 2;
}

enum refused_fate refused_settle(const struct refused_record *refused, struct emit_item **item)
{
    size_t payload = refused->record->payload.size;
    struct buffer frame = {0};
    if (kafka_refusal_of(refused->error) != REFUSED_FOR_SIZE) {
        give_up(refused, *item, "refused");
        return REFUSED_DEAD;
    }
    if (kafka_producer_doubts(refused->producer, payload, refused->was_asked))
        return REFUSED_DOUBTED;
    size_t bytes_max = allowance(refused);
    enum status status =
        outgoing_shorten(bytes_of((*item)->frame, (*item)->size), refused->form, bytes_max, &frame);
    if (status == STATUS_OK) {
        counter_add(&refused->counters->cut_records, 1);
        log_warn("kafka_record_cut",
                 "topic=\"%s\" sequence=%" PRIu64 " bytes=%zu cut_to=%zu error=\"%s\" "
                 "setting=max.message.bytes limit=\"%s\"",
                 refused->producer->topic, (*item)->sequence, payload, bytes_max,
                 rd_kafka_err2str(refused->error),
                 refused->producer->limit.is_told ? "told" : "learned, by halves");
        exchange(refused, item, buffer_bytes(&frame));
    } else {
        give_up(refused, *item, "too_large");
    }
    buffer_finish(&frame);
    return status == STATUS_OK ? REFUSED_REPLACED : REFUSED_DEAD;
}

bool refused_is_replaced(const struct emit_acknowledge *acknowledge, const struct emit_item *item)
{
    return !acknowledge->is_replaced ||
           acknowledge->is_replaced(acknowledge->context, item->sequence);
}
