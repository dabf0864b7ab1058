/* A condition that lasts (a full disk, a broker that is away): told when it begins, each minute
 * with how often it was met meanwhile, and when it ends. Whoever repeats an attempt says so each
 * time; the lines are few however often that is.
 *
 *   met met met ... met ... over      event=commit_failed reason="no space"
 *    |          1 min        |        event=commit_failed count=480 for_s=60 reason="no space"
 *   line        line        line      event=commit_recovered count=512 for_s=64
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/log.h"

/* One a condition; zeroed: it does not hold. Owner: one thread. */
struct condition {
    bool holds;
    uint64_t count; /* met since it began */
    int64_t since_ms, told_ms;
    struct log_site site; /* a condition that comes and goes is held back alone */
};

/* What a call has to say. */
enum condition_news { CONDITION_SILENT, CONDITION_BEGINS, CONDITION_LASTS, CONDITION_ENDS };

enum condition_news condition_met(struct condition *condition, int64_t now_ms);
enum condition_news condition_over(struct condition *condition);

/* The same, said: `event` is a literal, `fields` a printf format of logfmt pairs. */
void condition_log_met(struct condition *condition, enum log_level level, const char *event,
                       const char *fields, ...) PRINTF_LIKE(4, 5);
void condition_log_over(struct condition *condition, const char *event, const char *fields, ...)
    PRINTF_LIKE(3, 4);
