/* Log lines on stderr, one event a line: `ts=... level=warn event=span_dropped reason=malformed
 * count=12`, or the same as JSON. Only the edges log (main, receivers, emitters, store). Attribute
 * values are people's prompts: never logged. Of one call site ten lines a second pass; the rest are
 * counted, and the next line that passes says `suppressed=N`. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/status.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

void log_configure(enum log_level level, enum log_format format);
void log_set_level(enum log_level level);

struct log_site { /* one per call site, static */
    _Atomic int64_t window_start_ms;
    _Atomic uint32_t in_window, suppressed;
};

/* `fields` is a printf format of logfmt pairs: "port=%d peer=\"%s\"". Values with spaces are quoted
 * by the caller. */
void log_write(struct log_site *site, enum log_level level, const char *event, const char *fields,
               ...) PRINTF_LIKE(4, 5);

#define LOG(level, event, ...)                                                                     \
    do {                                                                                           \
        static struct log_site log_site_;                                                          \
        log_write(&log_site_, (level), (event), __VA_ARGS__);                                      \
    } while (0)
#define log_debug(event, ...) LOG(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) LOG(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) LOG(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) LOG(LOG_ERROR, event, __VA_ARGS__)
