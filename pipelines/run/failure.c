/* The code is set before the queues are closed: who wakes up finds it. */
#include "pipelines/run/failure.h"

#include "pipelines/run/state.h"
#include "processor/base/log.h"

void failure_report(struct runtime *runtime, enum exit_code exit_code)
{
    int expected = EXIT_DONE;
    if (!atomic_compare_exchange_strong(&runtime->failure, &expected, exit_code))
        return;
    log_error("stopping", "reason=%s", exit_code == EXIT_STATE_IO ? "state" : "out_of_memory");
    queue_close(runtime->writer_queue);
    queue_close(runtime->answers);
    queue_close(runtime->topic.answers);
    request_pool_close(runtime->pool);
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        queue_close(runtime->shards[i].events);
        queue_close(runtime->shards[i].free_effects);
    }
    if (runtime->notify_failure)
        runtime->notify_failure(runtime->notify_context);
}

bool failure_is_reported(const struct runtime *runtime)
{
    return atomic_load(&runtime->failure) != EXIT_DONE;
}
