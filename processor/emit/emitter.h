/* The interface of a sink of review records. Records come out of the outbox in order; a row is
 * deleted when its record is acknowledged, so a crash between sends the same bytes again (same
 * record_id). */
#pragma once
#include "processor/base/error.h"
#include "processor/base/metrics.h"
#include "processor/base/queue.h"

enum { OUTGOING_HEADERS_MAX = 8 };

struct outgoing_header {
    const char *name; /* constant */
    struct bytes value;
};

/* One record as the outbox keeps it: framed by outgoing_encode, bytes borrowed from that frame. */
struct outgoing {
    struct bytes key;     /* trajectory id, hex */
    struct bytes payload; /* JSON */
    struct bytes otlp;    /* the run's spans as OTLP, for exporters that send those; absent: none */
    struct outgoing_header headers[OUTGOING_HEADERS_MAX];
    uint32_t header_count;
};

void outgoing_encode(const struct outgoing *record, struct buffer *to);
/* MALFORMED when the frame is not one of ours. Header names are interned constants: schema
 * content-type verdict queue revision record_id traceparent. */
MUST_CHECK enum status outgoing_decode(struct bytes frame, struct outgoing *ret_record);

/* How an exporter states a record. */
enum record_form { FORM_JSON, FORM_PROTOBUF, FORM_OTLP };
/* Gives `record` the payload and headers of that form, in `made` where they have to be made; lives
 * as long as that and the frame. MALFORMED: the record has no such form. */
MUST_CHECK enum status outgoing_form(struct outgoing *record, enum record_form form,
                                     struct buffer *made);

/* A record handed to an emitter: the frame is a copy owned by it (freed with free()). */
struct emit_item {
    uint64_t sequence;    /* of the outbox */
    int64_t committed_ms; /* monotonic; when its row became durable */
    size_t size;
    uint8_t frame[];
};

/* Where acknowledged sequences go; any thread. For the file emitter also where the file now ends.
 */
struct emit_acknowledge {
    void (*acknowledged)(void *context, uint64_t sequence);
    /* All up to `sequence` are on disk and the file `inode` is `length` bytes long. Called within
     * start(), with sequence 0, when the store does not know the file: what is sent before that is
     * committed may be written twice. */
    void (*file_settled)(void *context, uint64_t sequence, uint64_t inode, uint64_t length);
    void *context;
};

struct emitter_counters {
    struct counter sent_records, send_failures;
};

struct emitter;

struct emitter_operations {
    const char *kind; /* "kafka", "file" */
    enum status (*start)(struct emitter *emitter, struct error *ret_error);
    /* Takes the item on OK; BUSY when its queue is full (the caller reads the store later). Writer
     * thread only. */
    enum status (*send)(struct emitter *emitter, struct emit_item *item);
    /* Waits up to `grace_ms` for acknowledgements of what was taken. */
    void (*stop)(struct emitter *emitter, int64_t grace_ms);
    void (*destroy)(struct emitter *emitter);
};

struct emitter {
    const struct emitter_operations *operations;
};

struct kafka_emitter_config {
    const char *brokers; /* comma-separated */
    const char *topic;
    const char *const *properties; /* name, value, name, value, ..., NULL: librdkafka's own names */
    const char *client_id;
    enum record_form form;
};
struct emitter *kafka_emitter_create(const struct kafka_emitter_config *config,
                                     const struct emit_acknowledge *acknowledge,
                                     struct emitter_counters *counters, struct error *ret_error);

/* The same with the place in the outbox in each transaction of records (kafka_transactions.c): a
 * reader of committed records sees each of them once, also over a crash. */
struct kafka_transactions_config {
    struct kafka_emitter_config kafka;
    const char *transactional_id; /* of this data directory and exporter alone; also the group */
    uint64_t next_sequence;       /* of the store at the start: a place beyond it is not believed */
};
struct emitter *kafka_transactions_create(const struct kafka_transactions_config *config,
                                          const struct emit_acknowledge *acknowledge,
                                          struct emitter_counters *counters,
                                          struct error *ret_error);

/* What the store knew of the file at the last commit; zeroes for a new one. Lines past `length` are
 * read on start and `settles(record_id)` is asked for each; a torn last line is cut before anything
 * is appended. */
struct file_emitter_config {
    const char *path; /* created with mode 0600 */
    uint64_t inode, length;
    /* A whole line that is past `length` holds this record: its outbox row is settled, it must not
     * be written again. */
    void (*settles)(void *context, struct bytes record_id);
    void *context;
};
struct emitter *file_emitter_create(const struct file_emitter_config *config,
                                    const struct emit_acknowledge *acknowledge,
                                    struct emitter_counters *counters, struct error *ret_error);
