/* A recursive descent, bounded in depth, from repr to JSON:
 *   value = string | number | None True False | [..] (..) {..} | Name(..) | <Name: value> | <Name ...>
 *   text  = value | key=value key=value ...                    (the str() of a pydantic model) */
#include "processor/normalize/content/python_repr.h"

#include "processor/base/json/number.h"
#include "processor/base/json/writer.h"

enum { DEPTH_MAX = 32, OUTPUT_MAX = 8 << 20 };

struct reader {
    const uint8_t *at, *end;
    struct json_writer *to;
    struct arena *arena;
    int depth;
};

static bool read_value(struct reader *reader);

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
}

static bool take(struct reader *reader, uint8_t byte)
{
    skip_space(reader);
    if (reader->at >= reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

static bool is_name_start(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(uint8_t c)
{
    return is_name_start(c) || (c >= '0' && c <= '9');
}

static struct bytes take_name(struct reader *reader, bool dotted)
{
    const uint8_t *start = reader->at;
    while (reader->at < reader->end && (is_name(*reader->at) || (dotted && *reader->at == '.')))
        reader->at++;
    return bytes_of(start, (size_t)(reader->at - start));
}

static int hex_value(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static size_t put_utf8(uint8_t *to, uint32_t code)
{
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        code = 0xfffd;
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (uint8_t)(0xc0 | code >> 6);
        to[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (uint8_t)(0xe0 | code >> 12);
        to[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        to[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (uint8_t)(0xf0 | code >> 18);
    to[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    to[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    to[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

/* One escape behind its backslash: \n \x41 \u00e9 \U0001f600; an unknown one stands for itself. */
static size_t unescape(struct reader *reader, uint8_t *to)
{
    uint8_t kind = *reader->at++;
    int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    uint32_t code = 0;
    if (digits == 0) {
        to[0] = kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
        if (kind == '\\' || kind == '\'' || kind == '"' || to[0] != kind)
            return 1;
        to[0] = '\\';
        to[1] = kind;
        return 2;
    }
    for (; digits > 0 && reader->at < reader->end && hex_value(*reader->at) >= 0; digits--)
        code = code << 4 | (uint32_t)hex_value(*reader->at++);
    return put_utf8(to, code);
}

static bool read_string(struct reader *reader)
{
    uint8_t quote = *reader->at++;
    const uint8_t *start = reader->at;
    const uint8_t *stop = start;
    while (stop < reader->end && *stop != quote)
        stop += *stop == '\\' ? 2 : 1;
    if (stop >= reader->end)
        return false;
    uint8_t *text = arena_alloc(reader->arena, (size_t)(stop - start) * 2 + 8);
    if (!text)
        return false;
    size_t size = 0;
    while (reader->at < stop) {
        if (*reader->at == '\\') {
            reader->at++;
            size += unescape(reader, text + size);
        } else {
            text[size++] = *reader->at++;
        }
    }
    reader->at = stop + 1;
    json_string(reader->to, bytes_of(text, size));
    return true;
}

static bool read_number(struct reader *reader)
{
    const uint8_t *start = reader->at;
    while (reader->at < reader->end &&
           (is_name(*reader->at) || *reader->at == '.' || *reader->at == '+' || *reader->at == '-'))
        reader->at++;
    double number;
    if (!number_parse(bytes_of(start, (size_t)(reader->at - start)), &number))
        return false;
    json_double(reader->to, number);
    return true;
}

/* Elements up to `close`; tuples and sets become arrays too. */
static bool read_elements(struct reader *reader, uint8_t close)
{
    json_array_begin(reader->to);
    while (!take(reader, close)) {
        if (!read_value(reader))
            return false;
        if (!take(reader, ',') && (reader->at >= reader->end || *reader->at != close))
            return false;
    }
    json_array_end(reader->to);
    return true;
}

/* A quoted key, without writing it as a value. */
static bool read_key(struct reader *reader)
{
    skip_space(reader);
    if (reader->at >= reader->end || (*reader->at != '\'' && *reader->at != '"'))
        return false;
    uint8_t quote = *reader->at++;
    const uint8_t *start = reader->at;
    while (reader->at < reader->end && *reader->at != quote)
        reader->at += *reader->at == '\\' ? 2 : 1;
    if (reader->at >= reader->end)
        return false;
    json_key_bytes(reader->to, bytes_of(start, (size_t)(reader->at - start)));
    reader->at++;
    return true;
}

static bool read_dict(struct reader *reader)
{
    json_object_begin(reader->to);
    while (!take(reader, '}')) {
        if (!read_key(reader) || !take(reader, ':') || !read_value(reader))
            return false;
        if (!take(reader, ',') && (reader->at >= reader->end || *reader->at != '}'))
            return false;
    }
    json_object_end(reader->to);
    return true;
}

/* `name=` ahead: takes it. */
static bool take_keyword(struct reader *reader, struct bytes *ret_name)
{
    skip_space(reader);
    const uint8_t *start = reader->at;
    if (start < reader->end && is_name_start(*start)) {
        *ret_name = take_name(reader, false);
        if (reader->at < reader->end && *reader->at == '=')
            return reader->at++, true;
    }
    reader->at = start;
    return false;
}

/* Name(a, key=b): keywords are members, the first plain argument is "__value__". */
static bool read_call(struct reader *reader, struct bytes name)
{
    bool has_value = false;
    json_object_begin(reader->to);
    json_put_bytes(reader->to, "__class__", name);
    while (!take(reader, ')')) {
        struct bytes keyword;
        if (take_keyword(reader, &keyword))
            json_key_bytes(reader->to, keyword);
        else if (!has_value)
            json_key(reader->to, "__value__"), has_value = true;
        else
            json_key(reader->to, "__more__");
        if (!read_value(reader))
            return false;
        if (!take(reader, ',') && (reader->at >= reader->end || *reader->at != ')'))
            return false;
    }
    json_object_end(reader->to);
    return true;
}

static bool read_word(struct reader *reader)
{
    struct bytes name = take_name(reader, true);
    if (reader->at < reader->end && *reader->at == '(') {
        reader->at++;
        return read_call(reader, name);
    }
    if (bytes_equal_text(name, "True") || bytes_equal_text(name, "False"))
        json_bool(reader->to, name.data[0] == 'T');
    else if (bytes_equal_text(name, "None") || bytes_equal_text(name, "nan") ||
             bytes_equal_text(name, "inf"))
        json_null(reader->to);
    else if (name.size > 0)
        json_string(reader->to, name);
    return name.size > 0;
}

/* <MessageRole.USER: 'user'> is its value; any other object is null. */
static bool read_angle(struct reader *reader)
{
    const uint8_t *start = ++reader->at;
    int open = 1;
    while (reader->at < reader->end && open > 0) {
        open += (*reader->at == '<') - (*reader->at == '>');
        reader->at++;
    }
    if (open > 0)
        return false;
    const uint8_t *stop = reader->at - 1;
    const uint8_t *colon = memmem(start, (size_t)(stop - start), ": '", 3);
    if (colon && stop - colon > 3 && stop[-1] == '\'')
        json_string(reader->to, bytes_of(colon + 3, (size_t)(stop - 1 - (colon + 3))));
    else
        json_null(reader->to);
    return true;
}

static bool read_value(struct reader *reader)
{
    skip_space(reader);
    if (reader->at >= reader->end || reader->depth >= DEPTH_MAX || reader->to->to->failed)
        return false;
    reader->depth++;
    bool is_read = false;
    uint8_t c = *reader->at;
    uint8_t next = reader->at + 1 < reader->end ? reader->at[1] : 0;
    if (c == '\'' || c == '"')
        is_read = read_string(reader);
    else if ((c == 'b' || c == 'r' || c == 'u') && (next == '\'' || next == '"'))
        reader->at++, is_read = read_string(reader);
    else if (c == '[')
        reader->at++, is_read = read_elements(reader, ']');
    else if (c == '(')
        reader->at++, is_read = read_elements(reader, ')');
    else if (c == '{')
        reader->at++, is_read = read_dict(reader);
    else if (c == '<')
        is_read = read_angle(reader);
    else if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.')
        is_read = read_number(reader);
    else if (is_name_start(c))
        is_read = read_word(reader);
    reader->depth--;
    return is_read;
}

/* key=value key=value ... to the end. */
static bool read_model(struct reader *reader)
{
    struct bytes keyword;
    json_object_begin(reader->to);
    while (reader->at < reader->end) {
        if (!take_keyword(reader, &keyword))
            return false;
        json_key_bytes(reader->to, keyword);
        if (!read_value(reader))
            return false;
        skip_space(reader);
    }
    json_object_end(reader->to);
    return true;
}

static bool starts_with(struct bytes text, const char *start)
{
    return bytes_starts_with(text, bytes_of_text(start));
}

/* id='1' source='user' content=...: any member in front, when a second one
 * follows a plain value. */
static bool is_any_model(struct bytes text)
{
    size_t i = 0;
    while (i < text.size && i < 64 && is_name(text.data[i]))
        i++;
    if (i == 0 || !is_name_start(text.data[0]) || i + 2 >= text.size || text.data[i] != '=')
        return false;
    uint8_t quote = text.data[i + 1];
    if (quote != '\'' && quote != '"')
        return false;
    const uint8_t *close = memchr(text.data + i + 2, quote, text.size - i - 2);
    if (!close || close[-1] == '\\')
        return false;
    size_t at = (size_t)(close - text.data) + 1, start = at + 1;
    if (at >= text.size || text.data[at] != ' ')
        return false;
    for (at = start; at < text.size && is_name(text.data[at]); at++)
        ;
    return at > start && at < text.size && text.data[at] == '=' && is_name_start(text.data[start]);
}

static bool is_model(struct bytes text)
{
    return is_any_model(text) || starts_with(text, "content='") ||
           starts_with(text, "content=\"") || starts_with(text, "content=[") ||
           starts_with(text, "page_content='") || starts_with(text, "page_content=\"") ||
           starts_with(text, "messages=[") || starts_with(text, "role='") ||
           starts_with(text, "generations=[");
}

/* CamelCase( with a keyword, or nothing, as its first argument. */
static bool is_constructor(struct bytes text)
{
    size_t i = 0;
    bool has_lower = false;
    if (text.size < 3 || text.data[0] < 'A' || text.data[0] > 'Z')
        return false;
    for (; i < text.size && i < 128 && is_name(text.data[i]); i++)
        has_lower |= text.data[i] >= 'a' && text.data[i] <= 'z';
    if (!has_lower || i >= text.size || text.data[i++] != '(')
        return false;
    while (i < text.size && (text.data[i] == ' ' || text.data[i] == '\n'))
        i++;
    size_t start = i;
    while (i < text.size && is_name(text.data[i]))
        i++;
    return i < text.size && ((i > start && text.data[i] == '=') ||
                             (i == start && (text.data[i] == ')' || text.data[i] == '[' ||
                                             text.data[i] == '\'' || text.data[i] == '{')));
}

bool python_repr_looks(struct bytes text)
{
    if (text.size < 2)
        return false;
    if (text.data[0] == '[' || text.data[0] == '{' || text.data[0] == '(') {
        struct bytes rest = bytes_of(text.data + 1, text.size - 1);
        return rest.data[0] == '\'' || starts_with(rest, "{'") || starts_with(rest, "('") ||
               is_constructor(rest);
    }
    /* <Document(id_=...)>, <workflows.context.Context object at 0x7f...> */
    if (text.data[0] == '<' && text.data[text.size - 1] == '>')
        return memmem(text.data, text.size, " object at 0x", 13) != NULL ||
               is_constructor(bytes_of(text.data + 1, text.size - 2)) ||
               starts_with(text, "<class '");
    return is_model(text) || is_constructor(text);
}

struct bytes python_repr_to_json(struct bytes text, struct arena *arena)
{
    if (!arena_look(arena, text.size))
        return (struct bytes){0};
    struct buffer buffer = {.limit = OUTPUT_MAX};
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    struct reader reader = {text.data, text.data + text.size, &writer, arena, 0};
    bool is_read = is_model(text) ? read_model(&reader) : read_value(&reader);
    skip_space(&reader);
    is_read = is_read && reader.at == reader.end && !buffer.failed;
    struct bytes json = {0};
    if (is_read)
        json = arena_copy(arena, buffer_bytes(&buffer));
    buffer_finish(&buffer);
    return json;
}
