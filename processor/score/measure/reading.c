/* Sentences and places for the reviewer. */
#include "processor/score/measure/reading.h"

#include <stdarg.h>
#include <stdio.h>

#include "processor/base/text/utf8.h"

void reading_explain(struct reading *reading, struct score_context *context, const char *format,
                     ...)
{
    char text[EXPLANATION_MAX + 4];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0)
        return;
    size_t kept = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
    reading->explanation =
        arena_copy(context->arena, utf8_cut(bytes_of(text, kept), EXPLANATION_MAX));
}

void reading_point(struct reading *reading, struct score_context *context, uint32_t span,
                   enum evidence_field field, size_t start, size_t end)
{
    if (reading->evidence_count == EVIDENCE_MAX)
        return;
    if (!reading->evidence)
        reading->evidence = arena_alloc(context->arena, EVIDENCE_MAX * sizeof *reading->evidence);
    if (!reading->evidence)
        return;
    reading->evidence[reading->evidence_count++] = (struct evidence){
        .span = span, .field = field, .start = (uint32_t)start, .end = (uint32_t)end};
}

struct bytes reading_shown(struct bytes name)
{
    return utf8_cut(name, 80);
}
