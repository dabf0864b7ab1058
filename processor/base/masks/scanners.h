/* The scanners behind masks.h, one file a kind, and what they read bytes with. `at` is the byte of
 * the trigger; the answer is where to go on, past `at`. Private to this folder. */
#pragma once
#include "processor/base/masks/ranges.h"

size_t mask_email(struct bytes text, size_t at, struct mask_ranges *ranges);
size_t mask_secret(struct bytes text, size_t at, struct mask_ranges *ranges);
size_t mask_number(struct bytes text, size_t at, const bool enabled[MASK_KINDS],
                   struct mask_ranges *ranges);
/* At '@': the password of scheme://user:password@host. */
bool mask_url_password(struct bytes text, size_t at, struct mask_ranges *ranges);
/* At ':' or '=': is the name before it one of a secret, and the value behind it worth masking? */
size_t mask_assigned_secret(struct bytes text, size_t at, struct mask_ranges *ranges);

static inline bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_letter(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26;
}

static inline bool is_word(uint8_t c)
{
    return is_digit(c) || is_letter(c) || c == '_';
}

static inline uint8_t byte_at(struct bytes text, size_t at)
{
    return at < text.size ? text.data[at] : 0;
}

/* NUL in front of the text. */
static inline uint8_t byte_before(struct bytes text, size_t at)
{
    return at > 0 ? text.data[at - 1] : 0;
}
