/* What becomes of a record that a topic refused although it was alone in its batch: cut by the
 * encoder's own order and put in place of its row, or given up. Both exporters of records do it. */
#pragma once
#include "processor/emit/emitter.h"
#include "processor/emit/kafka/producer.h"
#include "processor/emit/outgoing_form.h"

struct refused_record {
    struct kafka_producer *producer;
    rd_kafka_resp_err_t error;
    enum record_form form;
    const struct outgoing *record; /* as it was sent */
    bool *was_asked;               /* the topic, of its limit, for this record */
    const struct emit_acknowledge *acknowledge;
    struct emitter_counters *counters;
    struct inbox *inbox; /* that holds the item */
};

enum refused_fate {
    REFUSED_DOUBTED, /* what is known of the topic may be old: the same again, KAFKA_DOUBT_MS later */
    REFUSED_REPLACED, /* the item is another one now, to be read again and sent when its row is it */
    REFUSED_DEAD,     /* given up; the caller acknowledges it */
};
enum refused_fate refused_settle(const struct refused_record *refused, struct emit_item **item);
bool refused_is_replaced(const struct emit_acknowledge *acknowledge, const struct emit_item *item);
