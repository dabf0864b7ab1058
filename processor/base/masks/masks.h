/* Where e-mail addresses, card and phone numbers and secrets stand in a text. Hand-written scanners
 * in one pass over it.
 *
 *   text   "mail jo@example.com or call +49 151 2345678, token=..."
 *   scan   .......^...........................^^..........^........ bytes of a trigger table stop it
 *
 * Escapes are read first (escapes.h): what is masked is the same however deep a text is quoted.
 * At a trigger one scanner looks around and answers where to go on. No range is found twice, and
 * no byte is looked at more than a bounded number of times. Ids, timestamps, versions and amounts
 * must stay: every scanner demands a shape, never only "many digits". */
#pragma once
#include "processor/base/masks/ranges.h"

void masks_scan(struct bytes text, const bool enabled[MASK_KINDS], struct mask_ranges *ranges);
