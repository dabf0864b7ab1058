/* One event, one line, one write(2), so that lines of several threads never mix. The call site
 * hands over logfmt pairs; as JSON they become members. A site's first ten lines of a second pass;
 * the rest only count, and the next line that passes says how many they were. */
#include "processor/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"

enum { LINES_PER_SECOND = 10, FIELDS_SIZE = 1024, LINE_SIZE = 8 * FIELDS_SIZE };

static _Atomic int log_level_min = LOG_INFO;
static _Atomic int log_format = LOG_LOGFMT;
static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

void log_configure(enum log_level level, enum log_format format)
{
    atomic_store_explicit(&log_level_min, (int)level, memory_order_relaxed);
    atomic_store_explicit(&log_format, (int)format, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_level_min, (int)level, memory_order_relaxed);
}

/* May this line pass? Then *ret_suppressed is how many before it did not. */
static bool passes(struct log_site *site, uint32_t *ret_suppressed)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t start_ms = atomic_load_explicit(&site->window_start_ms, memory_order_relaxed);
    if (now_ms - start_ms >= 1000 &&
        atomic_compare_exchange_strong(&site->window_start_ms, &start_ms, now_ms))
        atomic_store(&site->in_window, 0);
    if (atomic_fetch_add(&site->in_window, 1) >= LINES_PER_SECOND) {
        atomic_fetch_add(&site->suppressed, 1);
        return false;
    }
    *ret_suppressed = atomic_exchange(&site->suppressed, 0);
    return true;
}

/* One `key=value` or `key="va\"lue"`, a quoted value unescaped in place. False at the end. */
static bool take_pair(char **at, struct bytes *ret_key, struct bytes *ret_value,
                      bool *ret_is_quoted)
{
    char *p = *at;
    while (*p == ' ')
        p++;
    if (!*p)
        return false;
    char *key = p;
    while (*p && *p != '=' && *p != ' ')
        p++;
    *ret_key = bytes_of(key, (size_t)(p - key));
    *ret_is_quoted = *p == '=' && p[1] == '"';
    if (*p == '=')
        p++;
    char *value = p, *out = p;
    if (*ret_is_quoted) {
        for (p++; *p && *p != '"'; p++) {
            if (*p == '\\' && p[1])
                p++;
            *out++ = *p;
        }
        if (*p)
            p++;
    } else {
        while (*p && *p != ' ')
            p++;
        out = p;
    }
    *ret_value = bytes_of(value, (size_t)(out - value));
    *at = p;
    return true;
}

/* Numbers of up to 15 characters stay numbers; what is longer may be an id that happens to have no
 * letter. */
static bool is_short_number(struct bytes value)
{
    struct json_reader reader;
    struct json_value parsed;
    return value.size <= 15 && json_parse(value, NULL, &reader, &parsed) &&
           parsed.type == JSON_NUMBER;
}

static void write_json(struct buffer *line, const char *time, const char *level, const char *event,
                       char *fields, uint32_t suppressed)
{
    struct json_writer writer;
    json_writer_init(&writer, line);
    json_object_begin(&writer);
    json_put_text(&writer, "ts", time);
    json_put_text(&writer, "level", level);
    json_put_text(&writer, "event", event);
    struct bytes key, value;
    bool is_quoted;
    while (take_pair(&fields, &key, &value, &is_quoted)) {
        json_key_bytes(&writer, key);
        if (!is_quoted && is_short_number(value))
            json_raw(&writer, value);
        else
            json_string(&writer, value);
    }
    if (suppressed)
        json_put_uint(&writer, "suppressed", suppressed);
    json_object_end(&writer);
}

static void write_logfmt(struct buffer *line, const char *time, const char *level,
                         const char *event, const char *fields, uint32_t suppressed)
{
    buffer_printf(line, "ts=%s level=%s event=%s", time, level, event);
    if (*fields) {
        buffer_append_byte(line, ' ');
        buffer_append_text(line, fields);
    }
    if (suppressed)
        buffer_printf(line, " suppressed=%u", suppressed);
}

static void write_all(const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* nobody reads the log; the program goes on */
        data += written;
        size -= (size_t)written;
    }
}

void log_write(struct log_site *site, enum log_level level, const char *event, const char *fields,
               ...)
{
    uint32_t suppressed = 0;
    if ((int)level < atomic_load_explicit(&log_level_min, memory_order_relaxed) ||
        !passes(site, &suppressed))
        return;
    int saved_errno = errno;
    char pairs[FIELDS_SIZE];
    va_list arguments;
    va_start(arguments, fields);
    (void)vsnprintf(pairs, sizeof pairs, fields, arguments);
    va_end(arguments);
    for (char *c = pairs; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' '; /* nothing can forge a second line */
    char time[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(time, (uint64_t)clock_realtime_ms() * 1000000);
    memcpy(time + 23, "Z", 2); /* milliseconds are enough */

    /* The limit is what the stack has, so this buffer never allocates. */
    uint8_t memory[LINE_SIZE];
    struct buffer line = {
        .data = memory, .capacity = sizeof memory - 1, .limit = sizeof memory - 1};
    if (atomic_load_explicit(&log_format, memory_order_relaxed) == LOG_JSON)
        write_json(&line, time, level_names[level], event, pairs, suppressed);
    else
        write_logfmt(&line, time, level_names[level], event, pairs, suppressed);
    memory[line.size++] = '\n';
    write_all(memory, line.size);
    errno = saved_errno;
}
