/* What rows say together, as 16 digits: of SHA-256 over their lines `row_id row_revision split sha256`,
 * by row id. Equal content has an equal snapshot, on any machine. */
#pragma once
#include "processor/review/row_stamp.h"

enum { SNAPSHOT_TEXT_SIZE = 17 };

struct row_snapshot { /* zeroed: of no row */
    struct buffer lines;
};

/* In the order of row ids. */
void row_snapshot_add(struct row_snapshot *snapshot, const uint8_t row_id[16],
                      uint32_t row_revision, enum row_split split,
                      const uint8_t sha256[SHA256_SIZE]);
/* Ends it. False: out of memory. */
MUST_CHECK bool row_snapshot_finish(struct row_snapshot *snapshot,
                                    char ret_text[SNAPSHOT_TEXT_SIZE]);
