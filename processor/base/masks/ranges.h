/* Ranges of a text, in order of start and without overlap: what the scanners found. */
#pragma once
#include "processor/base/arena.h"

enum mask_kind { MASK_EMAIL, MASK_CARD, MASK_PHONE, MASK_SECRET, MASK_CUSTOM, MASK_KINDS };

struct mask_range {
    uint32_t start, end; /* bytes of the text */
    enum mask_kind kind;
    bool is_quoted; /* a value in quotes: escaped, it may hold quotes of its own */
};

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
