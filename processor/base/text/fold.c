/* Folding works on chunks of code points, each cut where nothing behind the cut can compose with
 * what stands before it; ASCII goes past utf8proc. */
#include "processor/base/text/fold.h"

#include <utf8proc.h>

#include "processor/base/text/utf8.h"

/* May text be cut before this code point without changing how it composes? */
static bool starts_anew(uint32_t point)
{
    if (point < 0x300)
        return true;
    if (point >= 0x1160 && point < 0x1200) /* Hangul vowels and finals join what comes before */
        return false;
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)point);
    return category != UTF8PROC_CATEGORY_MN && category != UTF8PROC_CATEGORY_MC &&
           category != UTF8PROC_CATEGORY_ME;
}

size_t text_fold_chunk(uint8_t *to, const uint32_t *points, size_t count)
{
    /* Full case folding and canonical decomposition make at most 4 code points of one (U+0390 and
     * its like: 3). */
    utf8proc_int32_t folded[4 * FOLD_CHUNK + 1];
    size_t size = 0;
    int boundary = 0;
    for (size_t i = 0; i < count; i++) {
        utf8proc_ssize_t room = (utf8proc_ssize_t)(4 * FOLD_CHUNK - size);
        utf8proc_ssize_t made = utf8proc_decompose_char(
            (utf8proc_int32_t)points[i], folded + size, room,
            UTF8PROC_CASEFOLD | UTF8PROC_COMPOSE | UTF8PROC_IGNORE, &boundary);
        if (made < 0 || made > room)
            break;
        size += (size_t)made;
    }
    /* Canonical order: marks of one base sorted by combining class, equal ones left in place. */
    for (size_t i = 1; i < size; i++) {
        utf8proc_int32_t mark = folded[i];
        int class = utf8proc_get_property(mark)->combining_class;
        size_t at = i;
        while (class > 0 && at > 0 &&
               utf8proc_get_property(folded[at - 1])->combining_class > class) {
            folded[at] = folded[at - 1];
            at--;
        }
        folded[at] = mark;
    }
    utf8proc_ssize_t points_left = utf8proc_normalize_utf32(folded, (utf8proc_ssize_t)size,
                                                            UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    size_t written = 0;
    for (utf8proc_ssize_t i = 0; i < points_left; i++)
        written += (size_t)utf8proc_encode_char(folded[i], to + written);
    return written;
}

struct bytes text_fold(struct bytes text, struct arena *arena)
{
    /* A code point of two or more bytes can grow to three times its size, and an invalid byte to
     * U+FFFD. */
    size_t wide = 0;
    for (size_t i = 0; i < text.size; i++)
        wide += text.data[i] >= 0x80;
    uint8_t *to = arena_alloc(arena, text.size + 2 * wide);
    if (!to)
        return (struct bytes){0};
    size_t written = 0, at = 0;
    while (at < text.size) {
        uint8_t c = text.data[at];
        if (c < 0x80 && (at + 1 == text.size || text.data[at + 1] < 0x80)) {
            to[written++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
            at++;
            continue;
        }
        uint32_t points[FOLD_CHUNK];
        size_t count = 0;
        while (at < text.size && count < FOLD_CHUNK) {
            size_t next;
            uint32_t point = utf8_decode(text, at, &next);
            if (count >= FOLD_CHUNK / 2 && starts_anew(point))
                break;
            points[count++] = point;
            at = next;
        }
        written += text_fold_chunk(to + written, points, count);
    }
    return bytes_of(to, written);
}
