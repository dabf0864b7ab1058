/* Data sets write alternatives as a list, with `|` or with `/`. A bar always parts them. A slash
 * also stands in "km/h", in 3/4, in dates, paths and addresses and in sentences ("and/or"), so one
 * parts only what can stand alone on both sides, in a text of short parts, and the whole stays an
 * alternative. */
#include "processor/score/measure/expected.h"

#include "processor/base/json/json.h"
#include "processor/base/text/text.h"

/* A part of more bytes is one of a sentence, which means what it says. */
enum { SLASHED_BYTES_MAX = 80, SLASHED_LETTERS_MIN = 2 };

static void add(struct expected_answers *answers, struct bytes text)
{
    text = text_trim(text);
    if (text.size > 0 && answers->count < EXPECTED_MAX)
        answers->items[answers->count++] = text;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* What a slash stands between: the text up to the next slash on either side. */
struct sides {
    struct bytes left, right;
};

static struct sides sides_of(struct bytes text, size_t at)
{
    size_t start = at, end = at + 1;
    while (start > 0 && text.data[start - 1] != '/')
        start--;
    while (end < text.size && text.data[end] != '/')
        end++;
    return (struct sides){text_trim(bytes_of(text.data + start, at - start)),
                          text_trim(bytes_of(text.data + at + 1, end - at - 1))};
}

static bool has_letter(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (is_letter(text.data[i]))
            return true;
    return false;
}

/* Letters at its end, or at its start. A wide letter counts for each byte, so one ideograph is a
 * word. */
static size_t letters_at_end(struct bytes text)
{
    size_t count = 0;
    while (count < text.size && is_letter(text.data[text.size - count - 1]))
        count++;
    return count;
}

static size_t letters_at_start(struct bytes text)
{
    size_t count = 0;
    while (count < text.size && is_letter(text.data[count]))
        count++;
    return count;
}

/* "km/h", "and/or", 3/4 and 03/05/2026 are one; "May 1972/14 May 1972" is two. */
static bool parts_alternatives(struct bytes text, size_t at)
{
    struct sides sides = sides_of(text, at);
    if (sides.left.size == 0 || sides.right.size == 0)
        return false;
    bool is_spaced = text.data[at - 1] == ' ' && text.data[at + 1] == ' ';
    size_t left = letters_at_end(sides.left), right = letters_at_start(sides.right);
    if (is_spaced)
        return true;
    if (left == 0 && is_digit(sides.left.data[sides.left.size - 1]) &&
        is_digit(sides.right.data[0]))
        return has_letter(sides.left) && has_letter(sides.right);
    bool is_and_or = left == 3 && right >= 2 &&
                     memcmp(sides.left.data + sides.left.size - 3, "and", 3) == 0 &&
                     memcmp(sides.right.data, "or", 2) == 0;
    return !is_and_or && (left == 0 || left >= SLASHED_LETTERS_MIN) &&
           (right == 0 || right >= SLASHED_LETTERS_MIN);
}

static bool is_path(struct bytes text)
{
    if (text.data[0] == '/' || text.data[0] == '.' || text.data[0] == '~')
        return true;
    for (size_t i = 0; i + 1 < text.size; i++)
        if (text.data[i] == '/' && text.data[i + 1] == '/')
            return true;
    return false;
}

static bool has_short_parts(struct bytes text)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.size; i++)
        if (i == text.size || text.data[i] == '/') {
            if (i - start > SLASHED_BYTES_MAX)
                return false;
            start = i + 1;
        }
    return true;
}

static void add_slashed(struct expected_answers *answers, struct bytes text)
{
    size_t start = 0;
    if (is_path(text) || !has_short_parts(text))
        return;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '/' && parts_alternatives(text, i)) {
            add(answers, bytes_of(text.data + start, i - start));
            start = i + 1;
        }
    if (start > 0)
        add(answers, bytes_of(text.data + start, text.size - start));
}

static void add_barred(struct expected_answers *answers, struct bytes text)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.size; i++)
        if (i == text.size || text.data[i] == '|') {
            add(answers, bytes_of(text.data + start, i - start));
            start = i + 1;
        }
}

static void add_text(struct expected_answers *answers, struct bytes text)
{
    if (text.size == 0)
        return;
    if (memchr(text.data, '|', text.size)) {
        add_barred(answers, text);
        return;
    }
    add(answers, text);
    add_slashed(answers, text);
}

/* False for what is no list of texts and numbers: its own text is what is expected. */
static bool add_list(struct expected_answers *answers, struct bytes text, struct arena *arena)
{
    struct json_reader reader, elements;
    struct json_value list, element;
    if (text.size == 0 || text.data[0] != '[' || !json_parse(text, arena, &reader, &list) ||
        list.type != JSON_ARRAY)
        return false;
    json_children(&reader, &list, &elements);
    for (;;) {
        enum json_type type = json_next(&elements, &element);
        if (type == JSON_END)
            return answers->count > 0;
        if (type != JSON_STRING && type != JSON_NUMBER) {
            answers->count = 0;
            return false;
        }
        add(answers, element.text);
    }
}

struct expected_answers expected_read(struct bytes expected, struct arena *arena)
{
    struct expected_answers answers = {.count = 0};
    struct bytes text = text_trim(expected);
    if (!add_list(&answers, text, arena))
        add_text(&answers, text);
    return answers;
}
