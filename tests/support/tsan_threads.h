/* librdkafka starts its threads by C11's thrd_create(), which ThreadSanitizer does not see:
 * the first intercepted call within such a thread ends the program. Included by one file of a
 * test, this puts pthread_create() in its place, for the library as well. Without the
 * sanitizer it is empty. */
#pragma once
#ifdef __SANITIZE_THREAD__
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct tsan_thread {
    thrd_start_t run;
    void *argument;
};

static void *tsan_thread_run(void *context)
{
    struct tsan_thread thread = *(struct tsan_thread *)context;
    free(context);
    return (void *)(intptr_t)thread.run(thread.argument);
}

int thrd_create(thrd_t *ret_thread, thrd_start_t run, void *argument)
{
    struct tsan_thread *thread = malloc(sizeof *thread);
    if (!thread)
        return thrd_nomem;
    *thread = (struct tsan_thread){run, argument};
    if (pthread_create(ret_thread, NULL, tsan_thread_run, thread) == 0)
        return thrd_success;
    free(thread);
    return thrd_error;
}

int thrd_join(thrd_t thread, int *ret_result)
{
    void *result;
    if (pthread_join(thread, &result) != 0)
        return thrd_error;
    if (ret_result)
        *ret_result = (int)(intptr_t)result;
    return thrd_success;
}
#endif
