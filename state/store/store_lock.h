/* The lock of a data directory: DIR/owner.lock, held by flock, so that it goes with the process
 * however that ends. LMDB's own lock would let two processes share a directory; two writers of
 * one state are a mistake here. Its text:
 *   pid of the holder, padded, or 0 | id of the instance whose state lies beside it
 * The id stays: a data.mdb that is missing, empty or of another instance is not a new state. A lock
 * file of before, or one that a power cut left, is without the id. */
#pragma once
#include <stdbool.h>

#include "processor/base/error.h"
#include "state/store/schema.h"

struct store_lock {
    int fd; /* -1: not held */
    bool has_instance;
    uint8_t instance[INSTANCE_UUID_SIZE];
};

/* Makes the directory (0700) when `create` says so, its parent must exist; else the state must be
 * there, while the lock file may be missing, as in a backup. Read-only media need no lock. FATAL
 * with `ret_error`: EXIT_TEMPORARY in use, EXIT_PERMISSION, EXIT_STATE_IO. */
MUST_CHECK enum status store_lock(const char *directory, bool create, struct store_lock *ret_lock,
                                  struct error *ret_error);
/* What the file says, without holding it. */
void store_lock_peek(const char *directory, struct store_lock *ret_lock);
/* Of the holder: remembers whose state this is, durably. */
void store_lock_remember(struct store_lock *lock, const uint8_t instance[INSTANCE_UUID_SIZE]);
/* Beside a copy of that state: held by nobody. What the file knows already
 * stays. False with errno. */
MUST_CHECK bool store_lock_leave(const char *directory, const uint8_t instance[INSTANCE_UUID_SIZE]);
void store_unlock(struct store_lock *lock);
/* EXIT_PERMISSION for a refused access, EXIT_STATE_IO for anything else. */
enum exit_code store_exit_code(int errno_value);
