/* Cuts the text of an expression into tokens. A name is a run of letters, digits, `_`, `-`, `.` and
 * everything outside ASCII, starting with none of the digits, `-` and `.`; the words of the
 * language are names that mean something. */
#include "processor/score/expression/tree.h"

#include <math.h>

#include "processor/base/json/number.h"

const char *const compare_operator_names[COMPARE_OPERATORS] = {
    [COMPARE_EQUAL] = "==",      [COMPARE_NOT_EQUAL] = "!=",      [COMPARE_LESS] = "<",
    [COMPARE_LESS_EQUAL] = "<=", [COMPARE_GREATER] = ">",         [COMPARE_GREATER_EQUAL] = ">=",
    [COMPARE_IN] = "in",         [COMPARE_CONTAINS] = "contains", [COMPARE_MATCH] = "=~",
};

static const struct {
    const char *word;
    enum token_kind kind;
    enum compare_operator compare;
} words[] = {
    {"and", TOKEN_AND, 0},
    {"or", TOKEN_OR, 0},
    {"not", TOKEN_NOT, 0},
    {"true", TOKEN_TRUE, 0},
    {"false", TOKEN_FALSE, 0},
    {"in", TOKEN_COMPARE, COMPARE_IN},
    {"contains", TOKEN_COMPARE, COMPARE_CONTAINS},
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool starts_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool continues_name(uint8_t c)
{
    return starts_name(c) || is_digit(c) || c == '-' || c == '.';
}

static struct token wrong(struct token token, const char *problem)
{
    token.kind = TOKEN_WRONG;
    token.problem = problem;
    return token;
}

static struct token read_name(struct bytes source, struct token token)
{
    while (token.end < source.size && continues_name(source.data[token.end]))
        token.end++;
    token.text = bytes_of(source.data + token.start, token.end - token.start);
    token.kind = TOKEN_NAME;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal_text(token.text, words[i].word)) {
            token.kind = words[i].kind;
            token.compare = words[i].compare;
        }
    return token;
}

static struct token read_number(struct bytes source, struct token token)
{
    while (token.end < source.size) {
        uint8_t c = source.data[token.end];
        uint8_t before = token.end > token.start ? source.data[token.end - 1] : 0;
        bool is_exponent_sign = (c == '+' || c == '-') && (before == 'e' || before == 'E');
        bool is_sign = c == '-' && token.end == token.start;
        if (!is_digit(c) && !starts_name(c) && c != '.' && !is_exponent_sign && !is_sign)
            break;
        token.end++;
    }
    struct bytes text = bytes_of(source.data + token.start, token.end - token.start);
    token.kind = TOKEN_NUMBER;
    if (!number_parse(text, &token.number) || !isfinite(token.number))
        return wrong(token, "expected a number such as 20000 or 0.75");
    return token;
}

static struct token read_text(struct bytes source, struct token token, uint8_t **pool_end)
{
    uint8_t quote = source.data[token.end++], *to = *pool_end;
    while (token.end < source.size && source.data[token.end] != quote) {
        uint8_t c = source.data[token.end++];
        if (c == '\\' && token.end < source.size) {
            uint8_t next = source.data[token.end];
            if (next == '\\' || next == '"' || next == '\'') {
                c = next;
                token.end++;
            }
        }
        *to++ = c;
    }
    token.text = bytes_of(*pool_end, (size_t)(to - *pool_end));
    if (token.end == source.size)
        return wrong(token, "the text that starts here has no closing quote");
    token.end++;
    token.kind = TOKEN_TEXT;
    *pool_end = to;
    return token;
}

static struct token read_sign(struct bytes source, struct token token)
{
    static const struct {
        const char *text;
        enum token_kind kind;
        enum compare_operator compare;
    } signs[] = {
        {"==", TOKEN_COMPARE, COMPARE_EQUAL},
        {"!=", TOKEN_COMPARE, COMPARE_NOT_EQUAL},
        {"=~", TOKEN_COMPARE, COMPARE_MATCH},
        {"<=", TOKEN_COMPARE, COMPARE_LESS_EQUAL},
        {">=", TOKEN_COMPARE, COMPARE_GREATER_EQUAL},
        {"<", TOKEN_COMPARE, COMPARE_LESS},
        {">", TOKEN_COMPARE, COMPARE_GREATER},
        {"(", TOKEN_OPEN, 0},
        {")", TOKEN_CLOSE, 0},
        {"[", TOKEN_LIST_OPEN, 0},
        {"]", TOKEN_LIST_CLOSE, 0},
        {",", TOKEN_COMMA, 0},
    };
    struct bytes rest = bytes_of(source.data + token.start, source.size - token.start);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        struct bytes sign = bytes_of_text(signs[i].text);
        if (!bytes_starts_with(rest, sign))
            continue;
        token.kind = signs[i].kind;
        token.compare = signs[i].compare;
        token.end += sign.size;
        return token;
    }
    token.end++;
    switch (source.data[token.start]) {
    case '=':
        return wrong(token, "expected `==`, not `=`");
    case '&':
        return wrong(token, "expected `and`, not `&`");
    case '|':
        return wrong(token, "expected `or`, not `|`");
    case '!':
        return wrong(token, "expected `not` or `!=`, not `!`");
    default:
        return wrong(token, "expected a name, a number, a text or an operator");
    }
}

struct token token_read(struct bytes source, size_t at, uint8_t **pool_end)
{
    while (at < source.size && is_space(source.data[at]))
        at++;
    struct token token = {.kind = TOKEN_END, .start = at, .end = at};
    if (at >= source.size)
        return token;
    uint8_t c = source.data[at];
    if (starts_name(c))
        return read_name(source, token);
    if (is_digit(c) || c == '-')
        return read_number(source, token);
    if (c == '"' || c == '\'')
        return read_text(source, token, pool_end);
    return read_sign(source, token);
}
