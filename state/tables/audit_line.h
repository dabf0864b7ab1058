/* Entries and checkpoints of the audit trail as lines of JSON, `flywheel.audit/v1`, described by
 * proto/audit.schema.json: what goes to the audit exporters and `audit export`. A line holds every
 * field that the hash stands for, so that what was exported is verified without the directory. */
#pragma once
#include "processor/base/arena.h"
#include "state/tables/audit_chain.h"

#define AUDIT_SCHEMA_NAME "flywheel.audit/v1"

/* Appends one line, without its end. `instance`: of the data directory, as text. */
void audit_line_write_entry(const struct audit_entry *entry, const char *instance,
                            struct buffer *to);
void audit_line_write_checkpoint(const struct audit_checkpoint *checkpoint, const char *instance,
                                 struct buffer *to);

struct audit_line {
    bool is_checkpoint;
    struct bytes instance;
    struct audit_entry entry; /* borrowed from the arena and the line */
    struct audit_checkpoint checkpoint;
};
/* MALFORMED: it is no such line. */
MUST_CHECK enum status audit_line_read(struct bytes line, struct arena *arena,
                                       struct audit_line *ret_line);
