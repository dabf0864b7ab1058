/* Shapes of JSON objects that libraries write around what was said or returned. */
#pragma once
#include "processor/base/json/json.h"

uint32_t shape_member_count(const struct json_reader *reader, const struct json_value *object);
/* Any of these members; the list ends with NULL. */
bool shape_has_any(const struct json_reader *reader, const struct json_value *object,
                   const char *const *names);
/* {"content": [..], "isError"?, "structuredContent"?, "_meta"?} */
bool shape_is_mcp_envelope(const struct json_reader *reader, const struct json_value *object);
/* {"name": .., "args": {..}} */
bool shape_is_tool_call(const struct json_reader *reader, const struct json_value *object);
/* {"type"?, "text"} */
bool shape_is_pure_part(const struct json_reader *reader, const struct json_value *object);
/* {"type": "chat_messages", "value": ..} */
bool shape_typed_value(const struct json_reader *reader, const struct json_value *object,
                       struct json_value *ret_value);
/* What an SDK's envelope of a tool's result holds. */
bool shape_result(const struct json_reader *reader, const struct json_value *object,
                  struct json_value *ret_result);
/* The one member, when it is a text. */
struct bytes shape_only_string(const struct json_reader *reader, const struct json_value *object);
/* The longest text that reads like one. */
struct bytes shape_longest_text(const struct json_reader *reader, const struct json_value *object);
