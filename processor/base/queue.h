/* A bounded queue of pointers, many producers and one consumer: the only place where threads meet.
 *   Vyukov ring: cell.sequence == position: free to write; == position + 1: ready to read.
 * A consumer that finds nothing sleeps on a futex-like word; producers wake it only when it sleeps,
 * so a busy queue costs no system call. The capacity is a power of two and fixed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;

struct queue *queue_create(size_t capacity);
void queue_destroy(struct queue *queue); /* does not free the items */

/* False when full: the producer must refuse or pause; nothing is taken. */
bool queue_push(struct queue *queue, void *item);
/* The same without waking the consumer: for items that can wait until it wakes by itself, so that a
 * thousand of them cost one switch of threads and not a thousand. */
bool queue_push_quiet(struct queue *queue, void *item);
/* Waits until there is room; false when the queue was closed and has none. For shards and receivers
 * towards the writer, and towards shards (the writer waits for nobody). */
bool queue_push_wait(struct queue *queue, void *item);
/* Takes up to `count` items; 0 when empty. Consumer thread only. */
size_t queue_pop(struct queue *queue, void **ret_items, size_t count);
/* Waits for an item, a queue_wake() or `timeout_ms` (-1: for ever). Consumer thread only. */
void queue_wait(struct queue *queue, int64_t timeout_ms);
/* Ends a queue_wait() from any thread. */
void queue_wake(struct queue *queue);
/* Nobody waits here from now on: ends every wait of producers and consumer, and those to come.
 * Items can still be pushed and popped. */
void queue_close(struct queue *queue);
size_t queue_length(const struct queue *queue); /* approximate */
size_t queue_capacity(const struct queue *queue);
