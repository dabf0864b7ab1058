/* A table of names that outsiders choose: it has an end, and what is beyond it is not logged. */
#include "pipelines/commit/unread_scopes.h"

#include "processor/base/log.h"

static void copy_name(char to[UNREAD_SCOPE_NAME_MAX + 1], struct bytes name)
{
    size_t size = name.size < UNREAD_SCOPE_NAME_MAX ? name.size : UNREAD_SCOPE_NAME_MAX;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = name.data[i];
        to[i] = c >= ' ' && c < 0x7f && c != '"' && c != '\\' ? (char)c : '?';
    }
    to[size] = 0;
}

void unread_scopes_note(struct unread_scopes *scopes, struct bytes name)
{
    char text[UNREAD_SCOPE_NAME_MAX + 1];
    copy_name(text, name);
    uint32_t i = 0;
    while (i < scopes->count && strcmp(scopes->items[i].name, text) != 0)
        i++;
    if (i == UNREAD_SCOPES_MAX)
        return;
    if (i == scopes->count) {
        memcpy(scopes->items[i].name, text, sizeof text);
        scopes->items[i].traces = 0;
        scopes->items[i].is_logged = false;
        scopes->count++;
    }
    scopes->items[i].traces++;
}

void unread_scopes_log(struct unread_scopes *scopes)
{
    for (uint32_t i = 0; i < scopes->count; i++) {
        if (scopes->items[i].is_logged)
            continue;
        scopes->items[i].is_logged = true;
        const char *name = scopes->items[i].name;
        log_warn("content_not_understood", "message=\"scope %s: %u traces, no content understood\"",
                 *name ? name : "(none)", scopes->items[i].traces);
    }
}
