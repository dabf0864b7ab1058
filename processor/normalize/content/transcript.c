/* A turn begins with a role and a colon at the start of a line and ends before the next; OpenLIT
 * puts the type of a part behind the role ("user: text: Hello") and repeats whole lists of messages
 * as one turn, in Python's words. */
#include "processor/normalize/content/transcript.h"

#include "processor/base/text/text.h"
#include "processor/normalize/content/messages.h"
#include "processor/normalize/content/python_repr.h"

enum { ROLE_SIZE_MAX = 16 };

/* "user: " at the start of `text`; the size of it, 0: no turn begins here. */
static size_t turn_start(struct bytes text, enum role *ret_role)
{
    const uint8_t *colon =
        text.size > 0
            ? memchr(text.data, ':', text.size < ROLE_SIZE_MAX ? text.size : ROLE_SIZE_MAX)
            : NULL;
    if (!colon || colon == text.data)
        return 0;
    size_t size = (size_t)(colon - text.data);
    if (size + 1 < text.size && colon[1] != ' ' && colon[1] != '\n')
        return 0;
    *ret_role = message_role(bytes_of(text.data, size));
    return *ret_role == ROLE_NONE ? 0 : size + 1;
}

static void add_turn(struct dialogue *dialogue, enum role role, struct bytes text,
                     struct arena *arena)
{
    text = text_trim(text);
    if (bytes_starts_with(text, BYTES_LITERAL("text: ")))
        text = bytes_of(text.data + 6, text.size - 6);
    if (python_repr_looks(text)) {
        struct bytes inner =
            messages_text(text, role == ROLE_USER ? WANTED_QUESTION : WANTED_ANSWER, arena);
        text = inner.size > 0 ? inner : text;
    }
    dialogue_add(dialogue, role, text);
}

bool transcript_text(struct bytes text, enum wanted wanted, struct arena *arena,
                     struct bytes *ret_text)
{
    struct dialogue dialogue = {0};
    enum role role, next_role;
    size_t start = turn_start(text, &role);
    if (start == 0)
        return false;
    for (size_t at = start; at <= text.size;) {
        const uint8_t *line_end =
            at < text.size ? memchr(text.data + at, '\n', text.size - at) : NULL;
        size_t line = line_end ? (size_t)(line_end - text.data) : text.size;
        size_t size =
            line < text.size
                ? turn_start(bytes_of(text.data + line + 1, text.size - line - 1), &next_role)
                : 0;
        if (line < text.size && size == 0) {
            at = line + 1;
            continue;
        }
        add_turn(&dialogue, role, bytes_of(text.data + start, line - start), arena);
        start = at = line + 1 + size;
        role = size > 0 ? next_role : role;
        if (line >= text.size)
            break;
    }
    *ret_text = dialogue_text(&dialogue, wanted);
    return true;
}

bool transcript_is_dialogue(struct bytes text)
{
    enum role role = ROLE_NONE;
    if (turn_start(text, &role) == 0 || (role != ROLE_SYSTEM && role != ROLE_USER))
        return false;
    bool has_user = role == ROLE_USER;
    uint32_t turns = 1;
    while (turns < 2 || !has_user) {
        const uint8_t *line_end = memchr(text.data, '\n', text.size);
        if (!line_end)
            return false;
        size_t line = (size_t)(line_end - text.data) + 1;
        text = bytes_of(text.data + line, text.size - line);
        if (turn_start(text, &role) > 0) {
            turns++;
            has_user = has_user || role == ROLE_USER;
        }
    }
    return true;
}
