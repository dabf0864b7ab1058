/* The decoder takes the well-formed sequences of the Unicode standard's table 3-7 and nothing else:
 * no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "processor/base/text/utf8.h"

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
