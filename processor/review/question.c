/* Grams are hashed with FNV-1a, which is stable: bands are stored. */
#include "processor/review/question.h"

#include "processor/base/digest.h"
#include "processor/base/text/fold.h"
#include "processor/base/text/text.h"
#include "processor/base/text/utf8.h"

enum { GRAM_POINTS = 4, POINT_BYTES_MAX = 4 };

static const char *const greetings[] = {
    "good morning", "good afternoon", "good evening", "good day",
    "hello",        "hallo",          "greetings",    "hey",
    "hi",           "dear",           "hola",         "bonjour",
    "guten tag",    "guten morgen",   "there",        "team",
    "all",
};

/* --- normalizing --- */

static bool is_separator(uint8_t byte)
{
    return byte == ' ' || byte == ',' || byte == '!' || byte == '.' || byte == ':' || byte == ';' ||
           byte == '-';
}

/* How long the greeting is that the text begins with, what separates it included; 0: none. */
static size_t greeting_size(struct bytes text)
{
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        struct bytes greeting = bytes_of_text(greetings[i]);
        size_t at = greeting.size;
        if (!bytes_starts_with(text, greeting) || at == text.size || !is_separator(text.data[at]))
            continue;
        while (at < text.size && is_separator(text.data[at]))
            at++;
        return at;
    }
    return 0;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* Behind a number: digits, with one point or comma between two of them. */
static size_t number_end(struct bytes text, size_t at)
{
    while (at < text.size &&
           (is_digit(text.data[at]) || ((text.data[at] == '.' || text.data[at] == ',') &&
                                        at + 1 < text.size && is_digit(text.data[at + 1]))))
        at++;
    return at;
}

struct bytes question_normalize(struct bytes text, struct arena *arena)
{
    struct bytes folded = text_fold(utf8_cut(text, 2 * QUESTION_BYTES_MAX), arena);
    if (!folded.data)
        return folded;
    folded = text_trim(folded);
    for (size_t size; (size = greeting_size(folded)) > 0;)
        folded = bytes_of(folded.data + size, folded.size - size);
    uint8_t *to = arena_alloc(arena, folded.size + 1);
    size_t size = 0;
    if (!to)
        return (struct bytes){0};
    for (size_t at = 0, next; at < folded.size; at = next) {
        uint32_t point = utf8_decode(folded, at, &next);
        if (text_is_space(point)) {
            if (size > 0 && to[size - 1] != ' ')
                to[size++] = ' ';
        } else if (is_digit(folded.data[at])) {
            next = number_end(folded, at);
            to[size++] = '#';
        } else {
            memcpy(to + size, folded.data + at, next - at);
            size += next - at;
        }
    }
    return text_trim(utf8_cut(bytes_of(to, size), QUESTION_BYTES_MAX));
}

/* --- sets --- */

/* Shellsort: sets are small, and compared in the hundreds of thousands. */
static void sort(uint64_t *items, size_t count)
{
    static const size_t gaps[] = {100894, 44842, 19930, 8858, 3937, 1750, 701,
                                  301,    132,   57,    23,   10,   4,    1};
    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++)
        for (size_t i = gaps[g]; i < count; i++) {
            uint64_t one = items[i];
            size_t at = i;
            for (; at >= gaps[g] && items[at - gaps[g]] > one; at -= gaps[g])
                items[at] = items[at - gaps[g]];
            items[at] = one;
        }
}

struct question_grams question_grams(struct bytes normalized, struct arena *arena)
{
    struct question_grams grams = {0};
    size_t starts[GRAM_POINTS], points = 0;
    if (normalized.size == 0)
        return grams;
    grams.items = arena_alloc(arena, normalized.size * sizeof *grams.items);
    if (!grams.items)
        return grams;
    for (size_t at = 0, next; at < normalized.size; at = next, points++) {
        (void)utf8_decode(normalized, at, &next);
        starts[points % GRAM_POINTS] = at;
        if (points + 1 < GRAM_POINTS)
            continue;
        size_t from = starts[(points + 1) % GRAM_POINTS];
        grams.items[grams.count++] = digest_fnv1a64(bytes_of(normalized.data + from, next - from));
    }
    if (grams.count == 0)
        grams.items[grams.count++] = digest_fnv1a64(normalized);
    question_grams_sort(&grams);
    return grams;
}

void question_grams_sort(struct question_grams *grams)
{
    size_t kept = grams->count > 0;
    if (grams->count > 1)
        sort(grams->items, grams->count);
    for (size_t i = 1; i < grams->count; i++)
        if (grams->items[i] != grams->items[kept - 1])
            grams->items[kept++] = grams->items[i];
    grams->count = kept;
}

double question_jaccard(struct question_grams a, struct question_grams b)
{
    size_t i = 0, j = 0, both = 0;
    while (i < a.count && j < b.count) {
        both += a.items[i] == b.items[j];
        bool is_below = a.items[i]<b.items[j], is_above = a.items[i]> b.items[j];
        i += !is_above;
        j += !is_below;
    }
    size_t either = a.count + b.count - both;
    return either == 0 ? 0 : (double)both / (double)either;
}

/* FNV-1a mixes its low bits better than its high ones; both are wanted. */
static uint64_t mixed(uint64_t hash)
{
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdU;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53U;
    return hash ^ hash >> 33;
}

void question_bands(struct question_grams grams, uint64_t ret_bands[QUESTION_BANDS])
{
    uint64_t bins[QUESTION_BINS], filled[QUESTION_BINS];
    memset(bins, 0xff, sizeof bins);
    for (size_t i = 0; i < grams.count; i++) {
        uint64_t hash = mixed(grams.items[i]), value = hash / QUESTION_BINS;
        uint64_t *bin = &bins[hash % QUESTION_BINS];
        *bin = value < *bin ? value : *bin;
    }
    /* A bin that met nothing takes what the next full one has, told apart by the distance. */
    for (size_t i = 0; i < QUESTION_BINS; i++) {
        size_t step = 0;
        while (step < QUESTION_BINS && bins[(i + step) % QUESTION_BINS] == UINT64_MAX)
            step++;
        filled[i] = mixed(bins[(i + step) % QUESTION_BINS] + step);
    }
    for (size_t band = 0; band < QUESTION_BANDS; band++) {
        uint8_t text[8 * QUESTION_BAND_BINS];
        for (size_t i = 0; i < QUESTION_BAND_BINS; i++)
            put_be64(text + 8 * i, filled[band * QUESTION_BAND_BINS + i]);
        ret_bands[band] = digest_fnv1a64(bytes_of(text, sizeof text));
    }
}
