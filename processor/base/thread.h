/* Names of threads, as top -H and a debugger show them. */
#pragma once
#include <pthread.h>

#include "processor/base/status.h"

/* At most 15 bytes are kept. */
void thread_name(pthread_t thread, const char *format, ...) PRINTF_LIKE(2, 3);
