/* String bodies. Unescaping never grows a text but for a NUL, which becomes the three bytes of
 * U+FFFD; all other escapes are at least as long as what they stand for. An unknown or malformed
 * escape stands for the character behind its backslash. */
#include "processor/base/json/string.h"

#include <string.h>

/* Each quote looks back over the backslashes before it, which no other quote looks at, so this is
 * linear. */
const uint8_t *json_find_quote(const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        const uint8_t *quote = memchr(at, '"', (size_t)(end - at));
        if (!quote)
            return end;
        const uint8_t *before = quote;
        while (before > at && before[-1] == '\\')
            before--;
        if ((quote - before) % 2 == 0)
            return quote;
        at = quote + 1;
    }
    return end;
}

static size_t put_utf8(uint8_t *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (uint8_t)(0xc0 | c >> 6), to[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (uint8_t)(0xe0 | c >> 12), to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        to[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    to[0] = (uint8_t)(0xf0 | c >> 18), to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f)), to[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

/* Four hexadecimal digits at `at`; -1 when they are not there. */
static int32_t read_hex4(const uint8_t *at, const uint8_t *end)
{
    uint8_t raw[2];
    if (end - at < 4 || !hex_decode(raw, (const char *)at, 2))
        return -1;
    return get_be16(raw);
}

/* The code point of an escape `\uXXXX`, with its second half when it is a surrogate pair; *at is
 * behind the u. */
static uint32_t read_unicode_escape(const uint8_t **at, const uint8_t *end)
{
    int32_t unit = read_hex4(*at, end);
    if (unit < 0)
        return 'u';
    *at += 4;
    if (unit == 0 || (unit >= 0xdc00 && unit < 0xe000))
        return 0xfffd;
    if (unit < 0xd800 || unit >= 0xe000)
        return (uint32_t)unit;
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return 0xfffd;
    int32_t low = read_hex4(*at + 2, end);
    if (low < 0xdc00 || low >= 0xe000)
        return 0xfffd;
    *at += 6;
    return 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

static uint8_t simple_escape(uint8_t c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    default:
        return c;
    }
}

/* Writes the text of `body` to `to`, which has room for body.size and two bytes more for each NUL
 * in it. */
static size_t unescape(uint8_t *to, struct bytes body)
{
    uint8_t *out = to;
    const uint8_t *at = body.data, *end = body.data + body.size;
    while (at < end) {
        uint8_t c = *at++;
        if (c != '\\' && c != 0) {
            *out++ = c;
        } else if (c == 0) {
            out += put_utf8(out, 0xfffd);
        } else if (at == end) {
            break;
        } else if (*at != 'u') {
            *out++ = simple_escape(*at++);
            if (out[-1] == 0)
                out += put_utf8(out - 1, 0xfffd) - 1;
        } else {
            at++;
            out += put_utf8(out, read_unicode_escape(&at, end));
        }
    }
    return (size_t)(out - to);
}

/* How many bytes at the end of a cut body are the start of an escape or of a code point. */
static size_t half_at_end(struct bytes body)
{
    for (size_t back = 1; back <= 6 && back <= body.size; back++) {
        if (body.data[body.size - back] != '\\')
            continue;
        size_t run = back;
        while (run < body.size && body.data[body.size - run - 1] == '\\')
            run++;
        bool is_escape = (run - back) % 2 == 0; /* and not the second of a pair of backslashes */
        bool is_half = back == 1 || (back < 6 && body.data[body.size - back + 1] == 'u');
        if (is_escape && is_half)
            return back;
        break;
    }
    for (size_t back = 1; back <= 3 && back <= body.size; back++) {
        uint8_t c = body.data[body.size - back];
        if ((c & 0xc0) == 0x80)
            continue;
        size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        return size > back ? back : 0;
    }
    return 0;
}

static size_t count_nul(struct bytes body)
{
    size_t count = 0;
    const uint8_t *at = body.data, *end = body.data + body.size;
    while (at < end && (at = memchr(at, 0, (size_t)(end - at))) != NULL)
        count++, at++;
    return count;
}

struct bytes json_unescape(struct bytes body, bool is_cut, struct arena *arena)
{
    if (is_cut)
        body.size -= half_at_end(body);
    size_t nuls = body.size ? count_nul(body) : 0;
    if (nuls == 0 && (body.size == 0 || !memchr(body.data, '\\', body.size)))
        return body;
    uint8_t *to = arena ? arena_alloc(arena, body.size + 2 * nuls) : NULL;
    if (!to)
        return (struct bytes){0};
    return bytes_of(to, unescape(to, body));
}

bool json_string_equal(struct bytes body, struct bytes text)
{
    enum { ESCAPED_MAX = 384 };
    if (body.size == 0 || !memchr(body.data, '\\', body.size))
        return bytes_equal(body, text);
    uint8_t plain[3 * ESCAPED_MAX];
    return body.size <= ESCAPED_MAX && bytes_equal(bytes_of(plain, unescape(plain, body)), text);
}
