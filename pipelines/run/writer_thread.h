/* The writer's thread, until the last turn that runtime_stop asks for, or a failure. */
#pragma once

void *writer_thread_main(void *runtime);
