/* The interface of a sink of review records. Records come out of the outbox in order; a row is
 * deleted when its record is acknowledged, so a crash between sends the same bytes again (same
 * record_id). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processor/base/bytes.h"
#include "processor/base/error.h"
#include "processor/base/metrics.h"

/* A record handed to an emitter: the frame is a copy owned by it (freed with free()). */
struct emit_item {
    uint64_t sequence;    /* of the outbox */
    int64_t committed_ms; /* monotonic; when its row became durable */
    size_t size;
    uint8_t frame[];
};

/* Where acknowledged sequences go; any thread. For the file emitter also where the file now
 * ends. */
struct emit_acknowledge {
    void (*acknowledged)(void *context, uint64_t sequence);
    /* All up to `sequence` are on disk and the file `inode` is `length` bytes long. Called within
     * start(), with sequence 0, when the store does not know the file: what is sent before that is
     * committed may be written twice. */
    void (*file_settled)(void *context, uint64_t sequence, uint64_t inode, uint64_t length);
    /* The record is sent as `frame` from now on, when its row holds that: until is_replaced() says
     * so once, nothing of it is sent. NULL: there are no rows. */
    void (*replace)(void *context, uint64_t sequence, struct bytes frame);
    bool (*is_replaced)(void *context, uint64_t sequence);
    /* The record can never be sent, for a `reason` of one word; it is acknowledged next.
     * NULL: nobody keeps it. */
    void (*give_up)(void *context, uint64_t sequence, struct bytes frame, const char *reason);
    void *context;
};

struct emitter_counters {
    struct counter sent_records, send_failures;
    /* Of records that were refused alone: cut and sent, or given up. */
    struct counter cut_records, dead_letters;
    /* Why nothing can be written now, in words that live for ever; NULL: it can. */
    const char *_Atomic trouble;
    /* The largest record that the other side takes as far as known; 0: any. */
    _Atomic size_t record_max;
};

struct emitter;

struct emitter_operations {
    const char *kind; /* "kafka", "file" */
    enum status (*start)(struct emitter *emitter, struct error *ret_error);
    /* Takes the item on OK; BUSY when its queue is full (the caller reads the store later). Writer
     * thread only. */
    enum status (*send)(struct emitter *emitter, struct emit_item *item);
    /* Would an item of so many bytes be taken? Asked before rows are read for it. */
    bool (*has_room)(struct emitter *emitter, size_t bytes);
    /* Waits up to `grace_ms` for acknowledgements of what was taken. */
    void (*stop)(struct emitter *emitter, int64_t grace_ms);
    void (*destroy)(struct emitter *emitter);
};

struct emitter {
    const struct emitter_operations *operations;
};
