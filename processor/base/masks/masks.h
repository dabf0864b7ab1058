/* Where e-mail addresses, card and phone numbers and secrets stand in a text. Hand-written scanners
 * in one pass over it.
 *
 *   text   "mail jo@example.com or call +49 151 2345678, token=..."
 *   scan   .......^...........................^^..........^........ bytes of a trigger table stop it
 *
 * At a trigger one scanner looks around and answers where to go on. No range is found twice, and
 * no byte is looked at more than a bounded number of times. Ids, timestamps, versions and amounts
 * must stay: every scanner demands a shape, never only "many digits". */
#pragma once
#include "processor/base/arena.h"

enum mask_kind { MASK_EMAIL, MASK_CARD, MASK_PHONE, MASK_SECRET, MASK_CUSTOM, MASK_KINDS };

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
