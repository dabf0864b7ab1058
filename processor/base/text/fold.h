/* What the files of text.h share. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FOLD_CHUNK = 64 }; /* code points folded at once */

/* Writes up to FOLD_CHUNK code points case-folded and in NFC as UTF-8, without invisible ones (soft
 * hyphen, joiners). `to` needs room for 12 bytes a code point; returns the bytes written. */
size_t text_fold_chunk(uint8_t *to, const uint32_t *points, size_t count);
bool text_is_space(uint32_t point);
