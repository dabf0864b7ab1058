/* Python's repr() as JSON. Instrumentations that meet an object they can't serialize write its
 * repr, so that a message arrives as
 *   content='Hello' additional_kwargs={} id='1'
 *   AIMessage(content='Hello', tool_calls=[])      ChatMessage(role=<MessageRole.USER: 'user'>, ...)
 * Both become {"content": "Hello", ...}, the second with "__class__": "AIMessage", and the readers
 * of JSON go on from there. */
#pragma once
#include "processor/base/arena.h"

/* Does the text look like a repr of a list, dict or object? A sentence does not. */
bool python_repr_looks(struct bytes text);
/* JSON in the arena; absent when the text is no complete repr (libraries cut them) or nests deeper
 * than 32 levels. */
struct bytes python_repr_to_json(struct bytes text, struct arena *arena);
