/* Numbers may stand as numbers or as strings (64-bit integers do not fit a double), and as "5e3"
 * or "7.0" where the value is whole. What does not fit its field is an error, never cut. */
#include "processor/otlp/otlp_json_value.h"

#include <math.h>

#include "processor/base/json/number.h"
#include "processor/otlp/wire.h"

const uint8_t *otlp_json_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* ---- Tokens ---- */

static const uint8_t *pass_digits(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *first = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at == first ? NULL : at;
}

/* The byte behind a number as JSON writes it; NULL when it is none. */
static const uint8_t *pass_number(const uint8_t *at, const uint8_t *end)
{
    at += at < end && *at == '-';
    if (end - at >= 2 && at[0] == '0' && at[1] >= '0' && at[1] <= '9')
        return NULL;
    at = pass_digits(at, end);
    if (at && at < end && *at == '.')
        at = pass_digits(at + 1, end);
    if (at && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        at = pass_digits(at, end);
    }
    return at;
}

/* The closing quote of a string that begins behind `at`; NULL when there is none. */
static const uint8_t *find_quote(const uint8_t *at, const uint8_t *end, bool *ret_is_plain)
{
    *ret_is_plain = true;
    for (; at < end && *at != '"'; at++) {
        if (*at >= 0x20 && *at != '\\')
            continue;
        *ret_is_plain = false;
        at += *at == '\\' && at + 1 < end;
    }
    return at < end ? at : NULL;
}

static struct json_token read_string(const uint8_t **at, const uint8_t *end, struct arena *arena)
{
    bool is_plain;
    const uint8_t *open = *at, *quote = find_quote(open + 1, end, &is_plain);
    struct json_reader reader;
    struct json_value value;
    if (!quote)
        return (struct json_token){.type = JSON_BROKEN};
    *at = quote + 1;
    struct bytes text = bytes_of(open + 1, (size_t)(quote - open - 1));
    if (is_plain)
        return (struct json_token){.type = JSON_STRING, .text = text};
    struct bytes quoted = bytes_of(open, text.size + 2);
    if (!json_parse(quoted, arena, &reader, &value) || value.type != JSON_STRING)
        return (struct json_token){.type = JSON_BROKEN};
    return (struct json_token){.type = JSON_STRING, .text = value.text};
}

static bool pass_word(const uint8_t **at, const uint8_t *end, const char *word)
{
    struct bytes expected = bytes_of_text(word);
    if (!bytes_starts_with(bytes_of(*at, (size_t)(end - *at)), expected))
        return false;
    *at += expected.size;
    return true;
}

struct json_token otlp_json_token_read(const uint8_t **at, const uint8_t *end, struct arena *arena)
{
    if (*at == end)
        return (struct json_token){.type = JSON_BROKEN};
    if (**at == '"')
        return read_string(at, end, arena);
    if (pass_word(at, end, "true"))
        return (struct json_token){.type = JSON_BOOL, .boolean = true};
    if (pass_word(at, end, "false"))
        return (struct json_token){.type = JSON_BOOL};
    if (pass_word(at, end, "null"))
        return (struct json_token){.type = JSON_NULL};
    static const char *const words[] = {"NaN", "Infinity", "-Infinity"}; /* as Python writes them */
    struct bytes word = {*at, 0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (pass_word(at, end, words[i]))
            return (struct json_token){.type = JSON_NUMBER,
                                       .text = bytes_of(word.data, strlen(words[i]))};
    const uint8_t *number_end = pass_number(*at, end);
    if (!number_end)
        return (struct json_token){.type = JSON_BROKEN};
    struct bytes literal = bytes_of(*at, (size_t)(number_end - *at));
    *at = number_end;
    return (struct json_token){.type = JSON_NUMBER, .text = literal};
}

/* ---- Integers ---- */

struct integer {
    bool is_negative;
    uint64_t magnitude;
};

static bool parse_digits(struct bytes text, struct integer *ret)
{
    size_t i = text.size > 0 && text.data[0] == '-';
    struct integer integer = {.is_negative = i == 1};
    if (i == text.size)
        return false;
    for (; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' ||
            __builtin_mul_overflow(integer.magnitude, 10, &integer.magnitude) ||
            __builtin_add_overflow(integer.magnitude, (uint64_t)(text.data[i] - '0'),
                                   &integer.magnitude))
            return false;
    }
    *ret = integer;
    return true;
}

/* "1790000000000000000.0" to the last digit; with an exponent, as the nearest double has it: times
 * that a program holds as floating point are written so. */
static bool parse_integer(struct bytes text, struct integer *ret)
{
    double number;
    struct bytes whole = text;
    while (whole.size > 0 && whole.data[whole.size - 1] == '0')
        whole.size--;
    bool has_zeros_only =
        whole.size > 0 && whole.size < text.size && whole.data[whole.size - 1] == '.';
    if (parse_digits(has_zeros_only ? bytes_of(text.data, whole.size - 1) : text, ret))
        return true;
    if (!number_parse(text, &number) || number != floor(number) || fabs(number) >= 0x1p64)
        return false;
    *ret = (struct integer){.is_negative = number < 0, .magnitude = (uint64_t)fabs(number)};
    return true;
}

/* As the 64 bits of a two's complement; false outside of [min, max]. */
static bool fit_integer(const struct json_token *token, int64_t min, uint64_t max,
                        uint64_t *ret_value)
{
    struct integer integer;
    if ((token->type != JSON_NUMBER && token->type != JSON_STRING) ||
        !parse_integer(token->text, &integer))
        return false;
    if (integer.is_negative ? integer.magnitude > 0 - (uint64_t)min : integer.magnitude > max)
        return false;
    *ret_value = integer.is_negative ? 0 - integer.magnitude : integer.magnitude;
    return true;
}

/* ---- Fields ---- */

static bool put_hex(struct buffer *to, uint32_t field, struct bytes digits)
{
    size_t size = digits.size / 2;
    if (digits.size % 2 != 0)
        return false;
    wire_put_tag(to, field, WIRE_BYTES);
    wire_put_varint(to, size);
    if (size == 0 || !buffer_reserve(to, size))
        return true; /* a full buffer is sticky, and no fault of the text */
    if (!hex_decode(to->data + to->size, (const char *)digits.data, size))
        return false;
    to->size += size;
    return true;
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static bool put_base64(struct buffer *to, uint32_t field, struct bytes text)
{
    while (text.size > 0 && text.data[text.size - 1] == '=')
        text.size--;
    if (text.size % 4 == 1)
        return false;
    wire_put_tag(to, field, WIRE_BYTES);
    wire_put_varint(to, text.size / 4 * 3 + text.size % 4 * 3 / 4);
    uint32_t bits = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = base64_digit(text.data[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 != 0)
            buffer_append_byte(to, (uint8_t)(bits >> (6 - 2 * (i % 4))));
    }
    return true;
}

/* --- enums --- */

static bool find_name(struct bytes text, const char *prefix, const char *const *names,
                      uint64_t *ret_value)
{
    struct bytes start = bytes_of_text(prefix);
    if (!bytes_starts_with(text, start))
        return false;
    struct bytes name = bytes_of(text.data + start.size, text.size - start.size);
    for (uint64_t i = 0; names[i]; i++)
        if (bytes_equal_text(name, names[i])) {
            *ret_value = i;
            return true;
        }
    return false;
}

static bool fit_enum(const struct json_token *token, enum json_encoding encoding,
                     uint64_t *ret_value)
{
    static const char *const kinds[] = {"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT",
                                        "PRODUCER",    "CONSUMER", NULL};
    static const char *const codes[] = {"UNSET", "OK", "ERROR", NULL};
    static const char *const severities[] = {
        "UNSPECIFIED", "TRACE",  "TRACE2", "TRACE3", "TRACE4", "DEBUG",  "DEBUG2",
        "DEBUG3",      "DEBUG4", "INFO",   "INFO2",  "INFO3",  "INFO4",  "WARN",
        "WARN2",       "WARN3",  "WARN4",  "ERROR",  "ERROR2", "ERROR3", "ERROR4",
        "FATAL",       "FATAL2", "FATAL3", "FATAL4", NULL};
    if (token->type == JSON_NUMBER)
        return fit_integer(token, INT32_MIN, INT32_MAX, ret_value);
    if (token->type != JSON_STRING)
        return false;
    if (encoding == AS_KIND)
        return find_name(token->text, "SPAN_KIND_", kinds, ret_value);
    if (encoding == AS_STATUS_CODE)
        return find_name(token->text, "STATUS_CODE_", codes, ret_value);
    return find_name(token->text, "SEVERITY_NUMBER_", severities, ret_value);
}

static bool put_double(struct buffer *to, uint32_t field, const struct json_token *token)
{
    double number;
    uint64_t bits;
    bool is_text = token->type == JSON_STRING || token->type == JSON_NUMBER;
    if (is_text && bytes_equal_text(token->text, "NaN"))
        number = NAN;
    else if (is_text && bytes_equal_text(token->text, "Infinity"))
        number = INFINITY;
    else if (is_text && bytes_equal_text(token->text, "-Infinity"))
        number = -INFINITY;
    else if (!is_text || !number_parse(token->text, &number))
        return false;
    memcpy(&bits, &number, sizeof bits);
    wire_put_fixed64(to, field, bits);
    return true;
}

bool otlp_json_token_put(struct buffer *to, uint32_t field, enum json_encoding encoding,
                         const struct json_token *token)
{
    uint64_t value;
    switch (encoding) {
    case AS_TEXT:
        if (token->type == JSON_STRING)
            wire_put_bytes(to, field, token->text);
        return token->type == JSON_STRING;
    case AS_HEX:
        return token->type == JSON_STRING && put_hex(to, field, token->text);
    case AS_BASE64:
        return token->type == JSON_STRING && put_base64(to, field, token->text);
    case AS_BOOL:
        wire_put_number(to, field, token->boolean);
        return token->type == JSON_BOOL;
    case AS_KIND:
    case AS_STATUS_CODE:
    case AS_SEVERITY:
        if (!fit_enum(token, encoding, &value))
            return false;
        wire_put_number(to, field, value);
        return true;
    case AS_INT64:
        if (!fit_integer(token, INT64_MIN, INT64_MAX, &value))
            return false;
        wire_put_number(to, field, value);
        return true;
    case AS_UINT32:
        if (!fit_integer(token, 0, UINT32_MAX, &value))
            return false;
        wire_put_number(to, field, value);
        return true;
    case AS_FIXED32:
        if (!fit_integer(token, 0, UINT32_MAX, &value))
            return false;
        wire_put_fixed32(to, field, (uint32_t)value);
        return true;
    case AS_FIXED64:
        if (!fit_integer(token, 0, UINT64_MAX, &value))
            return false;
        wire_put_fixed64(to, field, value);
        return true;
    case AS_DOUBLE:
        return put_double(to, field, token);
    case AS_MESSAGE:
        break;
    }
    return false;
}
