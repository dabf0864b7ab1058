/* The one fate of no memory for what is small and bounded: an entry of a list, the frame of a
 * message. Nothing sensible can be done without it, so the process ends, and its restart replays
 * from state. What a sender sizes has a fate at its owner instead (a buffer or an arena that says
 * it failed, STATUS_BUSY), and what is allocated before the start is an error with a sentence. */
#pragma once

/* Gives back what an allocator gave; NULL ends the process: memory_need(malloc(size)). */
void *memory_need(void *allocated) __attribute__((returns_nonnull));
