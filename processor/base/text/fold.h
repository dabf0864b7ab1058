/* Texts folded for comparing: full case folding, then NFC, without invisible code points
 * (soft hyphen, joiners). */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"

enum { FOLD_CHUNK = 64 }; /* code points folded at once */

/* A folded copy in the arena; absent when that is full. */
struct bytes text_fold(struct bytes text, struct arena *arena);
/* Writes up to FOLD_CHUNK code points folded, as UTF-8. `to` needs room for 12 bytes a code point;
 * returns the bytes written. */
size_t text_fold_chunk(uint8_t *to, const uint32_t *points, size_t count);
