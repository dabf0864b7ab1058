/* UTF-8 and case folding. The decoder takes the well-formed sequences of the Unicode standard's
 * table 3-7 and nothing else: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "processor/base/text/text.h"

#include <utf8proc.h>

#include "processor/base/text/fold.h"

static bool is_continuation(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

uint32_t utf8_decode(struct bytes text, size_t at, size_t *ret_next)
{
    const uint8_t *p = text.data + at;
    size_t left = text.size - at;
    uint8_t c = p[0];
    *ret_next = at + 1;
    if (c < 0x80)
        return c;
    if (c < 0xc2 || c > 0xf4 || left < 2 || !is_continuation(p[1]))
        return 0xfffd;
    if (c < 0xe0) {
        *ret_next = at + 2;
        return (uint32_t)(c & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (left < 3 || !is_continuation(p[2]))
        return 0xfffd;
    if (c < 0xf0) {
        uint32_t point = (uint32_t)(c & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        if (point < 0x800 || (point >= 0xd800 && point < 0xe000))
            return 0xfffd;
        *ret_next = at + 3;
        return point;
    }
    if (left < 4 || !is_continuation(p[3]))
        return 0xfffd;
    uint32_t point = (uint32_t)(c & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
                     (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    if (point < 0x10000 || point > 0x10ffff)
        return 0xfffd;
    *ret_next = at + 4;
    return point;
}

/* Where the ASCII text that starts at `at` ends, looked for eight bytes at a time. */
static size_t skip_ascii(struct bytes text, size_t at)
{
    while (text.size - at >= 8) {
        uint64_t word;
        memcpy(&word, text.data + at, 8);
        if (word & 0x8080808080808080)
            break;
        at += 8;
    }
    while (at < text.size && text.data[at] < 0x80)
        at++;
    return at;
}

bool utf8_is_valid(struct bytes text)
{
    size_t at = 0;
    while ((at = skip_ascii(text, at)) < text.size) {
        size_t next;
        if (utf8_decode(text, at, &next) == 0xfffd && next == at + 1)
            return false;
        at = next;
    }
    return true;
}

size_t utf8_length(struct bytes text)
{
    size_t count = 0, at = 0;
    while (at < text.size) {
        size_t ascii_end = skip_ascii(text, at);
        count += ascii_end - at;
        at = ascii_end;
        if (at < text.size) {
            (void)utf8_decode(text, at, &at);
            count++;
        }
    }
    return count;
}

struct bytes utf8_cut(struct bytes text, size_t limit)
{
    if (text.size <= limit)
        return text;
    /* Only a sequence that began at most three bytes before the limit can reach over it. */
    for (size_t back = 1; back <= 3 && back <= limit; back++) {
        size_t next;
        if (is_continuation(text.data[limit - back]))
            continue;
        (void)utf8_decode(text, limit - back, &next);
        if (next > limit)
            limit -= back;
        break;
    }
    return bytes_of(text.data, limit);
}

bool text_is_space(uint32_t point)
{
    if (point < 0x80)
        return point == ' ' || (point >= '\t' && point <= '\r');
    switch (point) {
    case 0x85:
    case 0xa0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000:
    case 0xfeff: /* no space by its category, but a byte order mark shows as nothing */
        return true;
    default:
        return point >= 0x2000 && point <= 0x200b;
    }
}

struct bytes text_trim(struct bytes text)
{
    size_t start = 0, end = text.size, next;
    while (start < end && text_is_space(utf8_decode(text, start, &next)))
        start = next;
    while (end > start) {
        size_t last = end - 1;
        while (last > start && end - last < 4 && is_continuation(text.data[last]))
            last--;
        if (!text_is_space(utf8_decode(bytes_of(text.data, end), last, &next)) || next != end)
            break;
        end = last;
    }
    return bytes_of(text.data ? text.data + start : NULL, end - start);
}

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
