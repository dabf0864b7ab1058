/* How items get from their sender to the one thread of an emitter, and how that thread lives:
 *
 *   send --queue--> the thread takes --> release      held: from send until release
 *   start .. stop(grace): over when nothing is held any more, or when the grace is
 *
 * What is held is bounded in items and bytes, so memory is too while brokers or disks are away. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "processor/base/error.h"
#include "processor/base/queue.h"

enum { INBOX_QUEUE_ITEMS = 4096 };

struct inbox {
    struct queue *queue; /* the thread takes from it and waits on it */
    size_t items_max, bytes_max;
    _Atomic size_t held_items, held_bytes;
    _Atomic bool is_stopping;
    _Atomic int64_t stop_at_ms; /* monotonic */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* of `stopped` */
    pthread_cond_t stopped;
};

/* False: no memory; to be finished all the same. */
MUST_CHECK bool inbox_init(struct inbox *inbox, size_t items_max, size_t bytes_max);
/* Starts the thread; `name` is what it serves, for the error. */
MUST_CHECK enum status inbox_start(struct inbox *inbox, void *(*run)(void *argument),
                                   void *argument, const char *name, struct error *ret_error);

/* Senders. One item is always let in, however large. */
bool inbox_has_room(const struct inbox *inbox, size_t bytes);
/* Takes the item on OK; BUSY when as much is held as may be, or the queue is full. */
MUST_CHECK enum status inbox_send(struct inbox *inbox, void *item, size_t bytes);
/* Waits for the thread, which has `grace_ms` for what is held. */
void inbox_stop(struct inbox *inbox, int64_t grace_ms);
/* After stop. `free_item` gets what nobody took; NULL when the thread takes all there is. */
void inbox_finish(struct inbox *inbox, void (*free_item)(void *item));

/* The thread. An item has left, which was sent with `bytes`. */
void inbox_release(struct inbox *inbox, size_t bytes);
/* Copies that the thread makes count as well; they are always let in. */
void inbox_hold_bytes(struct inbox *inbox, size_t bytes);
void inbox_release_bytes(struct inbox *inbox, size_t bytes);
bool inbox_is_stopping(const struct inbox *inbox);
/* Stopping, and the grace is over. */
bool inbox_is_time_up(const struct inbox *inbox, int64_t now_ms);
/* That, or stopping and nothing is held. */
bool inbox_is_over(const struct inbox *inbox, int64_t now_ms);
/* Sleeps, whatever is sent; no longer than the grace. */
void inbox_pause(struct inbox *inbox, int64_t pause_ms);
