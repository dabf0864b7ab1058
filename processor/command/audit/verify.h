/* flywheel audit verify: is the trail whole? */
#pragma once
#include "processor/base/error.h"
#include "state/tables/audit_chain.h"

struct audit_checkpoints {
    struct audit_checkpoint *items;
    size_t count;
};
/* The checkpoints of a file of lines; entries among them are passed over. */
MUST_CHECK bool audit_checkpoints_read(const char *path, struct audit_checkpoints *ret,
                                       struct error *ret_error);
/* `path`: a directory or a file of lines. The exit code; what was found is on stdout. */
int audit_verify(const char *path, const struct audit_checkpoints *checkpoints,
                 struct error *ret_error);
