/* The pool is a stack of idle requests under one mutex: it is locked twice a request, never while
 * bytes are moved. A request goes back with its buffers warm, as far as all idle ones together stay
 * below a limit: the memory of a burst does not stay.
 *
 *   take -> [receiver] -> hold, hold -> release, release, release (last) -> idle in the pool */
#include "processor/receive/request.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum {
    /* Of all idle requests together: each has met a large body sooner or later. */
    WARM_BYTES_MAX = 8 * 1024 * 1024,
    WARM_SHARE = 8, /* no single one keeps more than an eighth of it */
    /* The tables of 100,000 spans, the most that the gate lets through, take 10 MB; JSON's
     * unescaped texts take the rest. */
    ARENA_BYTES_MAX = 64 * 1024 * 1024
};

struct request_pool {
    pthread_mutex_t lock;
    pthread_cond_t less_is_queued;
    size_t keep, idle_count, warm_bytes; /* under lock */
    uint32_t waiting;                    /* likewise, for less to be queued */
    bool is_closed;                      /* likewise */
    struct request **idle;
    _Atomic size_t held_bytes;
    _Atomic size_t queued_bytes; /* those of them that were admitted */
    _Atomic size_t live;         /* requests that are not idle */
};

struct request_pool *request_pool_create(size_t keep)
{
    struct request_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->idle = calloc(keep ? keep : 1, sizeof(struct request *));
    if (!pool->idle) {
        free(pool);
        return NULL;
    }
    pool->keep = keep;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->less_is_queued, NULL);
    return pool;
}

static void free_request(struct request *request)
{
    buffer_finish(&request->received);
    buffer_finish(&request->inflated);
    arena_finish(&request->arena);
    free(request);
}

static size_t warm_bytes(const struct request *request)
{
    return request->received.capacity + request->inflated.capacity;
}

void request_pool_rest(struct request_pool *pool)
{
    for (;;) {
        struct request *idle = NULL;
        pthread_mutex_lock(&pool->lock);
        if (pool->idle_count)
            idle = pool->idle[--pool->idle_count];
        if (idle)
            pool->warm_bytes -= warm_bytes(idle);
        pthread_mutex_unlock(&pool->lock);
        if (!idle)
            return;
        free_request(idle);
    }
}

void request_pool_destroy(struct request_pool *pool)
{
    if (!pool)
        return;
    assert(atomic_load(&pool->live) == 0); /* a request that outlives its pool is a bug */
    for (size_t i = 0; i < pool->idle_count; i++)
        free_request(pool->idle[i]);
    pthread_cond_destroy(&pool->less_is_queued);
    pthread_mutex_destroy(&pool->lock);
    free(pool->idle);
    free(pool);
}

struct request *request_take(struct request_pool *pool)
{
    struct request *request = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->idle_count)
        request = pool->idle[--pool->idle_count];
    if (request)
        pool->warm_bytes -= warm_bytes(request);
    pthread_mutex_unlock(&pool->lock);
    if (!request) {
        request = calloc(1, sizeof *request);
        if (!request)
            return NULL;
        arena_init(&request->arena, ARENA_BYTES_MAX);
    }
    *request = (struct request){.pool = pool,
                                .received = request->received,
                                .inflated = request->inflated,
                                .arena = request->arena};
    memset(request->shard_first, 0xff, sizeof request->shard_first);
    memset(request->shard_first_log, 0xff, sizeof request->shard_first_log);
    atomic_store_explicit(&request->holders, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&pool->live, 1, memory_order_relaxed);
    return request;
}

void request_hold(struct request *request)
{
    uint32_t before = atomic_fetch_add_explicit(&request->holders, 1, memory_order_relaxed);
    assert(before > 0);
}

static void cool(struct buffer *buffer)
{
    buffer->limit = 0;
    buffer_cool(buffer, WARM_BYTES_MAX / WARM_SHARE);
}

void request_release(struct request *request)
{
    uint32_t before = atomic_fetch_sub_explicit(&request->holders, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    struct request_pool *pool = request->pool;
    cool(&request->received);
    cool(&request->inflated);
    arena_reset(&request->arena);
    atomic_fetch_sub_explicit(&pool->held_bytes, request->held_bytes, memory_order_relaxed);
    if (request->is_queued)
        atomic_fetch_sub_explicit(&pool->queued_bytes, request->held_bytes, memory_order_relaxed);
    request->held_bytes = 0;

    pthread_mutex_lock(&pool->lock);
    bool is_kept =
        pool->idle_count < pool->keep && pool->warm_bytes + warm_bytes(request) <= WARM_BYTES_MAX;
    if (is_kept) {
        pool->warm_bytes += warm_bytes(request);
        pool->idle[pool->idle_count++] = request;
    }
    if (pool->waiting > 0)
        pthread_cond_broadcast(&pool->less_is_queued);
    pthread_mutex_unlock(&pool->lock);
    if (!is_kept)
        free_request(request);
    /* Last: a pool may be destroyed once nothing is live. */
    atomic_fetch_sub_explicit(&pool->live, 1, memory_order_release);
}

void request_account(struct request *request)
{
    size_t held =
        sizeof *request + request->received.size + request->inflated.size + request->arena.used;
    atomic_fetch_add_explicit(&request->pool->held_bytes, held - request->held_bytes,
                              memory_order_relaxed); /* modulo 2^64, so a shrink works too */
    request->held_bytes = held;
}

void request_enqueue(struct request *request)
{
    assert(!request->is_queued);
    request->is_queued = true;
    atomic_fetch_add_explicit(&request->pool->queued_bytes, request->held_bytes,
                              memory_order_relaxed);
}

size_t request_pool_queued_bytes(const struct request_pool *pool)
{
    return atomic_load_explicit(&pool->queued_bytes, memory_order_relaxed);
}

void request_pool_wait(struct request_pool *pool, size_t bytes)
{
    pthread_mutex_lock(&pool->lock);
    pool->waiting++;
    while (!pool->is_closed && request_pool_queued_bytes(pool) >= bytes)
        pthread_cond_wait(&pool->less_is_queued, &pool->lock);
    pool->waiting--;
    pthread_mutex_unlock(&pool->lock);
}

void request_pool_close(struct request_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->is_closed = true;
    pthread_cond_broadcast(&pool->less_is_queued);
    pthread_mutex_unlock(&pool->lock);
}

size_t request_pool_held_bytes(const struct request_pool *pool)
{
    return atomic_load_explicit(&pool->held_bytes, memory_order_relaxed);
}

uint32_t request_shard_of(const uint8_t trace_id[TRACE_ID_SIZE], uint32_t shards)
{
    uint32_t hash = 2166136261u;
    if (shards == 1)
        return 0;
    for (int i = 0; i < TRACE_ID_SIZE; i++)
        hash = (hash ^ trace_id[i]) * 16777619u;
    /* The high half of the product: FNV's low bits alone mix worst, and no division is needed. */
    return (uint32_t)(((uint64_t)hash * shards) >> 32);
}

/* Backwards, so that each chain runs in the order of the request. Who found no room comes again, so what
 * was chained before is forgotten: a chain over an old one would be a circle. */
void request_chain_shards(struct request *request, uint32_t shards)
{
    assert(shards > 0 && shards <= SHARDS_MAX);
    const struct gated_request *gated = &request->gated;
    memset(request->shard_first, 0xff, shards * sizeof *request->shard_first);
    memset(request->shard_first_log, 0xff, shards * sizeof *request->shard_first_log);
    for (uint32_t i = gated->span_count; i-- > 0;) {
        uint32_t *first = &request->shard_first[request_shard_of(gated->spans[i].trace_id, shards)];
        gated->spans[i].next = *first;
        *first = i;
    }
    for (uint32_t i = gated->log_count; i-- > 0;) {
        uint32_t *first =
            &request->shard_first_log[request_shard_of(gated->logs[i].trace_id, shards)];
        gated->logs[i].next = *first;
        *first = i;
    }
}
