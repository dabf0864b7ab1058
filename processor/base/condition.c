/* The pure part knows nothing of clocks and logs, so that a minute takes no time in a test. */
#include "processor/base/condition.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "processor/base/clock.h"

enum { TELL_AGAIN_MS = 60000, FIELDS_SIZE = 768 };

enum condition_news condition_met(struct condition *condition, int64_t now_ms)
{
    if (!condition->holds) {
        condition->holds = true;
        condition->count = 1;
        condition->since_ms = condition->told_ms = now_ms;
        return CONDITION_BEGINS;
    }
    condition->count++;
    if (now_ms - condition->told_ms < TELL_AGAIN_MS)
        return CONDITION_SILENT;
    condition->told_ms = now_ms;
    return CONDITION_LASTS;
}

enum condition_news condition_over(struct condition *condition)
{
    bool held = condition->holds;
    condition->holds = false;
    return held ? CONDITION_ENDS : CONDITION_SILENT;
}

static int64_t seconds(const struct condition *condition, int64_t now_ms)
{
    return (now_ms - condition->since_ms) / 1000;
}

void condition_log_met(struct condition *condition, enum log_level level, const char *event,
                       const char *fields, ...)
{
    int64_t now_ms = clock_monotonic_ms();
    enum condition_news news = condition_met(condition, now_ms);
    if (news == CONDITION_SILENT)
        return;
    char text[FIELDS_SIZE];
    va_list arguments;
    va_start(arguments, fields);
    (void)vsnprintf(text, sizeof text, fields, arguments);
    va_end(arguments);
    if (news == CONDITION_BEGINS)
        log_write(&condition->site, level, event, "%s", text);
    else
        log_write(&condition->site, level, event, "%s count=%" PRIu64 " for_s=%" PRId64, text,
                  condition->count, seconds(condition, now_ms));
}

void condition_log_over(struct condition *condition, const char *event, const char *fields, ...)
{
    int64_t now_ms = clock_monotonic_ms();
    if (condition_over(condition) != CONDITION_ENDS)
        return;
    char text[FIELDS_SIZE];
    va_list arguments;
    va_start(arguments, fields);
    (void)vsnprintf(text, sizeof text, fields, arguments);
    va_end(arguments);
    log_write(&condition->site, LOG_INFO, event, "%s%scount=%" PRIu64 " for_s=%" PRId64, text, *text ? " " : "",
              condition->count, seconds(condition, now_ms));
}
