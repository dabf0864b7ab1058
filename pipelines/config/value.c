/* One value by the type of its row: parsed, held against its range, stored. Values are never put
 * into error texts (they may be secrets); the place says which one it is. */
#include "pipelines/config/option.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "processor/base/json/number.h"

struct unit {
    const char *name;
    uint64_t factor;
};

/* In the order in which the printer tries them: the largest that divides the value. */
static const struct unit duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct unit size_units[] = {
    {"TiB", (uint64_t)1 << 40},
    {"GiB", (uint64_t)1 << 30},
    {"MiB", (uint64_t)1 << 20},
    {"KiB", (uint64_t)1 << 10},
    {"TB", 1000000000000},
    {"GB", 1000000000},
    {"MB", 1000000},
    {"KB", 1000},
    {"kB", 1000},
    {"B", 1},
};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool digits(struct bytes *text, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < text->size && text->data[i] >= '0' && text->data[i] <= '9'; i++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text->data[i] - '0'), &value))
            return false;
    *text = bytes_of(text->data + i, text->size - i);
    *ret_value = value;
    return i > 0;
}

/* The unit that the letters at the front spell, taken as a whole: `m` is not the start of `ms`. */
static const struct unit *unit_take(struct bytes *text, const struct unit *units, size_t count)
{
    size_t size = 0;
    while (size < text->size && (text->data[size] < '0' || text->data[size] > '9'))
        size++;
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_text(bytes_of(text->data, size), units[i].name)) {
            *text = bytes_of(text->data + size, text->size - size);
            return &units[i];
        }
    return NULL;
}

bool duration_parse(struct bytes text, int64_t *ret_ms)
{
    if (bytes_equal_text(text, "0")) {
        *ret_ms = 0;
        return true;
    }
    uint64_t sum = 0;
    do {
        uint64_t value = 0;
        if (!digits(&text, &value))
            return false;
        const struct unit *unit = unit_take(&text, duration_units, COUNT_OF(duration_units));
        if (!unit || __builtin_mul_overflow(value, unit->factor, &value) ||
            __builtin_add_overflow(sum, value, &sum) || sum > INT64_MAX)
            return false;
    } while (text.size > 0);
    *ret_ms = (int64_t)sum;
    return true;
}

bool size_parse(struct bytes text, uint64_t *ret_bytes)
{
    uint64_t value = 0;
    if (!digits(&text, &value))
        return false;
    if (text.size > 0) {
        const struct unit *unit = unit_take(&text, size_units, COUNT_OF(size_units));
        if (!unit || text.size > 0 || __builtin_mul_overflow(value, unit->factor, &value))
            return false;
    }
    *ret_bytes = value;
    return true;
}

static void unit_print(struct buffer *to, uint64_t value, const struct unit *units, size_t count)
{
    size_t i = 0;
    while (i + 1 < count && (value == 0 || value % units[i].factor != 0))
        i++;
    buffer_printf(to, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
}

void duration_print(struct buffer *to, int64_t ms)
{
    if (ms == 0)
        buffer_append_text(to, "0s");
    else
        unit_print(to, (uint64_t)ms, duration_units, COUNT_OF(duration_units));
}

void size_print(struct buffer *to, uint64_t bytes)
{
    if (bytes % 1024 == 0 && bytes > 0)
        unit_print(to, bytes, size_units, COUNT_OF(size_units));
    else
        buffer_printf(to, "%" PRIu64, bytes);
}

bool endpoint_split(const char *endpoint, struct bytes *ret_host, uint32_t *ret_port)
{
    const char *colon = strrchr(endpoint, ':');
    if (!colon)
        return false;
    struct bytes host = bytes_of(endpoint, (size_t)(colon - endpoint));
    struct bytes port = bytes_of_text(colon + 1);
    uint64_t number = 0;
    if (!digits(&port, &number) || port.size > 0 || number > 65535)
        return false;
    if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
        host = bytes_of(host.data + 1, host.size - 2);
    else if (memchr(host.data, ':', host.size))
        return false;
    for (size_t i = 0; i < host.size; i++)
        if (host.data[i] <= ' ' || host.data[i] == '/' || host.data[i] == '[' ||
            host.data[i] == ']')
            return false;
    *ret_host = host;
    *ret_port = (uint32_t)number;
    return host.size > 0 && host.size < 256;
}

/* Four decimal numbers, the first 127. A name that only starts like that is somebody's domain. */
static bool is_127(struct bytes host)
{
    uint64_t number = 0;
    for (int i = 0; i < 4; i++) {
        if (!digits(&host, &number) || number > 255 || (i == 0 && number != 127))
            return false;
        if (i < 3 && (host.size == 0 || host.data[0] != '.'))
            return false;
        if (i < 3)
            host = bytes_of(host.data + 1, host.size - 1);
    }
    return host.size == 0;
}

bool endpoint_is_loopback(const char *endpoint)
{
    struct bytes host;
    uint32_t port;
    return endpoint_split(endpoint, &host, &port) &&
           (bytes_equal_text(host, "localhost") || bytes_equal_text(host, "::1") || is_127(host));
}

bool name_is_plain(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
            return false;
    }
    return name.size > 0 && name.size <= 64;
}

/* The last part of a path: what the reader sees in the file. */
static const char *key_of(const struct option *row)
{
    const char *dot = strrchr(row->path, '.');
    return dot ? dot + 1 : row->path;
}

static void store(const struct option *row, void *base, const void *value, size_t size)
{
    assert(row->at > 0);
    memcpy((char *)base + row->at - 1, value, size);
}

static bool is_size(const struct option *row)
{
    return row->type == OPTION_SIZE || row->type == OPTION_SIZE32;
}

static void refuse_range(struct config_loader *loader, const struct option *row,
                         const struct config_node *node)
{
    struct buffer low = {0}, high = {0};
    if (row->type == OPTION_DURATION) {
        duration_print(&low, (int64_t)row->min);
        duration_print(&high, (int64_t)row->max);
    } else if (is_size(row)) {
        size_print(&low, (uint64_t)row->min);
        size_print(&high, (uint64_t)row->max);
    } else {
        char text[NUMBER_TEXT_SIZE];
        number_format(text, row->min);
        buffer_append_text(&low, text);
        number_format(text, row->max);
        buffer_append_text(&high, text);
    }
    buffer_append_byte(&low, 0);
    buffer_append_byte(&high, 0);
    config_error(loader, node, "%s must be between %s and %s", key_of(row), (char *)low.data,
                 (char *)high.data);
    buffer_finish(&low);
    buffer_finish(&high);
}

static void store_quantity(struct config_loader *loader, const struct option *row,
                           const struct config_node *node, void *base)
{
    const char *how = NULL;
    uint64_t unsigned_value = 0;
    int64_t ms = 0;
    double number = 0;
    struct bytes text = node->text;
    if (row->type == OPTION_DURATION) {
        how = duration_parse(text, &ms) ? NULL : "a duration: write it like 500ms, 2s, 15m or 24h";
        number = (double)ms;
    } else if (is_size(row)) {
        how =
            size_parse(text, &unsigned_value) ? NULL : "a size: write it like 64KiB, 16MiB or 1GiB";
        number = (double)unsigned_value;
    } else if (row->type == OPTION_COUNT) {
        how = digits(&text, &unsigned_value) && text.size == 0 ? NULL : "a whole number";
        number = (double)unsigned_value;
    } else {
        how = number_parse(text, &number) ? NULL : "a number";
    }
    if (how) {
        config_error(loader, node, "%s must be %s", key_of(row), how);
        return;
    }
    if (!(number >= row->min && number <= row->max)) {
        refuse_range(loader, row, node);
        return;
    }
    uint32_t count = (uint32_t)unsigned_value;
    size_t size = (size_t)unsigned_value;
    if (row->type == OPTION_DURATION)
        store(row, base, &ms, sizeof ms);
    else if (row->type == OPTION_SIZE)
        store(row, base, &size, sizeof size);
    else if (row->type == OPTION_COUNT || row->type == OPTION_SIZE32)
        store(row, base, &count, sizeof count);
    else
        store(row, base, &number, sizeof number);
}

static void store_choice(struct config_loader *loader, const struct option *row,
                         const struct config_node *node, void *base)
{
    static const char *const booleans[] = {"false", "true"};
    bool is_two = row->type == OPTION_BOOL || row->type == OPTION_EITHER;
    const char *const *choices = row->type == OPTION_BOOL ? booleans : row->choices;
    char known[200] = "";
    for (uint32_t i = 0; is_two ? i < 2 : choices[i] != NULL; i++) {
        if (bytes_equal_text(node->text, choices[i])) {
            bool is_second = i == 1;
            if (is_two)
                store(row, base, &is_second, sizeof is_second);
            else
                store(row, base, &i, sizeof i);
            return;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", choices[i]);
    }
    config_error(loader, node, "%s must be one of: %s", key_of(row), known);
}

static void store_list(struct config_loader *loader, const struct option *row,
                       const struct config_node *node, void *base)
{
    struct bytes items[REDACTION_KEYS_MAX];
    uint32_t count = 0, max = (uint32_t)row->max;
    assert(max <= REDACTION_KEYS_MAX);
    if (!config_texts(loader, node, key_of(row), items, max, &count))
        return;
    if (row->type == OPTION_TEXTS)
        store(row, base, items, count * sizeof items[0]);
    const char **pointers = (const char **)((char *)base + row->at - 1);
    for (uint32_t i = 0; row->type == OPTION_POINTERS && i < count; i++)
        pointers[i] = (const char *)items[i].data;
    if (row->count_at)
        memcpy((char *)base + row->count_at - 1, &count, sizeof count);
    if (row->type != OPTION_JOINED)
        return;
    struct buffer joined = {0};
    struct bytes host;
    uint32_t port;
    for (uint32_t i = 0; i < count; i++) {
        if (!endpoint_split((const char *)items[i].data, &host, &port))
            config_error(loader, node, "%s must be a list of host:port", key_of(row));
        buffer_append_text(&joined, i > 0 ? "," : "");
        buffer_append_bytes(&joined, items[i]);
    }
    if (count == 0)
        config_error(loader, node, "%s must name at least one host:port", key_of(row));
    struct bytes kept = config_keep(loader, buffer_bytes(&joined));
    store(row, base, &kept.data, sizeof kept.data);
    buffer_finish(&joined);
}

static void store_text(struct config_loader *loader, const struct option *row,
                       const struct config_node *node, void *base)
{
    struct bytes host, text = config_keep(loader, node->text);
    uint32_t port;
    if (config_failed(loader))
        return;
    /* Where the default is empty, empty means "none"; elsewhere it is a mistake. */
    if (text.size == 0 && !(row->fallback && row->fallback[0] == 0))
        config_error(loader, node, "%s is empty: give it a value or leave the key out",
                     key_of(row));
    else if (row->type == OPTION_ENDPOINT && !endpoint_split((const char *)text.data, &host, &port))
        config_error(loader, node, "%s must be host:port, such as 127.0.0.1:4317 or [::1]:4317",
                     key_of(row));
    else if (row->type == OPTION_NAME && !name_is_plain(text))
        config_error(loader, node,
                     "%s must be 1 to 64 of the characters a-z, 0-9, `_`, `.` and `-`",
                     key_of(row));
    else if (row->type == OPTION_NAME)
        store(row, base, &text, sizeof text);
    else
        store(row, base, &text.data, sizeof text.data);
}

void option_store(struct config_loader *loader, const struct option *row,
                  const struct config_node *node, void *base)
{
    bool is_list =
        row->type == OPTION_TEXTS || row->type == OPTION_POINTERS || row->type == OPTION_JOINED;
    if (config_node_is_null(node)) {
        config_error_at_key(loader, node, "%s has no value: give it one or leave the key out",
                            key_of(row));
        return;
    }
    if (is_list) {
        store_list(loader, row, node, base);
    } else if (node->kind != NODE_SCALAR) {
        config_error(loader, node, "%s takes one value, not a %s", key_of(row),
                     node->kind == NODE_LIST ? "list" : "map");
        return;
    } else if (row->type == OPTION_BOOL || row->type == OPTION_EITHER ||
               row->type == OPTION_CHOICE) {
        store_choice(loader, row, node, base);
    } else if (row->type == OPTION_COUNT || row->type == OPTION_NUMBER || is_size(row) ||
               row->type == OPTION_DURATION) {
        store_quantity(loader, row, node, base);
    } else {
        store_text(loader, row, node, base);
    }
    if (row->given_at && !config_failed(loader))
        *(bool *)((char *)base + row->given_at - 1) = true;
}
