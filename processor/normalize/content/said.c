/* Reasoning models behind servers that know no reasoning put it into the text:
 *   <think>..</think>answer     ..</think>answer (the template opened it)     <think>.. (cut off)
 * A repr of a message inside a message is the message itself. JSON is not: an application may have
 * asked for it. */
#include "processor/normalize/content/said.h"

#include "processor/base/text/text.h"
#include "processor/normalize/content/python_repr.h"

struct bytes said_without_thoughts(struct bytes text)
{
    static const struct {
        const char *open, *close;
    } tags[] = {
        {"<think>", "</think>"},
        {"<thinking>", "</thinking>"},
        {"<thought>", "</thought>"},
        {"<reasoning>", "</reasoning>"},
    };
    struct bytes trimmed = text_trim(text);
    for (size_t i = 0; trimmed.size > 0 && i < sizeof tags / sizeof *tags; i++) {
        size_t size = strlen(tags[i].close);
        bool is_open = bytes_starts_with(trimmed, bytes_of_text(tags[i].open));
        const uint8_t *close = memmem(trimmed.data, trimmed.size, tags[i].close, size);
        if (is_open && !close)
            return (struct bytes){0};
        if (!close || (!is_open && i > 0)) /* only <think> is opened by templates */
            continue;
        if (!is_open && memmem(trimmed.data, (size_t)(close - trimmed.data), tags[i].open,
                               strlen(tags[i].open)))
            continue; /* opened in the midst of the text: the text speaks of the tag */
        const uint8_t *behind = close + size;
        struct bytes rest =
            text_trim(bytes_of(behind, (size_t)(trimmed.data + trimmed.size - behind)));
        return rest.size > 0 ? rest : (struct bytes){0};
    }
    return text;
}

struct bytes said_text(struct bytes text, enum role role, struct arena *arena)
{
    struct json_reader reader;
    struct json_value value;
    struct message message;
    if (role == ROLE_ASSISTANT || role == ROLE_NONE)
        text = said_without_thoughts(text);
    if (text.size == 0 || !python_repr_looks(text))
        return text;
    struct bytes json = python_repr_to_json(text, arena);
    if (json.data && json_parse(json, arena, &reader, &value) &&
        message_read(&reader, &value, arena, &message) && message.role != ROLE_NONE)
        return message.text;
    return text;
}
