/* What the functions that say a row share; only inspect*.c see it. */
#pragma once
#include "state/inspect.h"

typedef enum status inspect_fn(struct inspection *inspection, struct bytes key, struct bytes value,
                               struct json_writer *to);

/* A row of a chunked table: the chunks of an item follow each other until its body is whole. The head
 * is absent in all but the first. */
MUST_CHECK enum status inspect_chunk(struct inspection *inspection, size_t prefix_size,
                                     struct bytes key, struct bytes value, struct json_writer *to,
                                     struct bytes *ret_head);

inspect_fn inspect_audit, inspect_reviewer, inspect_item, inspect_item_id, inspect_item_open,
    inspect_item_content, inspect_result, inspect_result_id, inspect_result_pending,
    inspect_dataset_row, inspect_feedback, inspect_row_version, inspect_cluster, inspect_erased;
inspect_fn inspect_regression, inspect_hit, inspect_agreement, inspect_pair, inspect_calibration;
