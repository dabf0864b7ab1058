/* Items and bytes count before the push and are taken back when it fails, so that the thread never
 * finds an item that is not counted. The queue is longer than a burst; an item that it has no room
 * for stays its sender's, who comes again. */
#include "processor/emit/inbox.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "processor/base/clock.h"
#include "processor/base/thread.h"

bool inbox_init(struct inbox *inbox, size_t items_max, size_t bytes_max)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    failed |= pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&inbox->stopped, &attributes);
    failed |= pthread_condattr_destroy(&attributes);
    failed |= pthread_mutex_init(&inbox->lock, NULL);
    assert(!failed);
    inbox->items_max = items_max;
    inbox->bytes_max = bytes_max;
    inbox->queue = queue_create(INBOX_QUEUE_ITEMS);
    return inbox->queue != NULL;
}

enum status inbox_start(struct inbox *inbox, void *(*run)(void *argument), void *argument,
                        const char *name, struct error *ret_error)
{
    if (pthread_create(&inbox->thread, NULL, run, argument) != 0) {
        error_set(ret_error, EXIT_TEMPORARY, "cannot start the thread of %s", name);
        return STATUS_FATAL;
    }
    const char *last = strrchr(name, '/');
    thread_name(inbox->thread, "export-%s", last ? last + 1 : name);
    inbox->has_thread = true;
    return STATUS_OK;
}

bool inbox_has_room(const struct inbox *inbox, size_t bytes)
{
    size_t held = atomic_load(&inbox->held_bytes);
    if (atomic_load(&inbox->held_items) >= inbox->items_max)
        return false;
    return held == 0 || (held < inbox->bytes_max && bytes <= inbox->bytes_max - held);
}

enum status inbox_send(struct inbox *inbox, void *item, size_t bytes)
{
    if (!inbox_has_room(inbox, bytes))
        return STATUS_BUSY;
    atomic_fetch_add(&inbox->held_bytes, bytes);
    atomic_fetch_add(&inbox->held_items, 1);
    if (queue_push(inbox->queue, item))
        return STATUS_OK;
    inbox_release(inbox, bytes);
    return STATUS_BUSY;
}

void inbox_release(struct inbox *inbox, size_t bytes)
{
    atomic_fetch_sub(&inbox->held_bytes, bytes);
    atomic_fetch_sub(&inbox->held_items, 1);
}

void inbox_hold_bytes(struct inbox *inbox, size_t bytes)
{
    atomic_fetch_add(&inbox->held_bytes, bytes);
}

void inbox_release_bytes(struct inbox *inbox, size_t bytes)
{
    atomic_fetch_sub(&inbox->held_bytes, bytes);
}

bool inbox_is_stopping(const struct inbox *inbox)
{
    return atomic_load(&inbox->is_stopping);
}

bool inbox_is_time_up(const struct inbox *inbox, int64_t now_ms)
{
    return inbox_is_stopping(inbox) && now_ms >= atomic_load(&inbox->stop_at_ms);
}

bool inbox_is_over(const struct inbox *inbox, int64_t now_ms)
{
    return inbox_is_time_up(inbox, now_ms) ||
           (inbox_is_stopping(inbox) && atomic_load(&inbox->held_items) == 0);
}

void inbox_pause(struct inbox *inbox, int64_t pause_ms)
{
    int64_t until = clock_monotonic_ms() + pause_ms;
    (void)pthread_mutex_lock(&inbox->lock);
    for (;;) {
        int64_t at = until;
        if (inbox_is_stopping(inbox) && atomic_load(&inbox->stop_at_ms) < at)
            at = atomic_load(&inbox->stop_at_ms);
        if (clock_monotonic_ms() >= at)
            break;
        const struct timespec time = {at / 1000, at % 1000 * 1000000};
        (void)pthread_cond_timedwait(&inbox->stopped, &inbox->lock, &time);
    }
    (void)pthread_mutex_unlock(&inbox->lock);
}

void inbox_stop(struct inbox *inbox, int64_t grace_ms)
{
    if (!inbox->has_thread)
        return;
    (void)pthread_mutex_lock(&inbox->lock);
    atomic_store(&inbox->stop_at_ms, clock_monotonic_ms() + grace_ms);
    atomic_store(&inbox->is_stopping, true);
    (void)pthread_cond_signal(&inbox->stopped);
    (void)pthread_mutex_unlock(&inbox->lock);
    queue_wake(inbox->queue);
    (void)pthread_join(inbox->thread, NULL);
    inbox->has_thread = false;
}

void inbox_finish(struct inbox *inbox, void (*free_item)(void *item))
{
    void *item;
    while (inbox->queue && queue_pop(inbox->queue, &item, 1) == 1) {
        assert(free_item);
        free_item(item);
    }
    queue_destroy(inbox->queue);
    (void)pthread_cond_destroy(&inbox->stopped);
    (void)pthread_mutex_destroy(&inbox->lock);
}
