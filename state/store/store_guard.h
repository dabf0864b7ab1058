/* A fault in a mapped file of the store (SIGBUS: a page that is not in the file or that the disk
 * does not give; SIGSEGV: an offset that leaves the map) ends the process with EXIT_STATE_IO and
 * one line on stderr. Any other fault goes on to whoever handled it before. */
#pragma once
#include <stdint.h>

enum { STORE_GUARD_SLOTS = 16 };

/* Watches the maps of DIR/data.mdb and DIR/lock.mdb as they are now; `slots` is the caller's,
 * zeroed before the first call. Called again when a map has moved. */
struct store_guard {
    int data, lock; /* slot + 1; 0: none */
};
void store_guard_set(struct store_guard *guard, const char *directory, uint32_t page_bytes);
void store_guard_clear(struct store_guard *guard);
/* One line on stderr, and the end: for what LMDB asserts. Safe in a signal handler. */
_Noreturn void store_guard_end(const char *text);
