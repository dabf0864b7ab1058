/* ASCII text, most of what we read, takes one table look-up and one FNV step a byte. The first byte
 * from 0x80 on inside or behind a word sends that word to the slow path, which reads code points:
 *
 *   "Zahlung (caf\u00e9) 1,200.00"
 *    [fast--] [slow----] [fast--]      of the second, "caf" was read fast first */
#include "processor/base/text/words.h"

#include <utf8proc.h>

#include "processor/base/digest.h"
#include "processor/base/text/fold.h"
#include "processor/base/text/utf8.h"

static const uint64_t fnv_start = 0xcbf29ce484222325, fnv_prime = 0x100000001b3;

enum kind {
    KIND_OTHER,
    KIND_LETTER,
    KIND_DIGIT,
    KIND_APOSTROPHE, /* inside a word when a letter or digit is on both sides */
    KIND_POINT,      /* . and , : inside a word between two digits */
    KIND_IDEOGRAPH,  /* Han, kana, Hangul, Thai, ...: written without spaces */
    KIND_WIDE,       /* not ASCII: has to be decoded */
};

struct tokenizer {
    struct bytes text;
    struct arena *arena;
    struct words words;
    size_t capacity;
    bool failed;
};

/* The kind of each byte of ASCII, and its lower case. */
#define L KIND_LETTER
#define D KIND_DIGIT
static const uint8_t ascii_kinds[128] = {
    ['0'] = D,          ['1'] = D,          ['2'] = D,
    ['3'] = D,          ['4'] = D,          ['5'] = D,
    ['6'] = D,          ['7'] = D,          ['8'] = D,
    ['9'] = D,          ['A'] = L,          ['B'] = L,
    ['C'] = L,          ['D'] = L,          ['E'] = L,
    ['F'] = L,          ['G'] = L,          ['H'] = L,
    ['I'] = L,          ['J'] = L,          ['K'] = L,
    ['L'] = L,          ['M'] = L,          ['N'] = L,
    ['O'] = L,          ['P'] = L,          ['Q'] = L,
    ['R'] = L,          ['S'] = L,          ['T'] = L,
    ['U'] = L,          ['V'] = L,          ['W'] = L,
    ['X'] = L,          ['Y'] = L,          ['Z'] = L,
    ['a'] = L,          ['b'] = L,          ['c'] = L,
    ['d'] = L,          ['e'] = L,          ['f'] = L,
    ['g'] = L,          ['h'] = L,          ['i'] = L,
    ['j'] = L,          ['k'] = L,          ['l'] = L,
    ['m'] = L,          ['n'] = L,          ['o'] = L,
    ['p'] = L,          ['q'] = L,          ['r'] = L,
    ['s'] = L,          ['t'] = L,          ['u'] = L,
    ['v'] = L,          ['w'] = L,          ['x'] = L,
    ['y'] = L,          ['z'] = L,          ['\''] = KIND_APOSTROPHE,
    ['.'] = KIND_POINT, [','] = KIND_POINT,
};
#undef L
#undef D

static inline enum kind byte_kind(uint8_t c)
{
    return c < 0x80 ? (enum kind)ascii_kinds[c] : KIND_WIDE;
}

/* Letters and marks of Thai, Lao, Burmese and Khmer; their digits are numbers like ours. */
static bool is_unspaced_letter(uint32_t c)
{
    return (c >= 0xe00 && c < 0xe50) || (c >= 0xe80 && c < 0xed0) || (c >= 0xedc && c < 0xf00) ||
           (c >= 0x1000 && c < 0x1040) || (c >= 0x104a && c < 0x1090) ||
           (c >= 0xaa60 && c < 0xaa80) || (c >= 0x1780 && c < 0x17e0);
}

static bool is_ideograph(uint32_t c)
{
    return is_unspaced_letter(c) || (c >= 0x4e00 && c < 0xa000) || (c >= 0x3400 && c < 0x4dc0) ||
           (c >= 0x3040 && c < 0x3100) || (c >= 0x31f0 && c < 0x3200) ||
           (c >= 0xac00 && c < 0xd800) || (c >= 0x1100 && c < 0x1200) ||
           (c >= 0x3130 && c < 0x3190) || (c >= 0xa960 && c < 0xa980) ||
           (c >= 0xf900 && c < 0xfb00) || (c >= 0x3005 && c < 0x3008) ||
           (c >= 0xff66 && c < 0xffa0) || (c >= 0x20000 && c < 0x40000);
}

static enum kind point_kind(uint32_t c)
{
    if (c < 0x80)
        return (enum kind)ascii_kinds[c];
    if (c == 0x2019)
        return KIND_APOSTROPHE;
    if (c == 0xad || c == 0x200c || c == 0x200d || c == 0x2060)
        return KIND_LETTER; /* invisible inside words; folding drops it */
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ME)
        return is_ideograph(c) ? KIND_IDEOGRAPH : KIND_LETTER;
    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO)
        return is_ideograph(c) ? KIND_IDEOGRAPH : KIND_DIGIT;
    return KIND_OTHER;
}

static bool make_room(struct tokenizer *t)
{
    size_t capacity = t->capacity ? t->capacity * 2 : t->text.size / 5 + 8;
    struct word *items = arena_zalloc(t->arena, capacity, sizeof *items);
    if (!items) {
        t->failed = true;
        return false;
    }
    if (t->words.count)
        memcpy(items, t->words.items, t->words.count * sizeof *items);
    t->words.items = items;
    t->capacity = capacity;
    return true;
}

static inline void add_word(struct tokenizer *t, uint64_t hash, size_t start, size_t end,
                            bool has_digit)
{
    if (t->words.count == t->capacity && !make_room(t))
        return;
    t->words.items[t->words.count++] = (struct word){
        .hash = hash, .start = (uint32_t)start, .end = (uint32_t)end, .has_digit = has_digit};
}

static void add_folded(struct tokenizer *t, const uint32_t *points, size_t count, size_t start,
                       size_t end, bool has_digit)
{
    uint8_t folded[12 * FOLD_CHUNK];
    size_t size = text_fold_chunk(folded, points, count);
    if (size > 0)
        add_word(t, digest_fnv1a64(bytes_of(folded, size)), start, end, has_digit);
}

static enum kind kind_at(struct bytes text, size_t at)
{
    size_t next;
    return at < text.size ? point_kind(utf8_decode(text, at, &next)) : KIND_OTHER;
}

/* Does a mark between two characters of these kinds belong to the word? */
static bool joins(enum kind mark, enum kind before, enum kind after)
{
    if (mark == KIND_APOSTROPHE)
        return after == KIND_LETTER || after == KIND_DIGIT;
    return mark == KIND_POINT && before == KIND_DIGIT && after == KIND_DIGIT;
}

/* A word that is not all ASCII, from `start` on; returns its end. A run without any space is cut
 * into words of FOLD_CHUNK code points. */
static size_t take_wide_word(struct tokenizer *t, size_t start)
{
    uint32_t points[FOLD_CHUNK];
    size_t count = 0, at = start;
    enum kind before = KIND_OTHER;
    bool has_digit = false;
    while (at < t->text.size && count < FOLD_CHUNK) {
        size_t next;
        uint32_t point = utf8_decode(t->text, at, &next);
        enum kind kind = point_kind(point);
        bool is_word = kind == KIND_LETTER || kind == KIND_DIGIT;
        if (!is_word && (count == 0 || !joins(kind, before, kind_at(t->text, next))))
            break;
        has_digit |= kind == KIND_DIGIT;
        points[count++] = point == 0x2019 ? '\'' : point;
        before = kind;
        at = next;
    }
    if (count > 0)
        add_folded(t, points, count, start, at, has_digit);
    return at;
}

/* A run of ideographs from `start` on as overlapping pairs, or the one there is; returns its end.
 */
static size_t take_ideographs(struct tokenizer *t, size_t start)
{
    uint32_t pair[2] = {0};
    size_t at = start, first = start, count = 0;
    while (at < t->text.size) {
        size_t next;
        uint32_t point = utf8_decode(t->text, at, &next);
        if (point_kind(point) != KIND_IDEOGRAPH)
            break;
        pair[0] = pair[1];
        pair[1] = point;
        if (++count > 1)
            add_folded(t, pair, 2, first, next, false);
        first = at;
        at = next;
    }
    if (count == 1)
        add_folded(t, pair + 1, 1, start, at, false);
    return at;
}

/* Something that begins with a byte from 0x80 on; returns what comes behind it. */
static size_t take_wide(struct tokenizer *t, size_t at)
{
    size_t next;
    enum kind kind = point_kind(utf8_decode(t->text, at, &next));
    if (kind == KIND_IDEOGRAPH)
        return take_ideographs(t, at);
    if (kind == KIND_LETTER || kind == KIND_DIGIT)
        return take_wide_word(t, at);
    return next;
}

/* A word that begins with an ASCII letter or digit; returns its end. */
static size_t take_ascii_word(struct tokenizer *t, size_t start)
{
    const uint8_t *data = t->text.data;
    size_t size = t->text.size, at = start;
    uint64_t hash = fnv_start;
    enum kind before = KIND_OTHER;
    bool has_digit = false;
    while (at < size) {
        uint8_t c = data[at];
        enum kind kind = byte_kind(c);
        if (kind == KIND_LETTER) {
            c |= 0x20;
        } else if (kind == KIND_DIGIT) {
            has_digit = true;
        } else if (kind == KIND_WIDE) {
            size_t next;
            enum kind wide = point_kind(utf8_decode(t->text, at, &next));
            if (wide == KIND_LETTER || wide == KIND_DIGIT ||
                joins(wide, before, kind_at(t->text, next)))
                return take_wide_word(t, start);
            break;
        } else {
            enum kind after = at + 1 < size ? byte_kind(data[at + 1]) : KIND_OTHER;
            if (after == KIND_WIDE)
                after = kind_at(t->text, at + 1);
            if (!joins(kind, before, after))
                break;
        }
        hash = (hash ^ c) * fnv_prime;
        before = kind;
        at++;
    }
    add_word(t, hash, start, at, has_digit);
    return at;
}

struct words text_words(struct bytes text, struct arena *arena)
{
    if (text.size > UINT32_MAX)
        text.size = UINT32_MAX;
    struct tokenizer t = {.text = text, .arena = arena};
    size_t at = 0;
    if (!arena_look(arena, text.size))
        return (struct words){0};
    while (at < text.size && !t.failed) {
        enum kind kind = byte_kind(text.data[at]);
        if (kind == KIND_LETTER || kind == KIND_DIGIT)
            at = take_ascii_word(&t, at);
        else
            at = kind == KIND_WIDE ? take_wide(&t, at) : at + 1;
    }
    return t.failed ? (struct words){0} : t.words;
}
