/* The queue and the thread between receivers and the place of the letters. What is held counts from
 * submit until the sink has settled it, so queue and producer share one bound:
 *
 *   held <= HELD_LETTERS_MAX letters and HELD_BYTES_MAX bytes; what comes above is lost, counted */
#include "processor/receive/dead_letter/dead_letter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/base/queue.h"
#include "processor/base/thread.h"
#include "processor/receive/dead_letter/directory.h"
#include "processor/receive/dead_letter/topic.h"

enum {
    HELD_LETTERS_MAX = 1024,           /* more at once are a flood, of which a sample is enough */
    HELD_BYTES_MAX = 65 * 1024 * 1024, /* one message at the default limit fits */
    TAKE_LETTERS = 32,                 /* at once, so that a turn of the sink comes between */
    TURN_BUSY_MS = 20,  /* between turns while a broker has letters: reports come in turns */
    TURN_IDLE_MS = 1000 /* a letter wakes the thread; this only bounds a missed wake */
};

struct dead_letter {
    struct letter_sink *sink;
    struct queue *queue;
    pthread_t thread;
    bool has_thread;
    _Atomic bool is_stopping;
    _Atomic int64_t stop_at_ms;
    _Atomic size_t held_letters, held_bytes;
    _Atomic uint64_t sequence;
    char receiver[LETTER_WORD_SIZE];
    struct counter kept;                /* the thread's */
    struct counter lost[LETTER_LOSSES]; /* of several threads: added to atomically */
};

static const struct metric_family families[] = {
    {"flywheel_dead_letters_total", METRIC_COUNTER,
     "Messages and requests that could not be taken in and were kept as dead letters."},
    {"flywheel_dead_letters_lost_total", METRIC_COUNTER,
     "Dead letters that could not be kept: the queue was full, the bound of the directory was "
     "reached, or writing failed."},
};
static const char *const loss_names[LETTER_LOSSES] = {
    [LETTER_QUEUE_FULL] = "queue_full", [LETTER_BOUND] = "bound", [LETTER_FAILED] = "failed"};

static void count_loss(struct dead_letter *dead, enum dead_letter_loss loss)
{
    atomic_fetch_add_explicit(&dead->lost[loss].value, 1, memory_order_relaxed);
}

static void let_go(struct dead_letter *dead, size_t body_bytes)
{
    atomic_fetch_sub(&dead->held_bytes, body_bytes);
    atomic_fetch_sub(&dead->held_letters, 1);
}

static void settled(void *context, struct letter *letter, enum dead_letter_loss loss)
{
    struct dead_letter *dead = context;
    if (loss == LETTER_LOSSES)
        counter_add(&dead->kept, 1);
    else
        count_loss(dead, loss);
    let_go(dead, letter->body_size);
    free(letter);
}

static void copy_text(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text ? text : "");
}

static struct letter *make_letter(struct dead_letter *dead, const struct dead_letter_reason *reason,
                                  struct bytes body)
{
    struct letter *letter = malloc(sizeof *letter + reason->key.size + body.size);
    if (!letter)
        return NULL;
    *letter = (struct letter){.sequence = 1 + atomic_fetch_add(&dead->sequence, 1),
                              .time_ms = clock_realtime_ms(),
                              .partition = reason->partition,
                              .offset = reason->offset,
                              .has_key = reason->key.data != NULL,
                              .key_size = reason->key.size,
                              .body_size = body.size};
    copy_text(letter->reason, sizeof letter->reason, reason->reason);
    copy_text(letter->detail, sizeof letter->detail, reason->detail);
    copy_text(letter->receiver, sizeof letter->receiver, reason->receiver);
    copy_text(letter->signal, sizeof letter->signal, reason->signal);
    copy_text(letter->encoding, sizeof letter->encoding, reason->encoding);
    copy_text(letter->compression, sizeof letter->compression, reason->compression);
    copy_text(letter->topic, sizeof letter->topic, reason->topic);
    if (reason->key.size)
        memcpy(letter->data, reason->key.data, reason->key.size);
    if (body.size)
        memcpy(letter->data + reason->key.size, body.data, body.size);
    return letter;
}

bool dead_letter_submit(struct dead_letter *dead, const struct dead_letter_reason *reason,
                        struct bytes body)
{
    if (!dead)
        return false;
    size_t letters = atomic_fetch_add(&dead->held_letters, 1);
    size_t bytes = atomic_fetch_add(&dead->held_bytes, body.size);
    struct letter *letter = NULL;
    if (letters < HELD_LETTERS_MAX && body.size <= HELD_BYTES_MAX &&
        bytes <= HELD_BYTES_MAX - body.size)
        letter = make_letter(dead, reason, body);
    if (letter && queue_push(dead->queue, letter))
        return true;
    free(letter);
    let_go(dead, body.size);
    count_loss(dead, LETTER_QUEUE_FULL);
    return false;
}

static void *run_thread(void *argument)
{
    struct dead_letter *dead = argument;
    for (;;) {
        void *letters[TAKE_LETTERS];
        size_t count = queue_pop(dead->queue, letters, TAKE_LETTERS);
        for (size_t i = 0; i < count; i++)
            dead->sink->operations->keep(dead->sink, letters[i]);
        dead->sink->operations->turn(dead->sink);
        size_t held = atomic_load(&dead->held_letters);
        if (atomic_load(&dead->is_stopping) &&
            (held == 0 || clock_monotonic_ms() >= atomic_load(&dead->stop_at_ms)))
            return NULL;
        if (count == 0)
            queue_wait(dead->queue, held ? TURN_BUSY_MS : TURN_IDLE_MS);
    }
}

struct dead_letter *dead_letter_create(const struct dead_letter_config *config,
                                       struct error *ret_error)
{
    struct letter_sink *sink = NULL;
    enum status opened = config->directory ? letter_directory_open(config, &sink, ret_error)
                                           : letter_topic_open(config, &sink, ret_error);
    if (opened != STATUS_OK)
        return NULL;
    struct dead_letter *dead = calloc(1, sizeof *dead);
    struct queue *queue = dead ? queue_create(HELD_LETTERS_MAX) : NULL;
    if (!queue) {
        error_set(ret_error, EXIT_TEMPORARY, "no memory for the dead letters of receiver %s",
                  config->receiver);
        sink->operations->destroy(sink, 0);
        free(dead);
        return NULL;
    }
    dead->sink = sink;
    dead->queue = queue;
    copy_text(dead->receiver, sizeof dead->receiver, config->receiver);
    sink->settled = settled;
    sink->context = dead;
    dead->has_thread = pthread_create(&dead->thread, NULL, run_thread, dead) == 0;
    if (dead->has_thread) {
        thread_name(dead->thread, "dead-letters");
        return dead;
    }
    error_set(ret_error, EXIT_TEMPORARY, "cannot start the thread of the dead letters of %s",
              config->receiver);
    dead_letter_destroy(dead, 0);
    return NULL;
}

void dead_letter_destroy(struct dead_letter *dead, int64_t grace_ms)
{
    if (!dead)
        return;
    int64_t until_ms = clock_monotonic_ms() + grace_ms;
    atomic_store(&dead->stop_at_ms, until_ms);
    atomic_store(&dead->is_stopping, true);
    if (dead->has_thread) {
        queue_wake(dead->queue);
        (void)pthread_join(dead->thread, NULL);
    }
    int64_t left_ms = until_ms - clock_monotonic_ms();
    dead->sink->operations->destroy(dead->sink, left_ms > 0 ? left_ms : 0);
    void *letter;
    while (queue_pop(dead->queue, &letter, 1) == 1)
        settled(dead, letter, LETTER_FAILED);
    uint64_t lost = 0;
    for (int i = 0; i < LETTER_LOSSES; i++)
        lost += counter_get(&dead->lost[i]);
    if (lost)
        log_warn("dead_letters_lost", "receiver=%s letters=%llu", dead->receiver,
                 (unsigned long long)lost);
    queue_destroy(dead->queue);
    free(dead);
}

void dead_letter_register_metrics(struct dead_letter *dead, struct metrics *metrics)
{
    if (!dead)
        return;
    struct buffer labels = {0};
    metrics_append_label(&labels, "receiver", bytes_of_text(dead->receiver));
    size_t receiver_size = labels.size;
    buffer_append_byte(&labels, 0);
    if (!labels.failed)
        metrics_add(metrics, &families[0], (const char *)labels.data, &dead->kept, 1);
    for (int i = 0; i < LETTER_LOSSES && !labels.failed; i++) {
        labels.size = receiver_size;
        metrics_append_label(&labels, "reason", bytes_of_text(loss_names[i]));
        buffer_append_byte(&labels, 0);
        if (!labels.failed)
            metrics_add(metrics, &families[1], (const char *)labels.data, &dead->lost[i], 1);
    }
    buffer_finish(&labels);
}

uint64_t dead_letter_kept(const struct dead_letter *dead)
{
    return dead ? counter_get(&dead->kept) : 0;
}

uint64_t dead_letter_lost(const struct dead_letter *dead, enum dead_letter_loss reason)
{
    return dead ? counter_get(&dead->lost[reason]) : 0;
}
