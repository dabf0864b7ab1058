/* Durations, sizes, endpoints and names as they stand in a pipeline file, and on a command line. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

bool config_value_parse_count(struct bytes text, uint64_t *ret_count); /* decimal digits alone */
/* `500ms 2s 15m 24h 7d`, also joined (`1h30m`); `0`. */
bool config_value_parse_duration(struct bytes text, int64_t *ret_ms);
bool config_value_parse_size(struct bytes text, uint64_t *ret_bytes);
/* In the largest unit that divides it. */
void config_value_print_duration(struct buffer *to, int64_t ms);
void config_value_print_size(struct buffer *to, uint64_t bytes);
bool config_value_split_endpoint(const char *endpoint, struct bytes *ret_host, uint32_t *ret_port);
bool config_value_is_loopback(const char *endpoint);
bool config_value_is_name(struct bytes name); /* [a-z0-9_.-], 1 to 64 */
