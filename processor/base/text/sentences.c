/* Sentences, in one pass: a start is looked for behind white space and Markdown marks, an end by
 * its punctuation. */
#include "processor/base/text/sentences.h"

#include "processor/base/text/fold.h"
#include "processor/base/text/text.h"
#include "processor/base/text/utf8.h"

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

/* What a dot behind a known abbreviation means. */
enum abbreviation {
    NO_ABBREVIATION,
    NEVER_ENDS,       /* "Dr. Doe" */
    ENDS_BEFORE_CAPS, /* "pears, etc. Then", but "etc. and" */
    NEEDS_NUMBER,     /* "No. 5", but "He said no. 5 left": we take the number */
};

static enum abbreviation abbreviation_of(struct bytes word)
{
    static const struct {
        enum abbreviation kind;
        const char *words;
    } known[] = {
        {NEVER_ENDS, " mr mrs ms dr prof st vs ca approx bzw ggf evtl inkl zzgl sra sres sig dott "
                     "mme mlle resp bijv "
                     "dhr mevr gen rev "},
        {ENDS_BEFORE_CAPS, " etc inc ltd co corp al jr sr usw dept est ed eds "},
        {NEEDS_NUMBER, " no nr nos art abs fig vol pp ref tel jan feb aug sept oct nov dec "},
    };
    char lower[10] = " ";
    if (word.size < 2 || word.size > 6)
        return NO_ABBREVIATION;
    for (size_t i = 0; i < word.size; i++) {
        uint8_t c = word.data[i];
        lower[i + 1] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    lower[word.size + 1] = ' ';
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(known[i].words, lower))
            return known[i].kind;
    return NO_ABBREVIATION;
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
    size_t behind = at + 1;
    while (behind < text.size && text.data[behind] == ' ')
        behind++;
    uint8_t next = behind < text.size ? text.data[behind] : 0;
    switch (abbreviation_of(bytes_of(text.data + word, at - word))) {
    case NEVER_ENDS:
        return true;
    case ENDS_BEFORE_CAPS:
        return !(next >= 'A' && next <= 'Z');
    case NEEDS_NUMBER:
        return is_digit(next);
    case NO_ABBREVIATION:
        break;
    }
    return false;
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
