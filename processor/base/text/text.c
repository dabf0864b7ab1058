/* White space is what Unicode calls so (White_Space), and what shows as nothing. */
#include "processor/base/text/text.h"

#include "processor/base/text/utf8.h"

static bool is_continuation(uint8_t c)
{
    return (c & 0xc0) == 0x80;
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
