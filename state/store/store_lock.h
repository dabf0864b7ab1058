/* The lock of a data directory: DIR/owner.lock, held by flock, so that it goes with the process
 * however that ends. LMDB's own lock would let two processes share a directory; two writers of
 * one state are a mistake here. */
#pragma once
#include <stdbool.h>

#include "processor/base/error.h"

/* Makes the directory (0700) when `create` says so; its parent must exist. FATAL with `ret_error`:
 * EXIT_TEMPORARY in use, EXIT_PERMISSION, EXIT_STATE_IO. */
MUST_CHECK enum status store_lock(const char *directory, bool create, int *ret_fd,
                                  struct error *ret_error);
void store_unlock(int fd);
/* EXIT_PERMISSION for a refused access, EXIT_STATE_IO for anything else. */
enum exit_code store_exit_code(int errno_value);
