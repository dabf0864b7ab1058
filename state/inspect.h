/* One row of any table, checked and said as JSON: what `flywheel state check` and `dump` walk
 * with. Ids, numbers and sizes are said; journal bytes and record payloads never are. */
#pragma once
#include "processor/base/json/writer.h"
#include "state/store/store.h"

/* What has to be remembered from row to row. Zeroed: before the first one of a table. */
struct inspection {
    bool is_inside;        /* of an item whose further chunks must follow */
    struct state_key item; /* its key without the chunk number */
    uint32_t next_chunk;
    uint64_t left; /* of its body */
    uint64_t decided_rows;
};

/* MALFORMED when key or value are not understood, or a chunk is missing. Appends one object to
 * `to`, without a line end; NULL: only checks. */
MUST_CHECK enum status inspect_row(struct inspection *inspection, enum state_table table,
                                   struct bytes key, struct bytes value, struct json_writer *to);
/* At the end of a table: MALFORMED when the last item is cut off. */
MUST_CHECK enum status inspect_end(const struct inspection *inspection);
