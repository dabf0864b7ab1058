/* Numbers are read whole or not at all: what overflows, or leaves a rest, is none. */
#include "pipelines/config/value.h"

#include <inttypes.h>
#include <string.h>

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

bool config_value_parse_count(struct bytes text, uint64_t *ret_count)
{
    return digits(&text, ret_count) && text.size == 0;
}

bool config_value_parse_duration(struct bytes text, int64_t *ret_ms)
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

bool config_value_parse_size(struct bytes text, uint64_t *ret_bytes)
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

void config_value_print_duration(struct buffer *to, int64_t ms)
{
    if (ms == 0)
        buffer_append_text(to, "0s");
    else
        unit_print(to, (uint64_t)ms, duration_units, COUNT_OF(duration_units));
}

void config_value_print_size(struct buffer *to, uint64_t bytes)
{
    if (bytes % 1024 == 0 && bytes > 0)
        unit_print(to, bytes, size_units, COUNT_OF(size_units));
    else
        buffer_printf(to, "%" PRIu64, bytes);
}

bool config_value_split_endpoint(const char *endpoint, struct bytes *ret_host, uint32_t *ret_port)
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

bool config_value_is_loopback(const char *endpoint)
{
    struct bytes host;
    uint32_t port;
    return config_value_split_endpoint(endpoint, &host, &port) &&
           (bytes_equal_text(host, "localhost") || bytes_equal_text(host, "::1") || is_127(host));
}

bool config_value_is_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
            return false;
    }
    return name.size > 0 && name.size <= 64;
}
