/* A received export request on its way through the process. It is the one thing that several
 * threads hold: the receiver until it has submitted it, the writer until its journal row is
 * committed, and each shard that it touches until the spans are copied. The last holder returns it
 * to its pool; nobody changes it after submit.
 *
 *   receiver --submit--> writer (journal row)            } each puts its hold down once
 *                   \--> shard i, j (chains of spans)    } */
#pragma once
#include <stdatomic.h>

#include "processor/base/arena.h"
#include "processor/base/metrics.h"
#include "processor/otlp/wire_gate.h"

enum { SHARDS_MAX = 64, REQUEST_ORIGIN_SIZE = 16 };

struct request_pool;

enum request_encoding { REQUEST_IDENTITY = 0, REQUEST_GZIP = 1 };

struct request {
    _Atomic uint32_t holders;
    struct request_pool *pool;

    uint16_t source;    /* index of the source of positions (runtime's table) */
    uint64_t position;  /* of this source, increasing by one; set by submit, or by the journal on
                          replay */
    bool is_replayed;   /* read back from the journal: already accepted, already counted */
    uint32_t recounted; /* traces in it that another instance may have counted; of a topic only */
    /* What the message looked like that it came in; of a topic only. */
    bool has_origin;
    uint8_t origin[REQUEST_ORIGIN_SIZE];
    enum wire_gate_signal signal;
    uint64_t received_ms; /* wall clock; journaled, so that a replay sees the same */
    int64_t admitted_ms;  /* monotonic; when it was given to the shards */

    struct buffer received; /* as received, maybe compressed; what the journal keeps */
    enum request_encoding encoding;
    struct buffer inflated;     /* empty when encoding is identity: `received` is the body */
    struct arena arena;         /* of the gated tables */
    struct refused_parts parts; /* what a reader before the gate left out: JSON's bad values */
    struct gated_request gated;
    uint32_t shard_first[SHARDS_MAX]; /* head of each shard's chain of spans; UINT32_MAX: none */
    uint32_t shard_first_log[SHARDS_MAX]; /* likewise of logs */
    size_t held_bytes; /* what it counts against the memory limit, fixed at submit */
    bool is_queued;    /* it counts as lying in the queues, until it is released */

    /* The waiting call: called once by the writer after the commit that holds the journal row
     * (STATUS_OK), or when that commit can't be made (STATUS_BUSY: answer retryably). NULL when
     * nobody waits (ack: memory, replay). */
    void (*on_durable)(struct request *request, enum status status);
    void *call; /* the receiver's own */
};

/* A pool keeps up to `keep` idle requests with their warm buffers; `held` counts the bytes of live
 * ones. Any thread. */
struct request_pool *request_pool_create(size_t keep);
void request_pool_destroy(struct request_pool *pool);
/* The idle ones and their buffers go. Any thread. */
void request_pool_rest(struct request_pool *pool);
/* One holder, everything empty. NULL when out of memory. */
struct request *request_take(struct request_pool *pool);
void request_hold(struct request *request);
void request_release(struct request *request);
/* Fixes held_bytes from the buffers as they are now (again, when called again), and counts them in
 * the pool until the request is released. Before submit. */
void request_account(struct request *request);
/* It goes into the queues now, with the bytes that it was accounted with.
 * Once, by its admission. */
void request_enqueue(struct request *request);
/* Bytes of requests in the queues: admitted, and not released by all who work on them. */
size_t request_pool_queued_bytes(const struct request_pool *pool);
/* Waits until fewer than `bytes` are in the queues, or the pool was closed. */
void request_pool_wait(struct request_pool *pool, size_t bytes);
/* Nobody waits here from now on; else it goes on as before. Any thread. */
void request_pool_close(struct request_pool *pool);
/* Bytes held by requests that are not idle in the pool, as accounted. */
size_t request_pool_held_bytes(const struct request_pool *pool);

/* What could not be read of it would have been with more memory: nothing is wrong with it, and it
 * may come again. */
static inline bool request_lacks_memory(const struct request *request)
{
    return request->arena.no_memory || request->received.no_memory || request->inflated.no_memory;
}

static inline struct bytes request_body(const struct request *request)
{
    return buffer_bytes(request->encoding == REQUEST_IDENTITY ? &request->received
                                                              : &request->inflated);
}

/* Which of `shards` a trace belongs to: a keyed hash would differ after a restart, so this one is
 * stable (FNV-1a of the id). */
uint32_t request_shard_of(const uint8_t trace_id[TRACE_ID_SIZE], uint32_t shards);
/* Chains the gated spans and logs by shard. */
void request_chain_shards(struct request *request, uint32_t shards);
