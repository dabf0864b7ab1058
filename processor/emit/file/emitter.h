/* Records to a file, one line each, exactly once over a crash. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/emit/emitter.h"

/* What the store knew of the file at the last commit; zeroes for a new one. Lines past `length` are
 * read on start and `settles` is told of each; a torn last line is cut before anything is appended,
 * and so is a line with a hole (a power cut can leave zeroes) with all that follows. */
struct file_emitter_config {
    const char *path; /* created with mode 0600 */
    /* It may be a pipe, a terminal or a device: what those take counts as delivered. Else only a
     * regular file is written to. */
    bool is_stream;
    uint64_t inode, length;
    /* A whole line past `length` names this record. If `line` is what its outbox row holds, the row
     * is settled: it must not be written again. */
    void (*settles)(void *context, struct bytes record_id, struct bytes line);
    void *context;
};

/* NULL: no memory. `counters` stay the caller's. */
struct emitter *file_emitter_create(const struct file_emitter_config *config,
                                    const struct emit_acknowledge *acknowledge,
                                    struct emitter_counters *counters, struct error *ret_error);
