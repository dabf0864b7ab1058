/* Instrumentations whose traces say nothing that is understood: without a word such a
 * run looks like a healthy one that nobody scored. Each is logged once a process, by
 * the name of its scope. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum { UNREAD_SCOPES_MAX = 32, UNREAD_SCOPE_NAME_MAX = 80 };

struct unread_scopes {
    struct {
        char name[UNREAD_SCOPE_NAME_MAX + 1]; /* printable ASCII without quotes */
        uint32_t traces;                      /* of the transaction under way */
        bool is_logged;
    } items[UNREAD_SCOPES_MAX];
    uint32_t count;
};

/* One more trace of the scope. Scopes beyond the table are counted by the caller alone. */
void unread_scopes_note(struct unread_scopes *scopes, struct bytes name);
/* After the commit: names those that are new. */
void unread_scopes_log(struct unread_scopes *scopes);
