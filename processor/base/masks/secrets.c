/* Secrets: keys and tokens known by their prefix, JSON Web Tokens, PEM blocks, "Bearer ...",
 * passwords in URLs, and values assigned to a name such as password or api_key. The triggers are
 * rare characters of each form: the '_' of ghp_, the '-' of sk-, the 'J' of eyJ. Of a Bearer or an
 * assignment only the value is masked, so that a reviewer still sees what stood there. */
#include "processor/base/masks/scanners.h"

#include <assert.h>
#include <strings.h>

enum { USERINFO_MAX = 512, LABEL_MAX = 64, JUDGED_MAX = 96 };

static bool is_token(uint8_t c)
{
    return is_word(c) || c == '-';
}

static size_t token_end(struct bytes text, size_t at)
{
    while (is_token(byte_at(text, at)))
        at++;
    return at;
}

static bool matches_at(struct bytes text, size_t at, const char *expected)
{
    size_t size = strlen(expected);
    return at <= text.size && text.size - at >= size && memcmp(text.data + at, expected, size) == 0;
}

static bool has_digit(struct bytes text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (is_digit(text.data[i]))
            return true;
    return false;
}

/* Keys by prefix. The trigger byte stands at `trigger` of the prefix; `rest_min` token characters
 * follow. Where words could look the same, a digit must be among them. */
static const struct key_form {
    const char *prefix;
    uint8_t trigger, rest_min;
    bool needs_digit;
} key_forms[] = {
    {"sk-", 2, 16, true},       {"sk_live_", 2, 10, false},    {"sk_test_", 2, 10, false},
    {"rk_live_", 2, 10, false}, {"rk_test_", 2, 10, false},    {"AKIA", 0, 16, false},
    {"ASIA", 0, 16, false},     {"AIza", 0, 30, false},        {"ghp_", 3, 16, false},
    {"gho_", 3, 16, false},     {"ghu_", 3, 16, false},        {"ghs_", 3, 16, false},
    {"ghr_", 3, 16, false},     {"github_pat_", 6, 16, false}, {"glpat-", 5, 16, false},
    {"xoxb-", 4, 10, true},     {"xoxp-", 4, 10, true},        {"xoxa-", 4, 10, true},
    {"xoxs-", 4, 10, true},     {"xoxr-", 4, 10, true},        {"hf_", 2, 24, false},
    {"npm_", 3, 24, false},
};

/* Long runs without a dash are no words either: sk-abcdefghijklmnopqrstuvwx. */
static bool has_long_run(struct bytes text, size_t from, size_t to)
{
    size_t run = 0;
    for (size_t i = from; i < to; i++) {
        run = text.data[i] == '-' ? 0 : run + 1;
        if (run >= 20)
            return true;
    }
    return false;
}

static size_t mask_key(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    uint8_t c = text.data[at], before = byte_before(text, at);
    if (c != 'A' && !is_letter(before))
        return at + 1; /* a dash or an underscore of a key stands behind a letter */
    for (size_t i = 0; i < sizeof key_forms / sizeof *key_forms; i++) {
        const struct key_form *form = &key_forms[i];
        uint8_t trigger = form->trigger;
        if (form->prefix[trigger] != (char)c ||
            (trigger > 0 && form->prefix[trigger - 1] != (char)before) || at < trigger)
            continue;
        size_t start = at - trigger;
        if (!matches_at(text, start, form->prefix) || is_word(byte_before(text, start)))
            continue;
        /* Judged by its beginning, so that "sk-sk-sk-..." is not read over and over. */
        size_t rest = start + strlen(form->prefix), end = rest;
        while (end - rest < JUDGED_MAX && is_token(byte_at(text, end)))
            end++;
        if (end - rest < form->rest_min)
            return at + 1;
        if (form->needs_digit && !has_digit(text, rest, end) && !has_long_run(text, rest, end))
            return at + 1;
        end = token_end(text, end);
        mask_ranges_add(ranges, start, end, MASK_SECRET);
        return end;
    }
    return at + 1;
}

/* eyJ<header>.<payload>.<signature>, and the five parts of an encrypted one. */
static size_t mask_jwt(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    if (at < 2 || !matches_at(text, at - 2, "ey") || is_word(byte_before(text, at - 2)) ||
        at < ranges->no_jwt_before)
        return at + 1;
    size_t end = token_end(text, at);
    ranges->no_jwt_before = end; /* unless one is found, when the scan goes on behind it */
    if (end - at < 8)
        return at + 1;
    int dots = 0;
    while (dots < 4 && byte_at(text, end) == '.' &&
           (dots > 0 || is_token(byte_at(text, end + 1)))) {
        size_t part = token_end(text, end + 1);
        if (dots >= 2 && part == end + 1)
            break;
        end = part;
        dots++;
    }
    if (dots < 2)
        return at + 1;
    mask_ranges_add(ranges, at - 2, end, MASK_SECRET);
    return end;
}

static size_t credential_end(struct bytes text, size_t at)
{
    while (is_token(byte_at(text, at)) || (byte_at(text, at) && strchr(".~+/=", text.data[at])))
        at++;
    return at;
}

static size_t mask_bearer(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    static const char word[] = "bearer";
    size_t start = at + sizeof word - 1;
    if (text.size - at < sizeof word ||
        strncasecmp((const char *)text.data + at, word, sizeof word - 1) != 0 ||
        is_word(byte_before(text, at)) || text.data[start] != ' ')
        return at + 1;
    while (byte_at(text, start) == ' ')
        start++;
    size_t end = credential_end(text, start);
    while (end > start && text.data[end - 1] == '.')
        end--; /* of the sentence */
    bool is_secret = end - start >= 20 || (end - start >= 8 && has_digit(text, start, end));
    if (!is_secret)
        return at + 1;
    mask_ranges_add(ranges, start, end, MASK_SECRET);
    return end;
}

static bool is_pem_body(uint8_t c)
{
    return is_word(c) || (c && strchr("+/=:,. \t\r\n\\-", c));
}

/* -----BEGIN X----- ... -----END X-----. A private key that is cut off is masked as far as its body
 * goes; other blocks without an end stay. The body ends at the next five dashes, so that no byte is
 * read for two blocks. */
static size_t mask_pem(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    static const char begin[] = "-----BEGIN ", dashes[] = "-----";
    if (!matches_at(text, at, begin))
        return at + 1;
    size_t label = at + sizeof begin - 1, end = label;
    while (end - label < LABEL_MAX && byte_at(text, end) && text.data[end] != '-')
        end++;
    if (!matches_at(text, end, dashes))
        return end;
    bool is_private = memmem(text.data + label, end - label, "PRIVATE", 7) != NULL;
    end += sizeof dashes - 1;
    size_t body = end;
    while (is_pem_body(byte_at(text, end)) && !matches_at(text, end, dashes))
        end++;
    if (matches_at(text, end, "-----END ")) {
        for (end += sizeof dashes - 1; byte_at(text, end) && text.data[end] != '-'; end++)
            if (text.data[end] == '\n')
                break;
        while (byte_at(text, end) == '-')
            end++;
    } else if (!is_private) {
        return body;
    }
    mask_ranges_add(ranges, at, end, MASK_SECRET);
    return end;
}

size_t mask_secret(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    switch (text.data[at]) {
    case 'J':
        return mask_jwt(text, at, ranges);
    case 'B':
    case 'b':
        return (byte_at(text, at + 1) | 0x20) == 'e' ? mask_bearer(text, at, ranges) : at + 1;
    case 'A':
    case '_':
        return mask_key(text, at, ranges);
    default: {
        size_t next = byte_at(text, at + 1) == '-' ? mask_pem(text, at, ranges) : at + 1;
        return next == at + 1 ? mask_key(text, at, ranges) : next;
    }
    }
}

bool mask_url_password(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    size_t colon = 0, start = at;
    while (start > 0 && at - start < USERINFO_MAX) {
        uint8_t c = text.data[start - 1];
        if (c <= ' ' || strchr("/@\"'<>\\", c))
            break;
        start--;
        if (c == ':')
            colon = start; /* the first of the user info, in the end */
    }
    bool follows_scheme = start >= 3 && memcmp(text.data + start - 3, "://", 3) == 0;
    if (!follows_scheme || colon == 0 || colon + 1 >= at || !is_word(byte_at(text, at + 1)))
        return false;
    mask_ranges_add(ranges, colon + 1, at, MASK_SECRET);
    return true;
}
