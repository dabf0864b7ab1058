/* What becomes of a record that a topic refused although it was alone in its batch: cut by the
 * encoder's own order and put in place of its row, or given up. Both exporters of records do it. */
#pragma once
#include "processor/emit/emitter.h"
#include "processor/emit/inbox.h"
#include "processor/emit/kafka/limit.h"
#include "processor/emit/outgoing_form.h"

struct refused_record {
    const char *topic;
    rd_kafka_resp_err_t error;
    const struct outgoing *record; /* as it was sent */
    const struct emit_acknowledge *acknowledge;
    struct emitter_counters *counters;
    struct inbox *inbox; /* that holds the item */
};

/* True: `*item` is another one now, to be decoded again and sent when refused_is_replaced says so.
 * False: it is given up; the caller acknowledges it. */
bool refused_replace(const struct refused_record *refused, struct kafka_limit *limit,
                     enum record_form form, struct emit_item **item);
bool refused_is_replaced(const struct emit_acknowledge *acknowledge, const struct emit_item *item);
