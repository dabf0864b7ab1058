/* The one pass, and the e-mail scanner. Most bytes of a text are letters that start nothing, so the
 * loop compares sixteen bytes at a time and stops at the first that may. */
#include "processor/base/masks/scanners.h"

#include <assert.h>

enum trigger { NOTHING, NUMBER, AT_SIGN, SECRET, ASSIGNMENT };

static const uint8_t triggers[256] = {
    ['0'] = NUMBER,     ['1'] = NUMBER, ['2'] = NUMBER, ['3'] = NUMBER,  ['4'] = NUMBER,
    ['5'] = NUMBER,     ['6'] = NUMBER, ['7'] = NUMBER, ['8'] = NUMBER,  ['9'] = NUMBER,
    ['+'] = NUMBER,     ['('] = NUMBER, ['-'] = SECRET, ['@'] = AT_SIGN, ['_'] = SECRET,
    ['A'] = SECRET,     ['B'] = SECRET, ['b'] = SECRET, ['J'] = SECRET,  [':'] = ASSIGNMENT,
    ['='] = ASSIGNMENT,
};

/* A vector of the compiler's (SSE2, NEON, or plain words where there is neither). */
typedef uint8_t byte16 __attribute__((vector_size(16)));

/* Bytes of 255 where the table above has a trigger. */
static byte16 find_triggers(byte16 c)
{
    return (byte16)((byte16)(c - '0') <= (byte16){0} + 10) /* digits and ':' */
           | (byte16)(c == '-') | (byte16)(c == '_') | (byte16)(c == '@') | (byte16)(c == '=') |
           (byte16)(c == '+') | (byte16)(c == '(') | (byte16)(c == 'A') | (byte16)(c == 'J') |
           (byte16)((c | 0x20) == 'b');
}

static size_t next_trigger(struct bytes text, size_t at)
{
    for (; text.size - at >= 16; at += 16) {
        byte16 block;
        memcpy(&block, text.data + at, sizeof block);
        byte16 found = find_triggers(block);
        uint64_t halves[2];
        memcpy(halves, &found, sizeof halves);
        if (halves[0] | halves[1]) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            int bit = halves[0] ? __builtin_ctzll(halves[0]) : 64 + __builtin_ctzll(halves[1]);
            return at + (size_t)(bit / 8);
#else
            break;
#endif
        }
    }
    while (at < text.size && triggers[text.data[at]] == NOTHING)
        at++;
    return at;
}

void masks_scan(struct bytes text, const bool enabled[MASK_KINDS], struct mask_ranges *ranges)
{
    bool numbers = enabled[MASK_CARD] || enabled[MASK_PHONE];
    for (size_t at = 0; (at = next_trigger(text, at)) < text.size;) {
        size_t next = at + 1;
        switch ((enum trigger)triggers[text.data[at]]) {
        case NUMBER:
            if (numbers)
                next = mask_number(text, at, enabled, ranges);
            break;
        case AT_SIGN:
            if (enabled[MASK_SECRET] && mask_url_password(text, at, ranges))
                break;
            if (enabled[MASK_EMAIL])
                next = mask_email(text, at, ranges);
            break;
        case SECRET:
            if (enabled[MASK_SECRET])
                next = mask_secret(text, at, ranges);
            break;
        case ASSIGNMENT:
            if (enabled[MASK_SECRET])
                next = mask_assigned_secret(text, at, ranges);
            break;
        case NOTHING:
            break;
        }
        assert(next > at);
        at = next;
    }
}

static bool grow(struct mask_ranges *ranges)
{
    uint32_t capacity = ranges->capacity ? ranges->capacity * 2 : 16;
    struct mask_range *items = arena_alloc(ranges->arena, capacity * sizeof *items);
    if (!items) {
        ranges->failed = true;
        return false;
    }
    if (ranges->count)
        memcpy(items, ranges->items, ranges->count * sizeof *items);
    ranges->items = items;
    ranges->capacity = capacity;
    return true;
}

void mask_ranges_add(struct mask_ranges *ranges, size_t start, size_t end, enum mask_kind kind)
{
    assert(start < end && end <= UINT32_MAX);
    struct mask_range range = {(uint32_t)start, (uint32_t)end, kind};
    while (ranges->count && ranges->items[ranges->count - 1].end > range.start) {
        struct mask_range last = ranges->items[--ranges->count];
        if (last.start <= range.start) {
            range.start = last.start;
            range.kind = last.kind;
        }
        if (last.end > range.end)
            range.end = last.end;
    }
    if (ranges->count == ranges->capacity && !grow(ranges))
        return;
    ranges->items[ranges->count++] = range;
}

/* Two-byte UTF-8 sequences led by C3-C9 are the Latin letters past ASCII (U+00C0-U+024F): "jörg@".
 * Scripts written without spaces must not be drawn into an address that follows them. */
static bool ends_latin_letter(struct bytes text, size_t at)
{
    return at >= 2 && (text.data[at - 1] & 0xc0) == 0x80 && text.data[at - 2] >= 0xc3 &&
           text.data[at - 2] <= 0xc9;
}

static bool is_local(uint8_t c)
{
    return is_word(c) || (c && strchr(".%+-'", c));
}

/* In JSON-escaped text the letters of an escape are no part of the address: "\njo@example.com". */
static size_t skip_escape(struct bytes text, size_t start, size_t end)
{
    size_t backslashes = 0;
    while (backslashes < start && text.data[start - backslashes - 1] == '\\')
        backslashes++;
    if (backslashes % 2 == 0)
        return start;
    size_t skip = text.data[start] == 'u' ? 5 : 1;
    return end - start > skip ? start + skip : start;
}

static size_t local_start(struct bytes text, size_t at)
{
    size_t start = at;
    while (start > 0) {
        if (is_local(text.data[start - 1]))
            start--;
        else if (ends_latin_letter(text, start))
            start -= 2;
        else
            break;
    }
    while (start < at && (text.data[start] == '.' || text.data[start] == '\''))
        start++;
    return start < at ? skip_escape(text, start, at) : start;
}

/* End of the last label of the host whose text can be a top-level domain; `at` when there is none.
 */
static size_t host_end(struct bytes text, size_t at)
{
    size_t end = at, label = at;
    bool has_dot = false, has_letters = true;
    for (size_t i = at;; i++) {
        uint8_t c = byte_at(text, i);
        bool is_latin = c >= 0xc3 && c <= 0xc9 && (byte_at(text, i + 1) & 0xc0) == 0x80;
        if (is_letter(c) || is_digit(c) || c == '-' || is_latin) {
            has_letters = has_letters && !is_digit(c);
            i += is_latin ? 1 : 0;
            continue;
        }
        size_t size = i - label;
        bool is_punycode = size > 4 && memcmp(text.data + label, "xn--", 4) == 0;
        if (has_dot && size >= 2 && text.data[label] != '-' && (has_letters || is_punycode))
            end = i;
        if (c != '.' || size == 0)
            break;
        label = i + 1;
        has_dot = true;
        has_letters = true;
    }
    while (end > at && text.data[end - 1] == '-')
        end--;
    return end;
}

size_t mask_email(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    size_t start = local_start(text, at);
    if (start == at)
        return at + 1;
    size_t end = host_end(text, at + 1);
    if (end == at + 1)
        return at + 1;
    mask_ranges_add(ranges, start, end, MASK_EMAIL);
    return end;
}
