/* Records in Kafka transactions. Each transaction holds a run of the outbox and, as an offset of a
 * group of its own, the place behind it:
 *
 *   begin -> records s..t -> offset t+1 of (topic, 0) in group <transactional id> -> commit
 *                                                                     | acknowledge s..t
 *   abort, or the outcome is not known: a new producer with the same id fences the one before and
 *   reads the offset; what lies below it was committed and is acknowledged, the rest is sent again.
 *
 * So the brokers know what left, even when the process died before its store did. What the topic
 * refuses goes alone (refused.h). Calls wait for brokers for a second at most. */
#include "processor/emit/kafka/transactions.h"

#include <inttypes.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/condition.h"
#include "processor/base/log.h"
#include "processor/base/memory.h"
#include "processor/emit/inbox_emitter.h"
#include "processor/emit/kafka/place.h"
#include "processor/emit/kafka/producer.h"
#include "processor/emit/kafka/properties.h"
#include "processor/emit/kafka/refused.h"

enum {
    HELD_ITEMS_MAX = 4096,
    HELD_BYTES_MAX = 64 * 1024 * 1024,
    BATCH_ITEMS = 2000,
    BATCH_BYTES = 16 * 1024 * 1024,
    CALL_MS = 1000,
    DELIVERY_MS = 50000,
    PAUSE_FIRST_MS = 500,
    PAUSE_MAX_MS = 5000,
    PLACE_MS = 3000,
    AGAIN_MS = 100,
    IDLE_MS = 1000,
};

struct entry {
    struct entry *next;
    struct emit_item *item;
    struct outgoing record; /* borrowed from the item and from `made` */
    struct buffer made;
    rd_kafka_resp_err_t refused; /* alone, in the transaction under way */
    bool was_asked;              /* the topic, of its limit, for this record */
    bool is_new;                 /* its row is being replaced; no transaction goes past it */
};

struct transactions {
    struct inbox_emitter base;
    char *id;
    uint64_t next_sequence;
    enum record_form form;
    struct emit_acknowledge acknowledge;
    struct emitter_counters *counters;

    /* Of the thread, after start. */
    struct kafka_producer producer;
    struct entry *first, *last; /* the outbox from the first record that is not committed */
    bool is_initialized;        /* nobody else has this id any more */
    bool is_placed;             /* and the place was read: */
    bool is_foreign;            /* the place is not of this state, until ours is committed */
    uint64_t committed_before;  /* records below it left in an earlier transaction */
    struct condition failing;
    rd_kafka_resp_err_t refused; /* of a record of the transaction under way */
    bool was_batch_refused;      /* and that may have been its batch's fault */
    int64_t pause_ms;
};

static struct transactions *of(struct emitter *emitter)
{
    return (struct transactions *)emitter;
}

static bool is_time_up(struct transactions *self)
{
    return inbox_is_time_up(&self->base.inbox, clock_monotonic_ms());
}

/* ---- What waits ---- */

static void release_first(struct transactions *self)
{
    struct entry *entry = self->first;
    self->first = entry->next;
    if (!self->first)
        self->last = NULL;
    inbox_release(&self->base.inbox, entry->item->size);
    buffer_finish(&entry->made);
    free(entry->item);
    free(entry);
}

static void acknowledge_below(struct transactions *self, uint64_t sequence, bool is_sent)
{
    while (self->first && self->first->item->sequence < sequence) {
        counter_add(&self->counters->sent_records, is_sent && self->first->record.payload.data);
        if (self->acknowledge.acknowledged)
            self->acknowledge.acknowledged(self->acknowledge.context, self->first->item->sequence);
        release_first(self);
    }
}

/* A row that can't leave has no payload, and goes with its neighbors. */
static void decode(struct transactions *self, struct entry *entry)
{
    struct bytes frame = bytes_of(entry->item->frame, entry->item->size);
    if (outgoing_read(frame, self->form, &entry->record, &entry->made) == STATUS_OK)
        return;
    /* The store checks what it reads; such a row could never leave. */
    log_error("outbox_row_malformed", "sequence=%" PRIu64, entry->item->sequence);
    counter_add(&self->counters->send_failures, 1);
    entry->record.payload = (struct bytes){0};
}

static void take_queued(struct transactions *self)
{
    void *taken;
    while (queue_pop(self->base.inbox.queue, &taken, 1) == 1) {
        struct entry *entry = memory_need(calloc(1, sizeof *entry));
        entry->item = taken;
        decode(self, entry);
        *(self->last ? &self->last->next : &self->first) = entry;
        self->last = entry;
        if (entry->item->sequence >= self->next_sequence)
            self->next_sequence = entry->item->sequence + 1;
    }
}

/* ---- Outcomes ---- */

enum outcome { DONE, AGAIN, ABORT, REOPEN };

/* Told as a condition; each failure is counted. */
static void note_failure(struct transactions *self, const char *call, const char *text)
{
    counter_add(&self->counters->send_failures, 1);
    condition_log_met(&self->failing, LOG_WARN, "kafka_transaction_failed",
                      "topic=\"%s\" call=%s error=\"%s\" action=retry", self->producer.topic, call,
                      text);
}

/* Takes the error. An outcome that is not known is settled by a new producer, which asks. */
static enum outcome judge(struct transactions *self, const char *call, rd_kafka_error_t *error)
{
    if (!error)
        return DONE;
    enum outcome outcome = rd_kafka_error_is_fatal(error)             ? REOPEN
                           : rd_kafka_error_txn_requires_abort(error) ? ABORT
                           : rd_kafka_error_is_retriable(error)       ? AGAIN
                                                                      : REOPEN;
    if (outcome != AGAIN)
        note_failure(self, call, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return outcome;
}

static void on_delivery(void *context, void *message, rd_kafka_resp_err_t error)
{
    struct transactions *self = context;
    struct entry *entry = message; /* it stays where it is until the commit */
    if (!error || self->producer.is_closing)
        return;
    bool is_at_fault = kafka_refusal_of(error) != REFUSED_FOR_NOW;
    if (is_at_fault && self->producer.opened.is_alone)
        entry->refused = error;
    else if (is_at_fault)
        self->was_batch_refused = true;
    /* Once one is refused, others come back as well, for no reason of their own. */
    if (!self->refused || is_at_fault)
        self->refused = error;
}

static void close_producer(struct transactions *self)
{
    kafka_producer_close(&self->producer);
    self->is_initialized = self->is_placed = false;
}

/* ---- The place ---- */

static enum outcome place(struct transactions *self)
{
    int64_t offset = -1;
    enum outcome outcome = DONE;
    if (!self->is_initialized)
        outcome = judge(self, "init", rd_kafka_init_transactions(self->producer.handle, CALL_MS));
    if (outcome != DONE)
        return outcome;
    self->is_initialized = true;
    rd_kafka_resp_err_t error =
        kafka_place_read(self->producer.conf, self->producer.topic, self->id, PLACE_MS, &offset);
    if (error) {
        note_failure(self, "committed", rd_kafka_err2str(error));
        return AGAIN;
    }
    self->is_foreign = self->is_foreign || (offset > 0 && (uint64_t)offset > self->next_sequence);
    if (self->is_foreign) {
        /* A copy of the data directory that is older than what it has sent. */
        log_warn("kafka_place_ignored",
                 "topic=\"%s\" group=\"%s\" offset=%" PRId64 " next_sequence=%" PRIu64
                 " reason=\"the state is older than the topic\"",
                 self->producer.topic, self->id, offset, self->next_sequence);
        offset = 0;
    }
    self->committed_before = offset > 0 ? (uint64_t)offset : 0;
    self->is_placed = true;
    log_info("kafka_transactions_ready", "topic=\"%s\" transactional_id=\"%s\" offset=%" PRId64,
             self->producer.topic, self->id, offset);
    return DONE;
}

/* ---- One transaction ---- */

/* Produces from the front; `*ret_end` is behind the last record of the transaction. */
static enum outcome produce_all(struct transactions *self, uint64_t *ret_end)
{
    size_t count = 0, bytes = 0;
    for (struct entry *entry = self->first;
         entry && !entry->is_new && count < BATCH_ITEMS && (bytes == 0 || bytes < BATCH_BYTES);
         entry = entry->next) {
        *ret_end = entry->item->sequence + 1;
        if (!entry->record.payload.data)
            continue; /* a row that can't leave goes with its neighbors */
        const struct kafka_message message = {.key = entry->record.key,
                                              .payload = entry->record.payload,
                                              .headers = kafka_producer_headers(&entry->record),
                                              .message = entry};
        rd_kafka_resp_err_t error = kafka_producer_send(&self->producer, &message);
        if (error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__STATE)
            return REOPEN;
        if (error) {
            note_failure(self, "produce", rd_kafka_err2str(error));
            if (kafka_refusal_of(error) != REFUSED_FOR_NOW)
                entry->refused = error; /* nobody else was asked */
            return ABORT;
        }
        count++;
        bytes += entry->item->size;
    }
    return DONE;
}

static enum outcome wait_delivered(struct transactions *self)
{
    int64_t until = clock_monotonic_ms() + DELIVERY_MS;
    while (self->producer.in_flight > 0 && !self->refused && !self->producer.is_fatal) {
        if (is_time_up(self) || clock_monotonic_ms() >= until)
            return ABORT;
        (void)rd_kafka_poll(self->producer.handle, CALL_MS / 10);
    }
    if (self->producer.is_fatal)
        return REOPEN;
    if (self->refused) {
        note_failure(self, "deliver", rd_kafka_err2str(self->refused));
        return ABORT;
    }
    return DONE;
}

static rd_kafka_error_t *send_place(struct transactions *self, uint64_t end)
{
    return kafka_place_send(self->producer.handle, self->producer.topic, self->id, CALL_MS,
                            (int64_t)end);
}

static rd_kafka_error_t *commit_transaction(struct transactions *self, uint64_t end)
{
    (void)end;
    return rd_kafka_commit_transaction(self->producer.handle, CALL_MS);
}

static rd_kafka_error_t *abort_transaction(struct transactions *self, uint64_t end)
{
    (void)end;
    return rd_kafka_abort_transaction(self->producer.handle, CALL_MS);
}

/* A call that waits for brokers, until it has an outcome. */
static enum outcome insist(struct transactions *self, const char *name, uint64_t end,
                           rd_kafka_error_t *(*call)(struct transactions *self, uint64_t end))
{
    for (;;) {
        enum outcome outcome = judge(self, name, call(self, end));
        if (outcome != AGAIN)
            return outcome;
        if (is_time_up(self))
            return REOPEN;
        (void)rd_kafka_poll(self->producer.handle, AGAIN_MS);
    }
}

/* ---- Refusals ---- */

/* Cut, or without a payload from now on; false: after the pause it is sent again as it is. */
static bool settle_refused(struct transactions *self, struct entry *entry)
{
    const struct refused_record refused = {.producer = &self->producer,
                                           .error = entry->refused,
                                           .form = self->form,
                                           .record = &entry->record,
                                           .was_asked = &entry->was_asked,
                                           .acknowledge = &self->acknowledge,
                                           .counters = self->counters,
                                           .inbox = &self->base.inbox};
    enum refused_fate fate = refused_settle(&refused, &entry->item);
    entry->refused = RD_KAFKA_RESP_ERR_NO_ERROR;
    entry->is_new = fate == REFUSED_REPLACED;
    if (entry->is_new)
        decode(self, entry);
    else if (fate == REFUSED_DEAD)
        entry->record.payload = (struct bytes){0};
    return fate != REFUSED_DOUBTED;
}

/* After an abort. False: nothing is learned, and a pause is in place. */
static bool learn_from_refusals(struct transactions *self)
{
    bool has_learned = self->was_batch_refused;
    if (self->was_batch_refused)
        kafka_producer_suspect(&self->producer);
    self->was_batch_refused = false;
    for (struct entry *entry = self->first; entry; entry = entry->next)
        has_learned |= entry->refused && settle_refused(self, entry);
    return has_learned;
}

/* The first record may wait for its row. */
static bool is_first_ready(struct transactions *self)
{
    struct entry *first = self->first;
    if (first && first->is_new && refused_is_replaced(&self->acknowledge, first->item))
        first->is_new = false;
    return first && !first->is_new;
}

static enum outcome transact(struct transactions *self)
{
    uint64_t end = 0;
    self->refused = RD_KAFKA_RESP_ERR_NO_ERROR;
    enum outcome outcome = judge(self, "begin", rd_kafka_begin_transaction(self->producer.handle));
    if (outcome == DONE)
        outcome = produce_all(self, &end);
    if (outcome == DONE)
        outcome = wait_delivered(self);
    if (outcome == DONE)
        outcome = insist(self, "send_offsets", end, send_place);
    if (outcome == DONE)
        outcome = insist(self, "commit", end, commit_transaction);
    if (outcome == ABORT)
        return insist(self, "abort", end, abort_transaction) == DONE ? ABORT : REOPEN;
    if (outcome != DONE)
        return outcome;
    self->is_foreign = false;
    acknowledge_below(self, end, true);
    kafka_limit_settle(&self->producer.limit);
    return DONE;
}

/* ---- Thread ---- */

static void pause_after_failure(struct transactions *self)
{
    int64_t until = clock_monotonic_ms() + self->pause_ms;
    self->pause_ms = self->pause_ms * 2 < PAUSE_MAX_MS ? self->pause_ms * 2 : PAUSE_MAX_MS;
    while (!is_time_up(self) && clock_monotonic_ms() < until) {
        kafka_producer_poll(&self->producer);
        inbox_pause(&self->base.inbox, CALL_MS / 10);
    }
}

static enum outcome turn(struct transactions *self)
{
    char text[256];
    if (self->producer.handle && self->producer.is_fatal)
        return REOPEN;
    if (self->producer.handle && kafka_producer_is_outdated(&self->producer))
        close_producer(self); /* between transactions: nothing is in flight */
    if (!self->producer.handle && !kafka_producer_open(&self->producer, text, sizeof text)) {
        note_failure(self, "open", text);
        return REOPEN;
    }
    if (!self->is_placed)
        return place(self);
    acknowledge_below(self, self->committed_before, false);
    return is_first_ready(self) ? transact(self) : DONE;
}

static void *run_thread(void *argument)
{
    struct transactions *self = argument;
    self->pause_ms = PAUSE_FIRST_MS;
    while (!inbox_is_over(&self->base.inbox, clock_monotonic_ms())) {
        take_queued(self);
        enum outcome outcome = turn(self);
        if (outcome == REOPEN)
            close_producer(self);
        if (outcome == ABORT || outcome == REOPEN) {
            if (!learn_from_refusals(self))
                pause_after_failure(self);
            continue;
        }
        if (outcome == DONE) {
            condition_log_over(&self->failing, "kafka_transactions_recovered", "topic=\"%s\"",
                               self->producer.topic);
            self->pause_ms = PAUSE_FIRST_MS;
        }
        kafka_producer_poll(&self->producer);
        atomic_store(&self->counters->record_max, kafka_limit_record(&self->producer.limit));
        if (outcome == AGAIN || (self->first && self->first->is_new))
            queue_wait(self->base.inbox.queue, AGAIN_MS);
        else if (!self->first)
            queue_wait(self->base.inbox.queue, IDLE_MS);
    }
    close_producer(self);
    while (self->first)
        release_first(self);
    return NULL;
}

/* ---- The emitter ---- */

static enum status transactions_start(struct emitter *emitter, struct error *ret_error)
{
    struct transactions *self = of(emitter);
    return kafka_producer_start(&self->producer, &self->base.inbox, run_thread, self, ret_error);
}

static void transactions_destroy(struct emitter *emitter)
{
    if (!emitter)
        return;
    struct transactions *self = of(emitter);
    inbox_stop(&self->base.inbox, 0);
    kafka_producer_finish(&self->producer);
    inbox_finish(&self->base.inbox, free);
    free(self->id);
    free(self);
}

static const struct emitter_operations operations = {
    .kind = "kafka",
    .start = transactions_start,
    .send = inbox_emitter_send,
    .has_room = inbox_emitter_has_room,
    .stop = inbox_emitter_stop,
    .destroy = transactions_destroy,
};

struct emitter *kafka_transactions_create(const struct kafka_transactions_config *config,
                                          const struct emit_acknowledge *acknowledge,
                                          struct emitter_counters *counters,
                                          struct error *ret_error)
{
    char text[256];
    rd_kafka_conf_t *conf = kafka_properties_read(&config->kafka, KAFKA_TRANSACTIONS, ret_error);
    if (!conf)
        return NULL;
    struct transactions *self = calloc(1, sizeof *self);
    bool has_inbox = false;
    if (self) {
        self->base.emitter.operations = &operations;
        self->id = strdup(config->transactional_id);
        self->next_sequence = config->next_sequence;
        self->form = config->kafka.form;
        self->acknowledge = *acknowledge;
        self->counters = counters;
        has_inbox = inbox_init(&self->base.inbox, HELD_ITEMS_MAX, HELD_BYTES_MAX);
        kafka_producer_init(&self->producer, conf, config->kafka.topic, "kafka exporter of",
                            self->base.inbox.queue);
        self->producer.delivered = on_delivery;
        self->producer.context = self;
        self->producer.trouble = &counters->trouble;
    }
    if (has_inbox && self->id && self->producer.topic &&
        rd_kafka_conf_set(conf, "transactional.id", self->id, text, sizeof text) ==
            RD_KAFKA_CONF_OK)
        return &self->base.emitter;
    error_set(ret_error, EXIT_TEMPORARY, "no memory for the exporter of topic %s",
              config->kafka.topic);
    if (self)
        transactions_destroy(&self->base.emitter);
    else
        rd_kafka_conf_destroy(conf);
    return NULL;
}
