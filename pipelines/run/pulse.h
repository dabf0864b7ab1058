/* Notices that the process was stopped (SIGSTOP, a paused machine or container), or starved: a
 * thread that only sleeps falls behind. Whoever looks before it has woken sees that it is behind.
 *
 *   beats   . . . . .                    . . . .
 *   stopped            ################
 *   still              ------------------------>   the receivers read what lies in their sockets
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pulse {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_running, is_ending; /* is_ending: under the mutex */
    _Atomic int64_t beat_ms, still_until_ms;
    void (*on_beat)(void *context, int64_t now_ms);
    void *context;
};

/* `on_beat` is called with each beat, by the pulse's thread; how long it takes is no stop. */
void pulse_begin(struct pulse *pulse, void (*on_beat)(void *context, int64_t now_ms),
                 void *context);
void pulse_end(struct pulse *pulse);
/* Was the process stopped a moment ago? Any thread. */
bool pulse_was_stopped(const struct pulse *pulse, int64_t now_ms);
