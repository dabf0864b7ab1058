/* The kernel keeps 15 bytes of a name and refuses longer ones. */
#include "processor/base/thread.h"

#include <stdarg.h>
#include <stdio.h>

void thread_name(pthread_t thread, const char *format, ...)
{
    char name[16];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    (void)pthread_setname_np(thread, name);
}
