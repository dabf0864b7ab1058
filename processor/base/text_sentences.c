/* Sentences, in one pass: a start is looked for behind white space and Markdown marks, an end by
 * its punctuation. */
#include "processor/base/text.h"

#include "processor/base/text_fold.h"

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_stop(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == 0x2026;
}

/* Full stops of scripts that put no space behind one. */
static bool is_wide_stop(uint32_t c)
{
    return c == 0x3002 || c == 0xff01 || c == 0xff1f || c == 0xff0e || c == 0xff61 || c == 0x0964;
}

static bool is_question_mark(uint32_t c)
{
    return c == '?' || c == 0xff1f || c == 0x061f;
}

/* Quotes, brackets and Markdown emphasis that still belong to the sentence they close. */
static bool is_closer(uint32_t c)
{
    switch (c) {
    case '"':
    case '\'':
    case ')':
    case ']':
    case '}':
    case '*':
    case '_':
    case 0xbb:
    case 0x2019:
    case 0x201c:
    case 0x201d:
    case 0x203a:
    case 0x300d:
    case 0x300f:
    case 0xff09:
        return true;
    default:
        return false;
    }
}

static bool is_abbreviation(struct bytes word)
{
    static const char *const known[] = {
        "mr",  "mrs",  "ms",  "dr",   "prof", "sr",   "jr",  "st",     "vs",   "etc", "inc", "ltd",
        "co",  "corp", "no",  "nr",   "fig",  "al",   "ca",  "approx", "dept", "est", "min", "max",
        "bzw", "usw",  "ggf", "evtl", "inkl", "zzgl", "abs", "art",    "str",  "tel", "sra", "sres",
        "sig", "dott", "mme", "mlle", "resp", "bijv", "dhr", "mevr",   "jan",  "feb", "aug", "sept",
        "oct", "nov",  "dec", "vol",  "ed",   "eds",  "pp",  "ref",    "gen",  "rev",
    };
    uint8_t lower[8];
    if (word.size < 2 || word.size > sizeof lower)
        return false;
    for (size_t i = 0; i < word.size; i++)
        lower[i] = word.data[i] >= 'A' && word.data[i] <= 'Z' ? word.data[i] | 0x20 : word.data[i];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_equal_text(bytes_of(lower, word.size), known[i]))
            return true;
    return false;
}

/* Is the dot at `at` one that ends nothing: "3.5", "J. Doe", "e.g. ", "Dr. "? */
static bool is_inner_dot(struct bytes text, size_t start, size_t at)
{
    size_t word = at, points = 0;
    while (word > start && is_letter(text.data[word - 1])) {
        word--;
        points += (text.data[word] & 0xc0) != 0x80;
    }
    if (points == 1 && (word == start || !is_digit(text.data[word - 1])))
        return true;
    return is_abbreviation(bytes_of(text.data + word, at - word));
}

/* Behind white space and what Markdown puts before a line: "## ", "- ", "1. ", "> ". */
static size_t skip_front(struct bytes text, size_t at)
{
    while (at < text.size) {
        size_t next;
        uint32_t c = utf8_decode(text, at, &next);
        if (text_is_space(c)) {
            at = next;
            continue;
        }
        size_t mark = at;
        if (c == '#' || c == '>') {
            while (mark < text.size && text.data[mark] == (uint8_t)c)
                mark++;
        } else if (c == '-' || c == '*' || c == '+' || c == 0x2022 || c == 0x2013) {
            mark = next;
        } else {
            while (mark < text.size && mark - at < 3 && is_digit(text.data[mark]))
                mark++;
            bool is_number =
                mark > at && mark < text.size && (text.data[mark] == '.' || text.data[mark] == ')');
            mark = is_number ? mark + 1 : at;
        }
        if (mark == at || mark >= text.size || (text.data[mark] != ' ' && text.data[mark] != '\t'))
            return at;
        at = mark;
    }
    return at;
}

/* Where the sentence that starts at `start` ends. */
static size_t find_end(struct bytes text, size_t start, bool *ret_is_question)
{
    size_t at = start;
    *ret_is_question = false;
    while (at < text.size) {
        size_t next;
        uint8_t byte = text.data[at];
        uint32_t c = byte;
        if (byte < 0x80)
            next = at + 1;
        else
            c = utf8_decode(text, at, &next);
        if (c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029)
            return at;
        if (!is_stop(c) && !is_wide_stop(c) && !is_question_mark(c)) {
            at = next;
            continue;
        }
        bool is_wide = is_wide_stop(c), is_question = false;
        size_t end = at, after = at;
        while (after < text.size) { /* "?!", "...", and closing quotes */
            c = utf8_decode(text, after, &next);
            if (!is_stop(c) && !is_wide_stop(c) && !is_question_mark(c) && !is_closer(c))
                break;
            is_question |= is_question_mark(c);
            is_wide |= is_wide_stop(c);
            end = after = next;
        }
        bool at_space = after == text.size || text_is_space(c);
        bool is_single_dot = byte == '.' && end == at + 1;
        if ((at_space || is_wide) &&
            !(is_single_dot && end < text.size && is_inner_dot(text, start, at))) {
            *ret_is_question = is_question;
            return end;
        }
        at = end;
    }
    return at;
}

static bool says_something(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (is_letter(text.data[i]) || is_digit(text.data[i]))
            return true;
    return false;
}

size_t text_sentences(struct bytes text, struct sentence *ret_sentences, size_t max)
{
    if (text.size > UINT32_MAX)
        text.size = UINT32_MAX;
    size_t count = 0, at = 0;
    while (count < max) {
        size_t start = skip_front(text, at);
        if (start >= text.size)
            break;
        bool is_question;
        at = find_end(text, start, &is_question);
        struct bytes sentence = text_trim(bytes_of(text.data + start, at - start));
        if (says_something(sentence))
            ret_sentences[count++] = (struct sentence){.start = (uint32_t)start,
                                                       .end = (uint32_t)(start + sentence.size),
                                                       .is_question = is_question};
    }
    return count;
}
