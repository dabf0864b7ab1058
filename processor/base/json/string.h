/* The inside of a JSON string: where it ends, and what it says. Only json.c calls these. */
#pragma once
#include "processor/base/arena.h"

/* From behind the opening quote to the closing one; `end` when there is none. */
const uint8_t *json_find_quote(const uint8_t *at, const uint8_t *end);
/* The text of a string body: borrowed when it needs no change, else in the arena; absent when that
 * is full (or NULL). A body that `is_cut` loses a half escape or half code point at its end. */
struct bytes json_unescape(struct bytes body, bool is_cut, struct arena *arena);
/* Does the body say `text`? Bodies with escapes that are over 384 bytes long never do. */
bool json_string_equal(struct bytes body, struct bytes text);
