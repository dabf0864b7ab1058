/* A signal and not an exit: other threads run, and what they hold must not be torn down under them.
 */
#include "processor/base/memory.h"

#include <stdlib.h>

#include "processor/base/log.h"

void *memory_need(void *allocated)
{
    if (allocated)
        return allocated;
    log_error("no_memory", "action=abort");
    abort();
}
