/* What stands in a file of lines past the length that the store knows: whole lines that were
 * written but not settled before a crash, and perhaps the torn beginning of one more.
 *
 *   [ settled lines ........ | whole line\n whole line\n torn li ]
 *                       known length          cut here ^       ^ size */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/status.h"

struct file_tail {
    uint64_t from, size;
    bool ends_at_hole; /* a line with a NUL byte, which no record has, is the end */
    void (*settles)(void *context, struct bytes record_id, struct bytes line);
    void *context;
};

/* Calls `settles` with the record_id of each whole line between `from` and `size`; `ret_end` is
 * where the last of them ends. FATAL when the file can't be read. */
MUST_CHECK enum status file_tail_settle(int fd, const struct file_tail *tail, uint64_t *ret_end);
/* Where the last whole line of a file that nobody knows ends, when what follows is the beginning of
 * a record; else `size`. `ret_is_torn`: text without a newline is left at the end. */
MUST_CHECK enum status file_tail_end(int fd, uint64_t size, uint64_t *ret_end, bool *ret_is_torn);
