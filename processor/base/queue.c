/* The ring and its two places to sleep. Lost wake-ups are excluded the same way on both sides: the
 * sleeper first says that it sleeps and then looks once more; the other first changes the ring and
 * then looks for sleepers. All four are sequentially consistent, so at least one of the two sees
 * the other.
 *   consumer   state AWAKE -> SLEEPING -> (futex) -> AWAKE; queue_wake() sets WOKEN, which ends the
 *              next wait too
 *   producer   room_waiters counts those that wait for room; room_epoch moves whenever some was made
 *              for them
 *   closed     is_closed is set before both are woken; who sleeps next looks at it first */
#include "processor/base/queue.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { AWAKE, SLEEPING, WOKEN };
enum { CACHE_LINE = 64 };

struct cell {
    _Atomic size_t sequence;
    void *item;
};

struct queue {
    struct cell *cells;
    size_t mask;
    alignas(CACHE_LINE) _Atomic size_t tail; /* next position to write; producers */
    alignas(CACHE_LINE) _Atomic size_t head; /* next position to read; written by the consumer */
    alignas(CACHE_LINE) _Atomic uint32_t state;
    alignas(CACHE_LINE) _Atomic uint32_t room_waiters;
    _Atomic uint32_t room_epoch;
    _Atomic bool is_closed;
};

static void futex_wake(_Atomic uint32_t *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

/* Sleeps while *word is `value`, until the absolute monotonic `deadline` (NULL: none). False when
 * that has passed. */
static bool futex_wait(_Atomic uint32_t *word, uint32_t value, const struct timespec *deadline)
{
    long failed = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline, NULL,
                          FUTEX_BITSET_MATCH_ANY);
    assert(!failed || errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT);
    return !failed || errno != ETIMEDOUT;
}

struct queue *queue_create(size_t capacity)
{
    assert(capacity <= (size_t)1 << 30);
    size_t size = 2; /* with a single cell "written" and "free again" would be the same number */
    while (size < capacity)
        size *= 2;
    struct queue *queue = aligned_alloc(CACHE_LINE, sizeof *queue);
    struct cell *cells = calloc(size, sizeof *cells);
    if (!queue || !cells) {
        free(queue);
        free(cells);
        return NULL;
    }
    queue->cells = cells;
    queue->mask = size - 1;
    atomic_init(&queue->tail, 0);
    atomic_init(&queue->head, 0);
    atomic_init(&queue->state, AWAKE);
    atomic_init(&queue->room_waiters, 0);
    atomic_init(&queue->room_epoch, 0);
    atomic_init(&queue->is_closed, false);
    for (size_t i = 0; i < size; i++)
        atomic_init(&cells[i].sequence, i);
    return queue;
}

void queue_destroy(struct queue *queue)
{
    if (!queue)
        return;
    free(queue->cells);
    free(queue);
}

bool queue_push(struct queue *queue, void *item)
{
    if (!queue_push_quiet(queue, item))
        return false;
    uint32_t sleeping = SLEEPING;
    if (atomic_load(&queue->state) == SLEEPING &&
        atomic_compare_exchange_strong(&queue->state, &sleeping, AWAKE))
        futex_wake(&queue->state, 1);
    return true;
}

bool queue_push_quiet(struct queue *queue, void *item)
{
    assert(item);
    size_t position = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    struct cell *cell;
    for (;;) {
        cell = &queue->cells[position & queue->mask];
        size_t sequence = atomic_load(&cell->sequence);
        ptrdiff_t ahead = (ptrdiff_t)(sequence - position);
        if (ahead < 0)
            return false; /* still holds the item of one round before */
        if (ahead == 0 &&
            atomic_compare_exchange_weak_explicit(&queue->tail, &position, position + 1,
                                                  memory_order_relaxed, memory_order_relaxed))
            break;
        if (ahead > 0)
            position = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    }
    cell->item = item;
    atomic_store(&cell->sequence, position + 1);
    return true;
}

bool queue_push_wait(struct queue *queue, void *item)
{
    while (!queue_push(queue, item)) {
        uint32_t epoch = atomic_load(&queue->room_epoch);
        atomic_fetch_add(&queue->room_waiters, 1);
        bool is_pushed = queue_push(queue, item);
        bool is_closed = atomic_load(&queue->is_closed);
        if (!is_pushed && !is_closed)
            (void)futex_wait(&queue->room_epoch, epoch, NULL);
        atomic_fetch_sub(&queue->room_waiters, 1);
        if (is_pushed || is_closed)
            return is_pushed;
    }
    return true;
}

size_t queue_pop(struct queue *queue, void **ret_items, size_t count)
{
    size_t position = atomic_load_explicit(&queue->head, memory_order_relaxed), taken = 0;
    while (taken < count) {
        struct cell *cell = &queue->cells[position & queue->mask];
        if (atomic_load_explicit(&cell->sequence, memory_order_acquire) != position + 1)
            break;
        ret_items[taken++] = cell->item;
        atomic_store(&cell->sequence, position + queue->mask + 1);
        position++;
    }
    if (taken == 0)
        return 0;
    atomic_store_explicit(&queue->head, position, memory_order_relaxed);
    if (atomic_load(&queue->room_waiters) > 0) {
        atomic_fetch_add(&queue->room_epoch, 1);
        futex_wake(&queue->room_epoch, INT_MAX);
    }
    return taken;
}

static bool has_item(struct queue *queue)
{
    size_t position = atomic_load_explicit(&queue->head, memory_order_relaxed);
    return atomic_load(&queue->cells[position & queue->mask].sequence) == position + 1;
}

static struct timespec deadline_after(int64_t timeout_ms)
{
    struct timespec at;
    int failed = clock_gettime(CLOCK_MONOTONIC, &at);
    assert(!failed);
    at.tv_sec += timeout_ms / 1000;
    at.tv_nsec += timeout_ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

void queue_wait(struct queue *queue, int64_t timeout_ms)
{
    uint32_t awake = AWAKE;
    if (timeout_ms != 0 && atomic_compare_exchange_strong(&queue->state, &awake, SLEEPING) &&
        !has_item(queue) && !atomic_load(&queue->is_closed)) {
        struct timespec deadline = {0};
        if (timeout_ms > 0)
            deadline = deadline_after(timeout_ms);
        while (atomic_load(&queue->state) == SLEEPING &&
               futex_wait(&queue->state, SLEEPING, timeout_ms > 0 ? &deadline : NULL))
            continue;
    }
    /* An exchange, so that what a waker wrote before it woke us is seen from here on. */
    (void)atomic_exchange(&queue->state, AWAKE);
}

void queue_wake(struct queue *queue)
{
    if (atomic_exchange(&queue->state, WOKEN) == SLEEPING)
        futex_wake(&queue->state, 1);
}

void queue_close(struct queue *queue)
{
    atomic_store(&queue->is_closed, true);
    atomic_fetch_add(&queue->room_epoch, 1);
    futex_wake(&queue->room_epoch, INT_MAX);
    queue_wake(queue);
}

size_t queue_length(const struct queue *queue)
{
    size_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    size_t length = tail - head;
    if ((ptrdiff_t)length < 0)
        return 0;
    return length > queue->mask + 1 ? queue->mask + 1 : length;
}

size_t queue_capacity(const struct queue *queue)
{
    return queue->mask + 1;
}
