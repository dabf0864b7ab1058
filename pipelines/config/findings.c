/* Lines as they are told; the first error is kept apart, for who tells one alone. */
#include "pipelines/config/findings.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

void config_findings_take(struct config_findings *findings, struct error *error)
{
    if (!error->is_set || error->exit_code != EXIT_CONFIG || findings->error_count == FINDINGS_MAX)
        return;
    if (findings->error_count++ == 0)
        findings->first = *error;
    buffer_printf(&findings->errors, "%s\n", error->text);
    *error = (struct error){0};
}

void config_findings_warn(struct config_findings *findings, const char *name, uint32_t line,
                          uint32_t column, const char *text)
{
    if (findings->warning_count++ < FINDINGS_MAX)
        buffer_printf(&findings->warnings, "%s:%u:%u: warning: %s\n", name, line, column, text);
}

struct found {
    unsigned long line, column;
    struct bytes text; /* with its end of line */
};

static struct found read_place(struct bytes text, size_t name_size)
{
    struct found found = {.line = ULONG_MAX, .text = text};
    char *end = NULL;
    if (text.size <= name_size + 1 || text.data[name_size] != ':')
        return found;
    unsigned long line = strtoul((const char *)text.data + name_size + 1, &end, 10);
    if (line > 0 && *end == ':') {
        found.line = line;
        found.column = strtoul(end + 1, NULL, 10);
    }
    return found;
}

/* Few enough to be put in order one by one; two of one place stay as they are. */
static void sort_lines(struct buffer *lines, size_t name_size)
{
    struct found found[FINDINGS_MAX + 1];
    struct buffer sorted = {0};
    size_t count = 0;
    for (size_t at = 0; at < lines->size && count <= FINDINGS_MAX; count++) {
        const uint8_t *end = memchr(lines->data + at, '\n', lines->size - at);
        size_t size = end ? (size_t)(end - lines->data) + 1 - at : lines->size - at;
        struct found one = read_place(bytes_of(lines->data + at, size), name_size);
        size_t to = count;
        for (; to > 0 && (found[to - 1].line > one.line ||
                          (found[to - 1].line == one.line && found[to - 1].column > one.column));
             to--)
            found[to] = found[to - 1];
        found[to] = one;
        at += size;
    }
    for (size_t i = 0; i < count; i++)
        buffer_append_bytes(&sorted, found[i].text);
    if (sorted.size == lines->size && !sorted.failed)
        memcpy(lines->data, sorted.data, sorted.size);
    buffer_finish(&sorted);
}

void config_findings_sort(struct config_findings *findings, const char *name)
{
    buffer_append_byte(&findings->errors, 0); /* numbers are read as of texts */
    buffer_append_byte(&findings->warnings, 0);
    findings->errors.size -= !findings->errors.failed;
    findings->warnings.size -= !findings->warnings.failed;
    if (findings->errors.size > 0 && !findings->errors.failed)
        sort_lines(&findings->errors, strlen(name));
    if (findings->warnings.size > 0 && !findings->warnings.failed)
        sort_lines(&findings->warnings, strlen(name));
}

void config_findings_finish(struct config_findings *findings)
{
    buffer_finish(&findings->errors);
    buffer_finish(&findings->warnings);
}
