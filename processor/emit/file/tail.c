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

static void settle_line(struct bytes line, struct arena *arena,
                        void (*settles)(void *context, struct bytes record_id), void *context)
{
    struct json_reader reader;
    struct json_value record, id;
    arena_reset(arena);
    if (json_parse(line, arena, &reader, &record) &&
        json_member(&reader, &record, "record_id", &id) && id.type == JSON_STRING)
        settles(context, id.text);
}

enum status file_tail_settle(int fd, uint64_t from, uint64_t size,
                             void (*settles)(void *context, struct bytes record_id), void *context,
                             uint64_t *ret_end)
{
    static const size_t arena_bytes = 1024 * 1024;
    struct buffer line = {.limit = LINE_MAX_BYTES};
    struct arena arena;
    arena_init(&arena, arena_bytes);
    uint8_t *chunk = arena_alloc(&arena, CHUNK);
    struct arena parsing;
    arena_init(&parsing, arena_bytes);
    uint64_t end = from;
    enum status status = chunk ? STATUS_OK : STATUS_FATAL;
    for (uint64_t at = from; status == STATUS_OK && at < size;) {
        size_t want = size - at < CHUNK ? (size_t)(size - at) : CHUNK, got = 0;
        status = read_at(fd, chunk, want, at, &got);
        if (status != STATUS_OK || got == 0)
            break;
        for (size_t i = 0; i < got;) {
            const uint8_t *newline = memchr(chunk + i, '\n', got - i);
            size_t stop = newline ? (size_t)(newline - chunk) : got;
            buffer_append(&line, chunk + i, stop - i);
            if (newline) {
                if (!line.failed) /* a longer one is none of ours */
                    settle_line(buffer_bytes(&line), &parsing, settles, context);
                buffer_clear(&line);
                end = at + stop + 1;
                stop++;
            }
            i = stop;
        }
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
