/* What is put in is never looked at again, so a value can't bring substitutions of its own. */
#include "pipelines/config/substitute.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/text/utf8.h"

enum { NAME_BYTES_MAX = 1024 };

static bool is_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.size > 0;
}

static void put_environment(struct bytes inside, struct buffer *to, struct error *problem)
{
    struct bytes name = inside, fallback = {0};
    for (size_t i = 0; i + 1 < inside.size; i++)
        if (inside.data[i] == ':' && inside.data[i + 1] == '-') {
            name.size = i;
            fallback = bytes_of(inside.data + i + 2, inside.size - i - 2);
            break;
        }
    if (!is_name(name)) {
        error_set(problem, EXIT_CONFIG,
                  "no environment variable has such a name: write ${env:NAME} with letters, "
                  "digits and `_`");
        return;
    }
    char text[NAME_BYTES_MAX + 1];
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    const char *value = getenv(text);
    if (value)
        buffer_append_text(to, value);
    else if (fallback.data)
        buffer_append_bytes(to, fallback);
    else
        error_set(problem, EXIT_CONFIG,
                  "the environment variable %.200s is not set: set it, or write "
                  "${env:%.200s:-default}",
                  text, text);
}

/* The file's bytes without the line break at their end. Regular files only: reading a terminal or a
 * pipe could wait for ever. */
static void put_file(struct bytes path, struct buffer *to, struct error *problem)
{
    char text[NAME_BYTES_MAX + 1];
    memcpy(text, path.data, path.size);
    text[path.size] = 0;
    struct stat status;
    int file = open(text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) {
        error_set(problem, errno == EACCES ? EXIT_PERMISSION : EXIT_CONFIG,
                  "can't read the file %.400s: %s", text, strerror(errno));
    } else if (!S_ISREG(status.st_mode) || status.st_size > SUBSTITUTED_BYTES_MAX) {
        error_set(problem, EXIT_CONFIG, "%.400s is not a regular file of at most 64KiB", text);
    } else if (buffer_reserve(to, (size_t)status.st_size)) {
        ssize_t got = read(file, to->data + to->size, (size_t)status.st_size);
        if (got < 0)
            error_set(problem, EXIT_CONFIG, "can't read the file %.400s: %s", text,
                      strerror(errno));
        else
            to->size += (size_t)got;
        size_t start = to->size - (size_t)(got < 0 ? 0 : got);
        if (to->size > start && to->data[to->size - 1] == '\n')
            to->size--;
        if (to->size > start && to->data[to->size - 1] == '\r')
            to->size--;
    }
    if (file >= 0)
        close(file);
}

static void put_one(struct bytes inside, struct buffer *to, struct error *problem)
{
    static const struct bytes env = {(const uint8_t *)"env:", 4},
                              file = {(const uint8_t *)"file:", 5};
    if (inside.size > NAME_BYTES_MAX || memchr(inside.data, 0, inside.size))
        error_set(problem, EXIT_CONFIG, "what stands in ${...} is too long: shorten it");
    else if (bytes_starts_with(inside, env))
        put_environment(bytes_of(inside.data + 4, inside.size - 4), to, problem);
    else if (bytes_starts_with(inside, file))
        put_file(bytes_of(inside.data + 5, inside.size - 5), to, problem);
    else
        error_set(problem, EXIT_CONFIG,
                  "unknown substitution: write ${env:NAME}, ${env:NAME:-default} or ${file:PATH}, "
                  "and $${ for a plain ${");
}

bool config_substitute(struct bytes text, struct arena *arena, struct bytes *ret_text,
                       struct error *ret_problem)
{
    struct buffer out = {.limit = SUBSTITUTED_BYTES_MAX + 1};
    size_t at = 0;
    while (at < text.size && !ret_problem->is_set) {
        const uint8_t *rest = text.data + at;
        size_t left = text.size - at;
        if (left >= 3 && memcmp(rest, "$${", 3) == 0) {
            buffer_append_text(&out, "${");
            at += 3;
        } else if (left >= 2 && memcmp(rest, "${", 2) == 0) {
            const uint8_t *end = memchr(rest, '}', left);
            if (!end)
                error_set(ret_problem, EXIT_CONFIG,
                          "a ${ without its }: close it, or write $${ for a plain ${");
            else
                put_one(bytes_of(rest + 2, (size_t)(end - rest) - 2), &out, ret_problem);
            at += end ? (size_t)(end - rest) + 1 : left;
        } else {
            const uint8_t *next = left > 1 ? memchr(rest + 1, '$', left - 1) : NULL;
            size_t plain = next ? (size_t)(next - rest) : left;
            buffer_append(&out, rest, plain);
            at += plain;
        }
    }
    size_t size = out.size;
    buffer_append_byte(&out, 0);
    struct bytes copy = out.failed ? (struct bytes){0} : arena_copy(arena, buffer_bytes(&out));
    buffer_finish(&out);
    if (!copy.data)
        error_set(ret_problem, EXIT_CONFIG, "the substituted text is too large: shorten it");
    *ret_text = bytes_of(copy.data, size);
    if (copy.data && !utf8_is_valid(*ret_text))
        error_set(ret_problem, EXIT_CONFIG, "what is substituted here is not UTF-8: correct it");
    return !ret_problem->is_set;
}
