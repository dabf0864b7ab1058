/* Rows below a section that is not there are left out, so are texts that are not set; headers of
 * sections are written when their first row is. */
#include "pipelines/config/print/printer.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "pipelines/config/value.h"
#include "processor/base/json/number.h"
#include "processor/base/text/utf8.h"

static const char masked[] = "********";

static const void *field(const struct option *row, const void *base)
{
    return (const char *)base + row->at - 1;
}

static void start_line(struct config_printer *printer)
{
    uint32_t spaces = printer->indent - (printer->has_dash ? 2 : 0);
    for (uint32_t i = 0; i < spaces; i++)
        buffer_append_byte(printer->to, ' ');
    if (printer->has_dash)
        buffer_append_text(printer->to, "- ");
    printer->has_dash = false;
}

static bool is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool is_inner = c == '_' || c == '.' || c == '/' || (c == '-' && i > 0) ||
                        (c == ':' && i > 0 && i + 1 < text.size);
        if (!is_word && !is_inner)
            return false;
    }
    return text.size > 0 && !bytes_equal_text(text, "null");
}

static bool needs_escape(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0xa0) || point == 0x2028 || point == 0x2029 ||
           point == 0xfeff || point == 0xfffe || point == 0xffff;
}

/* Only values are substituted when read, so only they must hide a `${`. */
static void print_scalar(struct config_printer *printer, struct bytes text, bool is_value)
{
    struct buffer *to = printer->to;
    if (is_plain(text)) {
        buffer_append_bytes(to, text);
        return;
    }
    buffer_append_byte(to, '"');
    for (size_t at = 0, next; at < text.size; at = next) {
        uint32_t point = utf8_decode(text, at, &next);
        if (point == '"' || point == '\\')
            buffer_printf(to, "\\%c", (char)point);
        else if (is_value && point == '$' && next < text.size && text.data[next] == '{')
            buffer_append_text(to, "$$");
        else if (needs_escape(point))
            buffer_printf(to, "\\u%04" PRIx32, point);
        else
            buffer_append(to, text.data + at, next - at);
    }
    buffer_append_byte(to, '"');
}

void config_printer_text(struct config_printer *printer, struct bytes text)
{
    print_scalar(printer, text, true);
}

void config_printer_texts(struct config_printer *printer, const struct bytes *items, uint32_t count)
{
    buffer_append_byte(printer->to, '[');
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_text(printer->to, i > 0 ? ", " : "");
        config_printer_text(printer, items[i]);
    }
    buffer_append_byte(printer->to, ']');
}

void config_printer_key(struct config_printer *printer, struct bytes key)
{
    start_line(printer);
    print_scalar(printer, key, false);
    buffer_append_byte(printer->to, ':');
}

void config_printer_row_key(struct config_printer *printer, const struct option *row)
{
    config_printer_key(printer, bytes_of_text(config_option_key(row)));
}

/* Names joined by commas, as a list again. */
static void print_joined(struct config_printer *printer, const char *joined)
{
    buffer_append_byte(printer->to, '[');
    for (const char *at = joined; at;) {
        const char *comma = strchr(at, ',');
        config_printer_text(printer,
                            comma ? bytes_of(at, (size_t)(comma - at)) : bytes_of_text(at));
        buffer_append_text(printer->to, comma ? ", " : "");
        at = comma ? comma + 1 : NULL;
    }
    buffer_append_byte(printer->to, ']');
}

static void print_list_value(struct config_printer *printer, const struct option *row,
                             const void *base)
{
    if (row->type == OPTION_JOINED) {
        print_joined(printer, *(const char *const *)field(row, base));
        return;
    }
    uint32_t count = *(const uint32_t *)((const char *)base + row->count_at - 1);
    if (row->type == OPTION_TEXTS) {
        config_printer_texts(printer, field(row, base), count);
        return;
    }
    struct bytes items[PATHS_MAX];
    assert(count <= PATHS_MAX);
    for (uint32_t i = 0; i < count; i++)
        items[i] = bytes_of_text(((const char *const *)field(row, base))[i]);
    config_printer_texts(printer, items, count);
}

static void print_value(struct config_printer *printer, const struct option *row, const void *base)
{
    struct buffer *to = printer->to;
    const void *value = field(row, base);
    char number[NUMBER_TEXT_SIZE];
    if (row->type == OPTION_BOOL) {
        buffer_append_text(to, *(const bool *)value ? "true" : "false");
    } else if (row->type == OPTION_EITHER) {
        buffer_append_text(to, row->choices[*(const bool *)value]);
    } else if (row->type == OPTION_CHOICE) {
        buffer_append_text(to, row->choices[*(const uint32_t *)value]);
    } else if (row->type == OPTION_COUNT) {
        buffer_printf(to, "%" PRIu32, *(const uint32_t *)value);
    } else if (row->type == OPTION_NUMBER) {
        number_format(number, *(const double *)value);
        buffer_append_text(to, number);
    } else if (row->type == OPTION_SIZE) {
        config_value_print_size(to, *(const size_t *)value);
    } else if (row->type == OPTION_SIZE32) {
        config_value_print_size(to, *(const uint32_t *)value);
    } else if (row->type == OPTION_DURATION) {
        config_value_print_duration(to, *(const int64_t *)value);
    } else if (row->type == OPTION_SECRET && !printer->is_unmasked) {
        config_printer_text(printer, bytes_of_text(masked));
    } else if (row->type == OPTION_NAME || row->type == OPTION_BYTES) {
        config_printer_text(printer, *(const struct bytes *)value);
    } else if (row->type == OPTION_TEXTS || row->type == OPTION_POINTERS ||
               row->type == OPTION_JOINED) {
        print_list_value(printer, row, base);
    } else {
        config_printer_text(printer, bytes_of_text(*(const char *const *)value));
    }
}

bool config_printer_is_set(const struct option *row, const void *base)
{
    bool is_text = row->type == OPTION_TEXT || row->type == OPTION_SECRET ||
                   row->type == OPTION_ENDPOINT || row->type == OPTION_JOINED;
    if (row->given_at && !*(const bool *)((const char *)base + row->given_at - 1))
        return false;
    if (row->type == OPTION_NAME || row->type == OPTION_BYTES)
        return ((const struct bytes *)field(row, base))->data != NULL;
    return !is_text || *(const char *const *)field(row, base) != NULL;
}

void config_printer_row(struct config_printer *printer, const struct option *row, const void *base)
{
    if (row->type == OPTION_CUSTOM) {
        row->print(printer, row, base);
        return;
    }
    config_printer_row_key(printer, row);
    buffer_append_byte(printer->to, ' ');
    print_value(printer, row, base);
    buffer_append_byte(printer->to, '\n');
}

/* Opens the sections of `path` that the previous row was not in; the depth it is printed at. */
static uint32_t open_sections(struct config_printer *printer, const char *path, const char *before)
{
    uint32_t depth = 0;
    bool is_shared = before != NULL;
    for (const char *at = path, *dot; (dot = strchr(at, '.')); at = dot + 1, depth++) {
        size_t upto = (size_t)(dot - path) + 1;
        is_shared = is_shared && strncmp(path, before, upto) == 0;
        if (is_shared)
            continue;
        printer->indent += 2 * depth;
        config_printer_key(printer, bytes_of(at, (size_t)(dot - at)));
        printer->indent -= 2 * depth;
        buffer_append_byte(printer->to, '\n');
    }
    return depth;
}

void config_printer_object(struct config_printer *printer, const char *object, const void *base)
{
    size_t size = strlen(object);
    const char *before = NULL, *hidden = NULL;
    const struct option *row;
    for (uint32_t i = 0; (row = config_option_at(printer->options, i)); i++) {
        if (config_option_object(row->path) != size || strncmp(row->path, object, size) != 0)
            continue;
        if (hidden && strncmp(row->path, hidden, strlen(hidden)) == 0 &&
            row->path[strlen(hidden)] == '.')
            continue;
        hidden =
            row->type == OPTION_SECTION && !config_printer_is_set(row, base) ? row->path : NULL;
        if (row->type == OPTION_SECTION || !config_printer_is_set(row, base))
            continue;
        /* A custom row with nothing to say must not open its section. */
        struct buffer line = {0}, *to = printer->to;
        struct config_printer inner = *printer;
        const char *path = row->path + size + (size > 0);
        for (const char *dot = path; (dot = strchr(dot, '.')); dot++)
            inner.indent += 2;
        inner.to = &line;
        inner.has_dash = printer->has_dash && inner.indent == printer->indent;
        config_printer_row(&inner, row, base);
        if (line.size > 0) {
            open_sections(printer, path, before);
            buffer_append_bytes(to, buffer_bytes(&line));
            printer->has_dash = false;
            before = path;
        }
        buffer_finish(&line);
    }
}
