/* The built-in masks: hand-written scanners in one pass over a text.
 *
 *   text   "mail jo@example.com or call +49 151 2345678, token=..."
 *   scan    .......^...........................^^..........^........   bytes of a trigger table stop it
 *
 * At a trigger one scanner looks around and answers where to go on. No range is found twice, and
 * no byte is looked at more than a bounded number of times. Ids, timestamps, versions and amounts
 * must stay: every scanner demands a shape, never only "many digits". */
#pragma once
#include "processor/base/arena.h"
#include "processor/emit/redact.h"

struct mask_range {
    uint32_t start, end; /* bytes of the text */
    enum mask_kind kind;
};

/* Ranges in order of start, without overlap. */
struct mask_ranges {
    struct mask_range *items;
    uint32_t count, capacity;
    struct arena *arena;
    bool failed;          /* no room: the text must not leave */
    size_t no_jwt_before; /* a token up to here was read and is none */
};

/* Adds a range that starts behind the start of the last one but one; what overlaps the last becomes
 * one range of the kind that starts first. */
void mask_ranges_add(struct mask_ranges *ranges, size_t start, size_t end, enum mask_kind kind);

void masks_scan(struct bytes text, const bool enabled[MASK_KINDS], struct mask_ranges *ranges);

/* The scanners. `at` is the byte of the trigger; the answer is where to go on, past `at`. */
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
