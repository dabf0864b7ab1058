/* One message as JSON: who speaks, and the text, whatever SDK wrote it. */
#pragma once
#include "processor/base/json/json.h"

enum role { ROLE_NONE, ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };

/* "human", "HumanMessage", "MessageRole.USER", "ai", "model", ... */
enum role message_role(struct bytes name);

struct message {
    enum role role;
    bool has_calls;    /* of tools */
    struct bytes text; /* absent: nothing that a person reads (tool calls, images) */
};

/* False when the object is no message at all. */
bool message_read(const struct json_reader *reader, const struct json_value *object,
                  struct arena *arena, struct message *ret_message);
/* Text of `content`: a string, or a list of parts joined by line breaks; absent without any. */
struct bytes message_content_text(const struct json_reader *reader,
                                  const struct json_value *content, struct arena *arena);
/* Text of one part; absent when it is something else: a tool call, an image, reasoning. */
struct bytes message_part_text(const struct json_reader *reader, const struct json_value *part);
struct bytes message_parts_join(const struct bytes *parts, uint32_t count, struct arena *arena);
