/* The one pass. Most bytes of a text are letters that start nothing, so the loop compares sixteen
 * bytes at a time and stops at the first that may. */
#include "processor/base/masks/masks.h"

#include <assert.h>

#include "processor/base/masks/escapes.h"
#include "processor/base/masks/scanners.h"

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

static void scan(struct bytes text, const bool enabled[MASK_KINDS], struct mask_ranges *ranges)
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

void masks_scan(struct bytes text, const bool enabled[MASK_KINDS], struct mask_ranges *ranges)
{
    if (!escapes_stand_in(text)) {
        scan(text, enabled, ranges);
        return;
    }
    struct buffer plain = {0};
    struct mask_ranges found = {.arena = ranges->arena};
    escapes_read(text, &plain);
    if (!plain.failed)
        scan(buffer_bytes(&plain), enabled, &found);
    found.failed = found.failed || plain.failed;
    escapes_map(text, &found, ranges);
    buffer_finish(&plain);
}
