/* Values assigned to a name that tells of a secret: password=..., "api_key": "...", token: ...
 *
 *   {\"client_secret\": \"s3cr3t\"}     name, then quotes and spaces, ':' or '=', the value
 *             ^ ends with a word of the table
 *
 * The name decides how sure we are. `token` alone is also a word of language models ("token":
 * "Hello", max_tokens: 100), so its values must look like keys; a password may be any word when it
 * is quoted or follows '='. */
#include "processor/base/masks/scanners.h"

#include <assert.h>

enum { NAME_BYTES_MAX = 64, GAP_BYTES_MAX = 8, VALUE_BYTES_MAX = 4096 };

/* Words a name ends with, in lower case without `_`, `-` and `.`. */
static const struct secret_name {
    const char *word;
    bool is_weak; /* means other things as well */
} secret_names[] = {
    {"password", false},      {"passwd", false},
    {"passphrase", false},    {"pwd", false},
    {"secret", false},        {"apikey", false},
    {"accesskey", false},     {"secretkey", false},
    {"privatekey", false},    {"secretaccesskey", false},
    {"authorization", false}, {"credentials", false},
    {"token", true},
};

/* The folded end of the name whose last byte is before `end`; its size. */
static size_t fold_name(struct bytes text, size_t end, char name[NAME_BYTES_MAX])
{
    char reversed[NAME_BYTES_MAX];
    size_t size = 0;
    while (end > 0 && size < NAME_BYTES_MAX) {
        uint8_t c = text.data[end - 1];
        if (!is_word(c) && c != '-' && c != '.')
            break;
        end--;
        if (is_letter(c) || is_digit(c))
            reversed[size++] = (char)(is_letter(c) ? c | 0x20 : c);
    }
    for (size_t i = 0; i < size; i++)
        name[i] = reversed[size - 1 - i];
    return size;
}

static const struct secret_name *find_name(struct bytes text, size_t at)
{
    size_t end = at;
    while (end > 0 && at - end < GAP_BYTES_MAX && strchr(" \"'\\", text.data[end - 1]) &&
           text.data[end - 1])
        end--;
    /* The last letters of the words above; most names end otherwise. */
    uint8_t last = byte_before(text, end) | 0x20;
    if (last != 'd' && last != 'e' && last != 't' && last != 'y' && last != 'n' && last != 's')
        return NULL;
    char name[NAME_BYTES_MAX];
    size_t size = fold_name(text, end, name);
    for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++) {
        size_t word = strlen(secret_names[i].word);
        if (size >= word && memcmp(name + size - word, secret_names[i].word, word) == 0)
            return &secret_names[i];
    }
    return NULL;
}

struct assigned {
    size_t start, end;
    bool is_quoted; /* or behind a scheme: as sure as a quote */
    bool has_digit, has_symbol;
};

static struct assigned read_value(struct bytes text, size_t at)
{
    while (byte_at(text, at) == ' ')
        at++;
    size_t quote = at;
    while (byte_at(text, quote) == '\\')
        quote++;
    uint8_t mark = byte_at(text, quote);
    struct assigned value = {.start = at};
    value.is_quoted = mark == '"' || mark == '\'';
    if (value.is_quoted)
        value.start = quote + 1;
    size_t end = value.start;
    for (; end < text.size && end - value.start < VALUE_BYTES_MAX; end++) {
        uint8_t c = text.data[end];
        if (value.is_quoted ? c == mark : c <= ' ' || strchr("\"',;&<>()[]{}|", c))
            break;
        value.has_digit = value.has_digit || is_digit(c);
        value.has_symbol = value.has_symbol || !(is_word(c) || c >= 0x80);
    }
    while (value.is_quoted && end > value.start && text.data[end - 1] == '\\')
        end--; /* the escape of the closing quote */
    while (!value.is_quoted && end > value.start && text.data[end - 1] == '.')
        end--; /* of the sentence */
    value.end = end;
    return value;
}

static bool looks_secret(struct bytes text, const struct assigned *value, bool is_weak,
                         uint8_t delimiter)
{
    size_t size = value->end - value->start;
    if (size == 0 || strchr("[<*$%", text.data[value->start]))
        return false; /* a placeholder, or masked already */
    bool is_loose = delimiter == ':' && !value->is_quoted;
    if (is_weak)
        return is_loose ? size >= 20 || (size >= 8 && value->has_digit)
                        : size >= 16 || (size >= 6 && value->has_digit);
    return is_loose ? size >= 16 || (size >= 4 && (value->has_digit || value->has_symbol)) : true;
}

/* "Authorization: Basic dXNlcjpwYXNz": the scheme stays. */
static size_t behind_scheme(struct bytes text, size_t at)
{
    static const char *const schemes[] = {"Basic ", "basic ", "Bearer ", "bearer ", "Token "};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t size = strlen(schemes[i]);
        if (text.size - at >= size && memcmp(text.data + at, schemes[i], size) == 0)
            return at + size;
    }
    return at;
}

size_t mask_assigned_secret(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    const struct secret_name *name = find_name(text, at);
    if (!name)
        return at + 1;
    uint8_t delimiter = text.data[at];
    size_t start = at + 1;
    while (byte_at(text, start) == '=')
        start++; /* == of code */
    if (start > at + 1)
        return start;
    struct assigned value = read_value(text, start);
    size_t behind = behind_scheme(text, value.start);
    if (behind > value.start) {
        value = read_value(text, behind);
        value.is_quoted = true;
    }
    if (!looks_secret(text, &value, name->is_weak, delimiter))
        return at + 1;
    mask_ranges_add(ranges, value.start, value.end, MASK_SECRET);
    if (value.is_quoted && !ranges->failed)
        ranges->items[ranges->count - 1].is_quoted = true;
    return value.end;
}
