/* Looks at the frames that a client of HTTP/2 sends, before the library that will read them does,
 * and says when a connection is hostile: gRPC core does not look at rates, and what it does for a
 * stream that is taken back, or a header without end, is dear.
 *
 *   preface | frame head (9 bytes) | payload, passed over | frame head ...
 *
 * What is no HTTP/2 passes: whoever reads it refuses it. Pure; the owner is the connection's. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h2_guard {
    uint32_t header_block_max; /* bytes of one header, as sent; 0: nothing is looked at */
    bool is_foreign;           /* no HTTP/2 */
    uint32_t preface;          /* bytes of it that were seen */
    uint8_t head[9];
    uint32_t head_size;    /* bytes of the frame's head that are here */
    uint32_t payload_left; /* bytes of it to pass over */
    uint32_t block_bytes, block_frames;
    int64_t since_ms; /* of the second that is counted in */
    uint32_t resets, settings;
};

/* Why the connection must be cut, in words that live for ever; NULL: it goes on. */
const char *h2_guard_look(struct h2_guard *guard, const uint8_t *bytes, size_t size,
                          int64_t now_ms);
