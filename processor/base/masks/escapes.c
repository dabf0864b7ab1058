/* An escaper doubles the backslashes in front of a character, and gives one more to a character
 * that needs it. So a run of any length belongs to the character behind it, and how deep it is
 * nested need not be known. Only in front of a letter or digit that is no escape a backslash is
 * itself: C:\jo. */
#include "processor/base/masks/escapes.h"

#include <assert.h>

#include "processor/base/masks/scanners.h"
#include "processor/base/text/utf8.h"

enum { PLAIN_MAX = 4 };

/* What stands at `start`, which is a backslash. */
struct unit {
    size_t next;
    uint8_t plain[PLAIN_MAX];
    size_t size; /* of plain */
};

bool escapes_stand_in(struct bytes raw)
{
    return raw.size > 0 && memchr(raw.data, '\\', raw.size) != NULL;
}

static size_t skip_run(struct bytes raw, size_t at)
{
    while (byte_at(raw, at) == '\\')
        at++;
    return at;
}

/* `count` hexadecimal digits behind `at`. */
static bool read_hex(struct bytes raw, size_t at, size_t count, uint32_t *ret_value)
{
    uint8_t bytes[4];
    if (at > raw.size || raw.size - at < count ||
        !hex_decode(bytes, (const char *)raw.data + at, count / 2))
        return false;
    *ret_value = 0;
    for (size_t i = 0; i < count / 2; i++)
        *ret_value = *ret_value << 8 | bytes[i];
    return true;
}

static void put_code_point(struct unit *unit, uint32_t c)
{
    uint8_t *to = unit->plain;
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        unit->size = 1;
        to[0] = (uint8_t)c;
        return;
    }
    unit->size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = unit->size - 1; i > 0; i--, c >>= 6)
        to[i] = (uint8_t)(0x80 | (c & 0x3f));
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    to[0] = (uint8_t)(leads[unit->size] | c);
}

/* \u00f6, \ud83d\ude00, \xa0, \U0001f600: `at` is the letter. */
static bool read_number(struct bytes raw, size_t at, struct unit *unit)
{
    uint8_t letter = byte_at(raw, at);
    size_t digits = letter == 'u' ? 4 : letter == 'x' ? 2 : letter == 'U' ? 8 : 0;
    uint32_t c, low;
    if (digits == 0 || !read_hex(raw, at + 1, digits, &c))
        return false;
    unit->next = at + 1 + digits;
    size_t second = skip_run(raw, unit->next);
    if (digits == 4 && c >= 0xd800 && c < 0xdc00 && second > unit->next &&
        byte_at(raw, second) == 'u' && read_hex(raw, second + 1, 4, &low) && low >= 0xdc00 &&
        low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        unit->next = second + 5;
    }
    put_code_point(unit, c);
    return true;
}

static struct unit read_unit(struct bytes raw, size_t start)
{
    static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
    size_t at = skip_run(raw, start);
    uint8_t c = byte_at(raw, at);
    const char *letter = c ? strchr(letters, c) : NULL;
    struct unit unit = {.next = at + 1, .size = 1};
    if (letter) {
        unit.plain[0] = (uint8_t)controls[letter - letters];
    } else if (read_number(raw, at, &unit)) {
        return unit;
    } else if (at == raw.size || is_digit(c) || is_letter(c)) {
        unit.plain[0] = '\\';
        unit.next = at;
    } else {
        (void)utf8_decode(raw, at, &unit.next);
        unit.size = unit.next - at;
        assert(unit.size <= PLAIN_MAX);
        memcpy(unit.plain, raw.data + at, unit.size);
    }
    return unit;
}

static size_t next_backslash(struct bytes raw, size_t at)
{
    const uint8_t *found = at < raw.size ? memchr(raw.data + at, '\\', raw.size - at) : NULL;
    return found ? (size_t)(found - raw.data) : raw.size;
}

void escapes_read(struct bytes raw, struct buffer *to)
{
    (void)buffer_reserve(to, raw.size);
    for (size_t at = 0; at < raw.size && !to->failed;) {
        size_t end = next_backslash(raw, at);
        buffer_append(to, raw.data + at, end - at);
        at = end;
        if (at < raw.size) {
            struct unit unit = read_unit(raw, at);
            buffer_append(to, unit.plain, unit.size);
            at = unit.next;
        }
    }
}

/* --- the way back --- */

/* Walks both texts; each target is asked for in order, so that the walk is one. */
struct walk {
    struct bytes raw;
    size_t raw_at, plain_at;
    size_t backslash; /* the next one at or behind raw_at */
};

/* The place of a plain offset in the raw text; of one inside a unit, the unit's start or end. */
static size_t walk_to(struct walk *walk, size_t target, bool is_end)
{
    while (walk->plain_at < target) {
        size_t ordinary = walk->backslash - walk->raw_at, left = target - walk->plain_at;
        if (ordinary > 0) {
            size_t step = ordinary < left ? ordinary : left;
            walk->raw_at += step;
            walk->plain_at += step;
            continue;
        }
        struct unit unit = read_unit(walk->raw, walk->raw_at);
        if (unit.size > left && !is_end)
            break;
        walk->plain_at += unit.size;
        walk->raw_at = unit.next;
        walk->backslash = next_backslash(walk->raw, walk->raw_at);
    }
    return walk->raw_at;
}

static size_t run_before(struct bytes raw, size_t at)
{
    size_t start = at;
    while (start > 0 && raw.data[start - 1] == '\\')
        start--;
    return at - start;
}

/* The end of a value in double quotes that was found up to `end`. Nested d deep, its quotes have
 * 2^d - 1 backslashes, and a quote inside it has a multiple of 2^(d+1), less one. */
static size_t quoted_end(struct bytes raw, size_t start, size_t end)
{
    if (byte_before(raw, start) != '"')
        return end;
    size_t opening = run_before(raw, start - 1) + 1;
    size_t depth = opening & (~opening + 1); /* 2^d */
    for (size_t quote = skip_run(raw, end); byte_at(raw, quote) == '"';) {
        size_t run = run_before(raw, quote);
        if ((run + 1) % (2 * depth) != 0)
            return run < depth ? end : quote - (depth - 1);
        const uint8_t *next = memchr(raw.data + quote + 1, '"', raw.size - quote - 1);
        quote = next ? (size_t)(next - raw.data) : raw.size;
        end = quote - run_before(raw, quote);
    }
    return end;
}

void escapes_map(struct bytes raw, const struct mask_ranges *plain, struct mask_ranges *ranges)
{
    struct walk walk = {.raw = raw, .backslash = next_backslash(raw, 0)};
    size_t reached = 0;
    for (uint32_t i = 0; i < plain->count; i++) {
        const struct mask_range *range = &plain->items[i];
        size_t start = walk_to(&walk, range->start, false), end = walk_to(&walk, range->end, true);
        if (range->is_quoted && start >= reached)
            end = quoted_end(raw, start, end);
        reached = end > reached ? end : reached;
        if (end > start)
            mask_ranges_add(ranges, start, end, range->kind);
    }
    ranges->failed = ranges->failed || plain->failed;
}
