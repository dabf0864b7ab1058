/* Reads the tail in chunks, so that its size does not matter; only one line is held at a time. */
#include "processor/emit/file/tail.h"

#include <errno.h>
#include <unistd.h>

#include "processor/base/json/json.h"

enum { CHUNK = 64 * 1024, LINE_MAX_BYTES = 4 * 1024 * 1024 };

static enum status read_at(int fd, uint8_t *to, size_t size, uint64_t at, size_t *ret_size)
{
    for (;;) {
        ssize_t got = pread(fd, to, size, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return STATUS_FATAL;
        *ret_size = (size_t)got;
        return STATUS_OK;
    }
}

static void settle_line(const struct file_tail *tail, struct bytes line, struct arena *arena)
{
    struct json_reader reader;
    struct json_value record, id;
    arena_reset(arena);
    if (json_parse(line, arena, &reader, &record) &&
        json_member(&reader, &record, "record_id", &id) && id.type == JSON_STRING)
        tail->settles(tail->context, id.text, line);
}

/* The lines that end within `chunk`, which lies at `at` in the file; false at a hole. */
static bool take_lines(const struct file_tail *tail, struct bytes chunk, uint64_t at,
                       struct buffer *line, struct arena *parsing, uint64_t *end)
{
    for (size_t i = 0; i < chunk.size;) {
        const uint8_t *newline = memchr(chunk.data + i, '\n', chunk.size - i);
        size_t stop = newline ? (size_t)(newline - chunk.data) : chunk.size;
        if (tail->ends_at_hole && memchr(chunk.data + i, 0, stop - i))
            return false;
        buffer_append(line, chunk.data + i, stop - i);
        if (newline) {
            if (!line->failed) /* a longer one is none of ours */
                settle_line(tail, buffer_bytes(line), parsing);
            buffer_clear(line);
            *end = at + stop + 1;
            stop++;
        }
        i = stop;
    }
    return true;
}

enum status file_tail_settle(int fd, const struct file_tail *tail, uint64_t *ret_end)
{
    static const size_t arena_bytes = 1024 * 1024;
    struct buffer line = {.limit = LINE_MAX_BYTES};
    struct arena arena, parsing;
    arena_init(&arena, arena_bytes);
    arena_init(&parsing, arena_bytes);
    uint8_t *chunk = arena_alloc(&arena, CHUNK);
    uint64_t end = tail->from;
    enum status status = chunk ? STATUS_OK : STATUS_FATAL;
    for (uint64_t at = tail->from; status == STATUS_OK && at < tail->size;) {
        size_t want = tail->size - at < CHUNK ? (size_t)(tail->size - at) : CHUNK, got = 0;
        status = read_at(fd, chunk, want, at, &got);
        if (status != STATUS_OK || got == 0 ||
            !take_lines(tail, bytes_of(chunk, got), at, &line, &parsing, &end))
            break;
        at += got;
    }
    buffer_finish(&line);
    arena_finish(&parsing);
    arena_finish(&arena);
    if (status == STATUS_OK)
        *ret_end = end;
    return status;
}

enum status file_tail_end(int fd, uint64_t size, uint64_t *ret_end, bool *ret_is_torn)
{
    uint8_t chunk[4096];
    uint64_t at = size;
    *ret_end = size;
    *ret_is_torn = false;
    while (at > 0 && size - at < LINE_MAX_BYTES) {
        size_t want = at < sizeof chunk ? (size_t)at : sizeof chunk, got = 0;
        if (read_at(fd, chunk, want, at - want, &got) != STATUS_OK || got != want)
            return STATUS_FATAL;
        const uint8_t *newline = memrchr(chunk, '\n', got);
        at -= want;
        if (!newline)
            continue;
        at += (uint64_t)(newline - chunk) + 1;
        break;
    }
    if (at == size)
        return STATUS_OK;
    uint8_t first = 0;
    size_t got = 0;
    if (read_at(fd, &first, 1, at, &got) != STATUS_OK)
        return STATUS_FATAL;
    *ret_is_torn = true;
    if (got == 1 && first == '{' && size - at < LINE_MAX_BYTES) {
        *ret_end = at;
        *ret_is_torn = false;
    }
    return STATUS_OK;
}
