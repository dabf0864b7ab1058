/* The thread of one shard, until NOTICE_STOP or a failure. */
#pragma once

void *shard_thread_main(void *shard_thread);
