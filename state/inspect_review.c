/* Rows of the return path: ids, digests and numbers, never a text, never a person's name. */
#include "state/inspect_state.h"
#include "state/tables/audit.h"
#include "state/tables/reviewer.h"

enum status inspect_audit(struct inspection *inspection, struct bytes key, struct bytes value,
                          struct json_writer *to)
{
    struct audit_texts texts;
    struct audit_entry entry;
    (void)inspection;
    if (key.size != 8 || audit_decode(get_be64(key.data), value, &texts, &entry) != STATUS_OK)
        return STATUS_MALFORMED;
    say_uint(to, "sequence", entry.sequence);
    say_int(to, "time_ms", entry.time_ms);
    json_key(to, "action");
    json_text(to, audit_action_names[entry.action]);
    json_key(to, "actor");
    json_string(to, entry.actor);
    for (uint32_t i = 0; i < entry.subject_count; i++) {
        json_key(to, entry.subjects[i].kind);
        json_string(to, entry.subjects[i].id);
    }
    say_hex(to, "hash", entry.hash, 31);
    return STATUS_OK;
}

/* The name is a person's: it is not said. */
enum status inspect_reviewer(struct inspection *inspection, struct bytes key, struct bytes value,
                             struct json_writer *to)
{
    struct reviewer_row row;
    (void)inspection;
    if (key.size != 16 || reviewer_row_decode(value, &row) != STATUS_OK)
        return STATUS_MALFORMED;
    json_key(to, "actor");
    json_text(to, row.actor);
    say_int(to, "created_ms", row.created_ms);
    return STATUS_OK;
}
