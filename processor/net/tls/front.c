/* Connections and the loop. Both sockets of a connection are watched edge-triggered, so whoever is
 * told of one pumps until neither direction can go on; what has more to do after its share waits
 * in `ready` for the next turn. Handshakes are the expensive thing that strangers can ask for: only
 * a few steps of them are made in a turn, after the connections that are past theirs.
 *
 *   HANDSHAKE --> OPEN --> CLOSING (all is sent: wait for the peer's end, or a moment) --> freed */
#include "processor/net/tls/front.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/base/thread.h"
#include "processor/net/tls/link.h"

enum {
    EVENTS_MAX = 64,         /* of one turn */
    HANDSHAKE_STEPS_MAX = 4, /* in one turn */
    TICK_MS = 250,           /* deadlines of handshakes and of closing are looked at that often */
    LINGER_MS = 2000,        /* for the peer to end, after we have */
    ENDING_MS = 500,         /* for what is still to be sent, when the front ends */
    ADDED_MAX = 65536,       /* more than a process may have connections */
};

struct waiting {
    struct tls_link *first, *last;
};

struct tls_front {
    struct tls_front_config config;
    struct tls *tls;
    struct tls_front_counters *counters;
    void (*secured)(void *context, int connection);
    void *context;
    int poll, wake;
    pthread_t thread;
    bool is_running;
    _Atomic bool is_ending;

    pthread_mutex_t lock; /* of `added`; and held by the thread when it changes `links` */
    int *added;
    size_t added_count, added_capacity;

    /* The thread's. */
    struct tls_link *links;
    struct waiting ready, handshaking; /* those with something to do, in the order they came */
};

static void wake(struct tls_front *front)
{
    uint64_t one = 1;
    ssize_t written = write(front->wake, &one, sizeof one);
    (void)written; /* a counter that is full wakes as well */
}

void tls_front_add(struct tls_front *front, int connection)
{
    bool is_kept = false;
    pthread_mutex_lock(&front->lock);
    if (front->added_count == front->added_capacity && front->added_count < ADDED_MAX) {
        size_t capacity = front->added_capacity ? 2 * front->added_capacity : 16;
        int *grown = realloc(front->added, capacity * sizeof *grown);
        if (grown) {
            front->added = grown;
            front->added_capacity = capacity;
        }
    }
    if (front->added_count < front->added_capacity) {
        front->added[front->added_count++] = connection;
        is_kept = true;
    }
    pthread_mutex_unlock(&front->lock);
    if (is_kept)
        wake(front);
    else
        close(connection);
}

static void enqueue(struct waiting *waiting, struct tls_link *link)
{
    if (link->is_queued)
        return;
    link->is_queued = true;
    link->next_queued = NULL;
    if (waiting->first)
        waiting->last->next_queued = link;
    else
        waiting->first = link;
    waiting->last = link;
}

static struct tls_link *dequeue(struct waiting *waiting)
{
    struct tls_link *link = waiting->first;
    if (link) {
        waiting->first = link->next_queued;
        link->is_queued = false;
    }
    return link;
}

static void free_link(struct tls_front *front, struct tls_link *link)
{
    pthread_mutex_lock(&front->lock);
    if (link->previous)
        link->previous->next = link->next;
    else
        front->links = link->next;
    if (link->next)
        link->next->previous = link->previous;
    pthread_mutex_unlock(&front->lock);
    tls_link_destroy(link);
}

static bool watch(struct tls_front *front, struct tls_link *link, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = link};
    return epoll_ctl(front->poll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static void begin(struct tls_front *front, int connection)
{
    int64_t now_ms = clock_monotonic_ms();
    struct tls_link *link =
        front->tls ? tls_link_create(tls_session(front->tls, front->config.protocol), connection,
                                     now_ms)
                   : tls_link_create_plain(connection, now_ms);
    if (!link)
        return;
    link->guard.header_block_max = front->config.header_block_max;
    pthread_mutex_lock(&front->lock);
    link->next = front->links;
    if (front->links)
        front->links->previous = link;
    front->links = link;
    pthread_mutex_unlock(&front->lock);
    if (watch(front, link, connection))
        enqueue(&front->handshaking, link);
    else
        free_link(front, link);
}

static void take_added(struct tls_front *front)
{
    int taken[64];
    size_t count;
    do {
        pthread_mutex_lock(&front->lock);
        count = front->added_count < 64 ? front->added_count : 64;
        front->added_count -= count;
        if (count > 0)
            memcpy(taken, front->added + front->added_count, count * sizeof *taken);
        pthread_mutex_unlock(&front->lock);
        for (size_t i = 0; i < count; i++)
            begin(front, taken[i]);
    } while (count == 64);
}

/* The handshake is over: the receiver gets its end. */
static bool open_link(struct tls_front *front, struct tls_link *link)
{
    int inner = tls_link_open(link);
    if (inner < 0) {
        log_warn("tls_connection_dropped", "receiver=%s peer=%s reason=\"%s\"",
                 front->config.receiver, link->peer, strerror(errno));
        return false;
    }
    if (!watch(front, link, link->inner)) {
        close(inner);
        return false;
    }
    pthread_mutex_lock(&front->lock);
    link->theirs = inner;
    pthread_mutex_unlock(&front->lock);
    counter_add(&front->counters->opened, front->tls != NULL);
    front->secured(front->context, inner);
    return true;
}

/* One step of a handshake. */
static void step_handshake(struct tls_front *front, struct tls_link *link)
{
    char reason[TLS_REASON_SIZE] = "the handshake took too long";
    bool is_late = clock_monotonic_ms() - link->since_ms > front->config.handshake_ms;
    enum status status = is_late ? STATUS_MALFORMED : tls_link_handshake(link, reason);
    if (status == STATUS_BUSY)
        return;
    if (status == STATUS_OK && open_link(front, link)) {
        enqueue(&front->ready, link);
        return;
    }
    if (status == STATUS_MALFORMED) {
        counter_add(is_late ? &front->counters->refused_slowly : &front->counters->refused, 1);
        log_warn("tls_refused", "receiver=%s peer=%s reason=\"%s\"", front->config.receiver,
                 link->peer, reason);
    }
    free_link(front, link);
}

static void cut(struct tls_front *front, struct tls_link *link)
{
    counter_add(&front->counters->cut, 1);
    log_warn("connection_cut", "receiver=%s peer=%s reason=\"%s\"", front->config.receiver,
             link->peer, link->cut_reason);
    free_link(front, link);
}

static void pump(struct tls_front *front, struct tls_link *link)
{
    enum status status = tls_link_pump(link, clock_monotonic_ms());
    if (status == STATUS_OK) /* its share is used up */
        enqueue(&front->ready, link);
    else if (status != STATUS_BUSY && link->cut_reason)
        cut(front, link);
    else if (status != STATUS_BUSY)
        free_link(front, link);
}

static void run_ready(struct tls_front *front)
{
    struct waiting ready = front->ready;
    struct tls_link *link;
    front->ready = (struct waiting){0};
    while ((link = dequeue(&ready)))
        pump(front, link);
    for (int i = 0; i < HANDSHAKE_STEPS_MAX && (link = dequeue(&front->handshaking)); i++)
        step_handshake(front, link);
}

/* Those that are queued are left to their turn. */
static void expire(struct tls_front *front, int64_t now_ms)
{
    for (struct tls_link *link = front->links, *next; link; link = next) {
        next = link->next;
        if (link->is_queued)
            continue;
        if (link->state == TLS_LINK_HANDSHAKE &&
            now_ms - link->since_ms > front->config.handshake_ms)
            step_handshake(front, link);
        else if (link->state == TLS_LINK_CLOSING && now_ms - link->since_ms > LINGER_MS)
            free_link(front, link);
    }
}

static bool is_sending(const struct tls_front *front)
{
    for (const struct tls_link *link = front->links; link; link = link->next)
        if (link->state != TLS_LINK_HANDSHAKE)
            return true;
    return false;
}

static void *loop(void *context)
{
    struct tls_front *front = context;
    struct epoll_event events[EVENTS_MAX];
    int64_t tick_ms = 0, ends_ms = 0;
    sigset_t pipe_signal; /* OpenSSL writes to sockets whose peers may be gone */
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    for (;;) {
        int64_t now_ms = clock_monotonic_ms();
        if (now_ms >= tick_ms) {
            tick_ms = now_ms + TICK_MS;
            expire(front, now_ms);
        }
        if (atomic_load(&front->is_ending)) {
            ends_ms = ends_ms ? ends_ms : now_ms + ENDING_MS;
            if (now_ms >= ends_ms || !is_sending(front))
                return NULL;
        }
        int wait_ms = front->ready.first || front->handshaking.first ? 0 : ends_ms ? 10 : TICK_MS;
        int count = epoll_wait(front->poll, events, EVENTS_MAX, wait_ms);
        for (int i = 0; i < count; i++) {
            struct tls_link *link = events[i].data.ptr;
            if (link)
                enqueue(link->state == TLS_LINK_HANDSHAKE ? &front->handshaking : &front->ready,
                        link);
        }
        uint64_t wakes;
        if (read(front->wake, &wakes, sizeof wakes) > 0)
            take_added(front);
        run_ready(front);
    }
}

/* A number is used again once the receiver has closed it: the youngest link is the one. */
void tls_front_peer(struct tls_front *front, int connection, char to[PEER_SIZE])
{
    snprintf(to, PEER_SIZE, "unknown");
    pthread_mutex_lock(&front->lock);
    const struct tls_link *link = front->links;
    while (link && link->theirs != connection)
        link = link->next;
    if (link)
        memcpy(to, link->peer, PEER_SIZE);
    pthread_mutex_unlock(&front->lock);
}

static bool open_descriptors(struct tls_front *front)
{
    front->poll = epoll_create1(EPOLL_CLOEXEC);
    front->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN};
    return front->poll >= 0 && front->wake >= 0 &&
           epoll_ctl(front->poll, EPOLL_CTL_ADD, front->wake, &event) == 0;
}

struct tls_front *tls_front_create(const struct tls_front_config *config, struct tls *tls,
                                   struct tls_front_counters *counters,
                                   void (*secured)(void *context, int connection), void *context,
                                   struct error *ret_error)
{
    struct tls_front *front = calloc(1, sizeof *front);
    if (!front) {
        error_set(ret_error, EXIT_BUG, "out of memory");
        return NULL;
    }
    *front = (struct tls_front){.config = *config,
                                .tls = tls,
                                .counters = counters,
                                .secured = secured,
                                .context = context,
                                .poll = -1,
                                .wake = -1};
    pthread_mutex_init(&front->lock, NULL);
    if (open_descriptors(front) && pthread_create(&front->thread, NULL, loop, front) == 0) {
        const char *protocol = strrchr(config->receiver, '/');
        thread_name(front->thread, "tls-%s", protocol ? protocol + 1 : config->receiver);
        front->is_running = true;
        return front;
    }
    error_set(ret_error, EXIT_TEMPORARY, "cannot start the thread that speaks TLS: %s",
              strerror(errno));
    tls_front_destroy(front);
    return NULL;
}

void tls_front_destroy(struct tls_front *front)
{
    if (!front)
        return;
    if (front->is_running) {
        atomic_store(&front->is_ending, true);
        wake(front);
        pthread_join(front->thread, NULL);
    }
    while (front->links)
        free_link(front, front->links);
    for (size_t i = 0; i < front->added_count; i++)
        close(front->added[i]);
    free(front->added);
    if (front->poll >= 0)
        close(front->poll);
    if (front->wake >= 0)
        close(front->wake);
    pthread_mutex_destroy(&front->lock);
    free(front);
}
