/* What the functions that say a row share; only inspect*.c see it. */
#pragma once
#include "state/inspect.h"

typedef enum status inspect_fn(struct inspection *inspection, struct bytes key, struct bytes value,
                               struct json_writer *to);

static inline void say_uint(struct json_writer *to, const char *key, uint64_t value)
{
    json_key(to, key);
    json_uint(to, value);
}

static inline void say_int(struct json_writer *to, const char *key, int64_t value)
{
    json_key(to, key);
    json_int(to, value);
}

static inline void say_hex(struct json_writer *to, const char *key, const uint8_t *data,
                           size_t size)
{
    char text[64];
    hex_encode(text, data, size < sizeof text / 2 ? size : sizeof text / 2);
    json_key(to, key);
    json_string(to, bytes_of(text, size < sizeof text / 2 ? 2 * size : sizeof text));
}

/* A row of a chunked table: the chunks of an item follow each other until its body is whole. The head
 * is absent in all but the first. */
MUST_CHECK enum status inspect_chunk(struct inspection *inspection, size_t prefix_size,
                                     struct bytes key, struct bytes value, struct json_writer *to,
                                     struct bytes *ret_head);

inspect_fn inspect_audit, inspect_reviewer, inspect_item, inspect_item_id, inspect_item_open,
    inspect_item_content, inspect_result, inspect_result_id, inspect_result_pending,
    inspect_dataset_row, inspect_row_version, inspect_cluster, inspect_erased;
