/* Each limit is far above what clients do: an RST_STREAM is a call that was given up, SETTINGS come
 * once, and a header is read at all only up to its own limit. HEADERS alone are no sign: a fast
 * client opens thousands of streams a second. */
#include "processor/net/h2_guard.h"

#include <string.h>

enum {
    HEADERS = 1,
    RST_STREAM = 3,
    SETTINGS = 4,
    CONTINUATION = 9,
    END_HEADERS = 4,
    ACK = 1,
    WINDOW_MS = 1000,
    RESETS_MAX = 200, /* in a window: twice the streams that a connection may have at once */
    SETTINGS_MAX = 100,
    BLOCK_FRAMES_MAX = 64 /* HEADERS and CONTINUATION of one header */
};

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE_SIZE = sizeof preface - 1 };

static const char *begin_frame(struct h2_guard *guard, int64_t now_ms)
{
    const uint8_t *head = guard->head;
    uint8_t type = head[3], flags = head[4];
    guard->payload_left = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    guard->head_size = 0;
    if (now_ms - guard->since_ms >= WINDOW_MS) {
        guard->since_ms = now_ms;
        guard->resets = guard->settings = 0;
    }
    if (type == RST_STREAM && ++guard->resets > RESETS_MAX)
        return "streams opened and reset";
    if (type == SETTINGS && !(flags & ACK) && ++guard->settings > SETTINGS_MAX)
        return "settings without end";
    if (type == HEADERS)
        guard->block_bytes = guard->block_frames = 0;
    if (type != HEADERS && type != CONTINUATION)
        return NULL;
    guard->block_bytes += guard->payload_left; /* at most 64 times 16 MiB */
    guard->block_frames++;
    bool is_long = guard->block_bytes > guard->header_block_max ||
                   guard->block_frames > BLOCK_FRAMES_MAX;
    return is_long ? "a header without end" : NULL;
}

/* How many bytes were passed. */
static size_t pass_preface(struct h2_guard *guard, const uint8_t *bytes, size_t size)
{
    size_t left = PREFACE_SIZE - guard->preface, count = size < left ? size : left;
    guard->is_foreign = memcmp(bytes, preface + guard->preface, count) != 0;
    guard->preface += (uint32_t)count;
    return count;
}

const char *h2_guard_look(struct h2_guard *guard, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    if (guard->header_block_max == 0)
        return NULL;
    size_t at = guard->preface < PREFACE_SIZE ? pass_preface(guard, bytes, size) : 0;
    while (at < size && !guard->is_foreign) {
        if (guard->payload_left > 0) {
            size_t left = size - at;
            uint32_t count = left < guard->payload_left ? (uint32_t)left : guard->payload_left;
            guard->payload_left -= count;
            at += count;
            continue;
        }
        guard->head[guard->head_size++] = bytes[at++];
        const char *reason =
            guard->head_size == sizeof guard->head ? begin_frame(guard, now_ms) : NULL;
        if (reason)
            return reason;
    }
    return NULL;
}
