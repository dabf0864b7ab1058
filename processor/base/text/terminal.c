/* C0, DEL and C1; line and paragraph separators; zero width and bidirectional controls, soft hyphens,
 * tags, and what is no character. A table, in order. */
#include "processor/base/text/terminal.h"

#include "processor/base/text/utf8.h"

static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e},
    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
    {0xfff9, 0xffff}, /* U+FFFD: also what cannot be decoded */
    {0xe0000, 0xe007f},
};

bool terminal_is_hidden(uint32_t point)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (point >= hidden[i].first && point <= hidden[i].last)
            return true;
    return false;
}

void terminal_append(struct buffer *to, struct bytes text)
{
    for (size_t at = 0, next; at < text.size; at = next) {
        uint32_t point = utf8_decode(text, at, &next);
        if (terminal_is_hidden(point))
            buffer_append_byte(to, '?');
        else
            buffer_append(to, text.data + at, next - at);
    }
}

void terminal_append_visible(struct buffer *to, struct bytes text)
{
    for (size_t at = 0, next; at < text.size; at = next) {
        uint32_t point = utf8_decode(text, at, &next);
        if (terminal_is_hidden(point))
            buffer_printf(to, "\xe2\x80\xb9U+%04X\xe2\x80\xba", (unsigned)point);
        else
            buffer_append(to, text.data + at, next - at);
    }
}
