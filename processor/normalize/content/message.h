/* One message as JSON: who speaks, and the text, whatever SDK wrote it. */
#pragma once
#include "processor/base/json/json.h"
#include "processor/normalize/content/messages.h"

struct message {
    enum role role;
    struct bytes text; /* absent: nothing that a person reads (tool calls, images) */
};

/* False when the object is no message at all. */
bool message_read(const struct json_reader *reader, const struct json_value *object,
                  struct arena *arena, struct message *ret_message);
/* Text of `content`: a string, or a list of parts joined by line breaks; absent when it has none.
 * */
struct bytes content_text(const struct json_reader *reader, const struct json_value *content,
                          struct arena *arena);
/* Text of one part; absent when it is something else: a tool call, an image, reasoning. */
struct bytes part_text(const struct json_reader *reader, const struct json_value *part);
struct bytes parts_join(const struct bytes *parts, uint32_t count, struct arena *arena);
