/* The order of the two stores matters: who sees the new beat sees until when to stand still. */
#include "pipelines/run/pulse.h"

#include <time.h>

#include "processor/base/clock.h"

enum {
    BEAT_MS = 100,
    STOPPED_MS = 1000, /* a busy machine lets a thread wait for less */
    /* Then receivers read what came meanwhile: from sockets in milliseconds, from a sender that has
     * to be told to go on, or to connect again, in a second or two. */
    AFTER_MS = 2000,
};

bool pulse_was_stopped(const struct pulse *pulse, int64_t now_ms)
{
    int64_t beat_ms = atomic_load(&pulse->beat_ms);
    return pulse->is_running &&
           (now_ms - beat_ms > STOPPED_MS || now_ms < atomic_load(&pulse->still_until_ms));
}

static void beat(struct pulse *pulse)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - atomic_load(&pulse->beat_ms) > STOPPED_MS)
        atomic_store(&pulse->still_until_ms, now_ms + AFTER_MS);
    atomic_store(&pulse->beat_ms, now_ms);
    pulse->on_beat(pulse->context, now_ms);
    atomic_store(&pulse->beat_ms, clock_monotonic_ms());
}

static void *pulse_main(void *context)
{
    struct pulse *pulse = context;
    pthread_setname_np(pthread_self(), "pulse");
    pthread_mutex_lock(&pulse->mutex);
    while (!pulse->is_ending) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += BEAT_MS * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&pulse->wake, &pulse->mutex, &until);
        beat(pulse);
    }
    pthread_mutex_unlock(&pulse->mutex);
    return NULL;
}

void pulse_begin(struct pulse *pulse, void (*on_beat)(void *context, int64_t now_ms), void *context)
{
    pulse->on_beat = on_beat;
    pulse->context = context;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&pulse->mutex, NULL);
    pthread_cond_init(&pulse->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pulse->is_ending = false;
    atomic_store(&pulse->beat_ms, clock_monotonic_ms());
    /* Without it deadlines pass while the process is stopped, nothing else. */
    pulse->is_running = pthread_create(&pulse->thread, NULL, pulse_main, pulse) == 0;
    if (!pulse->is_running) {
        pthread_cond_destroy(&pulse->wake);
        pthread_mutex_destroy(&pulse->mutex);
    }
}

void pulse_end(struct pulse *pulse)
{
    if (!pulse->is_running)
        return;
    pthread_mutex_lock(&pulse->mutex);
    pulse->is_ending = true;
    pthread_cond_signal(&pulse->wake);
    pthread_mutex_unlock(&pulse->mutex);
    pthread_join(pulse->thread, NULL);
    pulse->is_running = false;
    pthread_cond_destroy(&pulse->wake);
    pthread_mutex_destroy(&pulse->mutex);
}
