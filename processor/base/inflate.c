/* gzip through libdeflate, which wants the whole output buffer at once: the trailer's size is the
 * first guess, and a guess that was too small is doubled up to the limit. A lie in the trailer
 * costs at most that: deflate can't expand more than 1032 times, so a larger claim is cut to it,
 * and doubling repeats at most as much work as the last try. */
#include "processor/base/inflate.h"

#include <libdeflate.h>
#include <stdlib.h>

enum { RATIO_MAX = 1032, TRAILER_SIZE = 8, GUESS_MIN = 256, LEVEL = 6, QUICK_LEVEL = 1 };

struct inflater {
    struct libdeflate_decompressor *decompressor;
};

struct inflater *inflater_create(void)
{
    struct inflater *inflater = malloc(sizeof *inflater);
    if (!inflater)
        return NULL;
    inflater->decompressor = libdeflate_alloc_decompressor();
    if (!inflater->decompressor) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void inflater_destroy(struct inflater *inflater)
{
    if (!inflater)
        return;
    libdeflate_free_decompressor(inflater->decompressor);
    free(inflater);
}

/* The little-endian size modulo 2^32 at the end of the last member, as far as it is possible. */
static size_t first_guess(struct bytes in, size_t limit)
{
    if (in.size < TRAILER_SIZE)
        return GUESS_MIN;
    const uint8_t *end = in.data + in.size;
    size_t guess = (size_t)end[-1] << 24 | (size_t)end[-2] << 16 | (size_t)end[-3] << 8 | end[-4];
    if (guess / RATIO_MAX > in.size)
        guess = in.size * RATIO_MAX;
    if (guess < GUESS_MIN)
        guess = GUESS_MIN;
    return guess < limit ? guess : limit;
}

/* Makes room for more than there is; false at the limit or without memory. */
static bool grow(struct buffer *to, size_t limit)
{
    if (to->capacity >= limit)
        return false;
    size_t more = to->capacity ? to->capacity : GUESS_MIN;
    if (more > limit - to->capacity)
        more = limit - to->capacity;
    return buffer_reserve(to, to->capacity - to->size + more);
}

/* One member of `in`, appended to `to`. */
static enum status inflate_member(struct inflater *inflater, struct bytes in, size_t limit,
                                  struct buffer *to, size_t *ret_used)
{
    for (;;) {
        size_t room = (to->capacity < limit ? to->capacity : limit) - to->size, written = 0;
        uint8_t nothing;
        uint8_t *out = to->data ? to->data + to->size : &nothing;
        enum libdeflate_result result = libdeflate_gzip_decompress_ex(
            inflater->decompressor, in.data, in.size, out, room, ret_used, &written);
        if (result == LIBDEFLATE_SUCCESS) {
            to->size += written;
            return STATUS_OK;
        }
        if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
            return STATUS_MALFORMED;
        if (!grow(to, limit))
            return STATUS_BUSY;
    }
}

enum status inflate_gzip(struct inflater *inflater, struct bytes in, size_t limit,
                         struct buffer *to)
{
    buffer_clear(to);
    if (to->limit && to->limit < limit)
        limit = to->limit;
    if (!buffer_reserve(to, first_guess(in, limit)))
        return STATUS_BUSY;
    if (in.size == 0)
        return STATUS_MALFORMED;
    while (in.size > 0) {
        size_t used = 0;
        enum status status = inflate_member(inflater, in, limit, to, &used);
        if (status != STATUS_OK)
            return status;
        in = bytes_of(in.data + used, in.size - used);
    }
    return STATUS_OK;
}

struct deflater {
    struct libdeflate_compressor *compressor;
};

static enum status deflate(struct libdeflate_compressor *compressor, struct bytes in,
                           struct buffer *to)
{
    buffer_clear(to);
    size_t bound = libdeflate_gzip_compress_bound(compressor, in.size);
    if (buffer_reserve(to, bound)) {
        const uint8_t *from = in.size ? in.data : (const uint8_t *)"";
        to->size = libdeflate_gzip_compress(compressor, from, in.size, to->data, to->capacity);
    }
    return to->size ? STATUS_OK : STATUS_BUSY;
}

struct deflater *deflate_create(void)
{
    struct deflater *deflater = malloc(sizeof *deflater);
    if (!deflater)
        return NULL;
    deflater->compressor = libdeflate_alloc_compressor(QUICK_LEVEL);
    if (!deflater->compressor) {
        free(deflater);
        return NULL;
    }
    return deflater;
}

void deflate_destroy(struct deflater *deflater)
{
    if (!deflater)
        return;
    libdeflate_free_compressor(deflater->compressor);
    free(deflater);
}

enum status deflate_quick(struct deflater *deflater, struct bytes in, struct buffer *to)
{
    return deflate(deflater->compressor, in, to);
}

enum status deflate_gzip(struct bytes in, struct buffer *to)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL);
    if (!compressor)
        return STATUS_BUSY;
    enum status status = deflate(compressor, in, to);
    libdeflate_free_compressor(compressor);
    return status;
}
