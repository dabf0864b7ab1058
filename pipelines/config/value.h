/* Durations, sizes, endpoints and names as they stand in a pipeline file, and on a command line. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

/* `500ms 2s 15m 24h 7d`, also joined (`1h30m`); `0`. */
bool duration_parse(struct bytes text, int64_t *ret_ms);
bool size_parse(struct bytes text, uint64_t *ret_bytes);
/* In the largest unit that divides it. */
void duration_print(struct buffer *to, int64_t ms);
void size_print(struct buffer *to, uint64_t bytes);
bool endpoint_split(const char *endpoint, struct bytes *ret_host, uint32_t *ret_port);
bool endpoint_is_loopback(const char *endpoint);
bool name_is_plain(struct bytes name); /* [a-z0-9_.-], 1 to 64 */
