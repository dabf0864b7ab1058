/* Records to a file, one line each, exactly once over a crash. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/emit/emitter.h"

/* What the store knew of the file at the last commit; zeroes for a new one. Lines past `length` are
 * read on start and `settles(record_id)` is asked for each; a torn last line is cut before anything
 * is appended. */
struct file_emitter_config {
    const char *path; /* created with mode 0600 */
    uint64_t inode, length;
    /* A whole line that is past `length` holds this record: its outbox row is settled, it must not
     * be written again. */
    void (*settles)(void *context, struct bytes record_id);
    void *context;
};

/* NULL: no memory. `counters` stay the caller's. */
struct emitter *file_emitter_create(const struct file_emitter_config *config,
                                    const struct emit_acknowledge *acknowledge,
                                    struct emitter_counters *counters, struct error *ret_error);
